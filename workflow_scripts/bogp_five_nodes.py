"""Every connected graph on a few nodes, trained on every seed (Figures 5–7)."""

from graphprune.files import write_json, write_table
from graphprune.graphs.atlas import connected_graphs
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import choose_rate, run_all
from graphprune.studies.five_nodes import tasks


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    rates = params.setup["recipe"]["learning_rate"]
    every = list(tasks(connected_graphs(params.nodes), params.seeds))
    with training_job(snakemake, test=True) as (setup, ledger):
        choice = choose_rate(params.tuning_seeds, setup, rates, ledger)
        write_json(output.recipe, choice)
        tuned = setup.with_rate(choice["learning_rate"])
        records = run_all(every, tuned, ledger, "small graphs")
        write_table(output.records, to_frame(records), {"code": code_digest(snakemake), **choice})


if __name__ == "__main__":
    run(main)
