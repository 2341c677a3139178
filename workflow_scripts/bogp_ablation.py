"""Bayesian search with every scaling, similarity and choice of what it is told."""

from graphprune.files import read_json, write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import shared_scores, training_job
from graphprune.search.scorer import MaskScorer
from graphprune.studies.ablation import ablation_log


def main(snakemake):
    params, sparsity = snakemake.params, snakemake.wildcards.sparsity
    database = MaskDatabase.load(snakemake.input.database)
    kept = read_json(snakemake.input.kept)[sparsity]
    with training_job(snakemake, test=False) as (setup, _):
        scores = shared_scores(snakemake, setup)

        def scorer_for(seed):
            return MaskScorer(database, setup, params.scope, seed, scores)

        log = ablation_log(database, kept, scorer_for, params.seeds, params.search)
        log = log.assign(sparsity=float(sparsity))
        write_table(snakemake.output[0], log, {"code": code_digest(snakemake), "kept": kept})


if __name__ == "__main__":
    run(main)
