"""What a trained network is pruned by in the study of weight and unit pruning: names and masks."""

from typing import Any

import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.pruning.context import Context
from graphprune.pruning.methods import method
from graphprune.pruning.prune import next_masks
from graphprune.pruning.scope import tensors
from graphprune.seeds import derive

WEIGHT, UNIT, RANDOM_WEIGHT, RANDOM_UNIT = "weight", "unit", "random_weight", "random_unit"
SCOPE = "all_but_last"
# arm -> (row of METHODS, choices changed in it)
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    WEIGHT: ("weight_magnitude", {}),
    UNIT: ("unit_magnitude", {}),
    # Controls of equal sparsity in every layer: which weights or units go does not depend on them.
    RANDOM_WEIGHT: ("weight_magnitude", {"score": "random"}),
    RANDOM_UNIT: ("unit_magnitude", {"score": "random", "aggregate": "first"}),
}


def pruned_masks(model: nn.Module, arm: str, k: float, seed: int) -> Masks:
    """Masks of all weights but the last layer's after removing a share k of each layer for itself.

    Of N weights or units k·N rounded to the nearest number go (`counts.kept_count`), where the
    paper's code removes int(k·N). The random arms draw one order of a seed: what goes at one k is
    gone at every greater one.
    """
    name, choices = ARMS[arm]
    scope = tensors(model, SCOPE)
    generator = torch.Generator().manual_seed(derive(seed, f"weight_unit/{arm}"))
    full = Masks.full(model, scope)
    return next_masks(model, method(name, **choices), scope, k, full, Context(generator=generator))
