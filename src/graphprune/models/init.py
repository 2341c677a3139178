"""Initial weights from one seed, the same on every device and after any other random draw."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from graphprune.errors import UserError

Kind = Literal["kaiming_uniform", "kaiming_normal"]

_WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)


@torch.no_grad()
def initialise(
    model: nn.Module,
    seed: int,
    fan_in_density: Mapping[str, float] | None = None,
    kind: Kind = "kaiming_uniform",
) -> None:
    """Set every parameter of `model` anew, in the order of its modules, from `seed` alone.

    Linear and Conv weights, with fan-in f:
    * ``kaiming_uniform``: U(−1/√f, 1/√f), PyTorch's default (He et al. 2015 with a = √5);
    * ``kaiming_normal``: N(0, 2/f), He et al. 2015 for ReLU.
    Biases: U(−1/√f, 1/√f). Norm layers: weight 1, bias 0, running statistics reset.

    `fan_in_density` maps names of weight tensors to their density in (0, 1]: f is then density ×
    dense fan-in, the fan-in a sparse layer has on average. Only the scale of a draw depends on
    it, so arms of equal seed share their draws.

    UserError for a parameter without a rule, an unknown `kind`, name or density; the model is
    then as it was.
    """
    densities = dict(fan_in_density or {})
    _check(model, densities, kind)
    generator = torch.Generator().manual_seed(seed)
    done: set[Tensor] = set()  # a tensor that two modules share is drawn once
    for name, module in model.named_modules():
        if isinstance(module, _NORMS):
            _reset_norm(module)
        elif isinstance(module, _WEIGHTED):
            fan_in = module.weight[0].numel() * densities.get(_join(name, "weight"), 1.0)
            bound = 1 / math.sqrt(fan_in)
            if module.weight not in done:
                draw = torch.empty(module.weight.shape)
                if kind == "kaiming_normal":
                    draw.normal_(0, math.sqrt(2 / fan_in), generator=generator)
                else:
                    draw.uniform_(-bound, bound, generator=generator)
                module.weight.copy_(draw)
            if module.bias is not None and module.bias not in done:
                draw = torch.empty(module.bias.shape)
                module.bias.copy_(draw.uniform_(-bound, bound, generator=generator))
            done.update(module.parameters(recurse=False))


def _reset_norm(module: nn.Module) -> None:
    for name, parameter in module.named_parameters(recurse=False):
        parameter.fill_(1.0 if name == "weight" else 0.0)
    if isinstance(module, nn.modules.batchnorm._NormBase):
        module.reset_running_stats()


def _check(model: nn.Module, densities: Mapping[str, float], kind: str) -> None:
    if kind not in ("kaiming_uniform", "kaiming_normal"):
        raise UserError(
            f"initialisation '{kind}' is not known; expected kaiming_uniform or kaiming_normal"
        )
    ruled = set(_ruled(model))
    for name, parameter in model.named_parameters():
        if parameter not in ruled:
            raise UserError(
                f"no rule to initialise the parameter '{name}': it is no weight or bias of "
                "a Linear, Conv, BatchNorm, LayerNorm or GroupNorm. Load its values instead."
            )
    weights = {
        _join(name, "weight") for name, m in model.named_modules() if isinstance(m, _WEIGHTED)
    }
    for name, density in densities.items():
        if name not in weights:
            raise UserError(
                f"fan_in_density names '{name}', which is no Linear or Conv weight of the model"
            )
        if not 0 < density <= 1:
            raise UserError(
                f"fan_in_density of '{name}' is {density}; expected above 0 and at most 1. "
                "A layer without any kept weight has no fan-in to scale by: leave it out."
            )


def _ruled(model: nn.Module) -> Iterator[Tensor]:
    for module in model.modules():
        if isinstance(module, _WEIGHTED + _NORMS):
            for name, parameter in module.named_parameters(recurse=False):
                if name in ("weight", "bias"):
                    yield parameter


def _join(module: str, tensor: str) -> str:
    return f"{module}.{tensor}" if module else tensor
