import networkx as nx
import numpy as np
import pytest
from graph_oracle import NAMED, ORACLE, adjacency, random_adjacencies

from graphprune.graphs import spectrum
from graphprune.graphs.relational import RelationalGraph
from graphprune.graphs.spectrum import mean_eigenvector_centralities, spectral_gap


@pytest.mark.parametrize("name", NAMED)
def test_both_ways_agree_with_networkx(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = adjacency(NAMED[name])[None]
    expected = ORACLE["average_eigenvector_centrality"](NAMED[name])
    assert mean_eigenvector_centralities(stack)[0] == pytest.approx(expected, abs=1e-10)
    monkeypatch.setattr(spectrum, "_STEPS", 0)  # the eigendecomposition alone
    assert mean_eigenvector_centralities(stack)[0] == pytest.approx(expected, abs=1e-10)


def test_iteration_and_eigendecomposition_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = [random_adjacencies(20, 40, density, 0) for density in (0.03, 0.1, 0.5)]
    means = [mean_eigenvector_centralities(stack) for stack in stacks]
    monkeypatch.setattr(spectrum, "_STEPS", 0)
    for stack, mean in zip(stacks, means, strict=True):
        np.testing.assert_allclose(mean_eigenvector_centralities(stack), mean, atol=1e-11)


def test_a_small_spectral_gap_is_left_to_the_eigendecomposition() -> None:
    path = nx.path_graph(60)
    slow = spectrum._power_means(adjacency(path)[None], 200, 1e-14)
    assert np.isnan(slow[0])
    expected = ORACLE["average_eigenvector_centrality"](path)
    assert mean_eigenvector_centralities(adjacency(path)[None])[0] == pytest.approx(
        expected, abs=1e-9
    )


def test_without_edges_every_node_is_alike() -> None:
    assert mean_eigenvector_centralities(np.zeros((1, 9, 9), dtype=bool))[0] == pytest.approx(1 / 3)


def gap(graph: nx.Graph) -> float:
    loops = np.zeros(len(graph), dtype=bool)
    return spectral_gap(RelationalGraph(adjacency(graph), loops))


@pytest.mark.parametrize("n", [3, 5, 8])
def test_the_gap_of_a_complete_graph(n: int) -> None:
    assert gap(nx.complete_graph(n)) == pytest.approx(1 - 1 / (n - 1))


@pytest.mark.parametrize("n", [5, 7, 9])
def test_the_gap_of_an_odd_cycle_is_that_of_its_least_eigenvalue(n: int) -> None:
    assert gap(nx.cycle_graph(n)) == pytest.approx(1 - np.cos(np.pi / n))


def test_the_gap_of_petersens_graph() -> None:
    assert gap(nx.petersen_graph()) == pytest.approx(1 / 3)  # eigenvalues 3, 1, −2


def test_there_is_no_gap_without_connection_or_with_two_sides() -> None:
    two = nx.disjoint_union(nx.complete_graph(4), nx.complete_graph(4))
    for graph in (two, nx.hypercube_graph(3), nx.empty_graph(4), nx.path_graph(2)):
        assert gap(graph) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_gap_of_a_random_graph_is_that_of_networkxs_laplacian(seed: int) -> None:
    graph = nx.gnm_random_graph(12, 30, seed=seed)
    values = np.sort(1 - np.linalg.eigvalsh(nx.normalized_laplacian_matrix(graph).toarray()))
    assert gap(graph) == pytest.approx(1 - max(abs(values[0]), abs(values[-2])))


def test_self_loops_do_not_change_the_gap() -> None:
    plain = adjacency(nx.petersen_graph())
    with_loops = RelationalGraph(plain, np.ones(len(plain), dtype=bool))
    assert spectral_gap(with_loops) == pytest.approx(1 / 3)
