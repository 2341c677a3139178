"""Uniform random block masks: BoGP's "random mask ψ of sparsity s" (Algorithm 1, line 5)."""

import math

import numpy as np

from graphprune.counts import kept_count


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool with exactly the kept count True, every such mask equally likely.

    Directed: entries [i, j] and [j, i] are independent of each other.
    """
    mask = np.zeros(n * n, dtype=bool)
    mask[rng.choice(n * n, kept_count(n * n, sparsity), replace=False)] = True
    return mask.reshape(n, n)


def number_of_masks(n: int, sparsity: float) -> int:
    """How many different masks `draw` can return."""
    return math.comb(n * n, kept_count(n * n, sparsity))
