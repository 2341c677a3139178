"""Many runs in one job, each done once; and the choice of a learning rate."""

import math
from collections.abc import Sequence
from typing import Any

from graphprune.errors import UserError
from graphprune.progress import progress
from graphprune.runs.execute import Task, execute
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup


def recorded(key: str, task: Task, setup: Setup, ledger: Ledger) -> RunRecord:
    """The record of `task`, from the ledger if the job has it already."""
    row = ledger.get(key)
    if row is None:
        record = execute(task, setup, ledger.checkpoint(key))
        ledger.add(key, record.to_dict())
        return record
    return RunRecord(**row)


def _key(task: Task) -> str:
    """What tells the tasks of one job apart."""
    parts = (task.block, task.arm, task.level, task.graph, task.search_seed, task.seed)
    return "/".join(str(part) for part in parts)


def run_all(tasks: Sequence[Task], setup: Setup, ledger: Ledger, what: str) -> list[RunRecord]:
    """The records of `tasks`, in order; `what` names them in the progress shown."""
    return [recorded(_key(task), task, setup, ledger) for task in progress(tasks, len(tasks), what)]


def choose_rate(
    seeds: Sequence[int], setup: Setup, rates: Sequence[float], ledger: Ledger
) -> dict[str, Any]:
    """What a study stores of its choice: the learning_rate, and the val_accuracy of each rate.

    `best_rate` of the dense network over `seeds`; the test set is out of sight.
    """
    dense = [Task("dense", "dense", 0.0, "all", seed) for seed in seeds]
    rate, accuracies = best_rate(dense, setup.without_test(), rates, ledger)
    return {
        "learning_rate": rate,
        "val_accuracy": {f"{r:g}": accuracy for r, accuracy in accuracies.items()},
    }


def best_rate(
    tasks: Sequence[Task], setup: Setup, rates: Sequence[float], ledger: Ledger
) -> tuple[float, dict[float, float]]:
    """(the rate with the best mean val accuracy over `tasks`, that mean for every rate).

    One rate is no choice and is not trained. A rate at which a training fails is out;
    among equals the first is taken. UserError if trainings fail at every rate.
    """
    if len(rates) == 1:
        return rates[0], {}
    means: dict[float, float] = {}
    failure = ""
    for rate in progress(rates, len(rates), "learning rates"):
        records = [
            recorded(f"tuning/{rate!r}/{task.seed}", task, setup.with_rate(rate), ledger)
            for task in tasks
        ]
        failure = next((record.failure for record in records if record.failure), failure)
        means[rate] = sum(record.val_accuracy for record in records) / len(records)
    usable = {rate: mean for rate, mean in means.items() if not math.isnan(mean)}
    if not usable:
        raise UserError(
            f"at every learning rate of {', '.join(map(str, rates))} a training failed, as last: "
            f"{failure}. Give the recipe's learning_rate lower values."
        )
    return max(usable, key=lambda rate: usable[rate]), means
