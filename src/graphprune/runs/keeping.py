"""Networks trained once a seed, each kept as it was after its best epoch."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from graphprune.progress import progress
from graphprune.runs.execute import Observer, Task, train_task
from graphprune.runs.kept import KeptNet
from graphprune.runs.ledger import Ledger
from graphprune.runs.setup import Setup
from graphprune.training.evaluate import evaluate
from graphprune.training.loop import State

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
