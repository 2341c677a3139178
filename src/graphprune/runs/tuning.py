"""Many runs in one job, each done once; and the choice of a learning rate and of epochs."""

import math
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.models.init import initialise
from graphprune.progress import progress
from graphprune.runs.execute import Task, execute
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup
from graphprune.seeds import derive
from graphprune.training import checkpoint
from graphprune.training.evaluate import evaluate
from graphprune.training.loop import Callback, State, train

# (learning rate, epochs) -> val accuracy on each seed; NaN at a rate that is out.
Tried = dict[tuple[float, int], list[float]]


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


def choose_recipe(
    seeds: Sequence[int],
    setup: Setup,
    rates: Sequence[float],
    epochs: Sequence[int],
    ledger: Ledger,
    target: float | None = None,
) -> dict[str, Any]:
    """What a study stores of its choice among `rates` and `epochs`; the test set is out of sight.

    learning_rate, epochs: the choice (`best`). val_accuracy, val_sd: of the dense network over
    `seeds`, mean and standard deviation, as rate -> epochs -> value; NaN at a rate at which a
    training failed. n: the number of seeds. target_accuracy: `target`.

    One rate and one number of epochs are no choice: nothing is trained, there are no
    accuracies and n is 0. UserError if trainings fail at every rate.
    """
    tried: Tried = {}
    if len(rates) * len(epochs) > 1:
        tried = _try_all(seeds, setup.without_test(), rates, epochs, ledger)
    rate, number = best(tried, target) if tried else (rates[0], epochs[0])
    return {
        "learning_rate": rate,
        "epochs": number,
        "val_accuracy": _nested(tried, fmean),
        "val_sd": _nested(tried, _deviation),
        "n": len(seeds) if tried else 0,
        "target_accuracy": target,
    }


def best(tried: Tried, target: float | None) -> tuple[float, int]:
    """The (learning rate, epochs) to take, by mean val accuracy; NaN is out.

    Of those that reach `target` the one with the fewest epochs, then the most accurate. If
    none does, or there is no target, the most accurate, then the one with the fewest epochs.
    Where that leaves several, the one that comes first.
    """
    means = {choice: fmean(accuracies) for choice, accuracies in tried.items()}
    usable = [choice for choice, mean in means.items() if not math.isnan(mean)]
    reached = [choice for choice in usable if target is not None and means[choice] >= target]
    if reached:
        return min(reached, key=lambda choice: (choice[1], -means[choice]))
    return min(usable, key=lambda choice: (-means[choice], choice[1]))


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def _nested(
    tried: Tried, statistic: Callable[[Sequence[float]], float]
) -> dict[str, dict[str, float]]:
    nested: dict[str, dict[str, float]] = {}
    for (rate, number), accuracies in tried.items():
        nested.setdefault(str(rate), {})[str(number)] = statistic(accuracies)
    return nested


def _try_all(
    seeds: Sequence[int],
    setup: Setup,
    rates: Sequence[float],
    epochs: Sequence[int],
    ledger: Ledger,
) -> Tried:
    alike = setup.recipe.begins_alike  # then one training of the most epochs shows all
    trainings = [sorted(epochs)] if alike else [[number] for number in epochs]
    jobs = list(product(rates, trainings, seeds))
    tried: Tried = {(rate, number): [] for rate, number in product(rates, epochs)}
    failures: dict[float, str] = {}
    for rate, ends, seed in progress(jobs, len(jobs), "learning rates and epochs"):
        row = _tried(seed, setup.with_recipe(rate, ends[-1]), ends, ledger)
        if row["failure"]:
            failures[rate] = row["failure"]
        for number in ends:
            tried[rate, number].append(row["val_accuracy"].get(str(number), math.nan))
    if len(failures) == len({*rates}):
        raise UserError(
            f"at every learning rate of {', '.join(map(str, rates))} a training failed, as last: "
            f"{failures[rate]}. Give the recipe's learning_rate lower values."
        )
    out = [math.nan] * len(seeds)
    return {(rate, e): out if rate in failures else values for (rate, e), values in tried.items()}


def _tried(seed: int, setup: Setup, ends: Sequence[int], ledger: Ledger) -> dict[str, Any]:
    """`dense_accuracies` as JSON values, from the ledger if the job has them already."""
    key = f"tuning/{setup.recipe.learning_rate!r}/{'+'.join(map(str, ends))}/{seed}"
    row = ledger.get(key)
    if row is None:
        accuracies, failure = dense_accuracies(seed, setup, ends, ledger.checkpoint(key))
        row = {"failure": failure, "val_accuracy": {str(e): a for e, a in accuracies.items()}}
        ledger.add(key, row)
    return row


class _Watch(Callback):
    """Evaluates on val at the end of some epochs. The training goes on as if it had not."""

    def __init__(self, setup: Setup, ends: Sequence[int], found: dict[int, float]):
        self.batches, self.ends, self.found = setup.evaluation_batches("val"), ends, found

    def after_epoch(self, state: State) -> None:
        if state.epoch in self.ends and not state.failure:
            self.found[state.epoch] = evaluate(state.model, self.batches.epoch(None))[0]


def dense_accuracies(
    seed: int, setup: Setup, ends: Sequence[int], saved: Path
) -> tuple[dict[int, float], str]:
    """(val accuracy at the end of each epoch of `ends`, why the training failed or "").

    One training of the dense network, which is to the last bit the one that `execute` does of
    a dense task on `seed`. It goes on from `saved` if that holds a state of it.
    """
    begun = checkpoint.load(saved) or {}
    model = setup.build()
    initialise(model, derive(seed, "init"), kind=setup.init_kind)
    state = State(
        model,
        setup.recipe.optimiser_for(model),
        Masks({}),
        torch.Generator().manual_seed(derive(seed, "data/0")),
        forward=setup.forward,
    )
    torch.manual_seed(derive(seed, "dropout/0"))
    if begun:
        state.load_dict(begun["state"])
    found: dict[int, float] = begun.get("found", {})
    # Saved after the evaluation of the same epoch, so that a training that goes on lacks none.
    save = checkpoint.Checkpoint(
        saved, setup.checkpoint_seconds, {"found": found}, time.perf_counter()
    )
    train(state, setup.batches_for(model), setup.recipe, [_Watch(setup, ends, found), save])
    return found, state.failure
