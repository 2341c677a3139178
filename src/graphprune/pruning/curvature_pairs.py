"""What the edges of one transition have in common: pairs of positions, and blocks of them.

All edges with one place in the kernel whose ends have the same patterns of absent edges make a
block; those of them between the same two positions are a pair, and share their masses.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphprune.pruning.curvature_bounds import settle

Cells = tuple[slice, slice] | tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Pair:
    """Two positions, and two patterns of absent edges, that share their masses."""

    offset: int
    position: int
    group: int
    """Pairs of one group have the same direct transport."""
    cells: Cells
    """Which targets and sources, as an index of a (targets, sources) array."""
    rows: np.ndarray
    """(P,) masses, all 0 if u has no active sources."""
    columns: np.ndarray
    near: np.ndarray
    """(P, targets)."""
    far: np.ndarray
    """(sources, Q)."""
    near_mean: np.ndarray
    """(targets,): mean over the masses of `near`; NaN if there are none."""
    far_mean: np.ndarray
    """(sources,)."""
    inverse: np.ndarray
    """(targets, sources): 1/d of this example, 0 where there is no edge."""
    dead: np.ndarray
    """(targets, sources)."""

    @property
    def key(self) -> tuple[int, int, int]:
        """What it is within its transition."""
        return self.offset, self.position, self.group


@dataclass(frozen=True)
class Block:
    """All pairs of one place in the kernel and one pattern a side; a first axis is of these."""

    offset: int
    cells: Cells
    weights: np.ndarray
    """(targets, sources): |w|."""
    positions: np.ndarray
    """Of the targets."""
    groups: np.ndarray
    rows: np.ndarray
    """(pairs, P) masses."""
    columns: np.ndarray
    near: list[np.ndarray]
    """Each (P, targets); `near_of` tells which is a pair's."""
    near_of: np.ndarray
    far: list[np.ndarray]
    far_of: np.ndarray
    near_mean: np.ndarray
    """(pairs, targets)."""
    far_mean: np.ndarray
    source_slopes: np.ndarray
    """(pairs, sources): lengths are divided by the smaller slope of an edge's ends."""
    target_slopes: np.ndarray
    source_dead: np.ndarray
    target_dead: np.ndarray

    def settle(
        self,
        dead_value: float,
        revive: bool,
        relay: bool,
        ceiling: np.ndarray,
        lower: np.ndarray,
        upper: np.ndarray,
    ) -> Iterator[Pair]:
        """`curvature_bounds.settle` on this block's cells; the pairs that it leaves open.

        The arrays are (targets, sources) of all cells. Where the relay is longest curvature is
        least: begun there, most other positions can be seen not to matter.
        """
        low, high = lower[self.cells], upper[self.cells]
        open_ = settle(
            self.near_mean,
            self.far_mean,
            self.weights,
            self.source_slopes,
            self.target_slopes,
            self.source_dead,
            self.target_dead,
            dead_value,
            revive,
            relay,
            np.ascontiguousarray(ceiling[self.cells]),
            low,
            high,
        )
        lower[self.cells], upper[self.cells] = low, high
        numbers = np.flatnonzero(open_)
        reach = self.near_mean[numbers].mean(1) + self.far_mean[numbers].mean(1)
        for number in numbers[np.argsort(-reach, kind="stable")]:
            yield self._pair(number)

    def _pair(self, k: int) -> Pair:
        slopes = np.minimum(self.target_slopes[k][:, None], self.source_slopes[k])
        return Pair(
            self.offset,
            int(self.positions[k]),
            int(self.groups[k]),
            self.cells,
            self.rows[k],
            self.columns[k],
            self.near[self.near_of[k]],
            self.far[self.far_of[k]],
            self.near_mean[k],
            self.far_mean[k],
            self.weights * slopes,
            self.target_dead[k][:, None] | self.source_dead[k],
        )
