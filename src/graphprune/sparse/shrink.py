"""A network with pruned units as the smaller network that it is: rows and next columns removed."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.models.mlp import MLP
from graphprune.registry import suggestion

# What may stand between two Linear layers: each works on every unit for itself.
_BETWEEN = (nn.ReLU, nn.Identity, nn.Dropout, nn.BatchNorm1d)


@dataclass(frozen=True)
class _Stage:
    """A Linear layer, the name of its weight, and what follows it before the next one."""

    weight: str
    linear: nn.Linear
    after: tuple[nn.Module, ...]


def shrink(model: nn.Module, masks: Masks) -> nn.Module:
    """A smaller copy of `model` that computes what it computes with masked weights.

    A unit is gone when its whole row is masked: its row, and the column of the next layer that
    reads it, are removed. What such a unit still emits is the same for every input (of a bias, or
    the shift of a batch normalisation) and goes into the bias of the next layer. Other masked
    weights are set to zero. Units of the last layer, the classes, are never removed; a layer may
    lose all its units, but one stays where a batch normalisation follows, which needs it. Equal
    outputs are those of evaluation mode. `model` is untouched, and the copy shares no tensor with
    it.

    UserError unless `model` is an `MLP` or an nn.Sequential of Linear layers with Flatten before
    them and nothing but ReLU, Dropout, BatchNorm1d and Identity between them; or if a mask does not
    belong to a weight of these layers.
    """
    masks.check(model)
    twin = copy.deepcopy(model)
    stages = _chain(twin)
    _check_names(stages, masks)
    with torch.no_grad():
        for stage in stages:
            if stage.weight in masks:
                stage.linear.weight.mul_(masks[stage.weight].to(stage.linear.weight.device))
        for stage, following in pairwise(stages):
            if stage.weight in masks:
                _remove(stage, following, masks[stage.weight].any(1))
    return twin


def _chain(model: nn.Module) -> list[_Stage]:
    if type(model) is MLP:
        named = [(f"layers.{i}", layer) for i, layer in enumerate(model.layers)]
        norms = [*model.norms, None]
        return [
            _Stage(
                f"{name}.weight", _linear(name, layer), () if norm is None else (norm, nn.ReLU())
            )
            for (name, layer), norm in zip(named, norms, strict=True)
        ]
    if type(model) is not nn.Sequential:
        raise UserError(
            f"a {type(model).__name__} cannot be shrunk: units are removed from an MLP or an "
            "nn.Sequential of Linear layers; use graphprune.sparse.compact for other networks"
        )
    return _sequence(model)


def _sequence(model: nn.Sequential) -> list[_Stage]:
    found: list[tuple[str, nn.Linear, list[nn.Module]]] = []
    weighted = [module for module in model if isinstance(module, nn.Linear | nn.BatchNorm1d)]
    weights = [module.weight for module in weighted if module.weight is not None]
    if len({*map(id, weights)}) < len(weights):
        raise UserError("a network that uses one layer or weight twice cannot be shrunk")
    for name, module in model._modules.items():
        if isinstance(module, nn.Linear):
            found.append((name, _linear(name, module), []))
        elif type(module) in _BETWEEN and found:
            found[-1][2].append(module)
        elif found or type(module) not in (nn.Flatten, nn.Identity):
            known = ", ".join(kind.__name__ for kind in _BETWEEN)
            raise UserError(
                f"layer '{name}', a {type(module).__name__}, cannot stand in a network that is "
                f"shrunk: known are Flatten before the Linear layers, and {known} between them"
            )
    if not found:
        raise UserError("a network without a Linear layer has no units to remove")
    return [_Stage(f"{name}.weight", linear, tuple(after)) for name, linear, after in found]


def _linear(name: str, module: nn.Module) -> nn.Linear:
    if type(module) is not nn.Linear:
        raise UserError(f"layer '{name}' is a {type(module).__name__}, and only Linear is shrunk")
    return module


def _check_names(stages: Sequence[_Stage], masks: Masks) -> None:
    known = [stage.weight for stage in stages]
    for name in masks:
        if name not in known:
            raise UserError(
                f"mask '{name}' is of no Linear weight{suggestion(name, known)}; units are those "
                f"of: {', '.join(known)}"
            )


def _remove(stage: _Stage, following: _Stage, kept: Tensor) -> None:
    """Take the units that are not `kept` (units,) out of a layer and of the next one's inputs."""
    kept = kept.to(stage.linear.weight.device)
    if not bool(kept.any()) and any(isinstance(m, nn.BatchNorm1d) for m in stage.after):
        kept = torch.arange(len(kept), device=kept.device) == 0
    if bool(kept.all()):
        return
    emitted = _emitted(stage)[~kept]
    extra = following.linear.weight[:, ~kept] @ emitted
    _set(stage.linear, stage.linear.weight[kept], _chosen(stage.linear.bias, kept))
    for module in stage.after:
        if isinstance(module, nn.BatchNorm1d):
            _narrow(module, kept)
    bias: Tensor | None = following.linear.bias
    if bool(emitted.any()):
        bias = extra if bias is None else bias + extra
    _set(following.linear, following.linear.weight[:, kept], bias)


def _emitted(stage: _Stage) -> Tensor:
    """(units,) what each unit hands on when all its weights are zero, in evaluation mode."""
    linear = stage.linear
    bias: Tensor | None = linear.bias
    value = (linear.weight.new_zeros(linear.out_features) if bias is None else bias).unsqueeze(0)
    for module in stage.after:
        value = copy.deepcopy(module).eval()(value)
    return value.squeeze(0)


def _chosen(values: Tensor | None, kept: Tensor) -> Tensor | None:
    return None if values is None else values[kept]


def _set(linear: nn.Linear, weight: Tensor, bias: Tensor | None) -> None:
    linear.out_features, linear.in_features = weight.shape
    trained = linear.weight.requires_grad
    linear.weight = nn.Parameter(weight.detach().clone(), trained)
    added = None if bias is None else nn.Parameter(bias.detach().clone(), trained)
    linear.register_parameter("bias", added)


def _narrow(norm: nn.BatchNorm1d, kept: Tensor) -> None:
    norm.num_features = int(kept.sum())
    for name in ("weight", "bias", "running_mean", "running_var"):
        values = getattr(norm, name)
        if values is not None:
            chosen = values[kept].detach().clone()
            setattr(norm, name, nn.Parameter(chosen) if name in norm._parameters else chosen)
