"""What the theory study finds: every number against networkx or a second way to get it."""

import networkx as nx
import numpy as np
import pytest

from graphprune.graphs.aspl import minimise_aspl
from graphprune.graphs.bounds import aspl_lower_bound
from graphprune.graphs.catalogue import entry
from graphprune.graphs.generators import ring_lattice
from graphprune.graphs.propagation import gradient_resistance, output_neuron_usage
from graphprune.graphs.relational import RelationalGraph
from graphprune.studies.rgp_theory import IDLE, METHODS, TRACED, searches, spread, trees

OPTIONS = {
    "nodes": 16,
    "degrees": [3, 4, 9],
    "seeds": [0, 1, 2],
    "steps": 500,
    "annealing_steps": 2000,
    "released_code": {"calls": 8, "window": [0.05, 0.3]},
    "traces": [3, 4],
}
SPREAD = {
    "chains": 2,
    "graphs": 5,
    "bands": {"low": [1.9, 2.2], "width": 0.1, "graphs": 4, "swaps": 200},
}


def aspl_of(graph6):
    return nx.average_shortest_path_length(nx.from_graph6_bytes(graph6.encode()))


@pytest.fixture(scope="module", params=METHODS)
def found(request):
    return request.param, *searches(request.param, OPTIONS)


def test_every_search_hands_out_a_regular_graph_of_the_aspl_it_says(found):
    method, table, _ = found
    once = method == "catalogue"
    assert len(table) == (3 if once else 9)
    assert set(table["method"]) == {method}
    for _, row in table.iterrows():
        graph = nx.from_graph6_bytes(row["graph6"].encode())
        assert {degree for _, degree in graph.degree} == {row["k"]}
        assert row["aspl"] == pytest.approx(aspl_of(row["graph6"]), abs=1e-12)
        assert row["aspl"] <= row["start_aspl"] + 1e-12
        assert row["aspl"] >= float(aspl_lower_bound(16, row["k"])) - 1e-12
        assert np.isnan(row["seconds"]) == once
        assert bool(row["found"]) == once


def test_traces_go_from_the_start_to_the_result_in_ascending_steps(found):
    method, table, traces = found
    if method in ("random_regular", "catalogue"):
        assert traces.empty
        return
    assert set(traces["k"]) == {3, 4}
    assert set(traces["seed"]) == {0}
    for k, line in traces.groupby("k"):
        row = table[(table["k"] == k) & (table["seed"] == 0)].iloc[0]
        assert line["step"].is_monotonic_increasing
        assert line["step"].iloc[0] == 0
        assert line["step"].iloc[-1] == row["steps"]
        assert line["aspl"].iloc[0] == row["start_aspl"]
        if method != "annealing":  # which hands out the best it met
            assert line["aspl"].iloc[-1] == row["aspl"]
        assert len(line) <= (TRACED + 1) * (8 if method == "released_code" else 1)


def test_a_traced_search_is_the_search_itself():
    table, _ = searches("algorithm_1", OPTIONS)
    row = table[(table["k"] == 4) & (table["seed"] == 2)].iloc[0]
    assert row["graph6"] == minimise_aspl(ring_lattice(16, 4), 500, 2).graph.to_graph6()


def test_the_released_code_is_left_when_it_gains_no_more():
    many = {**OPTIONS, "degrees": [4], "released_code": {"calls": 500, "window": [0.05, 0.3]}}
    table, traces = searches("released_code", many)
    assert (table["steps"] < 500 * 16 * 15).all()
    last = traces[traces["k"] == 4]["aspl"].to_numpy()
    assert IDLE == 3
    assert last[-1] <= last[0] - 0.05


def test_what_the_catalogue_lacks_is_left_out():
    table, _ = searches("catalogue", {**OPTIONS, "nodes": 20})
    assert table.empty
    assert list(table.columns[:4]) == ["method", "n", "k", "seed"]
    table, _ = searches("catalogue", OPTIONS)
    assert table["found"].tolist() == [entry(16, k).found for k in (3, 4, 9)]


def test_the_spread_of_chains_and_bands():
    table = spread(SPREAD, nodes=16, degree=4, layers=6)
    chain, band = (table[table["set"] == name] for name in ("chain", "band"))
    assert len(chain) == 2 * 5
    assert len(band) == 2 * 4
    assert table["graph"].is_unique
    for low, graphs in band.groupby("band"):
        assert graphs["aspl"].between(low - 1e-9, low + 0.1 + 1e-9).all()
    assert chain["band"].isna().all()
    ring = ring_lattice(16, 4)
    first = chain.iloc[0]
    assert first["aspl"] == pytest.approx(2.4)
    assert first["clustering"] == pytest.approx(nx.average_clustering(ring.to_networkx()))
    assert first["gradient_resistance"] == gradient_resistance(ring).mean() == 4
    assert first["neurons"] == output_neuron_usage(ring, 6).mean()
    assert first["parameters"] == pytest.approx(4 * (1 + first["neurons"] - 16))


def test_the_spread_is_the_same_a_second_time():
    assert spread(SPREAD, 16, 4, 6).equals(spread(SPREAD, 16, 4, 6))


def test_the_trees_go_from_the_ring_to_the_optimum():
    table = trees(32, 4)
    assert table["aspl"].is_monotonic_decreasing
    assert RelationalGraph.from_graph6(table["graph6"].iloc[0]) == ring_lattice(32, 4)
    for _, row in table.iterrows():
        assert row["aspl"] == pytest.approx(aspl_of(row["graph6"]), abs=1e-12)
    assert table["aspl"].iloc[-1] == minimise_aspl(ring_lattice(32, 4), seed=0).aspl
