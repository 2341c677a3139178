"""Block masks of all the other sources in one database: the widest spread of properties."""

import numpy as np

from graphprune.counts import kept_count
from graphprune.masks import (
    source_barabasi_albert,
    source_random,
    source_random_regular,
    source_ring_swaps,
    source_stochastic_block,
    source_undirected,
    source_ws_flex,
    symmetric,
)

# Imported here, not looked up by name: a job's code is found by following import statements.
_DRAWS = {
    "random": source_random.draw,
    "undirected": source_undirected.draw,
    "ws_flex": source_ws_flex.draw,
    "ring_swaps": source_ring_swaps.draw,
    "random_regular": source_random_regular.draw,
    "barabasi_albert": source_barabasi_albert.draw,
    "stochastic_block": source_stochastic_block.draw,
}


def drawn_source(rng: np.random.Generator) -> str:
    """The source of the mask that `draw` returns for a generator in this state."""
    return list(_DRAWS)[rng.integers(len(_DRAWS))]


def draw(n: int, sparsity: float, rng: np.random.Generator) -> np.ndarray:
    """(n, n) bool: a mask of one of the other sources, each equally likely."""
    return _DRAWS[drawn_source(rng)](n, sparsity, rng)


def number_of_masks(n: int, sparsity: float) -> int:
    """Upper bound of how many different masks `draw` can return (no closed form).

    A symmetric mask of the exact count is one of the directed masks too. So only the two
    sources whose count can be another one add to those.
    """
    pairs = n * (n - 1) // 2
    degree, regular_loops = source_random_regular.degree_and_loops(n, sparsity)
    counts = {
        (n * degree // 2, regular_loops),
        (kept_count(pairs, sparsity), kept_count(n, sparsity)),  # of source_undirected
    }
    kept = kept_count(n * n, sparsity)
    others = [(edges, loops) for edges, loops in counts if 2 * edges + loops != kept]
    return source_random.number_of_masks(n, sparsity) + sum(
        symmetric.masks_with(n, edges, loops) for edges, loops in others
    )
