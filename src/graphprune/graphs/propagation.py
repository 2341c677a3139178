"""How a node's signal spreads through an MLP whose layers are all masked by one graph (RGP §3.4).

S_r(v) are the nodes joined to v by a walk of exactly r steps: the neurons that output neuron v
hears from r layers earlier. S_0(v) = {v}.

In every function `self_loops=True` adds a loop at each node, as graph2nn does: every node keeps
its own message, and S_r(v) are the nodes within distance r. Otherwise, as in RGP, there is none.
A graph is given as such or as its boolean adjacency; its own `self_loops` are not looked at. What
the paper calls the value of a graph is the mean over its nodes.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from graphprune.errors import UserError
from graphprune.graphs.relational import RelationalGraph, as_relational

Graph = RelationalGraph | np.ndarray


def _links(graph: Graph, self_loops: bool) -> np.ndarray:
    """(n, n) float32: 1 where a weight joins two nodes."""
    links = as_relational(graph).adjacency.astype(
        np.float32
    )  # no integer product has a fast routine
    if self_loops:
        np.fill_diagonal(links, 1)
    return links


def _reach_sets(links: np.ndarray) -> Iterator[np.ndarray]:
    """(n, n) float32 of 0 and 1 for r = 0, 1, …: row v is S_r(v). Endless."""
    reached = np.eye(len(links), dtype=np.float32)
    while True:
        yield reached
        reached = np.minimum(reached @ links, 1)


def reach_sizes(graph: Graph, rounds: int, self_loops: bool = False) -> np.ndarray:
    """|S_r(v)| for r = 0 … rounds, (rounds + 1, n) int64. UserError if rounds < 0."""
    if rounds < 0:
        raise UserError(f"reach_sizes: the number of rounds must be 0 or more, found {rounds}")
    reach_sets = islice(_reach_sets(_links(graph, self_loops)), rounds + 1)
    return np.array([reached.sum(axis=1) for reached in reach_sets], dtype=np.int64)


def gradient_resistance(graph: Graph, self_loops: bool = False) -> np.ndarray:
    """GR(v), the smallest r ≥ 1 for which S_r(v) is all nodes, (n,) float (RGP §3.4, A.1).

    Without self-loops: inf for every node of a bipartite or disconnected graph, else at most
    2n − 2. With them: the eccentricity (n ≥ 2), inf if disconnected. The released code gives up
    after 101 rounds and returns 101.
    """
    links = _links(graph, self_loops)
    n = len(links)
    resistance = np.ones(n)
    older = old = np.full(n, np.nan, dtype=np.float32)
    for reached in islice(_reach_sets(links), 1, None):
        sizes = reached.sum(axis=1)
        if (sizes == n).all():
            break
        # S_r is part of S_{r+2}, a step there and back (but for isolated nodes, which have
        # no S_1): equal sizes are equal sets, which from here on alternate for ever.
        if (sizes == older).all():
            return np.full(n, np.inf)
        resistance += sizes < n
        older, old = old, sizes
    return resistance


def output_neuron_usage(graph: Graph, layers: int, self_loops: bool = False) -> np.ndarray:
    """Neurons that output neuron v is computed from: Σ |S_r(v)|, r = 1 … layers − 1; (n,) int64.

    `layers`: columns of neurons, one more than there are layers of weights. UserError for
    fewer than 2.

    This is RGP's AOPU (§3.4, Figure 3; mean over v), which the paper takes for a number of
    parameters, but its code counts neurons. The formula there, (L − GR)·n + Σ |S_r| over r < GR,
    agrees for GR ≤ L and is wrong above.
    """
    _check_layers(layers)
    return reach_sizes(graph, layers - 1, self_loops)[1:].sum(axis=0)


def output_parameter_usage(graph: Graph, layers: int, self_loops: bool = False) -> np.ndarray:
    """Parameters that output neuron v is computed from, (n,) int64, one neuron a node.

    Σ deg(u) over u in S_r(v), r = 0 … layers − 2: the unmasked weights into each neuron used. A
    self-loop counts as one more. `layers` as in `output_neuron_usage`.
    """
    _check_layers(layers)
    links = _links(graph, self_loops)
    used = sum(islice(_reach_sets(links), layers - 1), np.zeros_like(links))
    return (used @ links).sum(axis=1, dtype=np.int64)


def _check_layers(layers: int) -> None:
    if layers < 2:
        raise UserError(
            f"a masked MLP needs at least 2 layers of neurons (one of weights), found {layers}"
        )
