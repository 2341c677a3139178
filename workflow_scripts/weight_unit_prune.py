"""The kept networks pruned by weight, by unit and at random, with or without retraining."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.kept import KeptNet
from graphprune.runs.record import to_frame
from graphprune.studies.weight_unit import prune_nets, retrain_nets


def main(snakemake):
    params = snakemake.params
    nets = [KeptNet.load(path) for path in snakemake.input.nets]
    with training_job(snakemake, test=True) as (setup, ledger):
        if params.epochs:
            records = retrain_nets(nets, setup, params.sparsities, params.epochs, ledger)
        else:
            records = prune_nets(nets, setup, params.sparsities, ledger)
        write_table(snakemake.output[0], to_frame(records), {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
