import networkx as nx
import numpy as np
import pytest
from graph_oracle import NAMED, adjacency, random_adjacencies

from graphprune.graphs import kernels
from graphprune.graphs.connectivity import edge_connectivities, minimum_degree_certified
from graphprune.graphs.relational import mask_to_adjacency


def certified(stack: np.ndarray) -> np.ndarray:
    _, _, near, _ = kernels.distances(stack, kernels.packed_rows(stack))
    return minimum_degree_certified(stack.sum(axis=2), near)


@pytest.mark.parametrize("name", NAMED)
def test_contraction_equals_networkx_on_named_graphs(name: str) -> None:
    assert edge_connectivities(adjacency(NAMED[name])[None]) == nx.edge_connectivity(NAMED[name])


def clustered(seed: int) -> np.ndarray:
    """Random graphs with few edges between their two halves, where the cut is not a node."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 22))
    half = np.arange(n) < n // 2
    density = np.where(half[:, None] == half, rng.uniform(0.4, 1), rng.uniform(0, 0.15))
    upper = np.triu(rng.random((n, n)) < density, 1)
    return upper | upper.T


def test_contraction_equals_networkx_where_the_cut_is_not_a_node() -> None:
    below = 0
    for seed in range(150):
        matrix = clustered(seed)
        expected = nx.edge_connectivity(nx.from_numpy_array(matrix))
        assert edge_connectivities(matrix[None])[0] == expected, seed
        below += 0 < expected < matrix.sum(axis=0).min()
    assert below > 20


def test_certificate_is_never_wrong() -> None:
    stacks = [clustered(seed)[None] for seed in range(150)]
    stacks += [random_adjacencies(10, n, d, 0) for n in (2, 5, 9, 16) for d in (0.1, 0.4, 0.7)]
    stacks += [adjacency(graph)[None] for graph in NAMED.values()]
    fired = 0
    for stack in stacks:
        for matrix in stack[certified(stack)]:
            fired += 1
            assert nx.edge_connectivity(nx.from_numpy_array(matrix)) == matrix.sum(axis=0).min()
    assert fired > 50


@pytest.mark.parametrize("size", [3, 5, 8])
def test_certificate_stops_just_short_of_two_cliques_joined_by_a_matching(size: int) -> None:
    """Minimum degree size − 1, but size − 2 edges join them; two nodes are far from two."""
    graph = nx.disjoint_union(nx.complete_graph(size), nx.complete_graph(size))
    graph.add_edges_from((i, size + i) for i in range(size - 2))
    stack = adjacency(graph)[None]
    assert not certified(stack)[0]
    assert edge_connectivities(stack)[0] == size - 2


@pytest.mark.parametrize("graph6", [b"Ekd_", b"F[YSg", b"IkfICxaWg"])
def test_cuts_that_a_bound_off_by_one_would_miss(graph6: bytes) -> None:
    graph = nx.from_graph6_bytes(graph6)
    expected = nx.edge_connectivity(graph)
    assert expected < min(degree for _, degree in graph.degree)
    assert edge_connectivities(adjacency(graph)[None])[0] == expected


def test_diameter_two_is_certified() -> None:
    """Plesník: then the edge connectivity is the minimum degree."""
    seen = 0
    for stack in (random_adjacencies(20, 24, density, 1) for density in (0.4, 0.6, 0.9)):
        graphs = [nx.from_numpy_array(matrix) for matrix in stack]
        diameters = np.array([nx.diameter(g) if nx.is_connected(g) else 99 for g in graphs])
        assert certified(stack)[diameters <= 2].all()
        seen += (diameters == 2).sum()
    assert seen > 10


def test_certificate_fires_on_all_masks_of_the_paper() -> None:
    for sparsity in (0.15, 0.9):
        masks = np.random.default_rng(0).random((20, 128, 128)) >= sparsity
        assert certified(mask_to_adjacency(masks)).all()


def test_disconnected_graphs_have_connectivity_zero() -> None:
    two_cliques = adjacency(nx.disjoint_union(nx.complete_graph(8), nx.complete_graph(9)))[None]
    assert not certified(two_cliques)[0]
    assert edge_connectivities(two_cliques)[0] == 0
