"""Properties of the masks that identifiability trains: as drawn, and with rows permuted."""

from graphprune.files import write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.studies.permuted import mask_properties


def main(snakemake):
    params = snakemake.params
    databases = [MaskDatabase.load(path) for path in snakemake.input.databases]
    table = mask_properties(databases, params.masks, params.properties)
    write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
