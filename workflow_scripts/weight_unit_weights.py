"""Which weights unit pruning removes: Theorem 1's statistic with its null, and histograms."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.runs.kept import KeptNet
from graphprune.studies.weight_unit_weights import auc_table, histogram_table


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    nets = [KeptNet.load(path) for path in snakemake.input.nets]
    made = {"code": code_digest(snakemake)}
    write_table(output.auc, auc_table(nets, params.sparsities, params.shuffles), made)
    write_table(output.histograms, histogram_table(nets, params.sparsities), made)


if __name__ == "__main__":
    run(main)
