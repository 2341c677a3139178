"""Ollivier–Ricci curvature against numbers of GraphRicciCurvature, and against the library."""

import networkx as nx
import numpy as np
import pytest

from graphprune.errors import UserError
from graphprune.graphs.curvature import ollivier_ricci

# Made with GraphRicciCurvature 0.6.1.
GRAPH_A = [
    (0, 1, 1.0),
    (1, 2, 2.0),
    (0, 2, 1.5),
    (2, 3, 0.5),
    (3, 4, 1.0),
    (4, 5, 2.0),
    (3, 5, 1.0),
    (5, 6, 3.0),
]
# (idleness, exponent) -> curvature of each edge.
CURVATURES = {
    (0.0, 0): {
        (0, 1): 0.5,
        (0, 2): 0.6111111111,
        (1, 2): 0.6666666667,
        (2, 3): -3.0,
        (3, 4): 0.3333333333,
        (3, 5): -0.1666666667,
        (4, 5): 0.25,
        (5, 6): 0.3333333333,
    },
    (0.0, 2): {
        (0, 1): -0.0402112596,
        (0, 2): -0.2191260204,
        (1, 2): 0.162500217,
        (2, 3): -0.7802402164,
        (3, 4): 0.304530562,
        (3, 5): 0.3038765099,
        (4, 5): 0.952262251,
        (5, 6): 0.6506501251,
    },
    (0.5, 0): {
        (0, 1): 0.75,
        (0, 2): 0.5,
        (1, 2): 0.5625,
        (2, 3): -1.5,
        (3, 4): 0.5,
        (3, 5): -0.0833333333,
        (4, 5): 0.375,
        (5, 6): 0.5,
    },
    (0.5, 2): {
        (0, 1): 0.8010127978,
        (0, 2): -0.0900990402,
        (1, 2): 0.0888603529,
        (2, 3): -0.0129885351,
        (3, 4): 0.3951605922,
        (3, 5): 0.3945141152,
        (4, 5): 0.5233896981,
        (5, 6): 0.3256445135,
    },
    (0.9, 0): {
        (0, 1): 0.15,
        (0, 2): 0.1,
        (1, 2): 0.1125,
        (2, 3): -0.3,
        (3, 4): 0.1,
        (3, 5): -0.0166666667,
        (4, 5): 0.075,
        (5, 6): 0.1,
    },
    (0.9, 2): {
        (0, 1): 0.1602025596,
        (0, 2): -0.018019808,
        (1, 2): 0.0177720706,
        (2, 3): -0.002597707,
        (3, 4): 0.0790321184,
        (3, 5): 0.078902823,
        (4, 5): 0.1046779396,
        (5, 6): 0.0651289027,
    },
}


def weighted(edges) -> nx.Graph:
    graph = nx.Graph()
    graph.add_weighted_edges_from(edges)
    return graph


@pytest.mark.parametrize(("idleness", "exponent"), CURVATURES)
def test_the_graph_of_the_oracle(idleness, exponent):
    found = ollivier_ricci(weighted(GRAPH_A), idleness, exponent)
    expected = CURVATURES[idleness, exponent]
    assert found.keys() == expected.keys()
    for edge, value in expected.items():
        assert found[edge] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("idleness", "exponent"), [(0.0, 2), (0.3, 1), (0.5, 2), (0.9, 0)])
def test_it_is_the_librarys(idleness, exponent, seed):
    from GraphRicciCurvature.OllivierRicci import OllivierRicci  # of the dev extra

    rng = np.random.default_rng(seed)
    graph = nx.connected_watts_strogatz_graph(14, 4, 0.4, seed=seed)
    for _, _, data in graph.edges(data=True):
        data["weight"] = rng.uniform(0.2, 3.0)
    curvature = OllivierRicci(
        graph.copy(), alpha=idleness, exp_power=exponent, method="OTD", proc=1, verbose="ERROR"
    )
    curvature.compute_ricci_curvature()
    found = ollivier_ricci(graph, idleness, exponent)
    assert len(found) == graph.number_of_edges()
    for (u, v), value in found.items():
        assert value == pytest.approx(curvature.G[u][v]["ricciCurvature"], abs=1e-6)


def test_known_curvatures():
    """Lin, Lu & Yau 2011, after division by 1 − idleness: K_n has n/(n − 1), long cycles 0."""
    for n in (3, 5, 8):
        found = ollivier_ricci(nx.complete_graph(n), 0.75, 0)
        assert np.allclose(np.array([*found.values()]) / 0.25, n / (n - 1))
    assert np.allclose([*ollivier_ricci(nx.cycle_graph(9), 0.75, 0).values()], 0)


def test_a_bridge_is_more_negative_than_what_it_joins():
    found = ollivier_ricci(nx.barbell_graph(5, 0))
    assert min(found, key=lambda edge: found[edge]) == (4, 5)
    assert found[4, 5] < 0


def test_scaling_all_lengths_changes_nothing_where_masses_are_uniform():
    once = ollivier_ricci(weighted(GRAPH_A), 0.5, 0)
    twice = ollivier_ricci(weighted([(u, v, 7 * d) for u, v, d in GRAPH_A]), 0.5, 0)
    assert twice == pytest.approx(once)


def test_self_loops_and_lone_nodes_do_not_count():
    graph = weighted(GRAPH_A)
    expected = ollivier_ricci(graph)
    graph.add_edge(3, 3, weight=5.0)
    graph.add_node("alone")
    assert ollivier_ricci(graph) == pytest.approx(expected)


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_that_is_none_is_named(length):
    with pytest.raises(UserError, match="edge 0–1 has weight"):
        ollivier_ricci(weighted([(0, 1, length)]))


def test_what_is_no_simple_undirected_graph_is_refused():
    for graph in (nx.DiGraph([(0, 1)]), nx.MultiGraph([(0, 1)])):
        with pytest.raises(UserError, match="simple undirected graph"):
            ollivier_ricci(graph)
    with pytest.raises(UserError, match="idleness"):
        ollivier_ricci(nx.path_graph(2), idleness=1.5)
