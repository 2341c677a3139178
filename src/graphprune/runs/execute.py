"""One method on one network, start to record: the only place where pruning meets training."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.models.init import initialise
from graphprune.pruning.context import Context
from graphprune.pruning.methods import Method, method
from graphprune.pruning.prune import next_masks
from graphprune.pruning.scope import tensors
from graphprune.runs.measured import described, no_outcome, outcome
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup
from graphprune.seeds import derive
from graphprune.training import checkpoint
from graphprune.training.loop import Callback, State, finite, train


@dataclass(frozen=True)
class Task:
    """One arm of a comparison on one seed.

    arm: its name in tables. method: a row of METHODS, with the choices in `options` changed as
    `pruning.methods.method` takes them. block: the table block it belongs to.
    scope: as `pruning.scope.tensors` takes it. psi: the block mask of a graph method (or one a
    tensor), and graph its id. reference: masks whose per-layer counts are matched. The seed decides
    initial weights, data order and random masks, each in a stream of its own. level: the
    sparsity of the comparison the task belongs to, where `sparsity` is what its method is
    asked for (they differ where nodes hold unequal numbers of units). nodes: of the relational
    graph, for methods that prune its edges; those of `psi` where there is one. examples: how many
    validation images scores see that look at data.
    """

    arm: str
    method: str
    sparsity: float
    scope: str | tuple[str, ...]
    seed: int
    level: float = 0.0
    block: str = "-"
    graph: str = ""
    psi: np.ndarray | Mapping[str, np.ndarray] | None = None
    reference: Masks | None = None
    search_seed: int = -1
    nodes: int | None = None
    examples: int = 0
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


class Observer(Callback):
    """Looks at a training and changes nothing of it.

    What it has `seen` (plain values) is saved with every checkpoint, and is there again, in the
    same list, when the training goes on from one. It is called after masks have been changed.
    """

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []


@dataclass
class Trained:
    """A finished training: the network as it ended, and what it cost."""

    model: nn.Module
    masks: Masks
    losses: list[float]
    epochs: int
    trainings: int
    seconds: float
    failure: str


def execute(
    task: Task, setup: Setup, saved: Path | None = None, observer: Observer | None = None
) -> RunRecord:
    """Run `task` and evaluate it on val, and on test where the setup holds it.

    The test set is read here, once, after the last epoch. `saved` is where a long training
    keeps its state; if it holds one of this task, the training goes on from there.
    """
    run = train_task(task, setup, saved, observer)
    found = no_outcome() if run.failure else outcome(run.model, setup)
    scope = task.scope if isinstance(task.scope, str) else ", ".join(task.scope)
    return RunRecord(
        **(described(run.model, run.masks, setup) | found),
        arm=task.arm,
        method=task.method,
        block=task.block,
        scope=scope,
        level=task.level,
        sparsity_asked=task.sparsity,
        graph=task.graph,
        seed=task.seed,
        search_seed=task.search_seed,
        train_loss=run.losses[-1] if run.losses else math.nan,
        epochs=run.epochs,
        failure=run.failure,
        trainings=run.trainings,
        seconds=run.seconds,
    )


def train_task(
    task: Task, setup: Setup, saved: Path | None = None, observer: Observer | None = None
) -> Trained:
    """Train the network of `task`, pruning it where the method's schedule says."""
    chosen = method(task.method, **task.options)
    schedule = chosen.plan(task.sparsity, setup.recipe.iterations(len(setup.splits["train"])))
    model = setup.build()
    names = tensors(model, task.scope)
    examples = setup.examples(task.examples) if task.examples else None
    pruner = _Pruner(task, chosen, names, examples)
    batches = setup.batches_for(model)
    begun = (checkpoint.load(saved) if saved else None) or {}
    losses, epochs = begun.get("losses", []), begun.get("epochs", 0)
    if observer:
        observer.seen[:] = begun.get("seen", [])
    start = time.perf_counter() - begun.get("seconds", 0.0)
    initialise(model, derive(task.seed, "init"), kind=setup.init_kind)
    masks = Masks.full(model, names)
    failure = ""
    for number in range(begun.get("round", 0), schedule.rounds):
        events = schedule.within(number)
        if not begun:  # else the state below brings masks and weights with it
            masks = _start_round(number, events, pruner, model, masks, task, setup)
        state = State(
            model,
            setup.recipe.optimiser_for(model),
            masks,
            torch.Generator().manual_seed(derive(task.seed, f"data/{number}")),
            forward=setup.forward,
        )
        # Dropout takes no generator: it draws from torch's own.
        torch.manual_seed(derive(task.seed, f"dropout/{number}"))
        if begun:
            state.load_dict(begun["state"])
            begun = {}
        callbacks: list[Callback] = [PruneDuring(number, events, pruner)]
        callbacks += [observer] if observer else []
        if saved:
            extra = {"round": number, "losses": losses, "epochs": epochs}
            extra |= {"seen": observer.seen} if observer else {}
            callbacks.append(checkpoint.Checkpoint(saved, setup.checkpoint_seconds, extra, start))
        if schedule.trained[number]:
            train(state, batches, setup.recipe, callbacks)
        masks, failure = state.masks, state.failure
        losses, epochs = losses + state.losses, epochs + state.epoch
        if failure:
            break
    masks.apply_(model)  # a last round without training has only now got its masks
    seconds = time.perf_counter() - start
    trainings = sum(schedule.trained[: number + 1])
    return Trained(model, masks, losses, epochs, trainings, seconds, failure)


@dataclass(frozen=True)
class _Pruner:
    """Makes the masks of one pruning event."""

    task: Task
    method: Method
    names: tuple[str, ...]
    examples: tuple[torch.Tensor, torch.Tensor] | None

    def __call__(
        self, model: nn.Module, masks: Masks, sparsity: float, number: int, iteration: int
    ) -> Masks:
        # One stream per event, so that a resumed run draws what an undisturbed one does.
        stream = derive(self.task.seed, f"mask/{number}/{iteration}")
        context = Context(
            generator=torch.Generator().manual_seed(stream),
            n=len(self.task.psi) if isinstance(self.task.psi, np.ndarray) else self.task.nodes,
            psi=self.task.psi,
            reference=self.task.reference,
            examples=self.examples,
        )
        pruned = next_masks(model, self.method, self.names, sparsity, masks, context)
        return pruned.to(next(iter(masks.values())).device)


def _start_round(
    number: int,
    events: dict[int, float],
    pruner: _Pruner,
    model: nn.Module,
    masks: Masks,
    task: Task,
    setup: Setup,
) -> Masks:
    """Prune at iteration 0 of a round and set its initial weights; the masks it starts with."""
    if 0 in events:
        masks = pruner(model, masks, events[0], number, 0)
    if number == 0 or pruner.method.weights == "rewind":
        kept = {name: density for name, density in masks.densities().items() if density > 0}
        densities = kept if setup.init == "sparse" else None
        initialise(model, derive(task.seed, "init"), densities, setup.init_kind)
    return masks


@dataclass(frozen=True)
class PruneDuring(Callback):
    """Prunes before the steps that a schedule names within a round."""

    number: int
    events: dict[int, float]
    pruner: _Pruner

    def before_step(self, state: State) -> None:
        """New masks, applied at once, where an event falls on this step."""
        if state.iteration in self.events and state.iteration > 0:
            if not finite(state.model):
                return  # a diverged network has no ranks; the loss of this epoch will tell
            sparsity = self.events[state.iteration]
            state.masks = self.pruner(
                state.model, state.masks, sparsity, self.number, state.iteration
            )
            state.masks.apply_(state.model)
