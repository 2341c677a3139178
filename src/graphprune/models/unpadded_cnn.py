"""Convolutions without padding or pooling, then linear layers: the nets of neural curvature.

Without padding and pooling every transition between two layers of units is a set of weights,
which is what the curvature of an edge is defined on; images shrink by stride alone.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from graphprune.errors import UserError
from graphprune.models.options import choice, flag, image_shape, multiplier, scaled

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


class Conv(NamedTuple):
    """One convolution: output channels, side of the kernel, stride."""

    channels: int
    kernel: int
    stride: int


def unpadded_cnn(
    name: str,
    input_shape: Sequence[int],
    classes: int,
    convs: Sequence[Conv],
    hidden: Sequence[int],
    *,
    width: float,
    activation: str,
    batch_norm: bool,
    bias: bool,
) -> nn.Sequential:
    """`conv<i>`, `norm<i>`, `act<i>` per convolution, `flatten`, then `fc<i>` and `act<i>`.

    With `batch_norm` the convolutions have no bias: the BatchNorm behind them has one.
    """
    channels, *sides = image_shape(input_shape, name)
    width = multiplier("width", width, name)
    act = ACTIVATIONS[choice("activation", activation, list(ACTIVATIONS), name)]
    batch_norm, bias = flag("batch_norm", batch_norm, name), flag("bias", bias, name)

    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, conv in enumerate(convs, start=1):
        out = scaled(conv.channels, width)
        layers[f"conv{i}"] = nn.Conv2d(
            channels, out, conv.kernel, conv.stride, bias=bias and not batch_norm
        )
        if batch_norm:
            layers[f"norm{i}"] = nn.BatchNorm2d(out)
        layers[f"act{i}"] = act()
        channels, sides = out, [(side - conv.kernel) // conv.stride + 1 for side in sides]
        if min(sides) < 1:
            raise UserError(
                f"{name}: images of {input_shape[1]}×{input_shape[2]} are used up by conv{i}. "
                "Upsample them in the data set's options."
            )
    layers["flatten"] = nn.Flatten()
    sizes = [channels * sides[0] * sides[1], *(scaled(size, width) for size in hidden), classes]
    for i in range(1, len(sizes)):
        layers[f"fc{i}"] = nn.Linear(sizes[i - 1], sizes[i], bias=bias)
        if i < len(sizes) - 1:
            layers[f"act{len(convs) + i}"] = act()
    return nn.Sequential(layers)
