"""Triangles and distances of many small graphs, on adjacency rows packed 64 to a word.

Compiled kernels call only functions of this file and of `bits`: numba's cache looks at one
file's time stamp, so an edited function elsewhere would go unnoticed.
"""

import numpy as np
from numba import njit

from graphprune.graphs.bits import popcount


def packed_rows(adjacencies: np.ndarray) -> np.ndarray:
    """(G, n, n) bool -> (G, n, ⌈n/64⌉) uint64; bit b of word w of a row is column 64·w + b."""
    graphs, n, _ = adjacencies.shape
    octets = np.packbits(adjacencies, axis=-1, bitorder="little")
    rows = np.zeros((graphs, n, 8 * -(-n // 64)), dtype=np.uint8)
    rows[..., : octets.shape[-1]] = octets
    return rows.view("<u8")


@njit(cache=True)
def _neighbours(adjacency: np.ndarray, lists: np.ndarray, degrees: np.ndarray) -> None:
    """Fill ``lists[i, :degrees[i]]`` with the neighbours of i, ascending."""
    n = adjacency.shape[0]
    for i in range(n):
        found = 0
        for j in range(n):
            # Written always, counted if it is an edge: a branch here would be mispredicted.
            lists[i, found] = j
            found += adjacency[i, j]
        degrees[i] = found


@njit(cache=True)
def triangles(adjacencies: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Number of triangles at each node, (G, n) int64, from adjacencies and `packed_rows`."""
    graphs, n, words = rows.shape
    corners = np.zeros((graphs, n), np.int64)
    lists = np.empty((n, n), np.int64)
    degrees = np.empty(n, np.int64)
    for g in range(graphs):
        _neighbours(adjacencies[g], lists, degrees)
        bits = rows[g]
        for i in range(n):
            for k in range(degrees[i]):
                j = lists[i, k]
                if j > i:
                    common = np.int64(0)
                    for w in range(words):
                        common += np.int64(popcount(bits[i, w] & bits[j, w]))
                    corners[g, i] += common
                    corners[g, j] += common
    return corners // 2


@njit(cache=True)
def distances(
    adjacencies: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Breadth-first search from all nodes at once: (sums, reached, near, components), int64.

    sums: (G, n), total distance from a node to all the nodes it reaches;
    reached: (G, n), how many nodes it reaches, itself included;
    near: (G, n), how many of them at distance 2 or less;
    components: (G,), number of connected components.
    """
    graphs, n, _ = rows.shape
    sums = np.zeros((graphs, n), np.int64)
    reached = np.zeros((graphs, n), np.int64)
    near = np.zeros((graphs, n), np.int64)
    components = np.zeros(graphs, np.int64)
    lists = np.empty((n, n), np.int64)
    degrees = np.empty(n, np.int64)
    for g in range(graphs):
        _neighbours(adjacencies[g], lists, degrees)
        ball = rows[g].copy()  # ball[i]: the nodes within `radius` of node i
        for i in range(n):
            ball[i, i // 64] |= np.uint64(1) << np.uint64(i % 64)
        sums[g] = degrees
        reached[g] = degrees + 1
        near[g] = reached[g]
        growing = degrees > 0
        radius = 1
        while growing.any():
            radius += 1
            wider = ball.copy()
            for i in range(n):
                if not growing[i]:
                    continue
                before = reached[g, i]
                size = _widen(wider[i], ball, lists[i, : degrees[i]])
                reached[g, i] = size
                sums[g, i] += radius * (size - before)
                if radius == 2:
                    near[g, i] = size
                # A search that finds no node at one distance finds none further out.
                growing[i] = before < size < n
            ball = wider
        for i in range(n):
            components[g] += _is_lowest(ball[i], i)
    return sums, reached, near, components


@njit(cache=True)
def _widen(row: np.ndarray, ball: np.ndarray, neighbours: np.ndarray) -> np.int64:
    """Unite `row` with the rows of its neighbours; returns how many nodes it then holds."""
    nodes, words = ball.shape
    size = np.int64(0)
    for j in neighbours:
        size = np.int64(0)
        for w in range(words):
            row[w] |= ball[j, w]
            size += np.int64(popcount(row[w]))
        if size == nodes:  # in a dense graph two or three neighbours already reach every node
            break
    return size


@njit(cache=True)
def _is_lowest(row: np.ndarray, i: int) -> bool:
    """Whether bit i is the lowest one set in `row` (so that node i can count its component)."""
    for w in range(i // 64):
        if row[w]:
            return False
    below = (np.uint64(1) << np.uint64(i % 64)) - np.uint64(1)
    return (row[i // 64] & below) == 0
