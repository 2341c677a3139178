"""Figures 5–7, their numbers, and the verdict on what the paper reads from them."""

from graphprune.claims.bogp_4 import bogp_4
from graphprune.files import read_table
from graphprune.graphs.atlas import connected_graphs
from graphprune.pipeline.job import run
from graphprune.report.bogp import five_nodes as report
from graphprune.report.output import write_figure, write_page


def main(snakemake):
    output = snakemake.output
    records, recipe = read_table(snakemake.input.records)
    table = report.five_nodes_table(records, connected_graphs(snakemake.params.nodes))
    note = report.five_nodes_note(records, recipe)
    page = report.five_nodes_page(table, report.correlations_table(table), bogp_4(table), note)
    write_page(page, table, output, "five_nodes")
    write_figure(report.five_nodes(table), output, "five_nodes")


if __name__ == "__main__":
    run(main)
