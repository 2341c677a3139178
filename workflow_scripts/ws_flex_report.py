"""Accuracy over the plane of clustering and path length, and what density has to do with it."""

from graphprune.claims.ws_flex import graphs_table
from graphprune.files import read_json, read_table
from graphprune.pipeline.job import run
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page
from graphprune.report.ws_flex.figure import plane_figure
from graphprune.report.ws_flex.page import ws_flex_page


def main(snakemake):
    output = snakemake.output
    records = read_tables(snakemake.input.records)
    table = graphs_table(read_table(snakemake.input.graphs)[0], records)
    note = read_json(snakemake.input.meta)["note"]
    write_page(ws_flex_page(table, records, note), table, output, "ws_flex")
    write_figure(plane_figure(table, records), output, "ws_flex")


if __name__ == "__main__":
    run(main)
