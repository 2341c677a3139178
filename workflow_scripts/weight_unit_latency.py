"""Time of a forward pass on the CPU, of every form and sparsity."""

from graphprune.files import write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.runs.kept import KeptNet
from graphprune.studies.weight_unit_latency import first_whole, latency_table


def main(snakemake):
    params = snakemake.params
    net = first_whole([KeptNet.load(path) for path in snakemake.input.nets])
    options = params.latency
    table = latency_table(
        net, params.sparsities, options["batches"], options["repeats"], params.torch_threads
    )
    write_table(snakemake.output[0], table, {"code": code_digest(snakemake)})


if __name__ == "__main__":
    run(main)
