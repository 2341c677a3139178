"""The transport between the masses around two positions, and of all edges between these.

It is solved once without the edges (directly); each edge's own transport starts from there.
"""

import numpy as np

from graphprune.errors import UserError
from graphprune.pruning.curvature_bounds import PROVEN, transport_bounds
from graphprune.pruning.curvature_pairs import Pair
from graphprune.pruning.curvature_scene import Scene
from graphprune.pruning.curvature_simplex import optimal_tree, relay_transports
from graphprune.pruning.curvature_tree import plan_tree, tree_solution

_ITERATIONS = 10_000_000  # of the solver of whole transports, which stops by itself
_GAP = 1e-11  # × largest cost: how far the duals of an optimal tree may be off
_PIVOTS = 20  # × (rows + columns): the simplex gives up, and the problem is solved anew


class DirectTransport:
    """The direct transport of a pair, on the units that have mass, and what follows from it."""

    def __init__(self, scene: Scene, pair: Pair, tree: np.ndarray | None) -> None:
        rows, columns = np.flatnonzero(pair.rows), np.flatnonzero(pair.columns)
        self.rows, self.columns = pair.rows[rows], pair.columns[columns]
        self.near = np.ascontiguousarray(pair.near[rows].T)
        self.far = np.ascontiguousarray(pair.far[:, columns])
        place = divmod(pair.offset, scene.transition.weight.shape[3])
        self.cost = np.ascontiguousarray(scene.through_block(place, pair.position, rows, columns))
        if tree is None:
            tree, self.direct, self.f, self.g = self._solve()
        else:
            self.flow, self.direct, self.f, self.g = tree_solution(
                tree, self.cost, self.rows, self.columns
            )
        self.tree = tree if len(tree) else None
        # A dual that is a hair too high bounds nothing; lowered to what all columns allow it does.
        self.f_safe = np.minimum(self.f, (self.cost - self.g).min(1))
        self.dual = float(self.rows @ self.f_safe + self.columns @ self.g)

    def _solve(self) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
        """Tree (empty if rounding made none of the plan), cost and duals."""
        import ot  # only where it is used: it imports scikit-learn, which takes seconds

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
            self.flow, direct, f, g = tree_solution(tree, self.cost, self.rows, self.columns)
            if self.flow.min() < 0:
                break
            if (self.cost - f[:, None] - g).min() >= -_GAP * self.cost.max():
                return tree, direct, f, g
            # Where flows tie (equal masses) a plan has many trees, not all of them tight.
            tree = optimal_tree(self.cost, tree, self.flow, self._limit)
        return tree[:0], float((plan * self.cost).sum()), log["u"], log["v"]

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self.cost.nbytes + self.near.nbytes + self.far.nbytes

    @property
    def _limit(self) -> int:
        return _PIVOTS * (len(self.rows) + len(self.columns))

    def bounds(
        self, pair: Pair, live: np.ndarray, cutoff: np.ndarray, relay: int
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

    def transports(self, edges: np.ndarray, lengths: np.ndarray, enough: np.ndarray) -> np.ndarray:
        """T of each edge for idleness ≥ 1/2; −inf may stand for one that is at most `enough`."""
        found = np.full(len(edges), np.nan)
        if self.tree is not None:
            # Each edge starts from the tree of the one before: alike ones follow each other.
            order = np.lexsort((lengths, edges[:, 1]))
            found[order] = relay_transports(
                self.cost,
                self.near,
                self.far,
                edges[order],
                lengths[order],
                enough[order],
                self.tree,
                self.flow,
                self._limit,
            )
        for e in np.flatnonzero(np.isnan(found)):
            target, source = edges[e]
            relay = self.near[target][:, None] + self.far[source] - lengths[e]
            cost = np.minimum(self.cost, relay)
            least = cost.min()  # the solver wants costs above 0
            found[e] = _cost(self.rows, self.columns, cost - least) + least
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
            moved = _cost(rows, columns, cost)
            found[e] = (moved - idleness * length) / (1 - idleness)
        return found


def _cost(rows: np.ndarray, columns: np.ndarray, cost: np.ndarray) -> float:
    """The cost of an optimal transport."""
    import ot

    return float(ot.emd2(rows, columns, cost, numItermax=_ITERATIONS))
