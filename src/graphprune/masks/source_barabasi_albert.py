"""Barabási–Albert block masks: a few nodes are hubs."""

import numpy as np

from graphprune.masks import symmetric


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool symmetric with exactly the kept count True, labels random.

    The number of edges is the family's only parameter, so at one sparsity its masks differ
    little from each other; they widen a mixture.
    """
    # networkx comes with it; counting masks must not load that.
    from graphprune.graphs.generators import barabasi_albert

    edges, loops = symmetric.edges_and_loops(n, sparsity)
    graph = barabasi_albert(n, edges, seed=int(rng.integers(2**63)))
    return symmetric.block_mask(graph.adjacency, loops, rng)


def number_of_masks(n: int, sparsity: float) -> int:
    """Upper bound of how many different masks `draw` can return (no closed form)."""
    return symmetric.number_of_masks(n, sparsity)
