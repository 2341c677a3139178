"""Which graph properties tell the masks of each sparsity apart: the correlation filter."""

from graphprune.files import write_json
from graphprune.graphs.correlation import correlations, kept_properties
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import run


def main(snakemake):
    params = snakemake.params
    kept = {}
    for sparsity, path in zip(params.sparsities, snakemake.input.databases, strict=True):
        matrix = correlations(MaskDatabase.load(path).table[params.properties])
        kept[f"{sparsity:g}"] = kept_properties(matrix, params.threshold)
    write_json(snakemake.output[0], kept)


if __name__ == "__main__":
    run(main)
