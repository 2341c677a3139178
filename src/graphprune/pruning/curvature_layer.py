"""The curvature of one transition's weights for one example: bounds first, then what is left."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import ot

from graphprune.errors import UserError
from graphprune.pruning.curvature_bounds import (
    DEAD,
    PROVEN,
    closed_forms,
    transport_bounds,
)
from graphprune.pruning.curvature_chain import Layer
from graphprune.pruning.curvature_scene import Scene
from graphprune.pruning.curvature_simplex import (
    optimal_tree,
    plan_tree,
    relay_transports,
    tree_solution,
)

_REVIVED = 2.0  # what a dead edge of an interior transition scores, as published
_ITERATIONS = 10_000_000  # of the solver of whole transports, which stops by itself
_GAP = 1e-11  # × largest cost: how far the duals of an optimal tree may be off
_PIVOTS = 20  # × (rows + columns): the simplex gives up, and the problem is solved anew


@dataclass
class Interval:
    """Bounds on each weight's least curvature over positions, (offsets, targets, sources).

    `lower` and `upper` are equal where the value is known, and infinite where every edge of the
    weight is absent (its position lies in the padding, or the weight is 0).
    """

    lower: np.ndarray
    upper: np.ndarray
    trees: list[np.ndarray | None] = field(default_factory=list)
    """Per pair of positions (and patterns) the tree of its direct transport, if it was solved."""
    solved: int = 0
    """Transports of single edges that were solved beyond the bounds."""


@dataclass(frozen=True)
class _Pair:
    """Two positions, and two patterns of absent edges, that share their masses."""

    offset: int
    position: int
    cells: tuple[slice, slice] | tuple[np.ndarray, ...]
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
        before, source, target, after = layers
        self._before = None if before is None else before.values[example]
        self._after = None if after is None else after.values[example]
        self._dead_source = source.dead[example].reshape(len(source.dead[example]), -1)
        self._dead_target = target.dead[example].reshape(len(target.dead[example]), -1)
        self._slope_source = source.slopes[example].reshape(len(source.slopes[example]), -1)
        self._slope_target = target.slopes[example].reshape(len(target.slopes[example]), -1)

    def bounds(self, exact: bool) -> Interval:
        """Bounds of every weight; with `exact` the values themselves."""
        shape = self.scene.inverse.shape
        found = Interval(np.full(shape, np.inf), np.full(shape, np.inf))
        for pair in self._pairs():
            found.trees.append(self._bound(pair, found))
        if exact:
            self.resolve(found, found.lower < found.upper, found.upper)
        return found

    def resolve(self, found: Interval, asked: np.ndarray, cutoff: np.ndarray) -> None:
        """Make `found` exact where `asked`, as far as it lies below `cutoff`.

        Where it does not, the lower bound rises to `cutoff`. `found` comes from `bounds`.
        """
        best = np.where(asked, np.minimum(found.upper, cutoff), -np.inf)
        for number, pair in enumerate(self._pairs()):
            found.trees[number], solved = self._resolve(pair, best, found.trees[number])
            found.solved += solved
        found.lower = np.where(asked, best, found.lower)
        found.upper = np.where(asked & (best < cutoff), best, found.upper)

    def _pairs(self) -> Iterator[_Pair]:
        scene = self.scene
        in_patterns, in_of = scene.in_patterns
        out_patterns, out_of = scene.out_patterns
        width = scene.transition.weight.shape[3]
        positions = scene.source_positions.shape[1]
        none = np.zeros((max(positions, self._dead_source.shape[1]), 0))
        for g, in_pattern in enumerate(in_patterns):
            rows = none if self._before is None else scene.source_masses(self._before, in_pattern)
            sources = np.flatnonzero(in_of == g)
            for h, out_pattern in enumerate(out_patterns):
                columns = (
                    none if self._after is None else scene.reader_masses(self._after, out_pattern)
                )
                targets = np.flatnonzero(out_of == h)
                for offset in range(len(scene.inverse)):
                    place = divmod(offset, width)
                    yield from self._at(offset, place, sources, targets, rows, columns)

    def _at(
        self,
        offset: int,
        place: tuple[int, int],
        sources: np.ndarray,
        targets: np.ndarray,
        rows: np.ndarray,
        columns: np.ndarray,
    ) -> Iterator[_Pair]:
        scene = self.scene
        shape = scene.inverse.shape[1:]
        everything = shape == (len(targets), len(sources))
        cells = (slice(None), slice(None)) if everything else np.ix_(targets, sources)
        weights = scene.inverse[offset][cells]
        if not weights.any():
            return
        near_of, near = scene.near_blocks(place)
        far_of, far = scene.far_blocks(place)
        if not everything:
            near, far = [block[:, targets] for block in near], [block[sources] for block in far]
        at = scene.source_positions[offset]
        positions = np.flatnonzero(at >= 0)
        near_mean = _means([block.T for block in near], near_of[positions], rows[at[positions]])
        far_mean = _means(far, far_of[positions], columns[positions])
        # Where the relay is longest curvature is least: begun there, most other positions can
        # be seen not to matter.
        reach = np.nan_to_num(near_mean).mean(1) + np.nan_to_num(far_mean).mean(1)
        for k in np.argsort(-reach, kind="stable"):
            position, source = positions[k], at[positions[k]]
            dead_source = self._dead_source[sources, source] & (scene.before is not None)
            dead_target = self._dead_target[targets, position] & (scene.after is not None)
            yield _Pair(
                offset,
                int(position),
                cells,
                rows[source],
                columns[position],
                near[near_of[position]],
                far[far_of[position]],
                near_mean[k],
                far_mean[k],
                weights * self._slopes(sources, targets, source, position),
                dead_target[:, None] | dead_source,
            )

    def _slopes(
        self, sources: np.ndarray, targets: np.ndarray, at: int, position: int
    ) -> np.ndarray:
        target = self._slope_target[targets, position][:, None]
        if not self.scene.interior:
            return target
        return np.minimum(target, self._slope_source[sources, at])

    def _bound(self, pair: _Pair, found: Interval) -> np.ndarray | None:
        """Lower `found` to the bounds of this pair's edges; its tree, if one was needed."""
        lower = found.lower[pair.offset][pair.cells]
        upper = found.upper[pair.offset][pair.cells]
        closed_forms(
            pair.near_mean,
            pair.far_mean,
            pair.inverse,
            pair.dead,
            _REVIVED if self.revive else 1.0,
            self.revive,
            lower,
            upper,
        )
        tree = None
        live = ~pair.dead & (pair.inverse > 0)
        if self._moves(pair, live, upper):
            base = _Base(self.scene, pair, None)
            tree = base.tree
            low, high = base.bounds(pair, live, upper, self._relay)
            if self.revive:
                low, high = _revived(low, high)
            lower, upper = np.fmin(lower, low), np.fmin(upper, high)
        found.lower[pair.offset][pair.cells] = lower
        found.upper[pair.offset][pair.cells] = upper
        return tree

    def _resolve(
        self, pair: _Pair, best: np.ndarray, tree: np.ndarray | None
    ) -> tuple[np.ndarray | None, int]:
        """Lower `best` to the values of this pair's edges where they may lie below it."""
        here = best[pair.offset][pair.cells]
        live = ~pair.dead & (pair.inverse > 0) & (here > -np.inf)
        if not self._moves(pair, live, here):
            return tree, 0
        base = _Base(self.scene, pair, tree)
        low, high = base.bounds(pair, live, here, self._relay)
        if self.revive:
            low, high = _revived(low, high)
        known = high <= low
        values = np.where(known, low, np.inf)
        edges = np.argwhere(live & ~known & (low < here))
        if len(edges):
            lengths = 1 / pair.inverse[edges[:, 0], edges[:, 1]]
            if self.idleness >= 0.5:
                moved = base.transports(edges, lengths)
            else:
                moved = base.lazy_transports(edges, lengths, self.idleness)
            exact = 1 - moved / lengths
            if self.revive:
                exact = np.where(np.abs(exact - 1) <= DEAD, _REVIVED, exact)
            values[edges[:, 0], edges[:, 1]] = exact
        best[pair.offset][pair.cells] = np.minimum(here, values)
        return base.tree, len(edges)

    def _moves(self, pair: _Pair, live: np.ndarray, cutoff: np.ndarray) -> bool:
        """Whether some live edge needs a transport to tell whether it lies below `cutoff`."""
        if not (pair.rows.any() and pair.columns.any() and live.any()):
            return False
        if self._relay < 2:
            return True
        relay = 2 - (pair.near_mean[:, None] + pair.far_mean) * pair.inverse
        return bool((live & (relay < cutoff)).any())

    @property
    def _relay(self) -> int:
        return 2 if self.idleness >= 0.5 else int(self.idleness > 0)


def _means(blocks: list[np.ndarray], which: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """(positions, units): mean distances, blocks[which[i]] (units, masses) by masses[i]."""
    found = np.full((len(which), len(blocks[0])), np.nan)
    for number in np.unique(which):
        block = blocks[number]
        # An infinite distance belongs to an absent edge: it has no mass, or its mean no use.
        block = np.where(np.isfinite(block), block, 0.0)
        found[which == number] = masses[which == number] @ block.T
    found[~masses.any(1)] = np.nan
    return found


def _revived(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bounds after values within DEAD of 1 have become 2."""
    maybe = (low <= 1 + DEAD) & (high >= 1 - DEAD)
    surely = (low >= 1 - DEAD) & (high <= 1 + DEAD)
    return np.where(surely, _REVIVED, low), np.where(maybe, _REVIVED, high)


class _Base:
    """The direct transport of a pair, on the units that have mass, and what follows from it."""

    def __init__(self, scene: Scene, pair: _Pair, tree: np.ndarray | None) -> None:
        rows, columns = np.flatnonzero(pair.rows), np.flatnonzero(pair.columns)
        self.rows, self.columns = pair.rows[rows], pair.columns[columns]
        self.near = np.ascontiguousarray(pair.near[rows].T)
        self.far = np.ascontiguousarray(pair.far[:, columns])
        place = divmod(pair.offset, scene.transition.weight.shape[3])
        self.cost = np.ascontiguousarray(scene.through_block(place, pair.position, rows, columns))
        if tree is None:
            tree, self.direct, self.f, self.g = self._solve()
        else:
            self.flow, self.direct, self.f, self.g = self._hang(tree)
        self.tree = tree if len(tree) else None
        # A dual that is a hair too high bounds nothing; lowered to what all columns allow it does.
        self.f_safe = np.minimum(self.f, (self.cost - self.g).min(1))
        self.dual = float(self.rows @ self.f_safe + self.columns @ self.g)

    def _solve(self) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
        """Tree (empty if rounding made none of the plan), cost and duals."""
        plan, log = ot.emd(
            self.rows,
            self.columns,
            self.cost,
            numItermax=_ITERATIONS,
            log=True,
            center_dual=False,
            check_marginals=False,
        )
        if log["warning"]:
            raise UserError(f"an optimal transport was not found: {log['warning']}")
        tree = plan_tree(plan, self.cost, log["u"], log["v"])
        for _ in range(2):
            self.flow, direct, f, g = self._hang(tree)
            if self.flow.min() < 0:
                break
            if (self.cost - f[:, None] - g).min() >= -_GAP * self.cost.max():
                return tree, direct, f, g
            # Where flows tie (equal masses) a plan has many trees, not all of them tight.
            tree = optimal_tree(self.cost, tree, self.flow, self._limit)
        return tree[:0], float((plan * self.cost).sum()), log["u"], log["v"]

    def _hang(self, tree: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
        """Flow to each node's parent, cost and duals of `tree`."""
        flow, f, g = tree_solution(tree, self.cost, self.rows, self.columns)
        nodes = np.flatnonzero(tree >= 0)
        low, high = np.minimum(nodes, tree[nodes]), np.maximum(nodes, tree[nodes])
        return flow, float(flow[nodes] @ self.cost[low, high - len(self.rows)]), f, g

    @property
    def _limit(self) -> int:
        return _PIVOTS * (len(self.rows) + len(self.columns))

    def bounds(
        self, pair: _Pair, live: np.ndarray, cutoff: np.ndarray, relay: int
    ) -> tuple[np.ndarray, np.ndarray]:
        low, high = transport_bounds(
            self.direct,
            self.dual,
            self.f_safe,
            self.g,
            self.rows,
            self.columns,
            self.near,
            self.far,
            pair.near_mean,
            pair.far_mean,
            pair.inverse,
            live,
            cutoff,
            relay,
        )
        proven = high - low <= PROVEN * np.maximum(1, np.abs(low))
        return low, np.where(proven, low, high)

    def transports(self, edges: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """T of each edge for idleness ≥ 1/2."""
        found = np.full(len(edges), np.nan)
        if self.tree is not None:
            # Each edge starts from the one before: alike ones follow each other.
            order = np.lexsort((lengths, edges[:, 0]))
            found[order] = relay_transports(
                self.cost,
                self.near,
                self.far,
                edges[order],
                lengths[order],
                self.tree,
                self.flow,
                self._limit,
            )
        for e in np.flatnonzero(np.isnan(found)):
            target, source = edges[e]
            relay = self.near[target][:, None] + self.far[source] - lengths[e]
            cost = np.minimum(self.cost, relay)
            least = cost.min()  # the solver wants costs above 0
            moved = ot.emd2(self.rows, self.columns, cost - least, numItermax=_ITERATIONS)
            found[e] = moved + least
        return found

    def lazy_transports(
        self, edges: np.ndarray, lengths: np.ndarray, idleness: float
    ) -> np.ndarray:
        """T of each edge for any idleness, from the definition: at most `idleness` may relay."""
        found = np.empty(len(edges))
        rows = np.append((1 - idleness) * self.rows, idleness)
        columns = np.append((1 - idleness) * self.columns, idleness)
        for e, ((target, source), length) in enumerate(zip(edges, lengths, strict=True)):
            cost = np.block(
                [[self.cost, self.near[target][:, None]], [self.far[source], np.array([length])]]
            )
            moved = ot.emd2(rows, columns, cost, numItermax=_ITERATIONS)
            found[e] = (moved - idleness * length) / (1 - idleness)
        return found
