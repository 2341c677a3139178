"""The graphs that RGP's networks are pruned by, and those they are compared with."""

from collections.abc import Callable, Iterator, Mapping

import networkx as nx
import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.graphs.aspl import aspl, minimise_aspl
from graphprune.graphs.catalogue import entries
from graphprune.graphs.generators import random_regular, ring_lattice
from graphprune.graphs.graded import swap_chain
from graphprune.graphs.properties import graph_properties
from graphprune.graphs.relational import RelationalGraph
from graphprune.graphs.spectrum import spectral_gap
from graphprune.seeds import derive

TRIES = 1000  # draws until a graph is connected
CHAIN = "chain"


def graph_table(n: int, k: int, seeds: int, chain: int, chains: int) -> pd.DataFrame:
    """One row a graph on n nodes that keeps k·n of the n² blocks.

    Columns: kind, number, graph (a name), graph6, loops (every node has a self-loop), aspl (inf
    if disconnected), clustering, spectral_gap. Of every kind of KINDS `seeds` graphs, numbered
    from 0, or one where there is only one; a kind that n and k do not allow is left out. Kind
    "chain": `chains` chains of `chain` graphs each, from the ring lattice to what Algorithm 1
    finds, fewer where their levels of ASPL would lie too close; none with `chain` = 0.
    """
    rows = []
    for kind, (draw, many) in KINDS.items():
        for number in range(seeds if many else 1):
            graph = draw(n, k, number)
            if graph is not None:
                rows.append((kind, number, f"{kind} {number}", graph))
    for number, graph in enumerate(_chains(n, k, chain, chains)):
        rows.append((CHAIN, number, f"{CHAIN} {number}", graph))
    graphs = [graph for *_, graph in rows]
    table = pd.DataFrame([row[:3] for row in rows], columns=["kind", "number", "graph"])
    table["graph6"] = [graph.to_graph6() for graph in graphs]
    table["loops"] = [bool(graph.self_loops.all()) for graph in graphs]
    table["aspl"] = [aspl(graph) for graph in graphs]
    stack = np.array([graph.adjacency for graph in graphs])
    table["clustering"] = graph_properties(stack, ("average_clustering",))["average_clustering"]
    table["spectral_gap"] = [spectral_gap(graph) for graph in graphs]
    return table


def block_mask(row: Mapping[str, object]) -> np.ndarray:
    """The (n, n) block mask of a row of `graph_table`."""
    psi = RelationalGraph.from_graph6(str(row["graph6"])).to_mask()
    if row["loops"]:
        np.fill_diagonal(psi, True)
    return psi


def _rgp(n: int, k: int, number: int) -> RelationalGraph:
    """What Algorithm 1 finds with 10,000 swaps."""
    return minimise_aspl(ring_lattice(n, k), seed=derive(number, f"rgp/{n}/{k}")).graph


def _best_known(n: int, k: int, number: int) -> RelationalGraph | None:
    return entries()[n, k].graph if (n, k) in entries() else None


def _ring(n: int, k: int, number: int) -> RelationalGraph:
    return ring_lattice(n, k)


def _random_regular(n: int, k: int, number: int) -> RelationalGraph:
    return _connected(lambda seed: random_regular(n, k, seed), f"regular/{n}/{k}/{number}")


def _random_graph(n: int, k: int, number: int) -> RelationalGraph:
    """As many edges, anywhere (Erdős–Rényi)."""

    def drawn(seed: int) -> RelationalGraph:
        graph = nx.gnm_random_graph(n, n * k // 2, seed=seed)
        return RelationalGraph(
            nx.to_numpy_array(graph, nodelist=range(n)) > 0, np.zeros(n, dtype=bool)
        )

    return _connected(drawn, f"random/{n}/{k}/{number}")


def _grouped(n: int, k: int, number: int) -> RelationalGraph | None:
    """Grouped convolution: n/k groups of k nodes, each joined to all of its group and itself."""
    if n % k:
        return None
    adjacency = np.kron(np.eye(n // k, dtype=bool), np.ones((k, k), dtype=bool))
    np.fill_diagonal(adjacency, False)
    return RelationalGraph(adjacency, np.ones(n, dtype=bool))


def _self_loops(n: int, k: int, number: int) -> RelationalGraph | None:
    """One neighbour less, and every node reads itself instead (graph2nn's convention)."""
    if k < 4 or n * (k - 1) % 2:  # of degree 2 there is only the ring
        return None
    seed = derive(number, f"self-loops/{n}/{k}")
    graph = minimise_aspl(ring_lattice(n, k - 1), seed=seed).graph
    return RelationalGraph(graph.adjacency, np.ones(n, dtype=bool))


# kind -> (graph of (n, k, number) or None, whether numbers differ)
KINDS: dict[str, tuple[Callable[[int, int, int], RelationalGraph | None], bool]] = {
    "rgp": (_rgp, True),
    "best_known": (_best_known, False),
    "random_regular": (_random_regular, True),
    "ring": (_ring, False),
    "random_graph": (_random_graph, True),
    "grouped": (_grouped, False),
    "self_loops": (_self_loops, True),
}


def _chains(n: int, k: int, graphs: int, chains: int) -> Iterator[RelationalGraph]:
    """All chains begin with the ring lattice: it is given once."""
    for number in range(chains if graphs else 0):
        yield from _chain(n, k, graphs, derive(number, f"chain/{n}/{k}"))[number > 0 :]


def _chain(n: int, k: int, graphs: int, seed: int) -> list[RelationalGraph]:
    """A chain of `graphs` graphs, or of as many as there are grades: few nodes have few ASPLs."""
    for length in range(graphs, 2, -1):
        try:
            return swap_chain(n, k, length, seed)
        except UserError:  # no graph was met at one of the levels
            continue
    return swap_chain(n, k, 2, seed)


def _connected(draw: Callable[[int], RelationalGraph], stream: str) -> RelationalGraph:
    for attempt in range(TRIES):
        graph = draw(derive(attempt, stream))
        if np.isfinite(aspl(graph)):
            return graph
    raise UserError(
        f"no connected graph in {TRIES} draws ({stream}: kind/nodes/degree/number); "
        "use a greater degree"
    )
