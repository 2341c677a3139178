"""One network at one degree: RGP beside its controls, or every graph of the chains."""

from graphprune.files import read_table, write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.studies.rgp import COMPARISON, Job, chain, comparison, described, with_graphs


def main(snakemake):
    wildcards, params = snakemake.wildcards, snakemake.params
    graphs, _ = read_table(snakemake.input.graphs)
    degree = int(wildcards.degree)
    with training_job(snakemake, test=True) as (setup, ledger):
        job = Job(graphs, setup, params.scope, params.nodes, degree, params.seeds)
        if wildcards.part == COMPARISON:
            records = comparison(job, params.arms, ledger)
        else:
            records = chain(job, ledger)
        table = with_graphs(records, graphs)
        table = table.assign(network=wildcards.network, **described(job))
        write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
