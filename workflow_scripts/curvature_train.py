"""One network of the study trained once a seed: its curves, and the weights of its best epoch."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.keeping import train_nets


def main(snakemake):
    output = snakemake.output
    with training_job(snakemake, test=False) as (setup, ledger):
        table = train_nets(setup, snakemake.params.seeds, output.nets, ledger)
        table = table.assign(network=snakemake.wildcards.network)
        write_table(output.curves, table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
