"""Every connected graph on a few nodes, trained on every seed (Figures 5–7)."""

from graphprune.files import write_json, write_table
from graphprune.graphs.atlas import connected_graphs
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import choose_recipe, run_all
from graphprune.studies.five_nodes import tasks
from graphprune.training.recipe import candidates


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    recipe = params.setup["recipe"]
    rates, epochs = candidates(recipe)
    every = list(tasks(connected_graphs(params.nodes), params.seeds))
    with training_job(snakemake, test=True) as (setup, ledger):
        choice = choose_recipe(
            params.tuning_seeds, setup, rates, epochs, ledger, recipe.get("target_accuracy")
        )
        write_json(output.recipe, choice)
        tuned = setup.with_recipe(choice["learning_rate"], choice["epochs"])
        records = run_all(every, tuned, ledger, "small graphs")
        write_table(output.records, to_frame(records), {"code": code_digest(snakemake), **choice})


if __name__ == "__main__":
    run(main)
