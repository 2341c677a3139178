"""The kept networks pruned by curvature and its controls: globally, by layer, or retrained."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.kept import KeptNet
from graphprune.runs.scored import Scored
from graphprune.studies.curvature_prune import Subject, prune_layers, prune_nets, retrain_nets


def main(snakemake):
    params, wildcards, files = snakemake.params, snakemake.wildcards, snakemake.input
    subjects = [
        Subject(KeptNet.load(net), Scored.load(scores))
        for net, scores in zip(files.nets, files.scores, strict=True)
    ]
    with training_job(snakemake, test=True) as (setup, ledger):
        if params.epochs:
            table = retrain_nets(subjects, setup, params.cuts, params.epochs, ledger)
        elif wildcards.part == "layers":
            table = prune_layers(subjects, setup, params.cuts, ledger)
        else:
            table = prune_nets(subjects, setup, params.cuts, ledger)
        table = table.assign(network=wildcards.network, training=params.training)
        write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
