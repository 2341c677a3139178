"""Random regular block masks: every node has the same number of neighbours."""

import numpy as np

from graphprune.counts import kept_count
from graphprune.masks import symmetric


def degree_and_loops(n: int, sparsity: float) -> tuple[int, int]:
    """(degree k, self-loops): of n · k + loops entries nearest to kept_count(n²).

    k must make n · k even, so edges come n/2 (n even) or n (n odd) at a time, and the
    diagonal takes up the rest. That is exact for even n. For odd n up to n/2 entries are
    too many or too few. Of equally near ones, the loops are nearest to the diagonal's share.
    """
    kept = kept_count(n * n, sparsity)
    degrees = [k for k in range(n) if n * k % 2 == 0]
    fits = [(k, min(max(kept - n * k, 0), n)) for k in degrees]
    return min(fits, key=lambda fit: (abs(n * fit[0] + fit[1] - kept), abs(n * fit[1] - kept)))


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool symmetric with the kept count True, or the nearest that regularity allows.

    The self-loops make the count exact (`degree_and_loops`), so there can be up to n/2
    fewer edges than other sources have, and up to n self-loops.
    """
    # networkx comes with it; counting masks must not load that.
    from graphprune.graphs.generators import random_regular

    degree, loops = degree_and_loops(n, sparsity)
    graph = random_regular(n, degree, seed=int(rng.integers(2**63)))
    return symmetric.block_mask(graph.adjacency, loops, rng)


def number_of_masks(n: int, sparsity: float) -> int:
    """Upper bound of how many different masks `draw` can return (no closed form)."""
    degree, loops = degree_and_loops(n, sparsity)
    return symmetric.masks_with(n, n * degree // 2, loops)
