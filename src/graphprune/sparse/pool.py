"""Max pooling that keeps the layout in which compact convolutions hand on their images."""

from functools import reduce

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graphprune.sparse.base import exporting


class MaxPool2d(nn.Module):
    """``nn.MaxPool2d`` of windows that do not overlap, without padding.

    Where no gradient is needed it is computed by rows and then by columns, and images that are
    innermost in memory (as `sparse.native.conv2d` leaves them) stay so. Torch's own operator is
    fast where the channels are innermost; other tensors cost it more than a convolution.
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
        if not self._by_axis(x):
            return F.max_pool2d(x, self.size)
        for axis in (2, 3):
            starts = x.narrow(axis, 0, x.shape[axis] // self.size * self.size)
            every = starts.unflatten(axis, (-1, self.size)).unbind(axis + 1)
            x = reduce(torch.maximum, every)
        return x

    def _by_axis(self, x: Tensor) -> bool:
        """Whether rows and columns are pooled here: for speed on the CPU, and nothing else.

        Not where a gradient is wanted, which ties get differently.
        """
        trained = torch.is_grad_enabled() and x.requires_grad
        if trained or exporting() or x.ndim != 4 or x.device.type != "cpu":
            return False
        large = min(x.shape[2:]) >= self.size  # else torch says what is wrong
        return large and not x.is_contiguous(memory_format=torch.channels_last)
