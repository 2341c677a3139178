"""Which graphs cover the plane of clustering and path length."""

import networkx as nx
import numpy as np
import pytest

from graphprune.errors import UserError
from graphprune.studies.ws_flex_graphs import (
    COMPLETE,
    LEAST_SHARE,
    WS_FLEX,
    block_mask,
    graph_table,
    spread_out,
    swept,
)

N = 16
OPTIONS = {
    "degree": {"low": 4, "steps": 8},
    "p": {"low": 0, "high": 1, "steps": 8},
    "seeds": 2,
    "cells": 40,
    "graphs": 10,
}


@pytest.fixture(scope="module")
def table():
    return graph_table(N, OPTIONS)


def test_the_sweep_and_the_complete_graph_are_in_the_table(table):
    assert list(table["kind"]) == [WS_FLEX] * 10 + [COMPLETE]
    assert table["graph"].is_unique
    complete = table.iloc[-1]
    assert (complete["density"], complete["clustering"], complete["aspl"]) == (1, 1, 1)
    assert complete["edges"] == N * (N - 1) / 2
    assert table.equals(graph_table(N, OPTIONS))


def test_properties_are_those_of_networkx_and_masks_have_self_loops(table):
    for _, row in table.iterrows():
        graph = nx.from_graph6_bytes(row["graph6"].encode())
        assert row["clustering"] == pytest.approx(nx.average_clustering(graph), abs=1e-7)
        assert row["aspl"] == pytest.approx(nx.average_shortest_path_length(graph), abs=1e-7)
        psi = block_mask(row)
        assert psi.diagonal().all()
        assert (psi == psi.T).all()
        assert row["density"] == pytest.approx(psi.mean())
        assert len(graph.edges) == row["edges"] == round(row["k"] * N / 2)


def test_a_cell_keeps_one_graph_and_sparse_graphs_are_left_out():
    found = swept(64, {**OPTIONS, "degree": {"low": 4, "steps": 12}, "seeds": 1, "cells": 20})
    cells = {(int(c * 20), int((length - 1) / 3.5 * 20)) for c, length in found}
    assert len(cells) == len(found) > 20
    assert min(degree for degree, _, _ in found.values()) >= 64 * LEAST_SHARE
    assert max(degree for degree, _, _ in found.values()) == 62
    assert all(0 <= p <= 1 for _, p, _ in found.values())


def test_more_graphs_than_cells_are_refused():
    with pytest.raises(UserError, match=r"ws_flex\.sweep\.graphs is 100, but the sweep reaches on"):
        graph_table(N, {**OPTIONS, "graphs": 100, "cells": 6})


def test_degrees_too_small_for_connected_graphs_are_refused(monkeypatch):
    monkeypatch.setattr("graphprune.graphs.generators._TRIES", 1)
    with pytest.raises(UserError, match=r"ws_flex\.sweep\.degree\.low: ws_flex: none of"):
        graph_table(N, {**OPTIONS, "degree": {"low": 2, "steps": 8}})


def test_points_spread_out_from_the_middle_to_the_ends():
    line = np.array([[x, 2 * x] for x in range(11)], dtype=float)
    assert spread_out(line, 1) == [5]
    assert set(spread_out(line, 3)) == {5, 0, 10}
    assert sorted(spread_out(line, 11)) == list(range(11))


def test_both_axes_count_alike():
    wide = np.array([[0, 0], [1000, 0], [0, 1], [1000, 1]], dtype=float)
    assert sorted(spread_out(wide, 4)) == [0, 1, 2, 3]
    first, second = spread_out(wide, 2)
    assert (wide[first] != wide[second]).all()  # the opposite corner


def test_points_that_coincide_are_taken_once_each():
    assert sorted(spread_out(np.zeros((3, 2)), 3)) == [0, 1, 2]
