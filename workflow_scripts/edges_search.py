"""Search over K and P: both strategies on every seed, and their winners on fresh seeds."""

from graphprune.files import read_table, write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.studies.edges import Job
from graphprune.studies.edges_search import found, searches


def main(snakemake):
    wildcards, params, output = snakemake.wildcards, snakemake.params, snakemake.output
    grid, _ = read_table(snakemake.input.grid)
    with training_job(snakemake, test=True) as (setup, ledger):
        job = Job(setup, params.nodes, params.block)
        log = searches(job, ledger)
        runs = found(job, log, grid, ledger)
        note = {"code": code_digest(snakemake)}
        write_table(output.log, log.assign(network=wildcards.network), note)
        write_table(output.runs, runs.assign(network=wildcards.network), note)


if __name__ == "__main__":
    run(main)
