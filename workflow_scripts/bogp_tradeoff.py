"""The search for accuracy + α·sparsity over a pool of masks (BoGP, Algorithm 4)."""

import itertools

import pandas as pd

from graphprune.files import write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import shared_scores, training_job
from graphprune.progress import progress
from graphprune.search.scorer import MaskScorer
from graphprune.studies.tradeoff import kept_of_pool, tradeoff_log


def main(snakemake):
    params, pool = snakemake.params, snakemake.wildcards.pool
    database = MaskDatabase.pooled([MaskDatabase.load(p) for p in snakemake.input.databases])
    kept = kept_of_pool(database, params.correlation["properties"], params.correlation["threshold"])
    searches = list(itertools.product(params.alphas, params.seeds))
    logs = []
    with training_job(snakemake, test=False) as (setup, _):
        scores = shared_scores(snakemake, setup)
        for alpha, seed in progress(searches, len(searches), f"searches of the {pool} pool"):
            scorer = MaskScorer(database, setup, params.scope, seed, scores)
            log = tradeoff_log(database, kept, scorer, alpha, seed, params.search)
            logs.append(log.assign(pool=pool, search_seed=seed))
        table = pd.concat(logs, ignore_index=True)
        write_table(snakemake.output[0], table, {"code": code_digest(snakemake), "kept": kept})


if __name__ == "__main__":
    run(main)
