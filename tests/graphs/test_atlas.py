"""All connected graphs on a few nodes: none missing, none twice."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from graphprune.errors import UserError
from graphprune.graphs.atlas import connected_graphs, graph_name


@pytest.mark.parametrize(("n", "count"), [(1, 1), (2, 1), (3, 2), (4, 6), (5, 21), (6, 112)])
def test_there_are_as_many_as_the_known_sequence_says(n, count):
    graphs = connected_graphs(n)
    assert len(graphs) == count
    assert all(graph.n == n and nx.is_connected(graph.to_networkx()) for graph in graphs)


def test_no_two_are_the_same_graph():
    graphs = [graph.to_networkx() for graph in connected_graphs(5)]
    assert not any(nx.is_isomorphic(a, b) for a, b in combinations(graphs, 2))


def test_every_labelled_graph_on_four_nodes_is_one_of_them():
    known = [graph.to_networkx() for graph in connected_graphs(4)]
    pairs = list(combinations(range(4), 2))
    for chosen in range(2 ** len(pairs)):
        graph = nx.empty_graph(4)
        graph.add_edges_from(pair for i, pair in enumerate(pairs) if chosen >> i & 1)
        same = sum(nx.is_isomorphic(graph, one) for one in known)
        assert same == nx.is_connected(graph)


def test_they_run_from_trees_to_the_complete_graph_and_have_all_self_loops():
    graphs = connected_graphs(5)
    edges = [len(graph.edges) for graph in graphs]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (4, 10)
    assert all(graph.self_loops.all() for graph in graphs)
    assert graphs[-1].to_mask().all()
    assert all(graph.to_mask().sum() == 2 * m + 5 for graph, m in zip(graphs, edges, strict=True))


def test_the_order_is_the_same_every_time():
    assert connected_graphs(4) == connected_graphs(4)


@pytest.mark.parametrize("n", [0, 8, -1, 2.5, True, "5", np.nan])
def test_another_number_of_nodes_is_refused(n):
    with pytest.raises(UserError, match="1 to 7"):
        connected_graphs(n)


def test_names_tell_graphs_apart_and_sort_as_they_are_numbered():
    names = [graph_name(number) for number in range(21)]
    assert names == sorted(set(names))
    assert names[3] == "graph 03"
