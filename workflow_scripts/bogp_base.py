"""The dense network: its learning rate chosen on val, its accuracy on fresh seeds."""

from graphprune.files import write_json, write_table
from graphprune.pipeline.job import code_digest, run
from graphprune.pipeline.training_job import training_job
from graphprune.runs.execute import Task
from graphprune.runs.record import to_frame
from graphprune.runs.tuning import best_rate, run_all


def main(snakemake):
    params = snakemake.params
    rates = params.setup["recipe"]["learning_rate"]
    tuning, final = (
        [Task("dense", "dense", 0.0, "all", seed) for seed in seeds]
        for seeds in (params.tuning_seeds, params.final_seeds)
    )
    with training_job(snakemake, test=True) as (setup, ledger):
        rate, accuracies = best_rate(tuning, setup.without_test(), rates, ledger)
        choice = {
            "learning_rate": rate,
            "val_accuracy": {f"{r:g}": a for r, a in accuracies.items()},
        }
        write_json(snakemake.output.recipe, choice)
        records = run_all(final, setup.with_rate(rate), ledger, "dense network")
        write_table(
            snakemake.output.records, to_frame(records), {"code": code_digest(snakemake), **choice}
        )


if __name__ == "__main__":
    run(main)
