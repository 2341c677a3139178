"""Sizes as RGP (Chen et al. 2021) counted them, to compare with its printed numbers only.

The rule differs from the glossary (`counts`): every parameter counts as pruned to density k/n,
the first and last layer and biases too, although training left them dense; BatchNorm has no
parameters; and reductions were computed from values already rounded to 0.01 million.
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.metrics.calls import Call, calls

_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def rgp_parameters(model: nn.Module, density: float = 1.0) -> int:
    """Parameters of `model` at `density` = k/n by RGP's rule.

    Σ ⌊density × size⌋ over all parameters but BatchNorm's.
    """
    _check(density)
    sizes = [
        parameter.numel()
        for module in model.modules()
        if not isinstance(module, _BATCH_NORMS)
        for parameter in module.parameters(recurse=False)
    ]
    return sum(int(size * density) for size in sizes)


def rgp_flops(
    model: nn.Module, input_shape: Sequence[int], density: float = 1.0, relu: bool = True
) -> float:
    """FLOPs of `model` for one input at `density` = k/n by RGP's rule.

    Conv: density × (2·C_in·k² + bias)·C_out·H·W. Unscaled: Linear 2·weights + biases, BatchNorm
    2 an output, max pooling k² an output, ReLU 1 an output. RGP's counter saw a ReLU only where
    it was a module: `relu=False` for its ResNet18, which called a function.
    """
    _check(density)
    return sum(_flops(call, density, relu) for call in calls(model, input_shape))


def _flops(call: Call, density: float, relu: bool) -> float:
    module, outputs = call.module, math.prod(call.output_shape)
    if isinstance(module, _CONVS):
        fan_in = module.weight[0].numel()
        return density * (2 * fan_in + _has_bias(module.bias)) * outputs
    if isinstance(module, nn.Linear):
        return float((2 * module.in_features + _has_bias(module.bias)) * outputs)
    if isinstance(module, _BATCH_NORMS):
        return 2.0 * outputs
    if isinstance(module, nn.ReLU):
        return float(outputs) if relu else 0.0
    if isinstance(module, nn.MaxPool2d):
        side = module.kernel_size
        return float(outputs * (side * side if isinstance(side, int) else math.prod(side)))
    return 0.0


def printed_reduction(dense: float, pruned: float) -> float:
    """The reduction in percent as RGP's tables have it: from millions rounded to 2 decimals."""
    return 100 * (1 - round(pruned / 1e6, 2) / round(dense / 1e6, 2))


def _has_bias(bias: Tensor | None) -> int:
    return int(bias is not None)


def _check(density: float) -> None:
    if not 0 <= density <= 1:
        raise UserError(f"density is {density}; expected k/n between 0 and 1")
