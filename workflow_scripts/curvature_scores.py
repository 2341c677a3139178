"""The neural curvature of every weight of the kept networks, beside 1/|w|."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.kept import KeptNet
from graphprune.studies.curvature import score_nets


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    nets = [KeptNet.load(path) for path in snakemake.input.nets]
    with training_job(snakemake, test=False) as (setup, ledger):
        table = score_nets(nets, setup, params.options, output.scores, ledger, snakemake.threads)
        table = table.assign(network=snakemake.wildcards.network)
        write_table(output.agreement, table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
