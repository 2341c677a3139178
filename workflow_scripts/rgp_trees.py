"""Graphs of the greatest, of middle and of the smallest ASPL (Figure 5)."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.studies.rgp_theory import trees


def main(snakemake):
    table = trees(snakemake.params.nodes, snakemake.params.degree)
    write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
