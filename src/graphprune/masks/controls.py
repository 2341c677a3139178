"""Controls: the same mask with its graph changed, or the same graph with other labels."""

import numpy as np


def rows_permuted(psi: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`psi` (n, n) with its rows in another order.

    Where only the first of two layers is masked this renames hidden units: the network is
    the same, its graph another one.
    """
    return psi[_other_order(len(psi), rng)]


def nodes_relabelled(psi: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`psi` (n, n) with its nodes renamed, psi[p][:, p]: an isomorphic graph."""
    order = _other_order(len(psi), rng)
    return psi[np.ix_(order, order)]


def _other_order(n: int, rng: np.random.Generator) -> np.ndarray:
    """A uniform permutation of n > 1 items that is not the identity."""
    order = rng.permutation(n)
    while n > 1 and (order == np.arange(n)).all():
        order = rng.permutation(n)
    return order
