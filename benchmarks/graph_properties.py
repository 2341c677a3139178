"""All ten graph properties of many masks: this package against a networkx loop, one thread.

Prints, for the random (directed) databases at each sparsity and for structured graphs at
the same densities, milliseconds of CPU time a graph and the ratio. networkx is timed on a sample,
in the same run. `overall` is the ratio of the times of all rows above it together.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy reads them
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import time
from collections.abc import Callable, Iterator

import networkx as nx
import numpy as np

from graphprune.graphs.properties import graph_properties
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks.source_random import draw

SPARSITIES = (0.15, 0.30, 0.45, 0.60, 0.75, 0.90)


def networkx_properties(graph: nx.Graph) -> list[float]:
    """The ten properties as a plain loop over networkx computes them."""
    is_connected = nx.is_connected(graph)
    try:
        cycle = len(nx.find_cycle(graph))
    except nx.NetworkXNoCycle:
        cycle = 0
    means = [
        sum(values.values()) / len(values)
        for values in (
            nx.degree_centrality(graph),
            nx.eigenvector_centrality(graph, max_iter=100_000, tol=1e-14),
            nx.closeness_centrality(graph),
            nx.betweenness_centrality(graph),
        )
    ]
    return [
        *means,
        nx.average_clustering(graph),
        nx.edge_connectivity(graph),
        cycle,
        graph.number_of_edges() - len(graph) + nx.number_connected_components(graph),
        nx.average_shortest_path_length(graph) if is_connected else np.inf,
        nx.transitivity(graph),
    ]


def random_databases(n: int, masks: int) -> Iterator[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    for sparsity in SPARSITIES:
        stack = np.array([draw(n, sparsity, rng) for _ in range(masks)])
        yield f"random s={sparsity:.2f}", mask_to_adjacency(stack)


def structured_graphs(n: int, graphs: int) -> Iterator[tuple[str, np.ndarray]]:
    """Graphs of five kinds whose densities are those of the random masks."""
    for sparsity in SPARSITIES:
        density = 1 - sparsity**2
        for kind, make in _kinds(n, density).items():
            stack = np.array([nx.to_numpy_array(make(seed)) > 0 for seed in range(graphs)])
            yield f"{kind} s={sparsity:.2f}", stack


def _kinds(n: int, density: float) -> dict[str, Callable[[int], nx.Graph]]:
    degree = min(n - 2, round(density * (n - 1) / 2) * 2)
    # Two blocks, the inner density as far above the outer as it can be.
    inner = min(1.0, 1.6 * density)
    outer = max(0.0, 2 * density - inner)
    # Each of n − a nodes attaches a edges: a(n − a) edges, at most n²/4 of n²/2.
    attached = round(n / 2 * (1 - max(0.0, 1 - 2 * density) ** 0.5))
    return {
        "lattice + swaps": lambda seed: _swapped(n, degree, seed),
        "random regular": lambda seed: _random_regular(n, degree, seed),
        "Watts–Strogatz": lambda seed: nx.watts_strogatz_graph(n, degree, 0.1, seed=seed),
        "Barabási–Albert": lambda seed: nx.barabasi_albert_graph(n, attached, seed=seed),
        "stochastic block": lambda seed: nx.stochastic_block_model(
            [n // 2, n - n // 2], [[inner, outer], [outer, inner]], seed=seed
        ),
    }


def _swapped(n: int, degree: int, seed: int) -> nx.Graph:
    lattice = nx.circulant_graph(n, list(range(1, degree // 2 + 1)))
    return nx.double_edge_swap(lattice, nswap=n // 8, max_tries=10**6, seed=seed)


def _random_regular(n: int, degree: int, seed: int) -> nx.Graph:
    if degree > n // 2:  # networkx pairs at random until no edge is double: hopeless if dense
        return nx.complement(_random_regular(n, n - 1 - degree, seed))
    return nx.random_regular_graph(degree, n, seed=seed)


def measure(stack: np.ndarray, sample: int) -> tuple[float, float]:
    """Seconds of CPU time a graph: ours over the whole stack, networkx over a sample of it."""
    start = time.process_time()
    graph_properties(stack)
    ours = (time.process_time() - start) / len(stack)
    start = time.process_time()
    for matrix in stack[:sample]:
        networkx_properties(nx.from_numpy_array(matrix))
    return ours, (time.process_time() - start) / min(sample, len(stack))


def report(cases: Iterator[tuple[str, np.ndarray]], sample: int) -> None:
    print(f"{'graphs':<26}{'number':>8}{'ours ms':>10}{'networkx ms':>13}{'ratio':>8}")
    total = np.zeros(2)
    for name, stack in cases:
        ours, theirs = measure(stack, sample)
        total += (ours, theirs)
        _line(name, str(len(stack)), ours, theirs)
    _line("overall", "", *total)
    print()


def _line(name: str, number: str, ours: float, theirs: float) -> None:
    print(f"{name:<26}{number:>8}{ours * 1e3:>10.3f}{theirs * 1e3:>13.1f}{theirs / ours:>7.0f}×")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=128, help="nodes (default 128)")
    parser.add_argument("--masks", type=int, default=1000, help="masks a sparsity (default 1000)")
    parser.add_argument("--structured", type=int, default=20, help="graphs a kind (default 20)")
    parser.add_argument("--networkx-sample", type=int, default=3, help="graphs timed in networkx")
    options = parser.parse_args()
    graph_properties(np.zeros((1, 4, 4), dtype=bool))  # compile outside the clock
    np.linalg.eigh(np.eye(options.n))  # LAPACK's first call sets itself up
    report(random_databases(options.n, options.masks), options.networkx_sample)
    report(structured_graphs(options.n, options.structured), options.networkx_sample)


if __name__ == "__main__":
    main()
