"""networkx's value of every property, and the graphs the tests share."""

from collections.abc import Callable

import networkx as nx
import numpy as np


def _mean(values: dict) -> float:
    return sum(values.values()) / len(values)


def _cycle_length(graph: nx.Graph) -> int:
    try:
        return len(nx.find_cycle(graph))
    except nx.NetworkXNoCycle:
        return 0


def _aspl(graph: nx.Graph) -> float:
    return nx.average_shortest_path_length(graph) if nx.is_connected(graph) else np.inf


def _eigenvector(graph: nx.Graph) -> float:
    return _mean(nx.eigenvector_centrality(graph, max_iter=100_000, tol=1e-14))


ORACLE: dict[str, Callable[[nx.Graph], float]] = {
    "average_degree_centrality": lambda graph: _mean(nx.degree_centrality(graph)),
    "average_clustering": nx.average_clustering,
    "average_eigenvector_centrality": _eigenvector,
    "edge_connectivity": nx.edge_connectivity,
    "cycle_length": _cycle_length,
    "cycle_rank": lambda graph: (
        graph.number_of_edges() - len(graph) + nx.number_connected_components(graph)
    ),
    "aspl": _aspl,
    "average_closeness": lambda graph: _mean(nx.closeness_centrality(graph)),
    "average_betweenness": lambda graph: _mean(nx.betweenness_centrality(graph)),
    "transitivity": nx.transitivity,
}


def adjacency(graph: nx.Graph) -> np.ndarray:
    return nx.to_numpy_array(graph, nodelist=sorted(graph)) > 0


def random_adjacencies(graphs: int, n: int, density: float, seed: int) -> np.ndarray:
    upper = np.triu(np.random.default_rng(seed).random((graphs, n, n)) < density, 1)
    return upper | upper.transpose(0, 2, 1)


NAMED: dict[str, nx.Graph] = {
    "single node": nx.empty_graph(1),
    "two nodes apart": nx.empty_graph(2),
    "one edge": nx.path_graph(2),
    "edgeless": nx.empty_graph(7),
    "path": nx.path_graph(9),
    "ring": nx.cycle_graph(12),
    "odd ring": nx.cycle_graph(7),
    "complete": nx.complete_graph(9),
    "star": nx.star_graph(8),
    "Petersen": nx.petersen_graph(),
    "complete bipartite": nx.complete_bipartite_graph(3, 5),
    "grid": nx.convert_node_labels_to_integers(nx.grid_2d_graph(4, 5)),
    "tree": nx.balanced_tree(2, 3),
    "cliques and a bridge": nx.barbell_graph(6, 0),
    "cliques and a path": nx.barbell_graph(5, 4),
    "two equal components": nx.disjoint_union(nx.cycle_graph(5), nx.cycle_graph(5)),
    "two unequal components": nx.disjoint_union(nx.complete_graph(4), nx.cycle_graph(6)),
    "equal radius, unlike components": nx.disjoint_union(nx.star_graph(4), nx.cycle_graph(5)),
    "cycle after a tree": nx.disjoint_union(nx.path_graph(4), nx.cycle_graph(4)),
    "isolated nodes": nx.disjoint_union(nx.empty_graph(3), nx.complete_graph(4)),
    "ring lattice": nx.circulant_graph(20, [1, 2, 3]),
    "small world": nx.watts_strogatz_graph(70, 6, 0.1, seed=1),
    "random regular": nx.random_regular_graph(5, 66, seed=1),
    "Barabási–Albert": nx.barabasi_albert_graph(65, 3, seed=1),
    "blocks": nx.stochastic_block_model([32, 32], [[0.5, 0.02], [0.02, 0.5]], seed=1),
}
