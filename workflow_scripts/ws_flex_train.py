"""Every graph on some of the seeds, each network at the cost of the dense one."""

from graphprune.files import read_table, write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.studies.ws_flex import trained


def main(snakemake):
    graphs, _ = read_table(snakemake.input.graphs)
    with training_job(snakemake, test=True) as (setup, ledger):
        table = trained(graphs, setup, snakemake.params.seeds, ledger)
        write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
