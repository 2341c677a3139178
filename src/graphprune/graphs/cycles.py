"""The length of the first cycle a depth-first search meets, as networkx finds it."""

import numpy as np
from numba import njit


@njit(cache=True)
def cycle_lengths(adjacencies: np.ndarray) -> np.ndarray:
    """Length of ``networkx.find_cycle``'s cycle of each graph, 0 if there is none: (G,) int64.

    "Number of cycles: length of the cycle if it exists" (BoGP §2.3). Nodes are started
    from, and neighbours visited, in ascending order, as networkx does when nodes and edges
    are added in that order. The first edge met that is not a tree edge leads to an ancestor,
    so the cycle is the tree path between its ends. The value depends on the node labels.

    `adjacencies`: (G, n, n) bool.
    """
    graphs, n, _ = adjacencies.shape
    lengths = np.zeros(graphs, np.int64)
    depth = np.empty(n, np.int64)
    following = np.empty(n, np.int64)
    path = np.empty(n, np.int64)
    for g in range(graphs):
        depth[:] = -1
        following[:] = 0
        for start in range(n):
            if lengths[g]:
                break
            if depth[start] >= 0:
                continue
            depth[start] = 0
            path[0] = start
            top = 0
            while top >= 0:
                node = path[top]
                neighbour = following[node]
                if neighbour == n:
                    top -= 1
                    continue
                following[node] += 1
                if not adjacencies[g, node, neighbour]:
                    continue
                if depth[neighbour] < 0:
                    top += 1
                    depth[neighbour] = top
                    path[top] = neighbour
                elif top == 0 or neighbour != path[top - 1]:
                    lengths[g] = top - depth[neighbour] + 1
                    break
    return lengths
