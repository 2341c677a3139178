"""The mask database of one sparsity, or of a range of them (BoGP, Algorithm 1)."""

from graphprune.graphs.property_names import PROPERTIES
from graphprune.masks.build_database import build
from graphprune.pipeline.job import run


def main(snakemake):
    asked = snakemake.wildcards
    levels = [float(level) for level in asked.sparsity.split("to")]
    database = build(
        source=asked.source,
        n=int(asked.nodes),
        sparsity=levels[0] if len(levels) == 1 else levels,
        count=int(asked.amount),
        seed=int(asked.seed),
        properties=PROPERTIES,
    )
    database.save(snakemake.output[0])


if __name__ == "__main__":
    run(main)
