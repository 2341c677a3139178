"""What Algorithm 4 chose at every α, on fresh seeds."""

from graphprune.files import read_table, write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import run_all
from graphprune.studies.tradeoff import tradeoff_records, tradeoff_tasks


def main(snakemake):
    params, pool = snakemake.params, snakemake.wildcards.pool
    database = MaskDatabase.pooled([MaskDatabase.load(p) for p in snakemake.input.databases])
    log, _ = read_table(snakemake.input.search)
    with training_job(snakemake, test=True) as (setup, ledger):
        tasks = tradeoff_tasks(database, log, params.scope, params.final_seeds)
        records = tradeoff_records(
            tasks, lambda distinct: run_all(distinct, setup, ledger, f"winners of the {pool} pool")
        )
        write_table(snakemake.output[0], to_frame(records), {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
