"""Magnitude: the absolute value of the weight."""

import torch
from torch import nn

from graphprune.masks.mask import parameters
from graphprune.pruning.context import Context


def score(model: nn.Module, names: tuple[str, ...], context: Context) -> dict[str, torch.Tensor]:
    """|w| of every weight."""
    return {name: weight.detach().abs() for name, weight in parameters(model, names).items()}
