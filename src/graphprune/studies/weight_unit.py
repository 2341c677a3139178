"""Weight and unit pruning: the network trained once a seed, then pruned, with and without more."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graphprune.progress import progress
from graphprune.runs.after_training import PRUNED, RETRAINED, pruned_record, retrain
from graphprune.runs.kept import KeptNet
from graphprune.runs.ledger import Ledger
from graphprune.runs.measured import outcome
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup
from graphprune.studies.weight_unit_arms import ARMS, SCOPE, pruned_masks
from graphprune.training.device import place


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
    # An untrained network in the place of one that failed tells the sizes.
    model = setup.build() if net.failure else place(net.build(), setup.device)
    masks = pruned_masks(model, arm, 0.0 if net.failure else k, net.seed)
    masks.apply_(model)
    loss, failure = math.nan, net.failure
    if epochs and not failure:
        loss, failure = retrain(model, masks, net.seed, setup, saved)
    seconds = 0.0 if net.failure else time.perf_counter() - start
    return pruned_record(
        net,
        setup,
        model,
        masks,
        arm=arm,
        method=ARMS[arm][0],
        level=k,
        scope=SCOPE,
        outcome={} if failure else outcome(model, setup),
        block=RETRAINED if epochs else PRUNED,
        epochs=epochs,
        train_loss=loss,
        failure=failure,
        seconds=seconds,
    )
