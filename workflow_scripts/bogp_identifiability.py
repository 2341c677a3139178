"""Masks of every source on shared seeds: is what tells them apart larger than luck?"""

from graphprune.files import write_table
from graphprune.masks.database import MaskDatabase
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import run_all
from graphprune.studies.identifiability import tasks


def main(snakemake):
    params = snakemake.params
    databases = [MaskDatabase.load(path) for path in snakemake.input.databases]
    # A question about choices, so it is answered on val; the test set stays unread.
    with training_job(snakemake, test=False) as (setup, ledger):
        todo = list(tasks(databases, params.masks, params.scope, params.seeds))
        records = run_all(todo, setup, ledger, "masks on shared seeds")
        write_table(snakemake.output[0], to_frame(records), {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
