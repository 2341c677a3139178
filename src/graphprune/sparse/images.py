"""Images held by their nonzero pixels, for a network whose first layer is a Linear.

Of MNIST's pixels four in five are zero, and a full-batch training multiplies the same images with
the weights at every step, so they are packed once (`images.cpp`). The products are those
of the dense images in float32, but for the order of the sums.
"""

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from graphprune import compiled

SOURCE = Path(__file__).with_name("images.cpp")
# Images whose sums stay in the second level of the cache while all their pixels pass.
BLOCK = 512


def available() -> bool:
    """Whether the kernel is compiled, or can be: where there is a C++ compiler."""
    return _library() is not None


@dataclass(frozen=True, eq=False, repr=False)
class SparseImages:
    """A batch of images x = scale · pixels − shift, or the rows (N, C·H·W) of a flattened one.

    Torch takes it where it takes a tensor (``__torch_function__``): a Linear layer on the
    flattened images sees nonzero pixels alone, other functions are given the dense images.
    """

    pixels: "Pixels"
    scale: Tensor
    shift: Tensor | None
    shape: torch.Size

    dtype = torch.float32
    device = torch.device("cpu")

    @classmethod
    def pack(cls, images: Tensor, scale: Tensor, shift: Tensor | None = None) -> "SparseImages":
        """images: uint8 (N, C, H, W) on the CPU; scale, shift: float32, of a shape like (C, 1, 1).

        A shift of None is none.
        """
        shape = images.shape[1:]
        scale = scale.expand(shape).flatten()
        shift = None if shift is None else shift.expand(shape).flatten()
        return cls(Pixels(images.flatten(1)), scale, shift, images.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> "SparseImages | Tensor":
        """As a tensor's. Sparse still where all but the first dimension become one."""
        if (start_dim, end_dim) != (1, -1):
            return self.dense().flatten(start_dim, end_dim)
        return replace(self, shape=self.pixels.values.shape)

    def dense(self) -> Tensor:
        """The images, or rows, as a tensor."""
        values = self.pixels.values * self.scale
        return (values if self.shift is None else values.sub_(self.shift)).view(self.shape)

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
    out: Tensor = _Linear.apply(weight, bias, images)
    return out


class _Linear(torch.autograd.Function):
    """images · weightᵀ + bias.

    The bias is the weight of a pixel that is always 1; it takes in what the images are shifted by.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor | None, images: SparseImages) -> Tensor:
        ctx.images, ctx.biased = images, bias is not None
        constant = weight.new_zeros(len(weight)) if bias is None else bias
        if images.shift is not None:
            constant = constant - weight @ images.shift
        scaled = (weight * images.scale).t()
        return images.pixels.by_image.times(torch.cat([constant[None], scaled]))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        images = ctx.images
        found = images.pixels.by_pixel.times(grad)
        constant, pixels = found[0], found[1:]
        weight = pixels.t() * images.scale
        if images.shift is not None:
            weight.addr_(constant, images.shift, alpha=-1)
        return weight, constant.clone() if ctx.biased else None, None


@dataclass(frozen=True, eq=False, repr=False)
class Pixels:
    """uint8 (N, P); packed at first use, with one more pixel in front that is always 1."""

    values: Tensor

    @property
    def _with_one(self) -> Tensor:
        return torch.cat([self.values.new_ones(len(self.values), 1), self.values], 1)

    @cached_property
    def by_image(self) -> "Packed":
        """(N, 1 + P)."""
        starts = torch.arange(0, len(self.values) + BLOCK, BLOCK).clamp_(max=len(self.values))
        return Packed(self._with_one, starts)

    @cached_property
    def by_pixel(self) -> "Packed":
        """(1 + P, N), in as many blocks of about equal work as torch has threads."""
        pixels = self._with_one.t()
        done = (pixels != 0).sum(1).cumsum(0)
        threads = torch.get_num_threads()
        shares = done[-1] * torch.arange(1, threads) / threads
        inner = torch.searchsorted(done, shares)
        starts = torch.cat([inner.new_zeros(1), inner, inner.new_tensor([len(pixels)])])
        return Packed(pixels, starts)


# What a network is given; and that, or a large batch in parts.
Batch = Tensor | SparseImages
Images = Batch | Sequence[SparseImages]


class Packed:
    """A matrix (rows, columns) of uint8, as the kernel reads it; `starts` of its blocks of rows."""

    def __init__(self, values: Tensor, starts: Tensor):
        self.rows, self.columns = values.shape
        self.blocks = len(starts) - 1
        tiles = -(-self.columns // _loaded().graphprune_images_tile())
        self.starts = starts.contiguous()
        self.run_start = torch.empty(self.blocks * tiles + 1, dtype=torch.int64)
        self.entry_start = torch.empty_like(self.run_start)
        # Room for a run in every tile; what is not written to takes no memory.
        self.runs = torch.empty(self.rows * tiles, 2, dtype=torch.int32)
        self.entries = torch.empty(int(values.count_nonzero()) + 1, dtype=torch.int32)
        _loaded().graphprune_images_pack(
            values.data_ptr(), self.columns, *values.stride(), self.blocks, *self._addresses
        )

    @property
    def _addresses(self) -> tuple[int, ...]:
        arrays = (self.starts, self.run_start, self.entry_start, self.runs, self.entries)
        return tuple(array.data_ptr() for array in arrays)

    def times(self, dense: Tensor) -> Tensor:
        """The product with `dense`, float32 (columns, width): (rows, width)."""
        dense = dense.contiguous()
        width, lanes = dense.shape[1], _loaded().graphprune_images_lanes()
        out = torch.empty(self.rows, -(-width // lanes) * lanes)
        _loaded().graphprune_images_product(
            self.blocks,
            self.columns,
            *self._addresses,
            dense.data_ptr(),
            width,
            out.data_ptr(),
            out.shape[1],
            torch.get_num_threads(),
        )
        return out[:, :width]


def _loaded() -> ctypes.CDLL:
    library = _library()
    assert library is not None, "available() says whether there is a kernel"
    return library


@cache
def _library() -> ctypes.CDLL | None:
    library = compiled.library(SOURCE)
    return None if library is None else _declared(library)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """Arguments are addresses and sizes, all 64 bits wide, and last the number of threads."""
    library.graphprune_images_pack.argtypes = [ctypes.c_int64] * 10
    library.graphprune_images_pack.restype = ctypes.c_int64
    library.graphprune_images_product.argtypes = [ctypes.c_int64] * 11 + [ctypes.c_int]
    library.graphprune_images_product.restype = None
    return library
