import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from graphprune.errors import UserError
from graphprune.graphs.relational import RelationalGraph, mask_to_adjacency

masks = st.integers(1, 9).flatmap(lambda n: arrays(bool, (n, n)))


def test_hand_example() -> None:
    psi = np.array([[1, 0, 1], [0, 0, 0], [0, 0, 1]], dtype=bool)
    graph = RelationalGraph.from_mask(psi)
    assert graph.n == 3
    assert graph.edges.tolist() == [[0, 2]]
    assert graph.self_loops.tolist() == [True, False, True]
    assert graph.to_mask().tolist() == [[True, False, True], [False] * 3, [True, False, True]]


@given(masks)
def test_edge_iff_either_direction_is_kept(psi: np.ndarray) -> None:
    graph = RelationalGraph.from_mask(psi)
    for i in range(graph.n):
        for j in range(graph.n):
            assert graph.adjacency[i, j] == (i != j and (psi[i, j] or psi[j, i]))
    assert (graph.self_loops == psi.diagonal()).all()


@given(masks)
def test_mask_round_trip_is_the_symmetric_mask(psi: np.ndarray) -> None:
    graph = RelationalGraph.from_mask(psi)
    assert (graph.to_mask() == (psi | psi.T)).all()
    again = RelationalGraph.from_mask(graph.to_mask())
    assert again == graph
    assert hash(again) == hash(graph)


@given(masks)
def test_networkx_graph_has_the_same_nodes_and_edges(psi: np.ndarray) -> None:
    graph = RelationalGraph.from_mask(psi)
    other = graph.to_networkx()
    assert list(other) == list(range(graph.n))
    assert sorted(sorted(edge) for edge in other.edges) == graph.edges.tolist()


def test_stack_of_masks_is_converted_one_by_one() -> None:
    stack = np.random.default_rng(0).random((2, 3, 5, 5)) < 0.3
    converted = mask_to_adjacency(stack)
    for index in np.ndindex(2, 3):
        assert (converted[index] == RelationalGraph.from_mask(stack[index]).adjacency).all()


def test_mask_is_not_changed() -> None:
    psi = np.eye(3, dtype=bool)
    mask_to_adjacency(psi)
    assert psi.diagonal().all()


def test_is_immutable_and_independent_of_its_input() -> None:
    adjacency = ~np.eye(3, dtype=bool)
    graph = RelationalGraph(adjacency, np.zeros(3, dtype=bool))
    adjacency[:] = False
    assert len(graph.edges) == 3
    with pytest.raises(ValueError, match="read-only"):
        graph.adjacency[0, 1] = False
    with pytest.raises(ValueError, match="read-only"):
        graph.self_loops[0] = True


def test_different_graphs_are_unequal() -> None:
    none = np.zeros((3, 3), dtype=bool)
    loops = np.zeros(3, dtype=bool)
    assert RelationalGraph(none, loops) != RelationalGraph(none, ~loops)
    assert RelationalGraph(none, loops) != RelationalGraph(none[:2, :2], loops[:2])
    assert RelationalGraph(none, loops) != "graph"


@pytest.mark.parametrize(
    ("adjacency", "self_loops", "words"),
    [
        (np.triu(np.ones((3, 3), bool), 1), np.zeros(3, bool), "symmetric"),
        (np.ones((3, 3), bool), np.zeros(3, bool), "zero diagonal"),
        (np.zeros((3, 2), bool), np.zeros(3, bool), "square"),
        (np.zeros((3, 3)), np.zeros(3, bool), "boolean"),
        (np.zeros((3, 3), bool), np.zeros(2, bool), "3 booleans"),
        (np.zeros((3, 3), bool), np.zeros(3), "booleans"),
    ],
)
def test_anything_else_is_refused(
    adjacency: np.ndarray, self_loops: np.ndarray, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        RelationalGraph(adjacency, self_loops)


@pytest.mark.parametrize("psi", [np.zeros((2, 3), bool), np.zeros((2, 2)), np.zeros(4, bool)])
def test_only_square_boolean_masks_are_converted(psi: np.ndarray) -> None:
    with pytest.raises(UserError, match="square boolean"):
        RelationalGraph.from_mask(psi)


@given(masks)
def test_graph6_is_networkxs_and_brings_the_simple_graph_back(psi: np.ndarray) -> None:
    graph = RelationalGraph.from_mask(psi)
    text = graph.to_graph6()
    assert text.encode() == nx.to_graph6_bytes(graph.to_networkx(), header=False).strip()
    back = RelationalGraph.from_graph6(text)
    assert (back.adjacency == graph.adjacency).all()
    assert not back.self_loops.any()


@pytest.mark.parametrize("text", ["", "\n", "C~~", "Pétersen", "~"])
def test_a_text_that_is_no_graph6_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="not a graph in graph6 format"):
        RelationalGraph.from_graph6(text)
