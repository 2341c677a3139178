import networkx as nx
import numpy as np
import pytest
from graph_oracle import NAMED, ORACLE, adjacency, random_adjacencies
from hypothesis import given, settings
from hypothesis import strategies as st

from graphprune.errors import UserError
from graphprune.graphs import properties
from graphprune.graphs.properties import connected, graph_properties
from graphprune.graphs.property_names import PROPERTIES
from graphprune.graphs.relational import mask_to_adjacency

PROPERTIES_OF_THE_GRAPH = [name for name in PROPERTIES if name != "cycle_length"]


def check(stack: np.ndarray) -> None:
    table = graph_properties(stack)
    for row, matrix in zip(table.itertuples(index=False), stack, strict=True):
        graph = nx.from_numpy_array(matrix)
        for name, value in zip(PROPERTIES, row, strict=True):
            assert value == pytest.approx(ORACLE[name](graph), rel=1e-9, abs=1e-9), name


def test_names_and_order_are_the_papers() -> None:
    assert tuple(ORACLE) == PROPERTIES
    assert tuple(properties._FORMULAS) == PROPERTIES


@pytest.mark.parametrize("name", NAMED)
def test_named_graphs_equal_networkx(name: str) -> None:
    check(adjacency(NAMED[name])[None])


@pytest.mark.parametrize("density", [0.02, 0.1, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("n", [3, 10, 33])
def test_random_graphs_equal_networkx(n: int, density: float) -> None:
    check(random_adjacencies(6, n, density, seed=n))


@pytest.mark.parametrize("n", [63, 64, 65, 129])
def test_sizes_around_a_machine_word_equal_networkx(n: int) -> None:
    check(random_adjacencies(1, n, 0.05, seed=n))


@pytest.mark.parametrize("sparsity", [0.15, 0.9])
def test_masks_of_the_paper_equal_networkx(sparsity: float) -> None:
    check(mask_to_adjacency(np.random.default_rng(0).random((1, 128, 128)) >= sparsity))


def test_hand_counted_graph() -> None:
    """A triangle 0-1-2 with a tail 2-3."""
    graph = nx.Graph([(0, 1), (1, 2), (0, 2), (2, 3)])
    row = graph_properties(adjacency(graph)[None]).iloc[0]
    assert row["average_degree_centrality"] == pytest.approx(2 / 3)
    assert row["average_clustering"] == pytest.approx((1 + 1 + 1 / 3 + 0) / 4)
    assert row["edge_connectivity"] == 1
    assert row["cycle_length"] == 3
    assert row["cycle_rank"] == 1
    assert row["aspl"] == pytest.approx(8 / 6)
    assert row["transitivity"] == pytest.approx(3 / 5)
    assert row["average_betweenness"] == pytest.approx((2 / 3) / 4)


@given(st.integers(0, 2**32), st.integers(1, 14), st.floats(0.05, 0.95))
@settings(max_examples=40, deadline=None)
def test_relabelling_changes_only_the_cycle_length(seed: int, n: int, density: float) -> None:
    stack = random_adjacencies(1, n, density, seed)
    order = np.random.default_rng(seed).permutation(n)
    before = graph_properties(stack, PROPERTIES_OF_THE_GRAPH)
    after = graph_properties(stack[:, order][:, :, order], PROPERTIES_OF_THE_GRAPH)
    np.testing.assert_allclose(before, after, rtol=1e-10, atol=1e-12)


@given(st.integers(0, 2**32), st.integers(3, 16), st.floats(0.3, 1))
@settings(max_examples=40, deadline=None)
def test_betweenness_of_a_connected_graph_is_its_aspl(seed: int, n: int, density: float) -> None:
    stack = random_adjacencies(4, n, density, seed)
    table = graph_properties(stack)[connected(stack)]
    np.testing.assert_allclose(table["average_betweenness"], (table["aspl"] - 1) / (n - 2))


def test_at_diameter_two_distances_depend_on_degrees_alone() -> None:
    graphs = [nx.gnp_random_graph(20, 0.6, seed=seed) for seed in range(8)]
    graphs = [g for g in graphs if nx.is_connected(g) and nx.diameter(g) == 2]
    assert graphs
    table = graph_properties(np.array([adjacency(g) for g in graphs]))
    degree = np.array([[d for _, d in g.degree] for g in graphs]) / 19
    np.testing.assert_allclose(table["aspl"], 2 - table["average_degree_centrality"])
    np.testing.assert_allclose(table["average_closeness"], (1 / (2 - degree)).mean(axis=1))
    np.testing.assert_allclose(table["edge_connectivity"], degree.min(axis=1) * 19)


def test_connected_tells_which_graphs_are() -> None:
    stack = random_adjacencies(60, 10, 0.22, seed=3)
    expected = [nx.is_connected(nx.from_numpy_array(matrix)) for matrix in stack]
    assert 0 < sum(expected) < 60
    assert connected(stack).tolist() == expected


def test_only_what_is_asked_for_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments):
        raise AssertionError("computed although not asked for")

    for name in ("edge_connectivities", "cycle_lengths", "mean_eigenvector_centralities"):
        monkeypatch.setattr(properties, name, never)
    monkeypatch.setattr(properties.kernels, "distances", never)
    table = graph_properties(random_adjacencies(2, 6, 0.5, 0), ["transitivity"])
    assert list(table) == ["transitivity"]


def test_columns_follow_the_names_given() -> None:
    stack = random_adjacencies(3, 8, 0.5, 0)
    names = ["transitivity", "aspl", "cycle_length"]
    table = graph_properties(stack, names)
    assert list(table) == names
    assert table.equals(graph_properties(stack)[names])
    assert {str(kind) for kind in table.dtypes} == {"float64"}


def test_chunks_do_not_change_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = random_adjacencies(11, 9, 0.4, 0)
    whole = graph_properties(stack)
    monkeypatch.setattr(properties, "_CHUNK_BYTES", 3 * 81)
    assert graph_properties(stack).equals(whole)


def test_views_are_accepted() -> None:
    stack = random_adjacencies(4, 9, 0.4, 0)
    assert graph_properties(stack[::2]).equals(graph_properties(stack[::2].copy()))
    assert graph_properties(np.asfortranarray(stack)).equals(graph_properties(stack))


def test_no_graphs_give_an_empty_table() -> None:
    table = graph_properties(np.zeros((0, 5, 5), dtype=bool))
    assert table.shape == (0, 10)


def test_unknown_property_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UserError, match="did you mean 'average_clustering'"):
        graph_properties(np.zeros((1, 3, 3), dtype=bool), ["avg_clustering"])


@pytest.mark.parametrize(
    "stack",
    [
        np.zeros((3, 3), bool),
        np.zeros((1, 3, 4), bool),
        np.zeros((1, 3, 3)),
        np.zeros((1, 0, 0), bool),
    ],
)
def test_other_arrays_are_refused(stack: np.ndarray) -> None:
    with pytest.raises(UserError, match="found shape"):
        graph_properties(stack)


@pytest.mark.parametrize("entry", [(0, 1), (2, 2)])
def test_asymmetric_matrix_or_self_loop_is_refused_by_number(entry: tuple[int, int]) -> None:
    stack = np.zeros((3, 4, 4), dtype=bool)
    stack[1][entry] = True
    with pytest.raises(UserError, match="adjacency 1"):
        graph_properties(stack)
