"""A trained network that is pruned: trained on from its weights, and put on record."""

import math
import time
from pathlib import Path

import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.runs.kept import KeptNet
from graphprune.runs.measured import described, no_outcome
from graphprune.runs.record import RunRecord
from graphprune.runs.setup import Setup
from graphprune.seeds import derive
from graphprune.training import checkpoint
from graphprune.training.loop import State, train

PRUNED, RETRAINED = "pruned", "retrained"


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

    outcome: of `runs.measured.outcome`; empty for a network that failed.
    """
    return RunRecord(
        **(described(model, masks, setup) | no_outcome() | outcome),
        arm=arm,
        method=method,
        block=block,
        scope=scope,
        level=level,
        sparsity_asked=level,
        graph="",
        seed=net.seed,
        search_seed=-1,
        train_loss=train_loss,
        epochs=net.epoch + epochs,
        failure=failure,
        trainings=1 + bool(epochs),
        seconds=seconds,
    )
