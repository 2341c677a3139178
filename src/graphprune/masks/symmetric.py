"""What the symmetric mask sources share: how many edges and self-loops, and where they go.

A family of undirected graphs keeps as many entries as the directed masks it is compared
with: two for each edge, one for each self-loop. Nothing heavy is imported here: counting
masks uses it.
"""

import math

import numpy as np

from graphprune.counts import kept_count


def edges_and_loops(n: int, sparsity: float) -> tuple[int, int]:
    """(edges, self-loops) that keep exactly kept_count(n²) entries of a symmetric mask.

    The diagonal is 1/n of the mask, so it gets that share of the kept entries, to the
    nearest number (the smaller of two) that leaves an even number for the edges.
    """
    kept = kept_count(n * n, sparsity)
    fewest = max(kept % 2, kept - n * (n - 1))  # n(n − 1) is even: parity stays
    loops = min(range(fewest, min(n, kept) + 1, 2), key=lambda loops: abs(n * loops - kept))
    return (kept - loops) // 2, loops


def block_mask(adjacency: np.ndarray, loops: int, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool: the graph with its nodes relabelled at random, and `loops` self-loops.

    A mask's position decides which pixels a node reads, and most families give some labels
    a part to play: hubs come first, blocks and neighbours on a ring lie together. With
    random labels only the graph tells the sources apart. The self-loops are uniform.
    """
    n = len(adjacency)
    order = rng.permutation(n)
    mask = adjacency[np.ix_(order, order)]
    looped = rng.choice(n, loops, replace=False)
    mask[looped, looped] = True
    return mask


def masks_with(n: int, edges: int, loops: int) -> int:
    """How many symmetric (n, n) masks have these counts."""
    return math.comb(n * (n - 1) // 2, edges) * math.comb(n, loops)


def number_of_masks(n: int, sparsity: float) -> int:
    """Upper bound for a family of graphs: all symmetric masks of its counts.

    How many graphs a family has up to relabelling has no closed form. Up to n = 3 the
    bound is met, since there the number of edges decides a graph up to its labels.
    """
    return masks_with(n, *edges_and_loops(n, sparsity))
