"""What is trained for Figures 5–7, and that the masks are those of the graphs."""

import pytest
import torch
from search_cases import setup

from graphprune.graphs.atlas import connected_graphs
from graphprune.graphs.layout import expand
from graphprune.runs.execute import Task, execute, train_task
from graphprune.studies.five_nodes import tasks

SEEDS = (7, 8, 9)
INNER = ("layers.1.weight", "layers.2.weight")
GRAPHS = connected_graphs(5)


@pytest.fixture(scope="module")
def every():
    return list(tasks(GRAPHS, SEEDS))


@pytest.fixture(scope="module")
def network():
    return setup(hidden=(10, 10, 10))


def test_every_graph_is_trained_on_every_seed(every):
    assert len(every) == 21 * 3
    assert len({(task.arm, task.seed) for task in every}) == 63
    assert {task.seed for task in every} == set(SEEDS)
    assert {(t.method, t.scope, t.block) for t in every} == {("block_mask", "inner", "five nodes")}
    assert [task.graph for task in every[:4]] == ["graph 00"] * 3 + ["graph 01"]
    assert all(task.arm == task.graph for task in every)


def test_the_level_is_the_density_with_self_loops(every):
    for task in every:
        edges = len(GRAPHS[int(task.graph.split()[1])].edges)
        assert task.level == pytest.approx((2 * edges + 5) / 25)
        assert task.sparsity == pytest.approx(1 - task.level)
    assert {task.sparsity for task in every if task.graph == "graph 20"} == {0.0}


def test_no_graphs_or_no_seeds_is_nothing_to_do():
    assert list(tasks([], SEEDS)) == list(tasks(GRAPHS, [])) == []


@pytest.mark.parametrize("number", [0, 7, 13])
def test_hidden_to_hidden_matrices_are_masked_by_the_graph_and_no_others(every, network, number):
    task = every[3 * number]
    masks = train_task(task, network).masks
    assert tuple(masks) == INNER
    expected = torch.from_numpy(expand(GRAPHS[number].to_mask(), 10, 10))
    assert all(torch.equal(masks[name], expected) for name in INNER)
    record = execute(task, network)
    assert record.sparsity == pytest.approx(task.sparsity)  # 2 units a node: nothing is uneven
    assert (record.level, record.graph, record.failure) == (task.level, task.graph, "")


def test_the_complete_graph_is_the_dense_network(every, network):
    complete = train_task(every[-1], network)
    dense = train_task(Task("dense", "dense", 0.0, "all", SEEDS[-1]), network)
    assert complete.losses == dense.losses
    assert all(mask.all() for mask in complete.masks.values())
