"""Parameters and multiply-adds of a network, dense and pruned: the glossary in one place."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.metrics.calls import calls
from graphprune.registry import suggestion

_MULTIPLYING = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class LayerCount:
    """One weight tensor: its weights, how many are kept, and its multiply-adds."""

    tensor: str
    in_scope: bool
    weights: int
    kept: int
    macs_dense: int
    macs_kept: int

    @property
    def density(self) -> float:
        """kept / weights."""
        return self.kept / self.weights if self.weights else 1.0


@dataclass(frozen=True)
class Counts:
    """Sizes of a network for one input of the stated shape; everything else follows from them.

    `parameters_*` are all parameters of the network, where those without a mask (biases, norm
    layers, tensors outside the scope) are kept. `scope_*` are the weights in scope only.
    """

    parameters_all: int
    parameters_kept: int
    scope_weights: int
    scope_kept: int
    macs_dense: int
    macs_kept: int
    layers: tuple[LayerCount, ...]

    @property
    def density(self) -> float:
        """Kept / all of the weights in scope; 1 if nothing is in scope."""
        return self.scope_kept / self.scope_weights if self.scope_weights else 1.0

    @property
    def sparsity(self) -> float:
        """Removed / all of the weights in scope."""
        return 1.0 - self.density

    @property
    def compression(self) -> float:
        """All / kept parameters of the network."""
        return _ratio(self.parameters_all, self.parameters_kept)

    @property
    def theoretical_speedup(self) -> float:
        """Dense / kept multiply-adds; what a machine would gain that paid for nothing else."""
        return _ratio(self.macs_dense, self.macs_kept)

    @property
    def flops_dense(self) -> int:
        """2 × multiply-adds of the dense network."""
        return 2 * self.macs_dense

    @property
    def flops_kept(self) -> int:
        """2 × multiply-adds of the kept weights."""
        return 2 * self.macs_kept

    @property
    def per_layer(self) -> dict[str, list[Any]]:
        """One list per column, one entry per weight tensor; ``pandas.DataFrame`` takes it."""
        columns = [*(field.name for field in fields(LayerCount)), "density"]
        return {column: [getattr(layer, column) for layer in self.layers] for column in columns}

    def row(self) -> dict[str, float]:
        """The totals, measured and derived, by name: one row of a table."""
        return {
            "parameters_all": self.parameters_all,
            "parameters_kept": self.parameters_kept,
            "scope_weights": self.scope_weights,
            "scope_kept": self.scope_kept,
            "density": self.density,
            "sparsity": self.sparsity,
            "compression": self.compression,
            "macs_dense": self.macs_dense,
            "macs_kept": self.macs_kept,
            "flops_dense": self.flops_dense,
            "flops_kept": self.flops_kept,
            "theoretical_speedup": self.theoretical_speedup,
        }


def count(
    model: nn.Module,
    input_shape: Sequence[int],
    masks: Mapping[str, Tensor] | None = None,
    scope: Collection[str] = (),
) -> Counts:
    """Count `model` for one input of `input_shape` (without batch), nothing being computed.

    `masks` maps names of parameters to boolean tensors, True = kept. `scope` names the tensors
    that could be pruned; empty means those that have a mask.

    Multiply-adds are those of Linear and Conv layers: a kept weight costs one per output
    position, padding included, which is exact for grouped convolutions and for masks of any
    pattern. A tensor used twice has its parameters counted once and its multiply-adds twice.

    UserError for a mask or scope name the model lacks, a mask of another shape or type, a mask
    outside the scope, a layer whose weight is no parameter, or a model that cannot run at
    `input_shape`.
    """
    masks = masks or {}
    chosen = set(scope) or set(masks)
    names = _names(model, chosen)
    parameters = {name: tensor for tensor, name in names.items()}
    _check(parameters, masks, chosen)
    positions = _positions(model, input_shape, names)
    layers = tuple(
        _layer(name, tensor.numel(), masks.get(name), positions[name], name in chosen)
        for name, tensor in parameters.items()
        if name in positions or name in chosen
    )
    total = sum(tensor.numel() for tensor in parameters.values())
    removed = sum(layer.weights - layer.kept for layer in layers)
    return Counts(
        parameters_all=total,
        parameters_kept=total - removed,
        scope_weights=sum(layer.weights for layer in layers if layer.in_scope),
        scope_kept=sum(layer.kept for layer in layers if layer.in_scope),
        macs_dense=sum(layer.macs_dense for layer in layers),
        macs_kept=sum(layer.macs_kept for layer in layers),
        layers=layers,
    )


def _layer(
    name: str, weights: int, mask: Tensor | None, positions: int, in_scope: bool
) -> LayerCount:
    kept = weights if mask is None else int(mask.sum())
    return LayerCount(name, in_scope, weights, kept, positions * weights, positions * kept)


def _names(model: nn.Module, chosen: Collection[str]) -> dict[Tensor, str]:
    """Every parameter once: of several names the first that is in `chosen`, else the first."""
    names: dict[Tensor, str] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        if parameter not in names or (name in chosen and names[parameter] not in chosen):
            names[parameter] = name
    return names


def _positions(
    model: nn.Module, input_shape: Sequence[int], names: Mapping[Tensor, str]
) -> Counter[str]:
    """Weight tensor -> output positions it is applied at, summed over all its uses."""
    found: Counter[str] = Counter()
    for call in calls(model, input_shape):
        if isinstance(call.module, _MULTIPLYING):
            weight = call.module.weight
            if weight not in names:
                raise UserError(
                    f"the weight of a layer, {call.module}, is not a parameter but computed from "
                    "one. Make it permanent first (torch.nn.utils.prune.remove or "
                    "torch.nn.utils.parametrize.remove_parametrizations)."
                )
            found[names[weight]] += math.prod(call.output_shape) // weight.shape[0]
    return found


def _check(
    parameters: Mapping[str, Tensor], masks: Mapping[str, Tensor], scope: Collection[str]
) -> None:
    for name in [*masks, *scope]:
        if name not in parameters:
            raise UserError(
                f"the model has no parameter '{name}'{suggestion(name, parameters)}, "
                "but a mask or the scope names it"
            )
    for name, mask in masks.items():
        if mask.shape != parameters[name].shape or mask.dtype != torch.bool:
            raise UserError(
                f"the mask of '{name}' is {mask.dtype} of shape {tuple(mask.shape)}; expected "
                f"torch.bool of shape {tuple(parameters[name].shape)}"
            )
        if name not in scope:
            raise UserError(
                f"'{name}' has a mask but is not in the scope ({', '.join(sorted(scope))}). "
                "Add it to the scope or drop its mask."
            )


def _ratio(all_: int, kept: int) -> float:
    if all_ == kept:
        return 1.0
    return all_ / kept if kept else math.inf
