"""Block masks on the way from a ring lattice to random, all degrees kept (RGP's chain)."""

import math

import numpy as np

from graphprune.masks import symmetric

_SWAPS_PER_PAIR = 2  # enough to move every edge (or non-edge) about four times


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool symmetric with exactly the kept count True, labels random.

    A ring lattice (WS-flex at p = 0, so any number of edges) after S proposed double-edge
    swaps, S log-uniform from 1 to twice the number of edges (or of non-edges, if fewer): a
    few swaps shorten the paths, many are needed to lose the triangles. The graph stays
    connected if the lattice is, that is from n edges on.
    """
    # networkx comes with it; counting masks must not load that.
    from graphprune.graphs.generators import swapped, ws_flex

    edges, loops = symmetric.edges_and_loops(n, sparsity)
    lattice = ws_flex(n, 2 * edges / n, p=0, seed=0, connected=False)
    movable = min(edges, n * (n - 1) // 2 - edges)
    most = max(1, _SWAPS_PER_PAIR * movable)
    swaps = round(math.exp(rng.uniform(0, math.log(most))))
    graph = swapped(lattice, swaps, seed=int(rng.integers(2**63)))
    return symmetric.block_mask(graph.adjacency, loops, rng)


def number_of_masks(n: int, sparsity: float) -> int:
    """Upper bound of how many different masks `draw` can return (no closed form)."""
    return symmetric.number_of_masks(n, sparsity)
