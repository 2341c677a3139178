import networkx as nx
import numpy as np
import pytest
from graph_oracle import NAMED, adjacency, random_adjacencies

from graphprune.graphs import kernels

SPARSE = [random_adjacencies(1, n, density, n)[0] for n in (5, 64, 70) for density in (0.02, 0.1)]
CASES = [*(adjacency(graph) for graph in NAMED.values()), *SPARSE]


@pytest.mark.parametrize("matrix", CASES)
def test_distances_equal_networkx(matrix: np.ndarray) -> None:
    n = len(matrix)
    table = np.full((n, n), np.inf)
    for i, row in nx.all_pairs_shortest_path_length(nx.from_numpy_array(matrix)):
        table[i, list(row)] = list(row.values())
    stack = matrix[None]
    sums, reached, near, components = kernels.distances(stack, kernels.packed_rows(stack))
    finite = np.isfinite(table)
    assert (sums[0] == np.where(finite, table, 0).sum(axis=1)).all()
    assert (reached[0] == finite.sum(axis=1)).all()
    assert (near[0] == (table <= 2).sum(axis=1)).all()
    assert components[0] == nx.number_connected_components(nx.from_numpy_array(matrix))


@pytest.mark.parametrize("matrix", CASES)
def test_triangles_equal_networkx(matrix: np.ndarray) -> None:
    stack = matrix[None]
    graph = nx.from_numpy_array(matrix)
    expected = [nx.triangles(graph, node) for node in graph]
    assert kernels.triangles(stack, kernels.packed_rows(stack))[0].tolist() == expected


def test_a_full_graph_over_several_words() -> None:
    stack = ~np.eye(130, dtype=bool)[None]
    rows = kernels.packed_rows(stack)
    assert rows.shape == (1, 130, 3)
    assert (kernels.triangles(stack, rows) == 129 * 128 // 2).all()
    assert (kernels.distances(stack, rows)[0] == 129).all()
