"""WS-flex graphs that cover the plane of clustering and path length, and the complete graph."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.studies.ws_flex_graphs import graph_table


def main(snakemake):
    table = graph_table(snakemake.params.nodes, snakemake.params.sweep)
    write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
