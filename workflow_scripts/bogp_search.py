"""The search for the best mask of one sparsity (BoGP, Algorithms 2 and 3)."""

import pandas as pd

from graphprune.files import read_json, write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import shared_scores, training_job
from graphprune.progress import progress
from graphprune.search.database import search_database
from graphprune.search.scorer import MaskScorer


def main(snakemake):
    params, sparsity = snakemake.params, snakemake.wildcards.sparsity
    options = params.search
    database = MaskDatabase.load(snakemake.input.database)
    kept = read_json(snakemake.input.kept)[sparsity]
    searches = [(name, seed) for seed in options["seeds"] for name in options["strategies"]]
    logs = []
    with training_job(snakemake, test=False) as (setup, _):
        scores = shared_scores(snakemake, setup)
        for strategy, seed in progress(searches, len(searches), f"searches at {sparsity}"):
            scorer = MaskScorer(database, setup, params.scope, seed, scores)
            log = search_database(database, kept, scorer, strategy, seed, options)
            logs.append(log.assign(strategy=strategy, search_seed=seed, sparsity=float(sparsity)))
        table = pd.concat(logs, ignore_index=True)
        write_table(snakemake.output[0], table, {"code": code_digest(snakemake), "kept": kept})


if __name__ == "__main__":
    run(main)
