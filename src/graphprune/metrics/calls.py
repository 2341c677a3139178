"""What each layer of a model is asked to compute for one input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.evaluating import evaluating


@dataclass(frozen=True)
class Call:
    """One call of a module: the module and the shape it returned."""

    module: nn.Module
    output_shape: torch.Size  # batch 1 first


def calls(model: nn.Module, input_shape: Sequence[int]) -> list[Call]:
    """The calls of `model`'s forward on one input of `input_shape` (without batch), in order.

    A module used twice appears twice, containers appear beside what they hold. The forward runs
    in eval mode on one example of zeros; parameters, buffers and modes of `model` stay as they are.
    UserError if the model cannot run so, most often because the shape is not the model's.
    """
    found: list[Call] = []

    def note(module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            found.append(Call(module, output.shape))

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    try:
        with evaluating(model):
            _forward(model, input_shape)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _forward(model: nn.Module, input_shape: Sequence[int]) -> None:
    # With values: on the meta device torch would compute shapes by its decompositions, and these
    # import sympy and torch._dynamo, more than a second, to save a forward of milliseconds.
    first = next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))
    try:
        with torch.no_grad():
            model(torch.zeros(1, *input_shape, dtype=first.dtype, device=first.device))
    except Exception as error:  # whatever the model's forward raises
        raise UserError(
            f"the model cannot be counted at input_shape {tuple(input_shape)}: {error}. "
            "Expected the shape of one input without the batch, such as (3, 32, 32)."
        ) from error
