"""Stochastic block masks: groups of nodes that are joined more, or less, than the rest."""

import math

import numpy as np

from graphprune.masks import symmetric

_LOWEST_RATIO, _HIGHEST_RATIO = 1 / 8, 64  # within / between; 1 is a random graph
_SMALLEST_BLOCK = 8  # nodes: smaller ones cannot hold their share of the edges


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool symmetric with exactly the kept count True, labels random.

    Blocks: uniform from 2 to n/8 (2 below n = 24). Ratio of the edge probabilities within
    and between blocks: log-uniform from 1/8 to 64, cut to what the density allows (in a
    dense graph no block can be much denser than the rest). Blocks of few edges can be
    disconnected from each other.
    """
    # networkx comes with it; counting masks must not load that.
    from graphprune.graphs.generators import block_ratio_limits, stochastic_block

    edges, loops = symmetric.edges_and_loops(n, sparsity)
    blocks = min(int(rng.integers(2, max(2, n // _SMALLEST_BLOCK), endpoint=True)), n)
    lowest, highest = block_ratio_limits(n, edges, blocks)
    low, high = max(_LOWEST_RATIO, lowest), min(_HIGHEST_RATIO, highest)
    ratio = math.exp(rng.uniform(math.log(low), math.log(high)))
    # The exponential of a logarithm can miss a limit by a float's error.
    ratio = min(max(ratio, low), high)
    graph = stochastic_block(n, edges, blocks, ratio, seed=int(rng.integers(2**63)))
    return symmetric.block_mask(graph.adjacency, loops, rng)


def number_of_masks(n: int, sparsity: float) -> int:
    """Upper bound of how many different masks `draw` can return (no closed form)."""
    return symmetric.number_of_masks(n, sparsity)
