"""Where block masks come from: one module a source, so a stage depends on its own alone.

To add a source, write a module with ``draw(n, sparsity, rng) -> (n, n) bool`` and
``number_of_masks(n, sparsity) -> int`` and add a row to both tables of names.py. Nothing
heavy is imported here: the validation of a config uses it.
"""

from graphprune.masks.names import COUNTS
from graphprune.registry import resolve


def number_of_masks(source: str, n: int, sparsity: float) -> int:
    """How many different masks `source` can draw; UserError if there is no such source."""
    return resolve(COUNTS, source, "mask source")(n, sparsity)
