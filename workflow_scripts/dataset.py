"""A named data set as a folder of arrays."""

from pathlib import Path

from graphprune.data.datasets import prepare
from graphprune.pipeline.job import run


def main(snakemake):
    folder = snakemake.params.folder
    prepare(
        snakemake.params.name,
        Path(snakemake.output[0]).parent,
        # Where archives lie decides nothing about the result, so it is no param.
        Path(snakemake.config["data"]["archives"]),
        Path(folder) if folder else None,
        snakemake.params.image_size,
    )


if __name__ == "__main__":
    run(main)
