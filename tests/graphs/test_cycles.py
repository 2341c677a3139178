import networkx as nx
import numpy as np
import pytest
from graph_oracle import ORACLE, random_adjacencies

from graphprune.graphs.cycles import cycle_lengths


@pytest.mark.parametrize("density", [0.02, 0.05, 0.1, 0.3, 0.9])
@pytest.mark.parametrize("n", [1, 2, 5, 20, 60])
def test_is_the_length_networkx_finds(n: int, density: float) -> None:
    stack = random_adjacencies(25, n, density, seed=n)
    expected = [ORACLE["cycle_length"](nx.from_numpy_array(matrix)) for matrix in stack]
    assert cycle_lengths(stack).tolist() == expected


def test_is_the_same_when_edges_are_added_one_by_one() -> None:
    for matrix in random_adjacencies(25, 15, 0.15, seed=5):
        graph = nx.empty_graph(15)
        graph.add_edges_from(np.argwhere(matrix).tolist())
        assert cycle_lengths(matrix[None])[0] == ORACLE["cycle_length"](graph)


def test_depends_on_the_labels() -> None:
    matrix = random_adjacencies(1, 40, 0.2, seed=1)[0]
    orders = [np.random.default_rng(seed).permutation(40) for seed in range(20)]
    lengths = cycle_lengths(np.array([matrix[order][:, order] for order in orders]))
    assert len(set(lengths.tolist())) > 1


def test_a_forest_has_none() -> None:
    forest = nx.disjoint_union(nx.balanced_tree(3, 2), nx.path_graph(6))
    assert cycle_lengths(nx.to_numpy_array(forest)[None] > 0)[0] == 0
