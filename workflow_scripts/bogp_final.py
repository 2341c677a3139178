"""All that Table 1 compares at one sparsity, on fresh seeds: winners, graph controls, baselines."""

from graphprune.files import read_table, write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import run_all
from graphprune.studies.bogp_arms import baseline_tasks, found_records, winner_tasks


def main(snakemake):
    params, sparsity = snakemake.params, snakemake.wildcards.sparsity
    seeds, scope = params.final_seeds, params.scope
    database = MaskDatabase.load(snakemake.input.database)
    log, _ = read_table(snakemake.input.search)
    with training_job(snakemake, test=True) as (setup, ledger):
        tasks = [
            *winner_tasks(database, log, scope, seeds),
            *baseline_tasks(database, log, setup.build(), scope, params.baselines, seeds),
        ]
        records = run_all(tasks, setup, ledger, f"winners and baselines at {sparsity}")
        records += found_records(database, log, setup, scope, params.budget, ledger)
        write_table(snakemake.output[0], to_frame(records), {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
