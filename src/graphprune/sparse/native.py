"""The compiled kernel of sparse layers: built where there is a C++ compiler, absent elsewhere.

`native.cpp` is compiled on first use (`graphprune.compiled`). Without a compiler `available` is
False and layers compute with torch's own operators.
"""

import ctypes
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from graphprune import compiled
from graphprune.sparse.groups import Groups

SOURCE = Path(__file__).with_name("native.cpp")
STRIDES = ((1, 1), (2, 2))
KERNELS = ((1, 1), (3, 3))
_IMAGES, _PIXELS, _IN_PARTS = range(3)  # ways of native.cpp
FEW = 16  # images: so many fill the vectors of any machine, and pixels need not
_Sizes = ctypes.c_int64 * 15
ALONE = 2_000_000  # multiply-adds; with fewer, threads would wait for one another most of the time


def available() -> bool:
    """Whether the kernel is compiled, or can be."""
    return _library() is not None


def takes_conv2d(
    kernel_size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> bool:
    """Whether the kernel is compiled for convolutions of this kind."""
    return kernel_size in KERNELS and stride in STRIDES and dilation == (1, 1)


class Pack:
    """The kept weights of a layer as the kernel reads them.

    groups: of the layer; weight: its packed weight (1-D float32). Of a convolution the outputs
    of a group come 4, then 2, then 1 at a time, each time [input][row][column][output]; of a
    linear layer one or two vectors at a time, [input][output], filled up with zeros.
    """

    def __init__(self, groups: Groups, weight: Tensor, kernel_size: tuple[int, int] | None):
        self.groups = groups
        self.out_width = len(groups.outputs)
        # Groups of equal sizes come in the order of their outputs, and then a bias does as well.
        self.in_order = groups.outputs.tolist() == list(range(self.out_width))
        self.no_bias = weight.new_zeros(self.out_width)
        self.kernel_size = kernel_size
        outputs = groups.output_start.diff().tolist()
        kept = groups.input_start.diff().tolist()
        self.most_kept = max(kept, default=0)
        positions = kernel_size[0] * kernel_size[1] if kernel_size else 1
        pieces, starts, at, place = list[Tensor](), [0], 0, 0
        for rows, columns in zip(outputs, kept, strict=True):
            size = rows * columns * positions
            block = weight.detach()[at : at + size].reshape(rows, columns, positions)
            pieces += _conv_pieces(block) if kernel_size else _linear_pieces(block[..., 0])
            at += size
            place = sum(piece.numel() for piece in pieces) if pieces else 0
            starts.append(place)
        self.weight = torch.cat(pieces) if pieces else weight.new_zeros(0)
        self.weight_start = torch.tensor(starts)
        self.addresses = (
            len(groups.output_start) - 1,
            groups.output_start.data_ptr(),
            groups.outputs.data_ptr(),
            groups.input_start.data_ptr(),
            groups.inputs.data_ptr(),
            self.weight_start.data_ptr(),
            self.weight.data_ptr(),
        )
        self.size = self.weight.numel()

    def ordered(self, bias: Tensor | None) -> Tensor:
        """The bias of the outputs in packed order."""
        if bias is None:
            return self.no_bias
        bias = bias.detach().contiguous()
        return bias if self.in_order else bias[self.groups.outputs]


def _conv_pieces(block: Tensor) -> list[Tensor]:
    """(outputs, inputs, positions) -> 1-D pieces of 4, 2 and 1 outputs, the output innermost."""
    pieces, at = [], 0
    for size in (4, 2, 1):
        while len(block) - at >= size:
            pieces.append(block[at : at + size].permute(1, 2, 0).reshape(-1))
            at += size
    return pieces


def _linear_pieces(block: Tensor) -> list[Tensor]:
    """(outputs, inputs) -> 1-D pieces of two vectors, and at the end one, the output innermost."""
    pieces, at = [], 0
    while at < len(block):
        size = 2 * lanes() if len(block) - at > lanes() else lanes()
        piece = block.new_zeros(block.shape[1], size)
        rows = block[at : at + size]
        piece[:, : len(rows)] = rows.T
        pieces.append(piece.reshape(-1))
        at += size
    return pieces


def linear(x: Tensor, pack: Pack, bias: Tensor | None) -> Tensor:
    """(batch, in) float32, contiguous -> (batch, out)."""
    (batch, width), out_width = x.shape, pack.out_width
    out = torch.empty(batch, out_width)
    ordered = pack.ordered(bias)  # named, so that it lives as long as its address
    _loaded().graphprune_linear(
        *pack.addresses,
        ordered.data_ptr(),
        x.data_ptr(),
        batch,
        width,
        out.data_ptr(),
        out_width,
        _threads(batch * pack.size),
    )
    return out


def conv2d(
    x: Tensor,
    pack: Pack,
    bias: Tensor | None,
    stride: tuple[int, int],
    padding: tuple[int, int],
    few: bool = False,
    relu: bool = False,
) -> Tensor:
    """(N, C, H, W) float32 of any strides -> (N, out, H', W') with the images innermost.

    A tensor with this layout is read without a transposition by the next layer, and what
    computes value by value keeps it. few: pixels instead of images fill the kernel's vectors,
    which is faster for few images, and the output is contiguous. relu: what is below zero becomes
    zero.
    """
    assert pack.kernel_size is not None
    size = pack.kernel_size[0]
    if size == 1:  # the pixels between strides are never read
        x = F.pad(x, (padding[1], padding[1], padding[0], padding[0])) if any(padding) else x
        x, stride, padding = x[:, :, :: stride[0], :: stride[1]], (1, 1), (0, 0)
    images, channels, height, width = x.shape
    out_height = (height + 2 * padding[0] - size) // stride[0] + 1
    out_width = (width + 2 * padding[1] - size) // stride[1] + 1
    room_height, room_width = height + 2 * padding[0], width + 2 * padding[1]
    shape = (pack.out_width, out_height, out_width)
    out = torch.empty(images, *shape) if few else torch.empty(*shape, images)
    threads = _threads(images * out_height * out_width * pack.size)
    way = _PIXELS if few else _IMAGES
    if size == 1 and not few and x.stride(0) == 1 and images >= lanes():
        way = _IN_PARTS
        room = torch.empty(threads * _loaded().graphprune_part_room(channels))
    elif few:
        rows, columns = -(-room_height // stride[0]), -(-room_width // stride[0])
        plane = images * rows * columns
        room = torch.empty(
            channels * stride[0] ** 2 * plane + 4 * threads * (plane + lanes()) + lanes()
        )
    else:
        room = torch.empty(threads * channels * room_height * room_width * lanes())
    most_kept = max(pack.most_kept, 1)
    places = torch.empty(threads * most_kept, dtype=torch.int64)
    sizes = _Sizes(
        *(images, channels, height, width),
        *(pack.out_width, out_height, out_width),
        *(*padding, room_height, room_width),
        *x.stride(),
    )
    ordered = pack.ordered(bias)
    if images and out_height > 0 and out_width > 0:
        failed = _loaded().graphprune_conv2d(
            way,
            relu,
            ctypes.addressof(sizes),
            stride[0],
            size,
            *pack.addresses,
            ordered.data_ptr(),
            x.data_ptr(),
            room.data_ptr(),
            places.data_ptr(),
            most_kept,
            out.data_ptr(),
            threads,
        )
        assert not failed, "a convolution that takes_conv2d would have refused"
    return out if few else out.permute(3, 0, 1, 2)


def _threads(work: int) -> int:
    return torch.get_num_threads() if work > ALONE else 1


def _loaded() -> ctypes.CDLL:
    library = _library()
    assert library is not None, "native.available() says whether there is a kernel"
    return library


@cache
def lanes() -> int:
    """How many numbers fill a vector of the kernel."""
    return int(_loaded().graphprune_lanes())


@cache
def _library() -> ctypes.CDLL | None:
    library = compiled.library(SOURCE)
    return None if library is None else _declared(library)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """Arguments are addresses and sizes, all 64 bits wide, and last the number of threads."""
    library.graphprune_linear.argtypes = [ctypes.c_int64] * 13 + [ctypes.c_int]
    library.graphprune_linear.restype = None
    library.graphprune_part_room.argtypes = [ctypes.c_int64]
    library.graphprune_part_room.restype = ctypes.c_int64
    library.graphprune_conv2d.argtypes = [ctypes.c_int64] * 18 + [ctypes.c_int]
    return library
