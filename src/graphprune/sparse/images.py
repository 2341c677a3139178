"""Images held by their nonzero pixels, for a network whose first layer is a Linear.

Of MNIST's pixels four in five are zero, and a full-batch training multiplies the same images with
the weights at every step, so they are packed once (`packed.py`). The results are those of the
dense images in float32, but for the order of the sums.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from graphprune.sparse.packed import Packed

# Images whose sums stay in the second level of the cache while all their pixels pass.
BLOCK = 512


@dataclass(frozen=True, eq=False, repr=False)
class SparseImages:
    """A batch of images x = scale · pixels − shift, or the rows (N, C·H·W) of a flattened one.

    Torch takes it where it takes a tensor (``__torch_function__``): a Linear layer on the
    flattened images sees nonzero pixels alone, other functions are given the dense images.
    dtype: float32, or what the results are rounded to and later layers compute in (bf16).
    """

    pixels: "Pixels"
    scale: Tensor
    shift: Tensor | None
    shape: torch.Size
    dtype: torch.dtype = torch.float32

    device = torch.device("cpu")

    @classmethod
    def pack(
        cls,
        images: Tensor,
        scale: Tensor,
        shift: Tensor | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> "SparseImages":
        """images: uint8 (N, C, H, W) on the CPU; scale, shift: float32, of a shape like (C, 1, 1).

        A shift of None is none.
        """
        shape = images.shape[1:]
        scale = scale.expand(shape).flatten()
        shift = None if shift is None else shift.expand(shape).flatten()
        return cls(Pixels(images.flatten(1)), scale, shift, images.shape, dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> "SparseImages | Tensor":
        """As a tensor's. Sparse still where all but the first dimension become one."""
        if (start_dim, end_dim) != (1, -1):
            return self.dense().flatten(start_dim, end_dim)
        return replace(self, shape=self.pixels.values.shape)

    def table(self, weight: Tensor, bias: Tensor | None) -> Tensor:
        """What the packed pixels are multiplied with for images · weightᵀ + bias: (1 + P, out).

        The bias is the weight of the pixel that is always 1; it takes in the shift.
        """
        constant = weight.new_zeros(len(weight)) if bias is None else bias
        if self.shift is not None:
            constant = constant - weight @ self.shift
        return torch.cat([constant[None], (weight * self.scale).t()])

    def gradients(self, found: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients of weight and bias from that of `table`."""
        constant, pixels = found[0], found[1:]
        # As the weight lies in memory: whatever is added to it or multiplied with it goes fast.
        weight = torch.mul(pixels.t(), self.scale, out=found.new_empty(pixels.shape[::-1]))
        if self.shift is not None:
            weight.addr_(constant, self.shift, alpha=-1)
        return weight, constant.clone()

    def dense(self) -> Tensor:
        """The images, or rows, as a tensor."""
        values = self.pixels.values * self.scale
        shifted = values if self.shift is None else values.sub_(self.shift)
        return shifted.view(self.shape).to(self.dtype)

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        if function is F.linear:
            return _linear(*args, **named)
        dense = [a.dense() if isinstance(a, SparseImages) else a for a in args]
        return function(*dense, **named)


def _linear(images: SparseImages, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    sparse = len(images.shape) == 2 and weight.shape[1:] == images.shape[1:]
    if not (sparse and weight.dtype is torch.float32 and weight.device.type == "cpu"):
        return F.linear(images.dense(), weight, bias)
    with torch.autocast("cpu", enabled=False):
        out: Tensor = _Linear.apply(weight, bias, images)
    return out.to(images.dtype)


def linear_relu_linear(images: SparseImages, first: nn.Linear, second: nn.Linear) -> Tensor:
    """``second(relu(first(images.flatten(1))))`` in float32, in few passes over memory."""
    parameters = (first.weight, first.bias, second.weight, second.bias)
    with torch.autocast("cpu", enabled=False):
        out: Tensor = _Hidden.apply(*parameters, images)
    return out


class _Linear(torch.autograd.Function):
    """images · weightᵀ + bias."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor | None, images: SparseImages) -> Tensor:
        ctx.images, ctx.biased = images, bias is not None
        return images.pixels.by_image.times(images.table(weight, bias))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        found = ctx.images.pixels.by_pixel.times(grad)
        weight, bias = ctx.images.gradients(found)
        return weight, bias if ctx.biased else None, None


class _Hidden(torch.autograd.Function):
    """relu(images · weightᵀ + bias) · upperᵀ + upper_bias."""

    @staticmethod
    def forward(
        ctx: Any,
        weight: Tensor,
        bias: Tensor | None,
        upper: Tensor,
        upper_bias: Tensor | None,
        images: SparseImages,
    ) -> Tensor:
        ctx.images, ctx.biased = images, (bias is not None, upper_bias is not None)
        shift = upper.new_zeros(len(upper)) if upper_bias is None else upper_bias
        table = images.table(weight, bias)
        hidden, out = images.pixels.by_image.forward(table, upper, shift)
        ctx.save_for_backward(upper)
        ctx.hidden = hidden
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        (upper,) = ctx.saved_tensors
        images, hidden = ctx.images, ctx.hidden
        weight, bias = images.gradients(images.pixels.by_pixel.backward(grad, upper, hidden))
        of_weight, of_bias = ctx.biased
        return (
            weight,
            bias if of_weight else None,
            grad.t() @ hidden,
            grad.sum(0) if of_bias else None,
            None,
        )


@dataclass(frozen=True, eq=False, repr=False)
class Pixels:
    """uint8 (N, P); packed at first use, with one more pixel in front that is always 1."""

    values: Tensor

    @property
    def _with_one(self) -> Tensor:
        return torch.cat([self.values.new_ones(len(self.values), 1), self.values], 1)

    @cached_property
    def by_image(self) -> Packed:
        """(N, 1 + P)."""
        starts = torch.arange(0, len(self.values) + BLOCK, BLOCK).clamp_(max=len(self.values))
        return Packed(self._with_one, starts)

    @cached_property
    def by_pixel(self) -> Packed:
        """(1 + P, N), in as many blocks of about equal work as torch has threads."""
        pixels, threads = self._with_one.t(), torch.get_num_threads()
        starts = torch.tensor([0, len(pixels)])
        if threads > 1:  # counting takes longer than packing
            done = (pixels != 0).sum(1).cumsum(0)
            inner = torch.searchsorted(done, done[-1] * torch.arange(1, threads) / threads)
            starts = torch.cat([starts[:1], inner, starts[1:]])
        return Packed(pixels, starts)


# What a network is given.
Images = Tensor | SparseImages
