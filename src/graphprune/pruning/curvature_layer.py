"""The curvature of one transition's weights for one example: bounds first, then what is left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from graphprune.pruning.curvature_bounds import DEAD, PROVEN
from graphprune.pruning.curvature_chain import Layer
from graphprune.pruning.curvature_direct import DirectTransport
from graphprune.pruning.curvature_pairs import Block, Pair
from graphprune.pruning.curvature_scene import Scene

_REVIVED = 2.0  # what a dead edge of an interior transition scores, as published
_KEPT_BYTES = 2**28  # of direct transports that wait for the exact pass

# What a pair's direct transport has told: bounds of its edges, and the transport itself.
Kept = dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray, DirectTransport]]


@dataclass
class Interval:
    """Bounds on each weight's least curvature over positions, (offsets, targets, sources).

    `lower` and `upper` are equal where the value is known, and infinite where every edge of the
    weight is absent (its position lies in the padding, or the weight is 0).
    """

    lower: np.ndarray
    upper: np.ndarray
    trees: list[np.ndarray | None] = field(default_factory=list)
    """Per group of pairs the tree of its direct transport, if it was solved."""
    solved: int = 0
    """Transports of single edges that were solved beyond the bounds."""


class LayerWork:
    """One transition with one example's values of the layers t − 1, t, t + 1 and t + 2.

    `layers` are those four (None beyond the network's ends), `example` the index in them.
    """

    def __init__(
        self,
        scene: Scene,
        layers: tuple[Layer | None, Layer, Layer, Layer | None],
        example: int,
        idleness: float,
        revive: bool = True,
    ) -> None:
        self.scene = scene
        self.idleness = idleness
        self.revive = revive and scene.interior
        self._before, self._source, self._target, self._after = layers
        self._example = example

    def bounds(self, exact: bool, ceiling: np.ndarray | None = None) -> Interval:
        """Bounds of every weight; with `exact` the values themselves.

        Curvature is sought only where it may lie below `ceiling` (offsets, targets, sources).
        Where it does not, the lower bound is `ceiling` and the upper one may be infinite.
        """
        shape = self.scene.inverse.shape
        trees: list[np.ndarray | None] = [None] * self._groups
        found = Interval(np.full(shape, np.inf), np.full(shape, np.inf), trees)
        if ceiling is None:
            ceiling = np.full(shape, np.inf)
        blocks = list(self._blocks()) if exact else self._blocks()
        kept: Kept | None = {} if exact else None
        for block in blocks:
            for pair in self._open(block, ceiling, found.lower, found.upper):
                self._bound(pair, found, ceiling, kept)
        found.lower = np.minimum(found.lower, ceiling)
        if exact:
            cutoff = np.minimum(found.upper, ceiling)
            self._exact(found, found.lower < cutoff, cutoff, blocks, kept)
        return found

    def resolve(self, found: Interval, asked: np.ndarray, cutoff: np.ndarray) -> None:
        """Make `found` exact where `asked`, as far as it lies below `cutoff`.

        Where it does not, the lower bound rises to `cutoff`. `found` comes from `bounds`.
        """
        self._exact(found, asked, cutoff, self._blocks(), None)

    def _exact(
        self,
        found: Interval,
        asked: np.ndarray,
        cutoff: np.ndarray,
        blocks: Iterable[Block],
        kept: Kept | None,
    ) -> None:
        best = np.where(asked, np.minimum(found.upper, cutoff), -np.inf)
        if not asked.any():
            return
        settled = found.upper.copy(), found.upper.copy()
        for block in blocks:
            for pair in self._open(block, best, *settled):
                self._resolve(pair, best, found, kept)
        found.lower = np.where(asked, best, found.lower)
        found.upper = np.where(asked & (best < cutoff), best, found.upper)

    @property
    def _groups(self) -> int:
        patterns = len(self.scene.in_patterns[0]) * len(self.scene.out_patterns[0])
        return patterns * (int(self.scene.groups.max()) + 1)

    def _blocks(self) -> Iterator[Block]:
        scene, x = self.scene, self._example
        in_patterns, in_of = scene.in_patterns
        out_patterns, out_of = scene.out_patterns
        none = np.zeros((max(layer.dead[x, 0].size for layer in (self._source, self._target)), 0))
        for g, in_pattern in enumerate(in_patterns):
            rows = none
            if self._before is not None:
                rows = scene.source_masses(self._before.values[x], in_pattern)
            sources = np.flatnonzero(in_of == g)
            for h, out_pattern in enumerate(out_patterns):
                columns = none
                if self._after is not None:
                    columns = scene.reader_masses(self._after.values[x], out_pattern)
                targets = np.flatnonzero(out_of == h)
                first = (g * len(out_patterns) + h) * (int(scene.groups.max()) + 1)
                for offset, weights in enumerate(scene.inverse):
                    if weights[np.ix_(targets, sources)].any():
                        yield self._block(offset, sources, targets, rows, columns, first)

    def _block(
        self,
        offset: int,
        sources: np.ndarray,
        targets: np.ndarray,
        rows: np.ndarray,
        columns: np.ndarray,
        first_group: int,
    ) -> Block:
        scene = self.scene
        place = divmod(offset, scene.transition.weight.shape[3])
        everything = scene.inverse.shape[1:] == (len(targets), len(sources))
        cells = (slice(None), slice(None)) if everything else np.ix_(targets, sources)
        near_of, near = scene.near_blocks(place)
        far_of, far = scene.far_blocks(place)
        if not everything:
            near, far = [part[:, targets] for part in near], [part[sources] for part in far]
        at = scene.source_positions[offset]
        positions = np.flatnonzero(at >= 0)
        at, near_of, far_of = at[positions], near_of[positions], far_of[positions]
        rows, columns = rows[at], columns[positions]
        source, target = np.ix_(at, sources), np.ix_(positions, targets)
        ones = np.ones((len(positions), len(sources)))
        return Block(
            offset,
            cells,
            np.ascontiguousarray(scene.inverse[offset][cells]),
            positions,
            first_group + scene.groups[offset, positions],
            rows,
            columns,
            near,
            near_of,
            far,
            far_of,
            _means([part.T for part in near], near_of, rows),
            _means(far, far_of, columns),
            self._units(self._source.slopes)[source] if scene.interior else ones,
            self._units(self._target.slopes)[target],
            self._units(self._source.dead)[source],
            self._units(self._target.dead)[target],
        )

    def _units(self, values: np.ndarray) -> np.ndarray:
        """(examples, channels, height, width) -> this example's, (positions, channels)."""
        return values[self._example].reshape(values.shape[1], -1).T

    def _open(
        self, block: Block, ceiling: np.ndarray, lower: np.ndarray, upper: np.ndarray
    ) -> Iterator[Pair]:
        """The pairs with an edge that may lie below `ceiling`; other edges' values are entered."""
        at = block.offset
        dead_value = _REVIVED if self.revive else 1.0
        return block.settle(
            dead_value, self.revive, self._relay == 2, ceiling[at], lower[at], upper[at]
        )

    def _bound(self, pair: Pair, found: Interval, ceiling: np.ndarray, kept: Kept | None) -> None:
        """Lower `found` to the bounds of this pair's edges, unless they lie above."""
        lower = found.lower[pair.offset][pair.cells]
        upper = found.upper[pair.offset][pair.cells]
        cutoff = np.minimum(upper, ceiling[pair.offset][pair.cells])
        live = ~pair.dead & (pair.inverse > 0)
        if not self._matters(pair, live, cutoff):
            return
        low, high, direct = self._direct(pair, found, live, cutoff)
        if kept is not None and (direct.size + low.nbytes) * (len(kept) + 1) < _KEPT_BYTES:
            kept[pair.key] = low, high, direct
        found.lower[pair.offset][pair.cells] = np.fmin(lower, low)
        found.upper[pair.offset][pair.cells] = np.fmin(upper, high)

    def _resolve(self, pair: Pair, best: np.ndarray, found: Interval, kept: Kept | None) -> None:
        """Lower `best` to the values of this pair's edges where they may lie below it."""
        here = best[pair.offset][pair.cells]
        live = ~pair.dead & (pair.inverse > 0) & (here > -np.inf)
        if not self._matters(pair, live, here):
            return
        # Bounds from before were not sought above the cutoffs of then, which were no lower.
        earlier = kept.get(pair.key) if kept else None
        low, high, direct = earlier or self._direct(pair, found, live, here)
        meet = high <= low
        values = np.where(meet, low, np.inf)
        edges = np.argwhere(live & ~meet & (low < here))
        if len(edges):
            lengths = 1 / pair.inverse[edges[:, 0], edges[:, 1]]
            if self.idleness >= 0.5:
                known = here[edges[:, 0], edges[:, 1]]
                enough = (1 - known + PROVEN * np.maximum(1, np.abs(known))) * lengths
                moved = direct.transports(edges, lengths, enough)
            else:
                moved = direct.lazy_transports(edges, lengths, self.idleness)
            exact = 1 - moved / lengths
            if self.revive:
                exact = np.where(np.abs(exact - 1) <= DEAD, _REVIVED, exact)
            values[edges[:, 0], edges[:, 1]] = exact
        best[pair.offset][pair.cells] = np.minimum(here, values)
        found.solved += len(edges)

    def _direct(
        self, pair: Pair, found: Interval, live: np.ndarray, cutoff: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, DirectTransport]:
        """Bounds on the live edges' curvature, and the direct transport that they come from."""
        direct = DirectTransport(self.scene, pair, found.trees[pair.group])
        found.trees[pair.group] = direct.tree
        low, high = direct.bounds(pair, live, cutoff, self._relay)
        if self.revive:
            low, high = _revived(low, high)
        return low, high, direct

    def _matters(self, pair: Pair, live: np.ndarray, cutoff: np.ndarray) -> bool:
        """Whether some live edge may lie below `cutoff`, for all that its relay tells."""
        if self._relay < 2:
            return bool(live.any())
        relay = 2 - (pair.near_mean[:, None] + pair.far_mean) * pair.inverse
        return bool((live & (relay < cutoff)).any())

    @property
    def _relay(self) -> int:
        return 2 if self.idleness >= 0.5 else int(self.idleness > 0)


def _means(blocks: list[np.ndarray], which: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """(positions, units): mean distances, blocks[which[i]] (units, masses) by masses[i]."""
    found = np.full((len(which), len(blocks[0])), np.nan)
    for number, block in enumerate(blocks):
        at = which == number
        if at.any():
            # An infinite distance belongs to an absent edge: it has no mass, or its mean no use.
            found[at] = masses[at] @ np.where(np.isfinite(block), block, 0.0).T
    found[~masses.any(1)] = np.nan
    return found


def _revived(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds after values within DEAD of 1 have become 2."""
    maybe = (low <= 1 + DEAD) & (high >= 1 - DEAD)
    surely = (low >= 1 - DEAD) & (high <= 1 + DEAD)
    return np.where(surely, _REVIVED, low), np.where(maybe, _REVIVED, high)
