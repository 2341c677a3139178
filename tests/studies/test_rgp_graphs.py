"""The graphs of RGP's networks and of their controls: how much they keep, and what they are."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphprune.graphs.generators import ring_lattice
from graphprune.graphs.relational import RelationalGraph
from graphprune.studies.rgp_graphs import KINDS, block_mask, graph_table

SIZES = [(8, 3), (8, 4), (16, 4), (16, 6), (64, 4), (64, 5)]


def networkx_of(row):
    return RelationalGraph.from_graph6(row["graph6"]).to_networkx()


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: "n{}-k{}".format(*size))
def table(request):
    n, k = request.param
    return n, k, graph_table(n, k, seeds=2, chain=4, chains=2)


def test_every_graph_keeps_k_blocks_a_node(table):
    n, k, graphs = table
    for _, row in graphs.iterrows():
        psi = block_mask(row)
        assert psi.sum() == n * k, row["graph"]
        assert (psi == psi.T).all()


def test_all_but_random_graphs_are_regular_and_all_but_groups_connected(table):
    _, k, graphs = table
    for _, row in graphs.iterrows():
        graph, kind = networkx_of(row), row["kind"]
        degrees = {degree for _, degree in graph.degree}
        if kind != "random_graph":
            assert degrees == {k - 1 if row["loops"] else k}, row["graph"]
        assert nx.is_connected(graph) == (kind != "grouped")


def test_properties_are_those_of_networkx(table):
    _, _, graphs = table
    for _, row in graphs.iterrows():
        graph = networkx_of(row)
        assert row["clustering"] == pytest.approx(nx.average_clustering(graph))
        if nx.is_connected(graph):
            assert row["aspl"] == pytest.approx(nx.average_shortest_path_length(graph))
        else:
            assert row["aspl"] == np.inf


def test_groups_are_cliques_that_read_themselves():
    (row,) = (row for _, row in graph_table(12, 4, 1, 0, 1).iterrows() if row["kind"] == "grouped")
    expected = np.kron(np.eye(3), np.ones((4, 4))).astype(bool)
    assert (block_mask(row) == expected).all()


def test_a_kind_that_n_and_k_do_not_allow_is_left_out():
    kinds = set(graph_table(8, 3, 1, 0, 1)["kind"])
    assert kinds == set(KINDS) - {"grouped", "self_loops", "best_known"}


def test_a_searched_graph_is_no_worse_than_random_ones_and_no_better_than_the_best_known():
    graphs = graph_table(64, 4, 3, 0, 1).groupby("kind")["aspl"]
    best, worst = graphs.min(), graphs.max()
    assert best["best_known"] <= best["rgp"] <= worst["rgp"] < best["random_regular"]
    assert worst["random_regular"] < best["ring"]


def test_chains_fall_from_the_ring_which_is_given_once():
    n, k, length = 16, 4, 5
    graphs = graph_table(n, k, 1, length, 2)
    chain = graphs[graphs["kind"] == "chain"]
    assert len(chain) == 2 * length - 1
    assert chain.iloc[0]["graph6"] == ring_lattice(n, k).to_graph6()
    first, second = chain["aspl"][:length], chain["aspl"][length:]
    assert (np.diff(first) < 0).all()
    assert (np.diff(second) < 0).all()
    assert len(set(graphs["graph"])) == len(graphs)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(SIZES), st.integers(1, 3))
def test_more_seeds_change_no_graph(size, seeds):
    few, more = graph_table(*size, seeds, 0, 1), graph_table(*size, seeds + 1, 0, 1)
    of = [dict(zip(table["graph"], table["graph6"], strict=True)) for table in (few, more)]
    assert of[0].items() <= of[1].items()


def test_a_chain_has_fewer_graphs_where_there_are_not_as_many_levels():
    chain = graph_table(16, 4, 1, 10, 1).query("kind == 'chain'")["aspl"]
    assert 2 < len(chain) < 10
    assert (np.diff(chain) < 0).all()
    assert chain.iloc[-1] == pytest.approx(1.75)  # what Algorithm 1 finds on 16 nodes of degree 4
