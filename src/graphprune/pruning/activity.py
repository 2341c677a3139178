"""What the units of a network do for some examples: the inputs of its layers, seen by weights."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from graphprune.evaluating import evaluating


@torch.no_grad()
def layer_inputs(model: nn.Module, names: Iterable[str], images: Tensor) -> dict[str, Tensor]:
    """Tensor name -> what its layer is given for `images`, in evaluation mode."""
    found: dict[str, Tensor] = {}
    handles = [
        layer_of(model, name).register_forward_pre_hook(
            lambda _, inputs, name=name: found.__setitem__(name, inputs[0])
        )
        for name in names
    ]
    try:
        with evaluating(model):
            model(images)
    finally:
        for handle in handles:
            handle.remove()
    return found


def summed_inputs(layer: nn.Module, inputs: Tensor, outputs: Tensor | None = None) -> Tensor:
    """For each weight of a linear or convolution layer Σ inputs · outputs over where it is used.

    Over examples and, in a convolution, positions. outputs: of the layer's output's shape, or
    None for ones. It is the gradient of Σ outputs · layer(inputs) by the weight.
    """
    weight = layer.get_parameter("weight").detach().requires_grad_()
    with torch.enable_grad():
        out = functional_call(layer, {"weight": weight}, (inputs.detach(),))
        given = torch.ones_like(out) if outputs is None else outputs.reshape(out.shape)
        return torch.autograd.grad(out, weight, given)[0]


def layer_of(model: nn.Module, name: str) -> nn.Module:
    """The module whose weight is the parameter `name`."""
    return model.get_submodule(name.rpartition(".")[0])
