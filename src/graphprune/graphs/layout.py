"""Which units of a layer belong to which node of the relational graph (RGP, reading (a)).

Layers of equal width are divided alike, so an output channel and the input channel that it becomes
lie on the same node. Where channels are flattened, each to several inputs of a linear layer, this
holds for all of them only if n divides the number of channels.
"""

import numpy as np

from graphprune.errors import UserError


def node_sizes(width: int, n: int, layer: str = "") -> np.ndarray:
    """How many of `width` units each of `n` nodes holds: (n,) int, sum `width`.

    Sizes differ by at most one; the first width % n nodes are the larger ones. UserError
    (naming `layer`) if a node would be empty.
    """
    if n < 1:
        raise UserError(f"a relational graph needs at least 1 node, found n = {n}")
    if width < n:
        where = f"layer '{layer}'" if layer else "a layer"
        raise UserError(
            f"{where} has width {width}, too narrow for a relational graph of n = {n} nodes: "
            f"each node needs at least one unit. Choose n ≤ {width} or a wider layer."
        )
    sizes = np.full(n, width // n)
    sizes[: width % n] += 1
    return sizes


def node_of(width: int, n: int, layer: str = "") -> np.ndarray:
    """The node of each unit, (width,) int ascending: groups are contiguous."""
    return np.repeat(np.arange(n), node_sizes(width, n, layer))


def expand(psi: np.ndarray, out_width: int, in_width: int, layer: str = "") -> np.ndarray:
    """The block mask `psi` (n, n) blown up to a layer's weights: (out_width, in_width) bool.

    Entry [o, i] is psi[node of output unit o, node of input unit i]; rows are outputs.
    """
    n = len(psi)
    rows = node_of(out_width, n, layer)
    columns = node_of(in_width, n, layer)
    return psi[np.ix_(rows, columns)]
