"""Weight and unit pruning: the network trained once a seed, then pruned, with and without more."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.metrics.counts import count
from graphprune.progress import progress
from graphprune.pruning.prune import empty_layers
from graphprune.runs.execute import Observer, Task, train_task
from graphprune.runs.kept import KeptNet
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup
from graphprune.seeds import derive
from graphprune.studies.weight_unit_arms import ARMS, SCOPE, pruned_masks
from graphprune.training import checkpoint
from graphprune.training.device import place
from graphprune.training.evaluate import evaluate
from graphprune.training.loop import State, train

PRUNED, RETRAINED = "pruned", "retrained"
CURVES = ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]


class KeepBest(Observer):
    """Notes loss and accuracy of every epoch, and keeps the weights of the least val loss.

    `seen` has a row an epoch with the keys of CURVES, measured after it on the whole part; the row
    of the best epoch so far holds its weights as well. Of equal losses the first epoch is kept.
    """

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self.parts = {part: setup.evaluation_batches(part) for part in ("train", "val")}

    def after_epoch(self, state: State) -> None:
        """A row more; nothing of a training that has failed."""
        if state.failure:
            return
        row: dict[str, Any] = {"epoch": state.epoch}
        for part, batches in self.parts.items():
            accuracy, loss = evaluate(state.model, batches.epoch(None))
            row |= {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
        best = self.best()
        if best is None or row["val_loss"] < best["val_loss"]:
            if best:
                del best["weights"]
            row["weights"] = {n: v.cpu().clone() for n, v in state.model.state_dict().items()}
        self.seen.append(row)

    def best(self) -> dict[str, Any] | None:
        """The row with weights; None before the first epoch has ended."""
        return next((row for row in self.seen if "weights" in row), None)


def train_nets(
    setup: Setup, seeds: Sequence[int], paths: Sequence[str], ledger: Ledger
) -> pd.DataFrame:
    """Train the dense network on each seed and keep its best epoch at the path of that seed.

    Returns one row a seed and epoch: the labels of the setup, seed, CURVES, kept (True in the
    epoch whose weights are kept), failure. A training that fails has one row of its own, with NaN.
    Each finished seed is kept beside the ledger until all are, so that a killed job goes on.
    """
    rows: list[dict[str, Any]] = []
    held = [ledger.folder / f"seed{seed}.safetensors" for seed in seeds]
    for seed, file in progress(list(zip(seeds, held, strict=True)), len(held), "networks"):
        key = f"train/{seed}"
        found = ledger.get(key)
        if found is None or not file.exists():
            net, curve = _train(setup, seed, ledger.checkpoint(key))
            net.save(file)
            found = {"rows": curve}
            ledger.add(key, found)
        rows += found["rows"]
    for file, path in zip(held, paths, strict=True):
        KeptNet.load(file).save(path)
    return pd.DataFrame(rows).assign(**setup.labels)


def _train(setup: Setup, seed: int, saved: Path) -> tuple[KeptNet, list[dict[str, Any]]]:
    watch = KeepBest(setup.without_test())
    run = train_task(Task("dense", "dense", 0.0, "all", seed), setup, saved, watch)
    best = watch.best()
    failure = run.failure or ("" if best else "no epoch has ended")
    curve = [{"seed": seed, **{c: row[c] for c in CURVES}} for row in watch.seen]
    kept = best["epoch"] if best else 0
    for row in curve:
        row |= {"kept": row["epoch"] == kept and not failure, "failure": failure}
    if not curve:
        nothing = dict.fromkeys(CURVES[1:], math.nan)
        curve = [{"seed": seed, "epoch": 0, **nothing, "kept": False, "failure": failure}]
    weights = best["weights"] if best and not failure else {}
    net = KeptNet(weights, setup.model, setup.input_shape, setup.classes, seed, kept, failure)
    return net, curve


def prune_nets(
    nets: Sequence[KeptNet], setup: Setup, ks: Sequence[float], ledger: Ledger
) -> list[RunRecord]:
    """Every arm at every k on every kept network, without retraining; test is read once each."""
    return _all(nets, setup, ks, 0, ledger)


def retrain_nets(
    nets: Sequence[KeptNet], setup: Setup, ks: Sequence[float], epochs: int, ledger: Ledger
) -> list[RunRecord]:
    """As `prune_nets`, with `epochs` more of the recipe after pruning and its last epoch tested.

    k = 0 is the dense network with as many epochs more: what the longer training alone does.
    """
    return _all(nets, setup.with_recipe(setup.recipe.learning_rate, epochs), ks, epochs, ledger)


def _all(
    nets: Sequence[KeptNet], setup: Setup, ks: Sequence[float], epochs: int, ledger: Ledger
) -> list[RunRecord]:
    jobs = [(net, arm, k) for net in nets for arm in ARMS for k in ks]
    what = f"networks, {RETRAINED if epochs else PRUNED}"
    return [_recorded(*job, setup, epochs, ledger) for job in progress(jobs, len(jobs), what)]


def _recorded(
    net: KeptNet, arm: str, k: float, setup: Setup, epochs: int, ledger: Ledger
) -> RunRecord:
    """The record of a job, from the ledger if it is there; at k = 0 all arms are one network."""
    first = next(iter(ARMS))
    if k == 0 and arm != first:
        record = _recorded(net, first, k, setup, epochs, ledger)
        return replace(record, arm=arm, method=ARMS[arm][0])
    key = f"{net.seed}/{arm}/{k}/{epochs}"
    row = ledger.get(key)
    if row is None:
        record = _run(net, arm, k, setup, epochs, ledger.checkpoint(key))
        ledger.add(key, record.to_dict())
        return record
    return RunRecord(**row)


def _run(net: KeptNet, arm: str, k: float, setup: Setup, epochs: int, saved: Path) -> RunRecord:
    start = time.perf_counter()
    if net.failure:  # an untrained network in its place tells the sizes
        return _record(net, arm, k, setup, setup.build(), None, epochs, math.nan, net.failure, 0.0)
    model = place(net.build(), setup.device)
    masks = pruned_masks(model, arm, k, net.seed)
    masks.apply_(model)
    loss, failure = math.nan, ""
    if epochs:
        loss, failure = _retrain(model, masks, net.seed, setup, saved)
    seconds = time.perf_counter() - start
    return _record(net, arm, k, setup, model, masks, epochs, loss, failure, seconds)


def _retrain(
    model: nn.Module, masks: Masks, seed: int, setup: Setup, saved: Path
) -> tuple[float, str]:
    """Train `model` on from its weights; (mean loss of the last epoch, why it failed or "")."""
    state = State(
        model,
        setup.recipe.optimiser_for(model),
        masks,
        torch.Generator().manual_seed(derive(seed, "data/retrain")),
        forward=setup.forward,
    )
    torch.manual_seed(derive(seed, "dropout/retrain"))
    begun = checkpoint.load(saved)
    if begun:
        state.load_dict(begun["state"])
    keep = checkpoint.Checkpoint(saved, setup.checkpoint_seconds, {}, time.perf_counter())
    train(state, setup.training_batches(), setup.recipe, [keep])
    return state.losses[-1], state.failure


def _record(
    net: KeptNet,
    arm: str,
    k: float,
    setup: Setup,
    model: nn.Module,
    masks: Masks | None,
    epochs: int,
    train_loss: float,
    failure: str,
    seconds: float,
) -> RunRecord:
    """The record of one pruned network; accuracies are NaN where it or its training failed."""
    masks = masks if masks is not None else pruned_masks(model, arm, 0.0, net.seed)
    counts = count(model, setup.input_shape, masks, tuple(masks))
    labels: dict[str, Any] = setup.labels
    outcome: dict[str, Any] = dict(_outcome(model, setup, failure))
    return RunRecord(
        **labels,
        arm=arm,
        method=ARMS[arm][0],
        block=RETRAINED if epochs else PRUNED,
        scope=SCOPE,
        level=k,
        sparsity_asked=k,
        graph="",
        seed=net.seed,
        search_seed=-1,
        sparsity=counts.sparsity,
        scope_weights=counts.scope_weights,
        scope_kept=counts.scope_kept,
        parameters=counts.parameters_all,
        parameters_kept=counts.parameters_kept,
        compression=counts.compression,
        macs=counts.macs_dense,
        macs_kept=counts.macs_kept,
        empty_layers=", ".join(empty_layers(masks)),
        train_loss=train_loss,
        epochs=net.epoch + epochs,
        failure=failure,
        trainings=1 + bool(epochs),
        seconds=seconds,
        device=str(setup.device),
        precision=setup.precision,
        torch=str(torch.__version__),
        **outcome,
    )


def _outcome(model: nn.Module, setup: Setup, failure: str) -> Iterator[tuple[str, float]]:
    for part in ("val", "test"):
        accuracy, loss = math.nan, math.nan
        if not failure and part in setup.splits:
            accuracy, loss = evaluate(model, setup.evaluation_batches(part).epoch(None))
        yield f"{part}_accuracy", accuracy
        yield f"{part}_loss", loss
