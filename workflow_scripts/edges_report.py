"""Edge pruning: tables, figures, and the verdicts on edge-1 and edge-2."""

from graphprune.claims.edges import edge_1, edge_2
from graphprune.files import read_json, read_table
from graphprune.pipeline.job import run
from graphprune.report.edges.figures import graph_figure, heat_figure, pareto_figure, trail_figure
from graphprune.report.edges.page import add_search, edges_page
from graphprune.report.edges.tables import summary, with_dense
from graphprune.report.inputs import read_tables
from graphprune.report.output import write_figure, write_page
from graphprune.report.rgp.note import note


def main(snakemake):
    files, params, output = snakemake.input, snakemake.params, snakemake.output
    dense = {
        name: read_table(file)[0] for name, file in zip(params.names, files.dense, strict=True)
    }
    runs = with_dense(dense, read_tables(files.runs))
    table, trail = summary(runs), read_tables(files.trail)
    verdicts = {"edge-1": edge_1(runs), "edge-2": edge_2(runs)}
    told = note(runs, read_json(files.meta)["note"])
    page = edges_page(table, runs, verdicts, told, params.norm)
    if files.found:
        add_search(page, read_tables(files.found), read_tables(files.logs), params.alpha)
    write_page(page, table, output, "edges")
    write_figure(heat_figure(table), output, "edges_heat")
    write_figure(pareto_figure(table), output, "edges_pareto")
    write_figure(trail_figure(trail), output, "edges_trail")
    write_figure(graph_figure(runs), output, "edges_graph")


if __name__ == "__main__":
    run(main)
