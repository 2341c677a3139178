"""The VGG9 of neural curvature: 1,452,032 weights on 32×32 colour images, 10 classes."""

from collections.abc import Sequence

from torch import nn

from graphprune.models.unpadded_cnn import Conv, unpadded_cnn


def vgg9(
    input_shape: Sequence[int],
    classes: int,
    width: float = 1.0,
    activation: str = "relu",
    batch_norm: bool = True,
    bias: bool = True,
) -> nn.Sequential:
    """Six unpadded convolutions with BatchNorm, then 512, 128 and `classes` units.

    Layer units at 3×32×32: 3072, 16384, 25088, 18432, 3200, 2304, 256, 512, 128, 10.
    """
    return unpadded_cnn(
        "vgg9",
        input_shape,
        classes,
        convs=(
            Conv(64, 2, 2),
            Conv(128, 3, 1),
            Conv(128, 3, 1),
            Conv(128, 3, 2),
            Conv(256, 3, 1),
            Conv(256, 3, 1),
        ),
        hidden=(512, 128),
        width=width,
        activation=activation,
        batch_norm=batch_norm,
        bias=bias,
    )
