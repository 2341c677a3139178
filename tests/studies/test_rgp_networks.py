"""What RGP's study trains: equal weights for all arms of a seed, equal sizes for all controls."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import yaml
from search_cases import setup

from graphprune.graphs.relational import RelationalGraph
from graphprune.masks.blocks import block_masks
from graphprune.metrics.counts import count
from graphprune.pipeline.code import ROOT
from graphprune.runs.execute import train_task
from graphprune.runs.ledger import Ledger
from graphprune.studies.narrow import narrowed
from graphprune.studies.rgp import Job, _tasks, chain, comparison, described, with_graphs
from graphprune.studies.rgp_arms import ARMS, GRAPH_ARMS, METHOD_ARMS
from graphprune.studies.rgp_graphs import block_mask, graph_table

N, K, SEEDS = 8, 4, (3, 4)


@pytest.fixture(scope="module")
def job():
    small = replace(setup(epochs=1), model={"name": "mlp", "hidden": [16, 24, 16]})
    return Job(graph_table(N, K, len(SEEDS), 3, 1), small, "inner", N, K, SEEDS)


def of_arm(job, arm):
    return list(_tasks(job, arm))


def test_the_config_knows_the_arms():
    schema = yaml.safe_load((ROOT / "schemas/config.schema.yaml").read_text(encoding="utf-8"))
    known = schema["properties"]["rgp"]["properties"]["arms"]["items"]["enum"]
    assert tuple(known) == ARMS


@pytest.mark.parametrize("arm", GRAPH_ARMS)
def test_a_graph_arm_has_a_task_a_seed_and_keeps_what_the_degree_says(job, arm):
    tasks = of_arm(job, arm)
    if not (job.graphs["kind"] == GRAPH_ARMS[arm]).any():  # the catalogue starts at 16 nodes
        assert tasks == []
        assert arm == "best_known"
        return
    assert [task.seed for task in tasks] == list(SEEDS)
    for task in tasks:
        masks = block_masks(job.setup.build(), job.names, task.psi)
        assert masks.densities() == dict.fromkeys(job.names, K / N)
        assert (task.level, task.sparsity) == (1 - K / N, 1 - K / N)


def test_seeds_take_graphs_of_their_own_where_there_are_several(job):
    assert [task.graph for task in of_arm(job, "random_regular")] == [
        "random_regular 0",
        "random_regular 1",
    ]
    assert {task.graph for task in of_arm(job, "ring")} == {"ring 0"}


def isomorphic(first, second):
    graphs = [RelationalGraph.from_mask(psi).to_networkx() for psi in (first, second)]
    return nx.is_isomorphic(*graphs)


def test_relabelled_graphs_are_the_same_graph_elsewhere(job):
    for plain, moved in zip(of_arm(job, "rgp"), of_arm(job, "relabelled"), strict=True):
        assert (plain.psi != moved.psi).any()
        assert isomorphic(plain.psi, moved.psi)


def test_a_graph_per_layer_is_relabelled_in_each(job):
    (plain, *_), (task, *_) = of_arm(job, "rgp"), of_arm(job, "graph_per_layer")
    assert tuple(task.psi) == job.names
    first, second = task.psi.values()
    assert (first != second).any()
    assert isomorphic(first, plain.psi)
    assert isomorphic(second, plain.psi)


@pytest.mark.parametrize("arm", METHOD_ARMS)
def test_a_control_keeps_as_many_weights(job, arm):
    for task, rgp in zip(of_arm(job, arm), of_arm(job, "rgp"), strict=True):
        masks = train_task(task, job.setup).masks
        reference = block_masks(job.setup.build(), job.names, rgp.psi)
        assert sum(masks.kept().values()) == sum(reference.kept().values())
        if arm == "random_unstructured":
            assert masks.kept() == reference.kept()


def test_all_arms_of_a_seed_start_from_the_same_weights(job):
    still = replace(job.setup, recipe=replace(job.setup.recipe, learning_rate=1e-30))
    found = []
    for arm in ("rgp", "ring"):
        run = train_task(of_arm(job, arm)[0], still)
        found.append((run.model.get_parameter(job.names[0]), run.masks[job.names[0]]))
    both = found[0][1] & found[1][1]
    assert both.any()
    assert (found[0][0][both] == found[1][0][both]).all()


def test_records_carry_their_graphs_and_their_paper_counts(job, tmp_path):
    arms = ["rgp", "random_unstructured", "narrow_parameters"]
    records = comparison(job, arms, Ledger(tmp_path, {}))
    table = with_graphs(records, job.graphs).assign(**described(job))
    assert list(table["arm"]) == [arm for arm in arms for _ in SEEDS]
    of_rgp = job.graphs[job.graphs["kind"] == "rgp"]["aspl"].tolist()
    assert table["aspl"].tolist()[:2] == of_rgp
    assert table["aspl"][2:].isna().all()
    # 16·16, 16·24, 24·16 and 16·3 weights with their biases; ⌊k/n · size⌋ of each tensor.
    sizes = [16 * 16, 16, 16 * 24, 24, 24 * 16, 16, 16 * 3, 3]
    assert set(table["paper_parameters_dense"]) == {sum(sizes)}
    assert set(table["paper_parameters"]) == {sum(int(size * K / N) for size in sizes)}


def test_a_chain_trains_every_graph_on_every_seed(job, tmp_path):
    records = chain(job, Ledger(tmp_path, {}))
    found = {(record.graph, record.seed) for record in records}
    assert found == {(f"chain {i}", seed) for i in range(3) for seed in SEEDS}


@pytest.mark.parametrize(
    "model",
    [{"name": "mlp", "hidden": [16, 24, 16]}, {"name": "cifar_resnet", "depth": 8}],
    ids=["mlp", "resnet"],
)
@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_narrowed_network_is_the_widest_that_fits(model, share):
    small = replace(setup(), model=model)

    def parameters(options):
        counts = count(small.with_model(**options).build(), small.input_shape)
        return counts.parameters_kept

    target = round(share * parameters({}))
    options = narrowed(small, lambda counts: counts.parameters_kept, target)
    factor = options["hidden"][1] / model["hidden"][1] if "hidden" in options else options["width"]
    assert parameters(options) <= target
    wider = 1.1 * factor  # a unit more in at least one layer
    if "hidden" in options:
        assert parameters({"hidden": [width + 1 for width in options["hidden"]]}) > target
    else:
        assert parameters({"width": wider}) > target


def test_the_block_mask_of_a_row_is_its_graph():
    row = pd.Series({"graph6": RelationalGraph.from_mask(~np.eye(4, dtype=bool)).to_graph6()})
    assert (block_mask({**row, "loops": False}) == ~np.eye(4, dtype=bool)).all()
    assert block_mask({**row, "loops": True}).all()
