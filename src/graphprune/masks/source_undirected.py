"""Symmetric random block masks: the undirected graph has an exact number of edges."""

import math

import numpy as np

from graphprune.counts import kept_count


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool symmetric, edges and self-loops each at density 1 − `sparsity`.

    Edges number exactly kept_count(n(n − 1)/2), self-loops exactly kept_count(n), so the
    average degree is the same in every mask; all such masks are equally likely.
    """
    rows, columns = np.triu_indices(n, k=1)
    edges = rng.choice(len(rows), kept_count(len(rows), sparsity), replace=False)
    loops = rng.choice(n, kept_count(n, sparsity), replace=False)
    mask = np.zeros((n, n), dtype=bool)
    mask[rows[edges], columns[edges]] = True
    mask |= mask.T
    mask[loops, loops] = True
    return mask


def number_of_masks(n: int, sparsity: float) -> int:
    """How many different masks `draw` can return."""
    pairs = n * (n - 1) // 2
    edges = math.comb(pairs, kept_count(pairs, sparsity))
    return edges * math.comb(n, kept_count(n, sparsity))
