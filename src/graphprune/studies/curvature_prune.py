"""Pruning by neural curvature and its controls: globally, layer by layer, and with retraining."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.progress import progress
from graphprune.pruning.scope import weights
from graphprune.runs.after_training import PRUNED, RETRAINED, pruned_record, retrain
from graphprune.runs.kept import KeptNet
from graphprune.runs.ledger import Ledger
from graphprune.runs.measured import outcome
from graphprune.runs.scored import Scored
from graphprune.runs.setup import Setup
from graphprune.studies.curvature_arms import (
    ARMS,
    LAYER_ARMS,
    POSITIVE,
    RETRAINED_ARMS,
    arm_masks,
)
from graphprune.training.device import place
from graphprune.training.evaluate_masked import evaluate_masked

LAYERS = "layers"
ALL = "all"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Subject:
    """A trained network and what was measured of it."""

    net: KeptNet
    scored: Scored

    @property
    def failure(self) -> str:
        """Why it cannot be pruned, or ""."""
        return self.net.failure or self.scored.failure


@dataclass(frozen=True)
class _Curve:
    """One arm at every cut of one network."""

    subject: Subject
    arm: str
    per_class: int
    layer: str | None = None

    @property
    def key(self) -> str:
        return f"{self.subject.net.seed}/{self.arm}/{self.per_class}/{self.layer or ALL}"


def prune_nets(
    subjects: Sequence[Subject], setup: Setup, cuts: Sequence[float], ledger: Ledger
) -> pd.DataFrame:
    """Every arm at every cut of all weights together, without retraining; test is read once each.

    One row a record (`RunRecord`, its `level` the cut) with ``per_class``: positive first by
    every number of examples, all other arms by the greatest.
    """
    curves = []
    for subject in subjects:
        *fewer, most = sorted(subject.scored.per_class)
        curves += [_Curve(subject, POSITIVE, count) for count in fewer]
        curves += [_Curve(subject, arm, most) for arm in ARMS]
    return _curves(curves, setup, cuts, ledger, "curves")


def prune_layers(
    subjects: Sequence[Subject], setup: Setup, cuts: Sequence[float], ledger: Ledger
) -> pd.DataFrame:
    """The same of one layer at a time, the others intact; `scope` names the layer."""
    curves = [
        _Curve(subject, arm, max(subject.scored.per_class), layer)
        for subject in subjects
        for layer in weights(setup.build())
        for arm in LAYER_ARMS
    ]
    return _curves(curves, setup, cuts, ledger, "curves of layers")


def _curves(
    curves: Sequence[_Curve], setup: Setup, cuts: Sequence[float], ledger: Ledger, what: str
) -> pd.DataFrame:
    rows: Rows = []
    for curve in progress(curves, len(curves), what):
        rows += _kept(ledger, curve.key, partial(_curve, curve, setup, cuts))
    return pd.DataFrame(rows)


def _kept(ledger: Ledger, key: str, make: Callable[[], Rows]) -> Rows:
    """What the ledger has under `key`, or makes and then has."""
    found = ledger.get(key)
    if found is None:
        found = {"rows": make()}
        ledger.add(key, found)
    rows: Rows = found["rows"]
    return rows


def _curve(curve: _Curve, setup: Setup, cuts: Sequence[float]) -> Rows:
    """The records of a curve; those of a network that failed say so, at every cut."""
    start = time.perf_counter()
    model, masks = _cut(curve, setup, cuts)
    outcomes: list[dict[str, float]] = [{} for _ in cuts]
    if not curve.subject.failure:
        for part in [p for p in ("val", "test") if p in setup.splits]:
            batches = setup.evaluation_batches(part).epoch(None)
            for found, pair in zip(outcomes, evaluate_masked(model, masks, batches), strict=True):
                found |= dict(zip((f"{part}_accuracy", f"{part}_loss"), pair, strict=True))
    seconds = (time.perf_counter() - start) / len(cuts)
    return [
        {
            **pruned_record(
                curve.subject.net,
                setup,
                model,
                mask,
                arm=curve.arm,
                method=ARMS[curve.arm][0],
                level=cut,
                scope=curve.layer or ALL,
                outcome=found,
                block=LAYERS if curve.layer else PRUNED,
                failure=curve.subject.failure,
                seconds=seconds,
            ).to_dict(),
            "per_class": curve.per_class,
        }
        for cut, mask, found in zip(cuts, masks, outcomes, strict=True)
    ]


def _cut(curve: _Curve, setup: Setup, cuts: Sequence[float]) -> tuple[nn.Module, list[Masks]]:
    """The trained network and its masks; in place of one that failed, untrained and whole."""
    net, scored = curve.subject.net, curve.subject.scored
    if curve.subject.failure:
        model = setup.build()
        names = [curve.layer] if curve.layer else weights(model)
        return model, [Masks.full(model, names)] * len(cuts)
    model = place(net.build(), setup.device)
    return model, arm_masks(model, curve.arm, cuts, scored, curve.per_class, net.seed, curve.layer)


def retrain_nets(
    subjects: Sequence[Subject],
    setup: Setup,
    cuts: Sequence[float],
    epochs: int,
    ledger: Ledger,
) -> pd.DataFrame:
    """Some arms at a few cuts with `epochs` more of the recipe, the last of which is tested.

    Cut 0 is the dense network with as many epochs more: what the longer training alone does. It
    is trained once for all arms.
    """
    setup = setup.with_recipe(setup.recipe.learning_rate, epochs)
    jobs = [
        (_Curve(subject, arm, max(subject.scored.per_class)), cut)
        for subject in subjects
        for arm in RETRAINED_ARMS
        for cut in cuts
    ]
    rows: Rows = []
    for curve, cut in progress(jobs, len(jobs), f"networks, {RETRAINED}"):
        shown = replace(curve, arm=RETRAINED_ARMS[0]) if cut == 0 else curve
        key = f"{shown.key}/{cut}/{epochs}"
        found = _kept(
            ledger, key, partial(_retrained, shown, cut, epochs, setup, ledger.checkpoint(key))
        )
        rows += [{**row, "arm": curve.arm, "method": ARMS[curve.arm][0]} for row in found]
    return pd.DataFrame(rows)


def _retrained(curve: _Curve, cut: float, epochs: int, setup: Setup, saved: Path) -> Rows:
    start = time.perf_counter()
    model, (masks,) = _cut(curve, setup, [cut])
    masks.apply_(model)
    loss, failure = math.nan, curve.subject.failure
    if not failure:
        loss, failure = retrain(model, masks, curve.subject.net.seed, setup, saved)
    seconds = time.perf_counter() - start
    record = pruned_record(
        curve.subject.net,
        setup,
        model,
        masks,
        arm=curve.arm,
        method=ARMS[curve.arm][0],
        level=cut,
        scope=ALL,
        outcome={} if failure else outcome(model, setup),
        block=RETRAINED,
        epochs=epochs,
        train_loss=loss,
        failure=failure,
        seconds=seconds,
    )
    return [{**record.to_dict(), "per_class": curve.per_class}]
