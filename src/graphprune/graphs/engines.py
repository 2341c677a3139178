"""A regular graph laid out as the compiled kernels want it, and its search as an object."""

import numpy as np

from graphprune.errors import UserError
from graphprune.graphs import rotation_kernel, swap_kernel
from graphprune.graphs.bounds import moore_sizes
from graphprune.graphs.kernels import packed_rows
from graphprune.graphs.relational import RelationalGraph
from graphprune.graphs.rotation_kernel import RotationState
from graphprune.graphs.swap_kernel import UNREACHED, Rule, SwapState

Tally = tuple[int, int, int, int, int]  # as the kernels take it


NO_TRACE = np.zeros(0, np.int64), np.zeros(0, np.bool_)
HILL_CLIMB = Rule(False, 0, 0, False, 0.0, 1.0)


class Engine:
    """A regular graph under search."""

    def begin(self) -> Tally:
        """The tally before the first step. UserError if the graph is disconnected."""
        tally = self.run(HILL_CLIMB, (-1, -1, -1, 0, 0), 0, *NO_TRACE)
        if tally[0] >= UNREACHED:
            raise UserError(
                "a search for a small ASPL needs a connected graph to start from, since nothing is "
                "better or worse than an infinite ASPL; found a disconnected one"
            )
        return tally

    def run(
        self, rule: Rule, tally: Tally, until: int, sums: np.ndarray, taken: np.ndarray
    ) -> Tally:
        """Go on from `tally` to step `until`: see `swap_kernel.search`."""
        raise NotImplementedError

    def adjacency(self, last: bool) -> np.ndarray:
        """(n, n) bool: the graph as it stands if `last`, else the best graph met."""
        raise NotImplementedError


class Swaps(Engine):
    """Plain swaps of a regular graph."""

    def __init__(self, graph: RelationalGraph, k: int, seed: int) -> None:
        n, words = graph.n, -(-graph.n // 64)
        near = np.nonzero(graph.adjacency)[1].reshape(n, k)
        edges = graph.edges
        places = [
            [u * k + np.searchsorted(near[u], v), v * k + np.searchsorted(near[v], u)]
            for u, v in edges
        ]

        def room(size: int) -> np.ndarray:
            return np.zeros(size, np.uint64)

        own = graph.adjacency | np.eye(n, dtype=bool)
        most = 4 * (k + 1)  # the ends of two edges and their neighbours
        self.state = SwapState(
            near=near.astype(np.uint64).ravel(),
            edges=np.hstack([edges, places]).astype(np.uint64),
            balls=np.concatenate([packed_rows(own[None]).ravel(), room(3 * n * words)]),
            excess=np.zeros(3, np.int64),
            best=edges.astype(np.uint64),
            random=random_state(seed),
            fresh=room(5 * n * words),
            fresh_excess=np.zeros(3, np.int64),
            nodes=room(most),
            rows=room(3 * most * words),
            ends=room(words),
            inside=room(words),
        )
        self.fixed = ((0,) * words, n, k, np.array(moore_sizes(n, k)), self.state)

    def run(
        self, rule: Rule, tally: Tally, until: int, sums: np.ndarray, taken: np.ndarray
    ) -> Tally:
        return swap_kernel.search(*self.fixed, rule, tally, until, sums, taken)

    def adjacency(self, last: bool) -> np.ndarray:
        n = self.fixed[1]
        edges = self.state.edges[:, :2] if last else self.state.best
        adjacency = np.zeros((n, n), dtype=bool)
        adjacency[edges[:, 0], edges[:, 1]] = True
        return adjacency | adjacency.T


class Rotations(Engine):
    """Moves that keep an s-fold rotation."""

    def __init__(self, graph: RelationalGraph, k: int, folds: int, seed: int) -> None:
        n, words = graph.n, -(-graph.n // 64)
        rows = packed_rows(graph.adjacency[None]).ravel()
        self.state = RotationState(
            rows=rows,
            saved=rows.copy(),
            best=rows.copy(),
            reached=np.zeros(words, np.uint64),
            shell=np.zeros(words, np.uint64),
            wider=np.zeros(words, np.uint64),
            random=random_state(seed),
        )
        self.fixed = ((0,) * words, n, k, folds, np.array(moore_sizes(n, k)), self.state)

    def run(
        self, rule: Rule, tally: Tally, until: int, sums: np.ndarray, taken: np.ndarray
    ) -> Tally:
        return rotation_kernel.search(*self.fixed, rule, tally, until, sums, taken)

    def adjacency(self, last: bool) -> np.ndarray:
        n, rows = self.fixed[1], self.state.rows if last else self.state.best
        octets = rows.reshape(n, -1).view(np.uint8)
        return np.unpackbits(octets, axis=1, count=n, bitorder="little").astype(bool)


def random_state(seed: int) -> np.ndarray:
    """The state of a kernel's generator for a seed: (1,) uint64."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64)
