"""Properties of many small graphs at once: the candidates of BoGP §2.3 and Figure 8.

networkx defines every one of them; these values equal its to 1e-9.
"""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.graphs import kernels
from graphprune.graphs.connectivity import edge_connectivities, minimum_degree_certified
from graphprune.graphs.cycles import cycle_lengths
from graphprune.graphs.property_names import PROPERTIES
from graphprune.graphs.relational import RelationalGraph, as_relational
from graphprune.graphs.spectrum import mean_eigenvector_centralities
from graphprune.registry import lookup

_CHUNK_BYTES = 2**24  # of adjacencies looked at together; the copies made are no larger


class _Graphs:
    """A stack of G graphs with what several properties share, each computed at most once."""

    def __init__(self, adjacencies: np.ndarray) -> None:
        self.adjacencies = np.ascontiguousarray(adjacencies)
        self.n = adjacencies.shape[1]

    @cached_property
    def degrees(self) -> np.ndarray:
        """(G, n) int."""
        return self.adjacencies.sum(axis=2)

    @cached_property
    def rows(self) -> np.ndarray:
        return kernels.packed_rows(self.adjacencies)

    @cached_property
    def triangles(self) -> np.ndarray:
        """(G, n) int: triangles with a corner at the node."""
        return kernels.triangles(self.adjacencies, self.rows)

    @cached_property
    def distances(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Distance sums, numbers of nodes reached and near, components: see the kernel."""
        return kernels.distances(self.adjacencies, self.rows)


def _average_degree_centrality(graphs: _Graphs) -> np.ndarray:
    """Mean degree / (n − 1); 1 on a single node, as in networkx."""
    if graphs.n == 1:
        return np.ones(len(graphs.degrees))
    return graphs.degrees.mean(axis=1) / (graphs.n - 1)


def _average_clustering(graphs: _Graphs) -> np.ndarray:
    """Mean over nodes of triangles / pairs of neighbours; a node without pairs counts 0."""
    pairs = graphs.degrees * (graphs.degrees - 1) / 2
    return (graphs.triangles / np.maximum(pairs, 1)).mean(axis=1)


def _average_eigenvector_centrality(graphs: _Graphs) -> np.ndarray:
    return mean_eigenvector_centralities(graphs.adjacencies)


def _edge_connectivity(graphs: _Graphs) -> np.ndarray:
    _, _, near, _ = graphs.distances
    connectivity = graphs.degrees.min(axis=1)
    open_ = ~minimum_degree_certified(graphs.degrees, near)
    connectivity[open_] = edge_connectivities(graphs.adjacencies[open_])
    return connectivity


def _cycle_length(graphs: _Graphs) -> np.ndarray:
    return cycle_lengths(graphs.adjacencies)


def _cycle_rank(graphs: _Graphs) -> np.ndarray:
    """m − n + c: the number of independent cycles."""
    *_, components = graphs.distances
    return graphs.degrees.sum(axis=1) // 2 - graphs.n + components


def _aspl(graphs: _Graphs) -> np.ndarray:
    """Mean distance over pairs of nodes; infinite if disconnected, 0 on a single node."""
    sums, _, _, components = graphs.distances
    means = sums.sum(axis=1) / max(graphs.n * (graphs.n - 1), 1)
    return np.where(components == 1, means, np.inf)


def _average_closeness(graphs: _Graphs) -> np.ndarray:
    """Mean of (r − 1)/(n − 1) · (r − 1)/(distance sum), r nodes reached (Wasserman–Faust)."""
    sums, reached, _, _ = graphs.distances
    others = reached - 1.0
    closeness = others**2 / (max(graphs.n - 1, 1) * np.maximum(sums, 1))
    return closeness.mean(axis=1)


def _average_betweenness(graphs: _Graphs) -> np.ndarray:
    """Σ (d − 1) over ordered pairs at finite distance d, over n(n − 1)(n − 2).

    A shortest path of length d has d − 1 inner nodes, so summed over nodes the shares of a
    pair's shortest paths make d − 1. On a connected graph this is (ASPL − 1)/(n − 2).
    """
    n = graphs.n
    if n <= 2:
        return np.zeros(len(graphs.degrees))
    sums, reached, _, _ = graphs.distances
    return (sums - (reached - 1)).sum(axis=1) / (n * (n - 1) * (n - 2))


def _transitivity(graphs: _Graphs) -> np.ndarray:
    """Closed share of the pairs of neighbours; 0 if there are none."""
    pairs = (graphs.degrees * (graphs.degrees - 1) // 2).sum(axis=1)
    return graphs.triangles.sum(axis=1) / np.maximum(pairs, 1)


_FORMULAS: dict[str, Callable[[_Graphs], np.ndarray]] = {
    "average_degree_centrality": _average_degree_centrality,
    "average_clustering": _average_clustering,
    "average_eigenvector_centrality": _average_eigenvector_centrality,
    "edge_connectivity": _edge_connectivity,
    "cycle_length": _cycle_length,
    "cycle_rank": _cycle_rank,
    "aspl": _aspl,
    "average_closeness": _average_closeness,
    "average_betweenness": _average_betweenness,
    "transitivity": _transitivity,
}


def graph_properties(
    adjacencies: np.ndarray | RelationalGraph | Sequence[RelationalGraph],
    names: Sequence[str] = PROPERTIES,
) -> pd.DataFrame:
    """One row a graph, one float64 column a name, for a stack of adjacencies (G, n, n) bool.

    Or for one graph, or several with equally many nodes.
    Only what `names` asks for is computed. A disconnected graph has infinite ASPL and edge
    connectivity 0; `cycle_length` depends on the order of the nodes. UserError for an
    unknown name, or if a matrix is not a simple undirected graph of at least one node.
    """
    formulas = {name: lookup(_FORMULAS, name, "graph property") for name in names}
    if isinstance(adjacencies, RelationalGraph):
        adjacencies = [adjacencies]
    if not isinstance(adjacencies, np.ndarray):
        adjacencies = _stack(adjacencies)
    columns = {name: np.empty(len(adjacencies)) for name in formulas}
    for chunk in _chunks(adjacencies):
        graphs = _Graphs(adjacencies[chunk])
        for name, formula in formulas.items():
            columns[name][chunk] = formula(graphs)
    return pd.DataFrame(columns, index=range(len(adjacencies)))


def connected(adjacencies: np.ndarray) -> np.ndarray:
    """Which graphs of the stack (G, n, n) bool are connected: (G,) bool."""
    answer = np.empty(len(adjacencies), dtype=bool)
    for chunk in _chunks(adjacencies):
        *_, components = _Graphs(adjacencies[chunk]).distances
        answer[chunk] = components == 1
    return answer


def _stack(graphs: Sequence[RelationalGraph | np.ndarray]) -> np.ndarray:
    adjacencies = [as_relational(graph).adjacency for graph in graphs]
    if len({len(adjacency) for adjacency in adjacencies}) != 1:
        raise UserError("graph properties need graphs with equally many nodes, at least one graph")
    return np.stack(adjacencies)


def _chunks(adjacencies: np.ndarray) -> list[slice]:
    """Slices that cover the stack, each small enough for the copies made of it; validated."""
    if (
        adjacencies.dtype != bool
        or adjacencies.ndim != 3
        or adjacencies.shape[1] != adjacencies.shape[2]
        or adjacencies.shape[1] == 0
    ):
        raise UserError(
            "graph properties need a stack of adjacencies of shape (graphs, n, n), n ≥ 1, of "
            f"bool; found shape {adjacencies.shape} of {adjacencies.dtype}"
        )
    graphs, n, _ = adjacencies.shape
    step = max(1, _CHUNK_BYTES // n**2)
    chunks = [slice(start, min(start + step, graphs)) for start in range(0, graphs, step)]
    for chunk in chunks:
        part = adjacencies[chunk]
        bad = (part != part.transpose(0, 2, 1)).any(axis=(1, 2))
        bad |= part.diagonal(axis1=1, axis2=2).any(axis=1)
        if bad.any():
            raise UserError(
                f"adjacency {chunk.start + int(bad.argmax())} is not symmetric with a zero "
                "diagonal; mask_to_adjacency of graphprune.graphs.relational makes it so"
            )
    return chunks
