"""The mask database of one sparsity (BoGP, Algorithm 1)."""

from graphprune.graphs.property_names import PROPERTIES
from graphprune.masks.build_database import build
from graphprune.pipeline.job import run


def main(snakemake):
    asked = snakemake.wildcards
    database = build(
        source=asked.source,
        n=int(asked.nodes),
        sparsity=float(asked.sparsity),
        count=int(asked.amount),
        seed=int(asked.seed),
        properties=PROPERTIES,
    )
    database.save(snakemake.output[0])


if __name__ == "__main__":
    run(main)
