"""Every mask of one database on every seed: what no search can beat."""

import pandas as pd

from graphprune.files import write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import shared_scores, training_job
from graphprune.search.exhaustive import exhaustive
from graphprune.search.scorer import MaskScorer


def main(snakemake):
    params = snakemake.params
    database = MaskDatabase.load(snakemake.input.database)
    with training_job(snakemake, test=False) as (setup, _):
        scores = shared_scores(snakemake, setup)
        tables = [
            exhaustive(MaskScorer(database, setup, params.scope, seed, scores), len(database))
            for seed in params.seeds
        ]
        labelled = [table.assign(seed=s) for s, table in zip(params.seeds, tables, strict=True)]
        table = pd.concat(labelled, ignore_index=True)
        write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
