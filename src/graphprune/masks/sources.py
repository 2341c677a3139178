"""Where block masks come from: one module a source, so a stage depends on its own alone.

To add a source, write a module with ``draw(n, sparsity, rng) -> (n, n) bool`` and
``number_of_masks(n, sparsity) -> int`` and add a row to both tables. This file imports
none of them, nor anything heavy: the validation of a config uses it.
"""

from graphprune.registry import resolve

SOURCES: dict[str, str] = {
    "random": "graphprune.masks.source_random:draw",
    "undirected": "graphprune.masks.source_undirected:draw",
}

_COUNTS: dict[str, str] = {
    "random": "graphprune.masks.source_random:number_of_masks",
    "undirected": "graphprune.masks.source_undirected:number_of_masks",
}


def number_of_masks(source: str, n: int, sparsity: float) -> int:
    """How many different masks `source` can draw; UserError if there is no such source."""
    return resolve(_COUNTS, source, "mask source")(n, sparsity)
