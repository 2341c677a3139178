"""ASPL, gradient resistance and AOPU of graphs from ring lattice to optimum (Figure 3)."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.studies.rgp_theory import spread


def main(snakemake):
    params = snakemake.params
    table = spread(params.spread, params.nodes, params.degree, params.layers)
    write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
