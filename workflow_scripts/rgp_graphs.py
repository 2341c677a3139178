"""The graphs of one node count and degree that networks are pruned by."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.studies.rgp_graphs import graph_table


def main(snakemake):
    wildcards, params = snakemake.wildcards, snakemake.params
    nodes, degree = int(wildcards.nodes), int(wildcards.degree)
    table = graph_table(nodes, degree, params.seeds, params.graphs, params.chains)
    write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
