"""What a record says of a pruned network: how well it does, and how much of it is left."""

import math
from typing import Any

import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.metrics.counts import count
from graphprune.pruning.prune import empty_layers
from graphprune.runs.setup import Setup
from graphprune.training.evaluate import evaluate

OUTCOME = ("val_accuracy", "val_loss", "test_accuracy", "test_loss")


def outcome(model: nn.Module, setup: Setup) -> dict[str, float]:
    """Accuracy and loss on val, and on test where the setup has it, else NaN."""
    found = no_outcome()
    for part in [p for p in ("val", "test") if p in setup.splits]:
        accuracy, loss = evaluate(model, setup.evaluation_batches(part).epoch(None))
        found |= {f"{part}_accuracy": accuracy, f"{part}_loss": loss}
    return found


def no_outcome() -> dict[str, float]:
    """That of a network that failed."""
    return dict.fromkeys(OUTCOME, math.nan)


def described(model: nn.Module, masks: Masks, setup: Setup) -> dict[str, Any]:
    """The fields of a `RunRecord` that tell the network under its masks, and where it was made."""
    counts = count(model, setup.input_shape, masks, tuple(masks))
    return {
        **setup.labels,
        "sparsity": counts.sparsity,
        "scope_weights": counts.scope_weights,
        "scope_kept": counts.scope_kept,
        "parameters": counts.parameters_all,
        "parameters_kept": counts.parameters_kept,
        "compression": counts.compression,
        "macs": counts.macs_dense,
        "macs_kept": counts.macs_kept,
        "empty_layers": ", ".join(empty_layers(masks)),
        "device": str(setup.device),
        "precision": setup.precision,
        "torch": str(torch.__version__),
    }
