"""Edge pruning of one network: the grid of P and K, or what is compared at some of its cells."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.studies.edges import Job, trained


def main(snakemake):
    wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output
    with training_job(snakemake, test=True) as (setup, ledger):
        job = Job(setup, params.nodes, params.block)
        runs, trail = trained(wildcards.part, job, wildcards.network, ledger)
        note = {"code": code_digest(snakemake)}
        write_table(output.runs, runs, note)
        write_table(output.trail, trail, note)


if __name__ == "__main__":
    run(main)
