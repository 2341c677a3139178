"""Every connected graph on a few nodes: the graph set of BoGP's Figures 5–7."""

import networkx as nx
import numpy as np

from graphprune.errors import UserError
from graphprune.graphs.relational import RelationalGraph

LARGEST = 7  # of the atlas; 853 connected graphs


def connected_graphs(n: int) -> tuple[RelationalGraph, ...]:
    """All connected graphs on `n` nodes up to isomorphism, every node with a self-loop.

    In the order of the atlas (by edges, then by degree sequence): 1, 1, 2, 6, 21, 112, 853
    graphs for n = 1 … 7. Source: Read and Wilson 1998, "An Atlas of Graphs". UserError if n
    is no whole number from 1 to 7.
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= LARGEST:
        raise UserError(
            f"all connected graphs are listed for 1 to {LARGEST} nodes, found nodes = {n!r}; "
            "give a whole number in that range (the paper has 5)"
        )
    return tuple(
        RelationalGraph(nx.to_numpy_array(graph) > 0, np.ones(n, dtype=bool))
        for graph in nx.graph_atlas_g()
        if len(graph) == n and nx.is_connected(graph)
    )


def graph_name(number: int) -> str:
    """What the graph at place `number` (from 0) of `connected_graphs` is called in records."""
    return f"graph {number:02d}"
