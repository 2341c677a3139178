"""Max pooling that keeps the layout in which compact convolutions hand on their images."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaxPool2d(nn.Module):
    """``nn.MaxPool2d`` of windows that do not overlap, without padding.

    Where no gradient is needed and the images are innermost in memory (as
    `sparse.native.conv2d` leaves them) the result is too, and no copy is made: torch's own
    operator first turns such a tensor round, which can cost more than the convolution.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    @classmethod
    def of(cls, module: nn.MaxPool2d) -> "MaxPool2d | None":
        """The layer that equals `module`, or None if its windows overlap or reach outside."""
        sizes = {
            value if isinstance(value, int) else tuple(value)
            for value in (module.kernel_size, module.stride)
        }
        plain = not (module.padding or module.ceil_mode or module.return_indices)
        size = sizes.pop()
        if sizes or not isinstance(size, int) or not plain or module.dilation != 1:
            return None
        return cls(size).train(module.training)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, ⌊H/size⌋, ⌊W/size⌋)."""
        if x.ndim != 4 or x.stride(0) != 1 or len(x) == 1 or _trained(x):
            return F.max_pool2d(x, self.size)
        height, width = (length // self.size * self.size for length in x.shape[2:])
        x = x[:, :, :height, :width]
        starts = [(i, j) for i in range(self.size) for j in range(self.size)]
        views = [x[:, :, i :: self.size, j :: self.size] for i, j in starts]
        result = views[0]
        for view in views[1:]:
            result = torch.maximum(result, view)
        return result


def _trained(x: Tensor) -> bool:
    """Whether a gradient is wanted; ties get it differently then, and nothing is gained."""
    return torch.is_grad_enabled() and x.requires_grad
