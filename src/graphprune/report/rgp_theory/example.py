"""RGP's Figure 2: two graphs on 5 nodes, whose distances and signals can be followed by hand."""

import numpy as np
import pandas as pd

from graphprune.graphs.aspl import aspl
from graphprune.graphs.propagation import (
    gradient_resistance,
    output_neuron_usage,
    output_parameter_usage,
    reach_sizes,
)
from graphprune.graphs.relational import RelationalGraph
from graphprune.report.output import Page

LAYERS = 5
EDGES = {
    "case 1": ((1, 2), (2, 3), (3, 4), (4, 5), (5, 1)),
    "case 2": ((1, 2), (2, 3), (1, 3), (3, 4), (1, 5)),
}
"""The edges of the two graphs of RGP's Figure 2, nodes numbered from 1."""


def example_table() -> pd.DataFrame:
    """The graphs of RGP's Figure 2, one row each, masking an MLP of LAYERS layers.

    aspl: of the graph; gr, neurons, parameters: means over its nodes; node_aspl and node_gr: of
    node 3, which the paper looks at; degrees: of the nodes 1 … 5.
    """
    rows = []
    for name, edges in EDGES.items():
        graph = _graph(edges)
        resistance = gradient_resistance(graph)
        rows.append(
            {
                "graph": name,
                "aspl": aspl(graph),
                "gr": resistance.mean(),
                "neurons": output_neuron_usage(graph, LAYERS).mean(),
                "parameters": output_parameter_usage(graph, LAYERS).mean(),
                "node_aspl": mean_distances(graph)[2],
                "node_gr": resistance[2],
                "degrees": ", ".join(map(str, graph.adjacency.sum(axis=1))),
            }
        )
    return pd.DataFrame(rows)


def mean_distances(graph: RelationalGraph) -> np.ndarray:
    """Mean distance from each node of a connected graph to the others, (n,)."""
    within = reach_sizes(graph, graph.n - 1, self_loops=True)
    # A distance is the number of r = 0, 1, … that it exceeds.
    return (graph.n - within).sum(axis=0) / max(graph.n - 1, 1)


def _graph(edges: tuple[tuple[int, int], ...]) -> RelationalGraph:
    size = max(max(edge) for edge in edges)
    adjacency = np.zeros((size, size), dtype=bool)
    for i, j in edges:
        adjacency[i - 1, j - 1] = adjacency[j - 1, i - 1] = True
    return RelationalGraph(adjacency, np.zeros(size, dtype=bool))


def add_example(page: Page) -> None:
    """A section on the paper's own example: there ASPL and GR part ways."""
    table = example_table()
    first, second = table.to_dict("records")
    page.heading("The paper's own example")
    page.text(
        f"Figure 2 compares two graphs on 5 nodes at node 3: its ASPL falls from "
        f"{first['node_aspl']:g} to {second['node_aspl']:g} and its GR from {first['node_gr']:g} "
        f"to {second['node_gr']:g}. Over the whole graph the two part ways: ASPL rises from "
        f"{first['aspl']:g} to {second['aspl']:g}, while mean GR falls from {first['gr']:g} to "
        f"{second['gr']:g}. And the second graph is not regular (its degrees are "
        f"{second['degrees']}), so it is none that the method could choose. AOPU: an MLP of "
        f"{LAYERS} layers, mean over nodes."
    )
    titles = {"graph": "graph", "aspl": "ASPL", "gr": "mean GR", "neurons": "AOPU (neurons)"}
    titles |= {"parameters": "AOPU (parameters)", "node_aspl": "ASPL of node 3"}
    titles |= {"node_gr": "GR of node 3", "degrees": "degrees"}
    numbers = table.select_dtypes("number").columns
    page.table(
        table.assign(**{c: table[c].map("{:g}".format) for c in numbers}).rename(columns=titles)
    )
