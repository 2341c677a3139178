"""A trained network that is pruned: trained on from its weights, and put on record."""

import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.metrics.counts import count
from graphprune.pruning.prune import empty_layers
from graphprune.runs.kept import KeptNet
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup
from graphprune.seeds import derive
from graphprune.training import checkpoint
from graphprune.training.evaluate import evaluate
from graphprune.training.loop import State, train

PRUNED, RETRAINED = "pruned", "retrained"
OUTCOME = ("val_accuracy", "val_loss", "test_accuracy", "test_loss")


def retrain(
    model: nn.Module, masks: Masks, seed: int, setup: Setup, saved: Path
) -> tuple[float, str]:
    """Train `model` on from its weights; (mean loss of the last epoch, why it failed or "").

    saved: where its state is kept meanwhile; if it holds one, the training goes on from there.
    """
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
    train(state, setup.batches_for(model), setup.recipe, [keep])
    return state.losses[-1], state.failure


def outcome(model: nn.Module, setup: Setup) -> dict[str, float]:
    """Accuracy and loss on val, and on test where the setup has it, else NaN."""
    found = dict.fromkeys(OUTCOME, math.nan)
    for part in [p for p in ("val", "test") if p in setup.splits]:
        accuracy, loss = evaluate(model, setup.evaluation_batches(part).epoch(None))
        found |= {f"{part}_accuracy": accuracy, f"{part}_loss": loss}
    return found


def pruned_record(
    net: KeptNet,
    setup: Setup,
    model: nn.Module,
    masks: Masks,
    *,
    arm: str,
    method: str,
    level: float,
    scope: str,
    outcome: dict[str, float],
    block: str = PRUNED,
    epochs: int = 0,
    train_loss: float = math.nan,
    failure: str = "",
    seconds: float = 0.0,
) -> RunRecord:
    """The record of `net` under `masks`, after `epochs` of retraining.

    outcome: of `outcome`; empty for a network that failed, whose accuracies are then NaN.
    """
    counts = count(model, setup.input_shape, masks, tuple(masks))
    labels: dict[str, Any] = setup.labels
    measured: dict[str, Any] = {**dict.fromkeys(OUTCOME, math.nan), **outcome}
    return RunRecord(
        **labels,
        arm=arm,
        method=method,
        block=block,
        scope=scope,
        level=level,
        sparsity_asked=level,
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
        **measured,
    )
