"""Wanda: the weight's magnitude times the norm of what it is multiplied with."""

import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.pruning.activity import layer_inputs, layer_of, summed_inputs
from graphprune.pruning.context import Context


def score(model: nn.Module, names: tuple[str, ...], context: Context) -> dict[str, torch.Tensor]:
    """|w| · ‖x‖₂, x being the weight's inputs over ``context.examples`` and positions.

    Sun, Liu, Bair & Kolter 2024, equation 1. They compare within each output; what scores are
    compared with here is the allocation's choice.
    """
    if context.examples is None:
        raise UserError("score 'wanda' needs inputs and labels in context.examples")
    device = next(model.parameters()).device
    inputs = layer_inputs(model, names, context.examples[0].to(device))
    found = {}
    for name in names:
        layer = layer_of(model, name)
        norms = summed_inputs(layer, inputs[name].square()).sqrt()
        found[name] = layer.get_parameter("weight").detach().abs() * norms
    return found
