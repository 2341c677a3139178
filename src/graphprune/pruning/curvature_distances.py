"""Shortest paths over two and three transitions, for all pairs of units, once per network.

Between convolutions a distance depends on the two channels and on where the source lies
relative to the target alone, so a small table holds it for all positions. Padding breaks this
at the borders, where some windows reach outside the image; there each kind of border has a
table of its own (one kind without padding; as many as there are positions in the worst case).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from graphprune.pruning.curvature_chain import Transition


@dataclass(frozen=True)
class Distances:
    """Lengths of the shortest paths from the units of one layer to those of a later one.

    Target position y reads source positions ``stride·y − padding + r``, r = 0 … reach − 1, on
    each axis. ``table[kind_y, kind_x, r_y, r_x, a, b]`` is the distance of channel a to channel
    b, infinite where no path leads; ``kinds`` (a vector per axis) gives a target position's
    kind of border.
    """

    stride: tuple[int, int]
    padding: tuple[int, int]
    table: np.ndarray
    kinds: tuple[np.ndarray, np.ndarray]
    target: tuple[int, int, int]


def one_hop(transition: Transition) -> Distances:
    """The lengths 1/|w| of the edges themselves."""
    with np.errstate(divide="ignore"):
        lengths = 1 / transition.weight.transpose(2, 3, 1, 0)
    _, height, width = transition.target
    return Distances(
        transition.stride,
        transition.padding,
        np.ascontiguousarray(lengths)[None, None],
        (np.zeros(height, np.int64), np.zeros(width, np.int64)),
        transition.target,
    )


def extend(paths: Distances, transition: Transition) -> Distances:
    """`paths`, each one transition longer: the min-plus product with the edges of `transition`."""
    hop = one_hop(transition).table[0, 0]
    (rows, row_windows), (columns, column_windows) = (
        _kinds(paths, transition, axis) for axis in (0, 1)
    )
    reach_y, reach_x, sources, _ = paths.table.shape[2:]
    step_y, step_x = paths.stride
    kernel_y, kernel_x = hop.shape[:2]
    table = np.full(
        (
            len(row_windows),
            len(column_windows),
            step_y * (kernel_y - 1) + reach_y,
            step_x * (kernel_x - 1) + reach_x,
            sources,
            hop.shape[3],
        ),
        np.inf,
    )
    for y, row_window in enumerate(row_windows):
        for x, column_window in enumerate(column_windows):
            for j, row in enumerate(row_window):
                for i, column in enumerate(column_window):
                    if row < 0 or column < 0:
                        continue
                    part = table[
                        y,
                        x,
                        step_y * j : step_y * j + reach_y,
                        step_x * i : step_x * i + reach_x,
                    ]
                    _min_plus(paths.table[row, column], hop[j, i], part)
    stride = (step_y * transition.stride[0], step_x * transition.stride[1])
    padding = (
        step_y * transition.padding[0] + paths.padding[0],
        step_x * transition.padding[1] + paths.padding[1],
    )
    return Distances(stride, padding, table, (rows, columns), transition.target)


def window(size: int, stride: int, padding: int, kernel: int, positions: int) -> np.ndarray:
    """(positions, kernel) int: where each position reads in a row of `size`, −1 if outside."""
    at = stride * np.arange(positions)[:, None] - padding + np.arange(kernel)
    return np.where((at >= 0) & (at < size), at, -1)


def _kinds(paths: Distances, transition: Transition, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Per position of the new target its kind, and per kind the kinds in its window (−1: none)."""
    reads = window(
        paths.target[axis + 1],
        transition.stride[axis],
        transition.padding[axis],
        transition.weight.shape[axis + 2],
        transition.target[axis + 1],
    )
    seen = np.where(reads >= 0, paths.kinds[axis][reads], -1)
    windows, kinds = np.unique(seen, axis=0, return_inverse=True)
    return kinds.reshape(-1), windows


@njit(cache=True, fastmath={"nnan", "nsz"})
def _min_plus(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    """out[…, a, c] = min(out[…, a, c], left[…, a, b] + right[b, c])."""
    height, width, sources, middles = left.shape
    for y in range(height):
        for x in range(width):
            for a in range(sources):
                row = out[y, x, a]
                for b in range(middles):
                    first = left[y, x, a, b]
                    if first == np.inf:
                        continue
                    second = right[b]
                    for c in range(len(row)):
                        row[c] = min(row[c], first + second[c])
