"""WS-flex block masks: small worlds between a ring lattice and random (You et al. 2020)."""

import numpy as np

from graphprune.masks import symmetric


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool symmetric with exactly the kept count True, labels random.

    The rewiring probability is u², u uniform in [0, 1], as in graph2nn's sweep: most of the
    change from lattice to random happens at small p. Graphs are not drawn again when they
    are disconnected: at high sparsity no graph of this many edges is connected.
    """
    # networkx comes with it; counting masks must not load that.
    from graphprune.graphs.generators import ws_flex

    edges, loops = symmetric.edges_and_loops(n, sparsity)
    p = rng.random() ** 2
    graph = ws_flex(n, 2 * edges / n, p, seed=int(rng.integers(2**63)), connected=False)
    return symmetric.block_mask(graph.adjacency, loops, rng)


def number_of_masks(n: int, sparsity: float) -> int:
    """Upper bound of how many different masks `draw` can return (no closed form)."""
    return symmetric.number_of_masks(n, sparsity)
