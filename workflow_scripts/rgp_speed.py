"""Times of RGP's networks, dense and sparse, beside their multiply-adds."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.studies.rgp_speed import speeds


def main(snakemake):
    times, layers = speeds(snakemake.params.speed)
    code = {"code": code_digest(snakemake)}
    write_table(snakemake.output.layers, layers, code)
    write_table(snakemake.output.times, times, code)


if __name__ == "__main__":
    run(main)
