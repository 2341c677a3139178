"""Networks of equal cost: graph2nn's own width, exact counts, and what is trained."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from search_cases import setup

from graphprune.graphs.generators import ws_flex
from graphprune.graphs.properties import graph_properties
from graphprune.masks.blocks import block_masks
from graphprune.metrics.counts import count
from graphprune.models.build import build_model
from graphprune.runs.execute import Task, train_task
from graphprune.runs.ledger import Ledger
from graphprune.studies.ws_flex import macs, matched, matched_width, task, trained
from graphprune.studies.ws_flex_graphs import block_mask, graph_table

CIFAR10 = ([512, 512, 512, 512], 3072, 10)  # hidden, inputs, classes
OPTIONS = {
    "degree": {"low": 3, "steps": 4},
    "p": {"low": 0, "high": 1, "steps": 4},
    "seeds": 1,
    "cells": 40,
    "graphs": 3,
}


@pytest.fixture(scope="module")
def best():
    """The graph that graph2nn calls the best for its MLP."""
    return ws_flex(64, 0.128001 * 64, 0.128063, 4)


@pytest.fixture(scope="module")
def best_mask(best):
    return best.adjacency | np.eye(64, dtype=bool)


def counted(width, psi):
    """MACs of the real masked network."""
    hidden, inputs, classes = CIFAR10
    widths = [hidden[0], *[width] * (len(hidden) - 1)]
    model = build_model("mlp", (3, 32, 32), classes, hidden=widths, bias=False, batch_norm=True)
    names = [f"layers.{i}.weight" for i in range(1, len(hidden))]
    assert inputs == 3 * 32 * 32
    return count(model, (3, 32, 32), block_masks(model, names, psi)).macs_kept


def test_graph2nns_best_graph_is_drawn(best, best_mask):
    assert len(best.edges) == 262
    assert best_mask.sum() == 588
    found = graph_properties(best.adjacency[None], ("average_clustering", "aspl")).iloc[0]
    assert found["average_clustering"] == pytest.approx(0.44846, abs=5e-6)
    assert found["aspl"] == pytest.approx(2.47917, abs=5e-6)


def shuffled_sizes(width, n):
    """graph2nn's rule of which nodes are the larger ones; here they are the first ones."""
    sizes = np.full(n, width // n)
    sizes[: width % n] += 1
    return np.random.RandomState(1).permutation(sizes)


def test_graph2nns_width_and_macs_are_found_with_its_larger_nodes(best_mask, monkeypatch):
    monkeypatch.setattr("graphprune.studies.ws_flex.node_sizes", shuffled_sizes)
    hidden, inputs, classes = CIFAR10
    assert macs(hidden, 512, inputs, classes) == 2_364_416
    assert macs(hidden, 512, inputs, classes, best_mask) == 1_690_880
    assert macs(hidden, 1521, inputs, classes, best_mask) == 2_364_188
    assert macs(hidden, 1522, inputs, classes, best_mask) == 2_365_124
    assert matched_width(hidden, inputs, classes, best_mask) == 1522


def test_with_the_layout_here_one_unit_less_is_enough(best_mask):
    hidden, inputs, classes = CIFAR10
    assert macs(hidden, 512, inputs, classes, best_mask) == 1_690_880  # 64 divides 512
    assert matched_width(hidden, inputs, classes, best_mask) == 1521
    assert macs(hidden, 1521, inputs, classes, best_mask) == counted(1521, best_mask) == 2_365_024


@pytest.mark.parametrize("width", [512, 1521, 1522])
def test_macs_are_those_of_the_real_network(best_mask, width):
    hidden, inputs, classes = CIFAR10
    assert macs(hidden, width, inputs, classes, best_mask) == counted(width, best_mask)


@pytest.mark.parametrize("nodes", [5, 16, 64])
def test_the_complete_graph_is_as_wide_as_the_dense_network(nodes):
    hidden, inputs, classes = CIFAR10
    psi = np.ones((nodes, nodes), dtype=bool)
    assert matched_width(hidden, inputs, classes, psi) == 512


@pytest.mark.parametrize("degree", [8.0, 13.7, 30.0, 62.0])
@pytest.mark.parametrize("hidden", [[512] * 4, [64, 100], [512, 70, 70]])
def test_the_width_is_the_first_that_costs_as_much(degree, hidden):
    psi = ws_flex(64, degree, 0.3, 0).adjacency | np.eye(64, dtype=bool)
    width = matched_width(hidden, 3072, 10, psi)
    target = macs(hidden, hidden[1], 3072, 10)
    assert macs(hidden, width - 1, 3072, 10, psi) < target <= macs(hidden, width, 3072, 10, psi)


@pytest.fixture(scope="module")
def network():
    found = setup(hidden=(12, 12, 12))
    return replace(found, splits={**found.splits, "test": found.splits["val"]})


@pytest.fixture(scope="module")
def graphs():
    return graph_table(8, OPTIONS)


@pytest.fixture(scope="module")
def records(graphs, network, tmp_path_factory):
    ledger = Ledger(tmp_path_factory.mktemp("job") / "ledger", {})
    return trained(graphs, network, (1, 2, 3), ledger)


def test_every_graph_is_trained_on_every_seed_at_the_cost_of_the_dense_network(records, graphs):
    assert len(records) == 4 * 3
    assert (records.groupby("graph")["seed"].apply(sorted).map(tuple) == (1, 2, 3)).all()
    dense = records.loc[records["arm"] == "complete", "macs"].iloc[0]
    assert (records["macs_kept"] >= dense).all()
    assert (records["failure"] == "").all()
    for _, row in records.iterrows():
        graph = graphs[graphs["graph"] == row["graph"]].iloc[0]
        psi = block_mask(graph)
        assert row["macs_kept"] == macs([12, 12, 12], row["width"], 16, 3, psi)
        assert row["level"] == graph["density"]


def test_only_the_layers_after_the_first_are_widened(graphs, network):
    wider, width = matched(network, block_mask(graphs.iloc[0]))
    assert wider.model["hidden"] == [12, width, width]
    assert width > 12


def test_the_complete_graph_is_the_dense_network(graphs, network):
    one = task(graphs.iloc[-1], 5)
    masked = train_task(one, matched(network, block_mask(graphs.iloc[-1]))[0])
    dense = train_task(Task("dense", "dense", 0.0, "all", 5), network)
    for a, b in zip(masked.model.parameters(), dense.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_finished_trainings_are_not_done_again(graphs, network, tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "ledger", {})
    first = trained(graphs.tail(1), network, (1, 2), ledger)

    def never(*_):
        raise AssertionError

    monkeypatch.setattr("graphprune.runs.tuning.execute", never)
    assert trained(graphs.tail(1), network, (1, 2), ledger).equals(first)
