"""Edge connectivity without flows: a certificate, else contraction of what no cut divides."""

import numpy as np
from numba import njit


def minimum_degree_certified(degrees: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Where the edge connectivity is proved to equal the minimum degree δ: (G,) bool.

    It is if every node has fewer than max(n/2 − δ + 1, 2) nodes at distance 3 or more.
    (Both sides of a cut of fewer than δ edges have more than δ nodes, so some node of the
    smaller side has no edge across. Of the larger side, which has at least
    max(n/2, δ + 1) nodes, at most δ − 1 meet the cut; all others are at distance 3 or more
    from that node.) Diameter 2 is the special case of Plesník (1975).

    `degrees`, `near` (nodes at distance ≤ 2, the node included): (G, n) int.
    """
    n = degrees.shape[1]
    far = n - near.min(axis=1)
    return far < np.maximum(n / 2 - degrees.min(axis=1) + 1, 2)


@njit(cache=True)
def edge_connectivities(adjacencies: np.ndarray) -> np.ndarray:
    """Edge connectivity of each graph, (G,) int64; 0 if disconnected or a single node.

    `adjacencies`: (G, n, n) bool, symmetric, zero diagonal.
    """
    graphs = adjacencies.shape[0]
    connectivity = np.empty(graphs, np.int64)
    for g in range(graphs):
        connectivity[g] = _minimum_cut(adjacencies[g].astype(np.int32))
    return connectivity


@njit(cache=True)
def _minimum_cut(weights: np.ndarray) -> int:
    """Weight of a minimum cut of an undirected multigraph (Nagamochi, Ono & Ibaraki 1994).

    `bound` is always the weight of some cut. Nodes that a scan proves to be parted by no
    smaller cut are merged. The last node scanned is always merged, since its r is its
    degree, so the loop ends; usually a few scans merge everything.
    """
    n = weights.shape[0]
    if n == 1:
        return 0
    bound = weights.sum()
    while n > 1:
        for i in range(n):
            bound = min(bound, weights[i].sum())
        if bound == 0:
            return 0
        bound, group = _scan(weights, bound)
        weights = _contracted(weights, group)
        n = weights.shape[0]
    return bound


@njit(cache=True)
def _scan(weights: np.ndarray, bound: int) -> tuple[int, np.ndarray]:
    """One maximum-adjacency scan: (`bound` improved by the cuts met, a group for each node).

    Next comes always the node with the greatest weight r to the nodes scanned before it.
    When u is scanned, r(v) including the edge u–v is a lower bound on every cut between u
    and v, so they are merged if it reaches `bound`.
    """
    n = weights.shape[0]
    group = np.arange(n)
    reach = np.zeros(n, np.int32)  # r, and -1 once scanned
    cut = 0  # between the nodes scanned and the rest
    node = 0
    for _ in range(n - 1):
        cut += weights[node].sum() - 2 * reach[node]
        bound = min(bound, cut)
        reach[node] = -1
        for other in range(n):
            if reach[other] >= 0 and weights[node, other] > 0:
                reach[other] += weights[node, other]
                if reach[other] >= bound:
                    group[_root(group, node)] = _root(group, other)
        node = int(np.argmax(reach))
    return bound, group


@njit(cache=True)
def _root(group: np.ndarray, node: int) -> int:
    while group[node] != node:
        group[node] = group[group[node]]
        node = group[node]
    return node


@njit(cache=True)
def _contracted(weights: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The multigraph with each group made one node and the edges inside it dropped."""
    n = weights.shape[0]
    label = np.full(n, -1)
    size = 0
    for i in range(n):
        if group[i] == i:
            label[i] = size
            size += 1
    for i in range(n):
        label[i] = label[_root(group, i)]
    merged = np.zeros((size, size), np.int32)
    for i in range(n):
        for j in range(n):
            merged[label[i], label[j]] += weights[i, j]
    for i in range(size):
        merged[i, i] = 0
    return merged
