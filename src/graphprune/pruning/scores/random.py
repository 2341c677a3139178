"""Random: every weight is as likely to be kept as any other."""

import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.mask import parameters
from graphprune.pruning.context import Context


def score(model: nn.Module, names: tuple[str, ...], context: Context) -> dict[str, torch.Tensor]:
    """Uniform numbers in [0, 1) from ``context.generator``, the same on every device.

    Double precision: float32 has only 2**24 such numbers, so among millions of weights ties
    would be common and, broken by index, favour the first layers.
    """
    if context.generator is None:
        raise UserError("score 'random' needs a seeded torch.Generator in context.generator")
    return {
        name: torch.rand(weight.shape, generator=context.generator, dtype=torch.float64)
        for name, weight in parameters(model, names).items()
    }
