"""`Groups`: the blocks that a mask leaves of a weight, and the packed form that stores them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from graphprune.errors import UserError


class Run(NamedTuple):
    """Groups of equal sizes that follow one another: one batched operation does them all.

    `outs` outputs and `ins` inputs in each of `groups` groups; the slices are theirs in
    `Groups.outputs`, `Groups.inputs` and (per kernel position) the packed weight.
    """

    groups: int
    outs: int
    ins: int
    outputs: slice
    inputs: slice
    weights: slice


@dataclass(frozen=True, eq=False)
class Groups:
    """Which outputs of a layer read which inputs: outputs that read the same form a group.

    Group q holds the output channels `outputs[output_start[q]:output_start[q + 1]]` and reads
    the input channels `inputs[input_start[q]:input_start[q + 1]]` (ascending, perhaps none).
    These four are contiguous 1-D int64 tensors. Every output is in one group. Large groups
    come first, those of equal sizes in the order of their first output, so groups of one size
    follow one another: `runs`.
    """

    outputs: Tensor
    output_start: Tensor
    inputs: Tensor
    input_start: Tensor
    runs: tuple[Run, ...]

    @classmethod
    def from_mask(cls, mask: Tensor | np.ndarray) -> "Groups":
        """The groups of a boolean mask (out, in) or (out, in, kh, kw), True = kept; on the CPU.

        A graph mask has a group for each node, or fewer where two nodes read the same nodes.
        UserError for another type or shape, or if kernel positions have different masks.
        """
        mask = torch.as_tensor(mask).cpu()
        if mask.dtype != torch.bool or mask.ndim not in (2, 4) or not mask.numel():
            raise UserError(
                "groups are those of a boolean mask of shape (out, in) or (out, in, kh, kw), "
                f"found {mask.dtype} of shape {tuple(mask.shape)}"
            )
        if not same_at_every_position(mask):
            raise UserError(
                f"the mask of shape {tuple(mask.shape)} differs between kernel positions, so it "
                "has no blocks to store: mask whole kernels, or leave the layer dense"
            )
        rows = mask.reshape(*mask.shape[:2], -1)[:, :, 0].numpy()
        return cls.from_tensors(*(torch.from_numpy(array) for array in _grouped(rows)))

    @classmethod
    def from_tensors(
        cls, outputs: Tensor, output_start: Tensor, inputs: Tensor, input_start: Tensor
    ) -> "Groups":
        """The groups that these fields describe, as a file may hold them."""
        runs = _runs(output_start.tolist(), input_start.tolist())
        return cls(outputs, output_start, inputs, input_start, runs)

    def __len__(self) -> int:
        return sum(run.groups for run in self.runs)

    @property
    def kept(self) -> int:
        """Number of kept weights per kernel position."""
        return sum(run.groups * run.outs * run.ins for run in self.runs)

    @property
    def uniform(self) -> bool:
        """Whether all groups have equally many outputs and equally many inputs."""
        return len(self.runs) == 1

    def to(self, device: torch.device | str) -> "Groups":
        """The same groups on `device`."""
        return Groups(
            self.outputs.to(device),
            self.output_start.to(device),
            self.inputs.to(device),
            self.input_start.to(device),
            self.runs,
        )

    def positions(self, in_width: int) -> Tensor:
        """Where the packed weights stand in the flattened (out, in) weight: (kept,) int64."""
        blocks = []
        for run in self.runs:
            rows = self.outputs[run.outputs].view(run.groups, run.outs, 1)
            columns = self.inputs[run.inputs].view(run.groups, 1, run.ins)
            blocks.append((rows * in_width + columns).flatten())
        return torch.cat(blocks)

    def pack(self, weight: Tensor) -> Tensor:
        """The kept weights of a dense weight (out, in[, kh, kw]): (kept · kh · kw,).

        Block (outputs of q, inputs of q, kh, kw) of each group q in C order, one after the other.
        """
        kernels = weight.reshape(weight.shape[0] * weight.shape[1], -1)
        return kernels.index_select(0, self.positions(weight.shape[1])).flatten()

    def unpack(self, packed: Tensor, shape: Sequence[int]) -> Tensor:
        """The dense weight of `shape` (out, in[, kh, kw]) from its packed form, 0 = pruned."""
        out_width, in_width, *kernel = shape
        area = math.prod(kernel)
        dense = packed.new_zeros(out_width * in_width, area)
        packed = packed.view(self.kept, area)
        return dense.index_copy(0, self.positions(in_width), packed).view(
            out_width, in_width, *kernel
        )


def same_at_every_position(mask: Tensor) -> bool:
    """Whether a mask (out, in, …) keeps or removes every kernel (the trailing axes) as a whole."""
    kernels = mask.reshape(*mask.shape[:2], -1)
    return bool((kernels == kernels[:, :, :1]).all())


def _grouped(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`outputs`, `output_start`, `inputs` and `input_start` of a mask (out, in)."""
    _, first, label, outs = np.unique(
        np.packbits(rows, axis=1),
        axis=0,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    patterns = rows[first]
    order = np.lexsort((first, -patterns.sum(1), -outs))
    rank = np.argsort(order)
    outputs = np.argsort(rank[label.reshape(-1)], kind="stable")
    inputs = np.nonzero(patterns[order])[1].copy()  # not every other number of the pairs
    return outputs, _starts(outs[order]), inputs, _starts(patterns[order].sum(1))


def _starts(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)])


def _runs(output_start: list[int], input_start: list[int]) -> tuple[Run, ...]:
    runs: list[Run] = []
    weights = 0
    for (o, o_end), (i, i_end) in zip(pairwise(output_start), pairwise(input_start), strict=True):
        outs, ins = o_end - o, i_end - i
        first = Run(
            1, outs, ins, slice(o, o_end), slice(i, i_end), slice(weights, weights + outs * ins)
        )
        weights = first.weights.stop
        if runs and runs[-1][1:3] == first[1:3]:
            first = _joined(runs.pop(), first)
        runs.append(first)
    return tuple(runs)


def _joined(one: Run, next_: Run) -> Run:
    """Two runs of equal sizes, the second starting where the first ends."""
    slices = (slice(a.start, b.stop) for a, b in zip(one[3:], next_[3:], strict=True))
    return Run(one.groups + next_.groups, one.outs, one.ins, *slices)
