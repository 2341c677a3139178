"""What surrounds the edges of one transition: who feeds them, who reads them, and how far.

The curvature of an edge (u, v) compares the masses on u's sources P, one layer before, with
those on v's readers Q, one layer after. P depends on u's position and, where weights are
exactly 0, on u's channel, by its pattern of absent edges; so does Q on v. A dense network has
one pattern a side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from graphprune.pruning.curvature_chain import Transition
from graphprune.pruning.curvature_distances import Distances, extend, one_hop, window

_FEW = 1e-7  # at or below this sum of exp(−1/a²) masses are uniform over the active, as published
_NEGLIGIBLE = 1e-12  # shares of the mass that are left out


@dataclass(frozen=True)
class Scene:
    """One transition (layer t to t + 1) between its neighbours, for all examples.

    Sources P of a position are ordered (kernel row, kernel column, channel), and so are the
    readers Q. Positions are numbered row by row.
    """

    transition: Transition
    before: Transition | None
    after: Transition | None
    near: Distances | None
    """From layer t − 1 to layer t + 1."""
    far: Distances | None
    """From layer t to layer t + 2."""
    through: Distances | None
    """From layer t − 1 to layer t + 2."""

    @property
    def interior(self) -> bool:
        """Neither the first transition nor the last."""
        return self.before is not None and self.after is not None

    @cached_property
    def inverse(self) -> np.ndarray:
        """(offsets, targets, sources): 1/d = |w| by place in the kernel."""
        weight = self.transition.weight
        out, into, *_ = weight.shape
        return np.ascontiguousarray(weight.reshape(out, into, -1).transpose(2, 0, 1))

    @cached_property
    def source_positions(self) -> np.ndarray:
        """(offsets, positions of v): the position of u, −1 in the padding."""
        t = self.transition
        rows, columns = (_reads(t, axis) for axis in (0, 1))
        width = t.source[2]
        at = np.where(
            (rows[:, None, :, None] >= 0) & (columns[None, :, None, :] >= 0),
            rows[:, None, :, None] * width + columns[None, :, None, :],
            -1,
        )
        positions = t.target[1] * t.target[2]
        return np.ascontiguousarray(at.reshape(positions, -1).T)

    @cached_property
    def in_patterns(self) -> tuple[np.ndarray, np.ndarray]:
        """(patterns, P) bool of present edges, and each channel u's pattern."""
        if self.before is None:
            return np.zeros((1, 0), bool), np.zeros(self.transition.source[0], np.int64)
        weight = self.before.weight
        return _patterns(weight.transpose(0, 2, 3, 1).reshape(len(weight), -1) > 0)

    @cached_property
    def out_patterns(self) -> tuple[np.ndarray, np.ndarray]:
        """(patterns, Q) bool of present edges, and each channel v's pattern."""
        if self.after is None:
            return np.zeros((1, 0), bool), np.zeros(self.transition.target[0], np.int64)
        weight = self.after.weight
        return _patterns(weight.transpose(1, 2, 3, 0).reshape(weight.shape[1], -1) > 0)

    @cached_property
    def readers(self) -> tuple[np.ndarray, np.ndarray]:
        """Per axis (positions of v, kernel) of layer t + 2's positions, −1 where none reads."""
        assert self.after is not None
        found = []
        for axis in (0, 1):
            stride, padding = self.after.stride[axis], self.after.padding[axis]
            at = (
                np.arange(self.after.source[axis + 1])[:, None]
                + padding
                - np.arange(self.after.weight.shape[axis + 2])
            )
            q = at // stride
            inside = (at % stride == 0) & (q >= 0) & (q < self.after.target[axis + 1])
            found.append(np.where(inside, q, -1))
        return found[0], found[1]

    @cached_property
    def groups(self) -> np.ndarray:
        """(offsets, positions of v): one number for all pairs with the same sources and readers.

        −1 where u lies in the padding.
        """
        at = self.source_positions
        of = np.arange(at.shape[1])
        if self.after is None:
            of = np.zeros_like(of)
        elif self.after.weight.all():  # else a unit's readers also depend on its channel
            rows, columns = (
                np.unique(np.sort(readers, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
                for readers in self.readers
            )
            of = (rows[:, None] * len(columns) + columns).ravel()
        keys = np.where(at >= 0, at * (of.max() + 1) + of, -1)
        found, numbers = np.unique(keys, return_inverse=True)
        return numbers.reshape(at.shape) - int(found[0] < 0)

    @cached_property
    def reader_kinds(self) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Per axis each position of v's row of kinds, and those rows: what border a reader has."""
        assert self.far is not None
        found = []
        for axis, at in enumerate(self.readers):
            kinds = self.far.kinds[axis][at]
            # Where no reader is, any will do: it has no mass. Its neighbour's keeps the rows few.
            some = np.where(at >= 0, kinds, -1).max(1)
            kinds = np.where(at >= 0, kinds, np.maximum(some, 0)[:, None])
            rows, of = np.unique(kinds, axis=0, return_inverse=True)
            found.append((of.reshape(-1), rows))
        return tuple(found)

    def source_masses(self, values: np.ndarray, pattern: np.ndarray) -> np.ndarray:
        """(positions of u, P) from layer t − 1's values (C, H, W); rows of 0 where none
        is active."""
        assert self.before is not None
        rows, columns = (_reads(self.before, axis) for axis in (0, 1))
        return _masses(_windows(values, rows, columns), pattern)

    def reader_masses(self, values: np.ndarray, pattern: np.ndarray) -> np.ndarray:
        """(positions of v, Q) from layer t + 2's values; rows of 0 where none is active."""
        return _masses(_windows(values, *self.readers), pattern)

    def near_blocks(self, offset: tuple[int, int]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Per position of v the number of its block, and the blocks, each (P, targets)."""
        if self.before is None or self.near is None:
            return _no_block(self.transition, (0, self.transition.target[0]))
        (kinds_y, kinds_x), table = self.near.kinds, self.near.table
        kernel_y, kernel_x = self.before.weight.shape[2:]
        y, x = (s * o for s, o in zip(self.before.stride, offset, strict=True))
        part = table[:, :, y : y + kernel_y, x : x + kernel_x]
        blocks = part.reshape(-1, kernel_y * kernel_x * part.shape[4], part.shape[5])
        return (kinds_y[:, None] * table.shape[1] + kinds_x).ravel(), list(blocks)

    def far_blocks(self, offset: tuple[int, int]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Per position of v the number of its block, and the blocks, each (sources, Q)."""
        if self.far is None:
            return _no_block(self.transition, (self.transition.source[0], 0))
        (of_rows, rows), (of_columns, columns) = self.reader_kinds
        y, x = (
            s * np.arange(k) + o
            for s, k, o in zip(self.transition.stride, _kernel(self.after), offset, strict=True)
        )
        blocks = [
            self.far.table[row[:, None], column, y[:, None], x]
            .transpose(2, 0, 1, 3)
            .reshape(self.transition.source[0], -1)
            for row in rows
            for column in columns
        ]
        return (of_rows[:, None] * len(columns) + of_columns).ravel(), blocks

    def through_block(
        self, offset: tuple[int, int], position: int, rows: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """(rows, columns): distances from some of P to some of Q, by their numbers."""
        assert self.before is not None
        assert self.after is not None
        assert self.through is not None
        table = self.through.table
        kind_y, kind_x, step_y, step_x, step_channel, _ = (
            s // table.itemsize for s in table.strides
        )
        (s_y, s_x), (t_y, t_x) = self.before.stride, self.transition.stride
        place, channel = np.divmod(rows, self.before.source[0])
        from_y, from_x = np.divmod(place, self.before.weight.shape[3])
        place, reader = np.divmod(columns, self.after.target[0])
        j, i = np.divmod(place, self.after.weight.shape[3])
        v_y, v_x = divmod(position, self.transition.target[2])
        of_row = from_y * step_y + from_x * step_x + channel * step_channel
        of_column = (
            self.through.kinds[0][self.readers[0][v_y][j]] * kind_y
            + self.through.kinds[1][self.readers[1][v_x][i]] * kind_x
            + s_y * (t_y * j + offset[0]) * step_y
            + s_x * (t_x * i + offset[1]) * step_x
            + reader
        )
        return table.reshape(-1)[of_row[:, None] + of_column]


def scenes(chain: Sequence[Transition]) -> list[Scene]:
    """The scene of every transition; all distances of the network are found here."""
    twos = [extend(one_hop(a), b) for a, b in pairwise(chain)]
    threes = [extend(two, c) for two, c in zip(twos, chain[2:], strict=False)]
    last = len(chain) - 1
    return [
        Scene(
            transition,
            chain[t - 1] if t > 0 else None,
            chain[t + 1] if t < last else None,
            twos[t - 1] if t > 0 else None,
            twos[t] if t < last else None,
            threes[t - 1] if 0 < t < last else None,
        )
        for t, transition in enumerate(chain)
    ]


def _reads(transition: Transition, axis: int) -> np.ndarray:
    return window(
        transition.source[axis + 1],
        transition.stride[axis],
        transition.padding[axis],
        transition.weight.shape[axis + 2],
        transition.target[axis + 1],
    )


def _no_block(
    transition: Transition, shape: tuple[int, int]
) -> tuple[np.ndarray, list[np.ndarray]]:
    _, height, width = transition.target
    return np.zeros(height * width, np.int64), [np.zeros(shape)]


def _kernel(transition: Transition | None) -> tuple[int, int]:
    assert transition is not None
    return transition.weight.shape[2], transition.weight.shape[3]


def _patterns(present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    patterns, of = np.unique(present, axis=0, return_inverse=True)
    return patterns, of.reshape(-1)


def _windows(values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (positions, kernel rows · kernel columns · C), 0 outside the image."""
    found = values[:, rows[:, None, :, None], columns[None, :, None, :]]
    found = np.where((rows[:, None, :, None] >= 0) & (columns[None, :, None, :] >= 0), found, 0.0)
    return found.transpose(1, 2, 3, 4, 0).reshape(len(rows) * len(columns), -1)


def _masses(values: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Shares proportional to exp(−1/a²), a row's sum 1, or 0 if no value of it is above 0."""
    active = (values > 0) & pattern
    with np.errstate(divide="ignore", over="ignore"):
        weights = np.where(active, np.exp(-1 / np.square(values)), 0.0)
    weights = np.where(weights.sum(1, keepdims=True) <= _FEW, active, weights)
    total = weights.sum(1, keepdims=True)
    shares = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    shares[shares < _NEGLIGIBLE] = 0.0
    total = shares.sum(1, keepdims=True)
    return np.divide(shares, total, out=shares, where=total > 0)
