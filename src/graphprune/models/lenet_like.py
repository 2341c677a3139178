"""The LeNet-like net of neural curvature: 45,312 weights on 28×28 images."""

from collections.abc import Sequence

from torch import nn

from graphprune.models.unpadded_cnn import Conv, unpadded_cnn


def lenet_like(
    input_shape: Sequence[int],
    classes: int,
    width: float = 1.0,
    activation: str = "relu",
    batch_norm: bool = False,
    bias: bool = True,
) -> nn.Sequential:
    """Conv 6@6×6/2, Conv 16@6×6/2, then 120, 84 and `classes` units; images of at least 16×16.

    Layer units at 28×28: 784, 864, 256, 120, 84, 10.
    """
    return unpadded_cnn(
        "lenet_like",
        input_shape,
        classes,
        convs=(Conv(6, 6, 2), Conv(16, 6, 2)),
        hidden=(120, 84),
        width=width,
        activation=activation,
        batch_norm=batch_norm,
        bias=bias,
    )
