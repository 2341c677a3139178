"""The dense network: its learning rate chosen on val, its accuracy on fresh seeds."""

from graphprune.files import write_json, write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.execute import Task
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import choose_recipe, run_all
from graphprune.training.recipe import candidates


def main(snakemake):
    params = snakemake.params
    recipe = params.setup["recipe"]
    rates, epochs = candidates(recipe)
    final = [Task("dense", "dense", 0.0, "all", seed) for seed in params.final_seeds]
    with training_job(snakemake, test=True) as (setup, ledger):
        choice = choose_recipe(
            params.tuning_seeds, setup, rates, epochs, ledger, recipe.get("target_accuracy")
        )
        write_json(snakemake.output.recipe, choice)
        tuned = setup.with_recipe(choice["learning_rate"], choice["epochs"])
        records = run_all(final, tuned, ledger, "dense network")
        write_table(
            snakemake.output.records, to_frame(records), {"code": code_digest(snakemake), **choice}
        )


if __name__ == "__main__":
    run(main)
