import networkx as nx
import numpy as np
import pytest
from graph_oracle import NAMED, ORACLE, adjacency, random_adjacencies

from graphprune.graphs import spectrum
from graphprune.graphs.spectrum import mean_eigenvector_centralities


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
