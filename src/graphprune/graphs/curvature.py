"""Ollivier–Ricci curvature of the edges of a weighted graph (Ollivier 2009; Lin, Lu & Yau 2011).

It tells bottlenecks (negative) from edges inside clusters (positive): around each end lie
masses, and the curvature is 1 − W/d, where W is what it costs to move one end's masses to the
other's along shortest paths, and d the edge's length.
"""

from collections.abc import Hashable

import networkx as nx
import numpy as np
from scipy.sparse.csgraph import dijkstra

from graphprune.errors import UserError

_FEW = 1e-7  # at or below this sum of weights the masses are uniform, as in GraphRicciCurvature


def ollivier_ricci(
    graph: nx.Graph, idleness: float = 0.5, exponent: float = 2.0, weight: str = "weight"
) -> dict[tuple[Hashable, Hashable], float]:
    """Edge -> curvature, of every edge of an undirected graph in ``graph.edges``.

    Edge attribute `weight` is the length, above 0 (1 where it is missing). A node keeps the
    share `idleness` of its mass; its neighbours get the rest in proportion to
    exp(−length^exponent), so exponent 0 is uniform. Self-loops carry no mass and have no
    curvature. The values are those of GraphRicciCurvature 0.6.1 (method OTD): neither divided
    by 1 − idleness nor by the shortest path instead of the edge.

    UserError for a directed graph or a multigraph, a length that is not a number above 0, or
    an idleness outside [0, 1].
    """
    import ot  # only here: it imports torch, which takes seconds

    if graph.is_directed() or graph.is_multigraph():
        raise UserError(f"Ollivier–Ricci curvature needs a simple undirected graph, found {graph}")
    if not 0 <= idleness <= 1:
        raise UserError(f"idleness must lie in [0, 1], found {idleness}")
    simple: nx.Graph = nx.Graph()
    simple.add_nodes_from(graph)
    for u, v, length in graph.edges(data=weight, default=1.0):
        if not 0 < length < np.inf:
            raise UserError(f"edge {u}–{v} has {weight} {length}; expected a number above 0")
        if u != v:
            simple.add_edge(u, v, length=float(length))
    number = {node: i for i, node in enumerate(simple)}
    # Stored lengths are above 0, so a sparse matrix holds them all.
    lengths = nx.to_scipy_sparse_array(simple, weight="length")
    distances = dijkstra(lengths, directed=False)
    masses = {
        node: _masses(simple, node, number, idleness, exponent)
        for node in simple
        if simple.degree[node]
    }
    found = {}
    for u, v, length in simple.edges(data="length"):
        (near, given), (far, wanted) = masses[u], masses[v]
        moved = ot.emd2(given, wanted, np.ascontiguousarray(distances[np.ix_(near, far)]))
        found[u, v] = 1 - float(moved) / length
    return found


def _masses(
    graph: nx.Graph, node: Hashable, number: dict, idleness: float, exponent: float
) -> tuple[list[int], np.ndarray]:
    """The numbers of a node and its neighbours, and their masses."""
    lengths = np.array([edge["length"] for edge in graph[node].values()], dtype=float)
    shares = np.exp(-(lengths**exponent))
    if shares.sum() <= _FEW:
        shares = np.ones_like(shares)
    masses = np.append((1 - idleness) * shares / shares.sum(), idleness)
    return [*(number[other] for other in graph[node]), number[node]], masses
