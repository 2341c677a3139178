"""The compiled kernel of sparse layers: built where there is a C++ compiler, absent elsewhere.

`kernel.cpp` is compiled on first use for the processor at hand and kept in a cache folder
(GRAPHPRUNE_CACHE, else the user's). Without a compiler `available` is False and layers compute
with torch's own operators.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from graphprune.sparse.groups import Groups

SOURCE = Path(__file__).with_name("kernel.cpp")
# Not -ffast-math: loading what it links changes how the whole process treats tiny numbers.
FLAGS = ("-O3", "-march=native", "-std=c++17", "-shared", "-fPIC")
COMPILERS = ("g++", "clang++")
STRIDES = ((1, 1), (2, 2))
KERNELS = ((1, 1), (3, 3))
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
    lanes, pieces, at = _lanes(), [], 0
    while at < len(block):
        size = 2 * lanes if len(block) - at > lanes else lanes
        piece = block.new_zeros(block.shape[1], size)
        rows = block[at : at + size]
        piece[:, : len(rows)] = rows.T
        pieces.append(piece.reshape(-1))
        at += size
    return pieces


def linear(x: Tensor, pack: Pack, bias: Tensor | None) -> Tensor:
    """(batch, in) float32, contiguous -> (batch, out)."""
    out_width = len(pack.groups.outputs)
    out = x.new_empty(len(x), out_width)
    ordered = _in_order(bias, pack.groups)  # named, so that it lives as long as its pointer
    _loaded().graphprune_linear(
        *_group_arguments(pack, ordered),
        _pointer(x),
        _int(len(x)),
        _int(x.shape[1]),
        _pointer(out),
        _int(out_width),
        _threads(len(x) * len(pack.weight)),
    )
    return out


def conv2d(
    x: Tensor,
    pack: Pack,
    bias: Tensor | None,
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> Tensor:
    """(N, C, H, W) float32 of any strides -> (N, out, H', W') with the images innermost.

    A tensor with this layout is read without a transposition by the next layer, and what
    computes value by value keeps it.
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
    out_channels = len(pack.groups.outputs)
    out = x.new_empty(out_channels, out_height, out_width, images)
    threads = _threads(images * out_height * out_width * len(pack.weight))
    room = x.new_zeros(threads, channels, room_height, room_width, _lanes())
    places = torch.empty(threads, max(pack.most_kept, 1), dtype=torch.int64)
    sizes = torch.tensor(
        [
            *(images, channels, height, width),
            *(out_channels, out_height, out_width),
            *(*padding, room_height, room_width),
            *x.stride(),
        ]
    )
    ordered = _in_order(bias, pack.groups)
    if images and out_height > 0 and out_width > 0:
        failed = _loaded().graphprune_conv2d(
            _pointer(sizes),
            _int(stride[0]),
            _int(size),
            *_group_arguments(pack, ordered),
            _pointer(x),
            _pointer(room),
            _pointer(places),
            _int(places.shape[1]),
            _pointer(out),
            threads,
        )
        assert not failed, "a convolution that takes_conv2d would have refused"
    return out.permute(3, 0, 1, 2)


def _group_arguments(pack: Pack, bias: Tensor) -> tuple[object, ...]:
    groups = pack.groups
    return (
        _int(len(groups.output_start) - 1),
        _pointer(groups.output_start),
        _pointer(groups.outputs),
        _pointer(groups.input_start),
        _pointer(groups.inputs),
        _pointer(pack.weight_start),
        _pointer(pack.weight),
        _pointer(bias),
    )


def _threads(work: int) -> int:
    return torch.get_num_threads() if work > ALONE else 1


def _in_order(bias: Tensor | None, groups: Groups) -> Tensor:
    """The bias of the outputs in packed order."""
    if bias is None:
        return torch.zeros(len(groups.outputs))
    return bias.detach()[groups.outputs]


def _pointer(tensor: Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())


_int = ctypes.c_int64


def _loaded() -> ctypes.CDLL:
    library = _library()
    assert library is not None, "native.available() says whether there is a kernel"
    return library


@cache
def _lanes() -> int:
    return int(_loaded().graphprune_lanes())


@cache
def _library() -> ctypes.CDLL | None:
    compiler = next((path for path in map(shutil.which, COMPILERS) if path), None)
    if compiler is None:
        return None
    file = _folder() / f"kernel-{_identity(compiler)}.so"
    try:
        if not file.exists():
            _compile(compiler, file)
        return ctypes.CDLL(str(file))
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or error
        print(f"graphprune: the sparse kernel could not be built with {compiler}: {reason}")
        return None


def _folder() -> Path:
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphprune"
    return Path(os.environ.get("GRAPHPRUNE_CACHE") or default)


def _identity(compiler: str) -> str:
    """What decides the compiled code: source, compiler, flags, processor."""
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    target = subprocess.run(
        [compiler, "-march=native", "-Q", "--help=target"], capture_output=True, text=True
    ).stdout
    parts = [SOURCE.read_text(encoding="utf-8"), version, target, *FLAGS, platform.machine()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _compile(compiler: str, file: Path) -> None:
    """Whole or not at all: other processes may be doing the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        made = Path(folder) / file.name
        for openmp in (["-fopenmp"], []):
            command = [compiler, *FLAGS, *openmp, str(SOURCE), "-o", str(made)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                break
        done.check_returncode()
        made.replace(file)
