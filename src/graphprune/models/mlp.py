"""Multi-layer perceptrons, of equal or of varying widths."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from graphprune.models.options import flag, image_shape, widths
from graphprune.sparse.images import SparseImages, linear_relu_linear


class MLP(nn.Module):
    """Flatten, then (Linear, [BatchNorm], ReLU) per hidden layer, then a Linear head.

    `layers.0` … `layers.<depth>` are the Linear layers, the last one the head.
    """

    def __init__(self, sizes: Sequence[int], bias: bool, batch_norm: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(sizes[i], sizes[i + 1], bias=bias) for i in range(len(sizes) - 1)
        )
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(size) if batch_norm else nn.Identity() for size in sizes[1:-1]
        )

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width) -> logits (batch, classes)."""
        modules = [type(module) for module in (*self.norms, *self.layers)]
        if isinstance(x, SparseImages) and modules == [nn.Identity, nn.Linear, nn.Linear]:
            return linear_relu_linear(x, *self.layers)  # what follows, in fewer passes over memory
        x = x.flatten(1)
        for layer, norm in zip(self.layers, self.norms, strict=False):  # all but the head
            x = torch.relu(norm(layer(x)))
        return self.layers[-1](x)


def mlp(
    input_shape: Sequence[int],
    classes: int,
    hidden: Sequence[int],
    bias: bool = True,
    batch_norm: bool = False,
) -> MLP:
    """An MLP with hidden layers of the widths in `hidden`; an empty list is a linear classifier."""
    channels, height, width = image_shape(input_shape, "mlp")
    sizes = [channels * height * width, *widths("hidden", hidden, "mlp"), classes]
    return MLP(sizes, flag("bias", bias, "mlp"), flag("batch_norm", batch_norm, "mlp"))
