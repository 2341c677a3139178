"""Scores: a number per weight, higher = keep.

A score is a function ``score(model, names, context) -> {name: tensor of the weight's shape}``.
It neither changes the model nor knows of granularity, allocation or earlier masks: norms of
rows (unit_norm) and of graph edges (edge_norm) are magnitudes aggregated by the granularity.
"""

from collections.abc import Mapping

import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.mask import Masks, parameters
from graphprune.pruning.context import Context
from graphprune.pruning.names import SCORES
from graphprune.registry import resolve


def score(name: str, model: nn.Module, alive: Masks, context: Context) -> dict[str, torch.Tensor]:
    """The score `name` of every tensor in `alive`, float32 or float64, checked.

    Half precision is widened before anything is ranked. UserError if a surviving weight scores
    NaN, which has no rank.
    """
    found = resolve(SCORES, name, "score")(model, tuple(alive), context)
    return {
        tensor: _ranked(name, tensor, found, weight, alive[tensor])
        for tensor, weight in parameters(model, alive).items()
    }


def _ranked(
    name: str,
    tensor: str,
    found: Mapping[str, torch.Tensor],
    weight: torch.Tensor,
    alive: torch.Tensor,
) -> torch.Tensor:
    if tensor not in found or found[tensor].shape != weight.shape:
        shape = tuple(found[tensor].shape) if tensor in found else "nothing"
        raise UserError(
            f"score '{name}' must return a tensor of shape {tuple(weight.shape)} for '{tensor}', "
            f"found {shape}"
        )
    values = found[tensor].detach().to(weight.device)
    if values.dtype != torch.float64:
        values = values.float()
    broken = int((values.isnan() & alive.to(values.device)).sum())
    if broken:
        raise UserError(
            f"score '{name}' of '{tensor}' is NaN for {broken} of {weight.numel()} weights, "
            "which cannot be ranked; has the training diverged?"
        )
    return values
