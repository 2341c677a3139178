"""A fixed matrix of small whole numbers, mostly zeros, packed for many products (`packed.cpp`).

The products are those of the dense matrix in float32, but for the order of the sums; that order
does not depend on the number of threads.
"""

import ctypes
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from graphprune import compiled

SOURCE = Path(__file__).with_name("packed.cpp")


def available() -> bool:
    """Whether the kernel is compiled, or can be: where there is a C++ compiler."""
    return _library() is not None


class Packed:
    """values: uint8 (rows, columns), of any strides; starts: of the blocks of rows, and their end.

    A block is the work of one thread, and its sums stay in the cache while all columns pass.
    Tensors that methods take are float32 on the CPU; those they return have rows that are filled
    up to whole vectors with zeros, of which the caller sees the first.
    """

    def __init__(self, values: Tensor, starts: Tensor):
        self.rows, self.columns = values.shape
        self.blocks = len(starts) - 1
        tiles = -(-self.columns // _loaded().graphprune_packed_tile())
        self.starts = starts.contiguous()
        self.run_start = torch.empty(self.blocks * tiles + 1, dtype=torch.int64)
        self.entry_start = torch.empty_like(self.run_start)
        # Room for a run in every tile; what is not written to takes no memory.
        self.runs = torch.empty(self.rows * tiles, 2, dtype=torch.int32)
        self.entries = torch.empty(int(values.count_nonzero()) + 1, dtype=torch.int32)
        arrays = (self.starts, self.run_start, self.entry_start, self.runs, self.entries)
        self._addresses = tuple(array.data_ptr() for array in arrays)
        _loaded().graphprune_packed_pack(
            values.data_ptr(), self.columns, *values.stride(), self.blocks, *self._addresses
        )

    def times(self, dense: Tensor) -> Tensor:
        """The product with `dense` (columns, width): (rows, width)."""
        dense = dense.contiguous()
        out = self._room(dense.shape[1])
        _loaded().graphprune_packed_product(
            *self._matrix, *_dense(dense), *_padded(out), torch.get_num_threads()
        )
        return out[:, : dense.shape[1]]

    def forward(self, dense: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """(h, h · weightᵀ + bias) with h = max(matrix · dense, 0), (rows, width).

        dense: (columns, width); weight: (classes, width); bias: (classes,).
        """
        dense = dense.contiguous()
        classes, width = weight.shape
        hidden, logits = self._room(width), self._room(classes)
        padded = torch.zeros(width, logits.shape[1])
        padded[:, :classes] = weight.t()
        shift = F.pad(bias, (0, logits.shape[1] - classes)).contiguous()
        _loaded().graphprune_packed_forward(
            *self._matrix,
            *_dense(dense),
            *_padded(hidden),
            padded.data_ptr(),
            shift.data_ptr(),
            *_padded(logits),
            torch.get_num_threads(),
        )
        return hidden[:, :width], logits[:, :classes]

    def backward(self, grad: Tensor, weight: Tensor, hidden: Tensor) -> Tensor:
        """The product with grad · weight, set to 0 where `hidden` is: (rows, width).

        grad: (columns, classes); weight: (classes, width); hidden: (columns, width), as `forward`
        of the transposed matrix returned it.
        """
        grad = grad.contiguous()
        classes, width = weight.shape
        out = self._room(width)
        assert hidden.stride() == out.stride(), "not what `forward` returned"
        padded = F.pad(weight, (0, out.shape[1] - width)).contiguous()
        _loaded().graphprune_packed_backward(
            *self._matrix,
            grad.data_ptr(),
            classes,
            padded.data_ptr(),
            hidden.data_ptr(),
            width,
            *_padded(out),
            torch.get_num_threads(),
        )
        return out[:, :width]

    @property
    def _matrix(self) -> tuple[int, ...]:
        return self.blocks, self.columns, *self._addresses

    def _room(self, width: int) -> Tensor:
        """For a row of whole vectors each."""
        lanes = _loaded().graphprune_packed_lanes()
        return torch.empty(self.rows, -(-width // lanes) * lanes)


def _dense(matrix: Tensor) -> tuple[int, int]:
    return matrix.data_ptr(), matrix.shape[1]


_padded = _dense  # of a matrix of whole vectors that is the number of floats from row to row


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
    sizes = {"product": 11, "forward": 15, "backward": 14}
    for name, count in sizes.items():
        function = library[f"graphprune_packed_{name}"]
        setattr(library, f"graphprune_packed_{name}", function)
        function.argtypes = [ctypes.c_int64] * count + [ctypes.c_int]
        function.restype = None
    library.graphprune_packed_pack.argtypes = [ctypes.c_int64] * 10
    library.graphprune_packed_pack.restype = ctypes.c_int64
    return library
