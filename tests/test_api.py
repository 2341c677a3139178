"""The public interface, as the README shows it."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from graphprune.api import (
    Masks,
    aspl,
    count,
    graph_properties,
    minimise_aspl,
    network_to_graph,
    prune,
    ring_lattice,
)
from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks
from graphprune.models.build import build_model
from graphprune.models.init import initialise
from graphprune.pruning.scope import tensors

MODELS = (
    ("resnet18", (3, 32, 32), {}),
    ("mlp", (1, 28, 28), {"hidden": [128]}),
)


def initialised(name, shape, options):
    model = build_model(name, shape, 10, **options)
    initialise(model, seed=0)
    return model


def linear_layers(model):
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 4))


def test_prune_leaves_the_model_alone_and_meets_the_sparsity():
    model = net()
    before = copy.deepcopy(model.state_dict())
    masks = prune(model, "glob_1", sparsity=0.9)
    assert all(torch.equal(model.state_dict()[k], v) for k, v in before.items())
    assert sum(masks.kept().values()) == 12 * 8 + 8 * 4 - 115  # round(.9 · 128) = 115 removed


def test_the_readme_example_runs(tmp_path):
    model = net()
    masks = prune(model, "glob_1", sparsity=0.9)
    masks.apply_(model)
    masks.save(tmp_path / "masks.safetensors")
    assert Masks.load(tmp_path / "masks.safetensors") == masks
    zeros = sum(int((p == 0).sum()) for p in model.parameters() if p.ndim == 2)
    assert zeros == 115
    assert count(model, (1, 3, 4), masks).sparsity == pytest.approx(115 / 128)


def test_a_graph_prunes_a_model_of_ones_own():
    psi = np.eye(4, dtype=bool)
    masks = prune(net(), "block_mask", sparsity=0.75, psi=psi)
    assert masks.density() == 0.25
    assert graph_properties(psi[None] & ~np.eye(4, dtype=bool))["edge_connectivity"][0] == 0


def test_pruning_further_keeps_what_was_removed():
    model = net()
    first = prune(model, "random_global", sparsity=0.5, seed=1)
    assert prune(model, "random_global", sparsity=0.8, previous=first, seed=2).is_subset(first)


def test_an_unknown_method_is_named():
    with pytest.raises(UserError, match="did you mean 'glob_1'"):
        prune(net(), "glob1", sparsity=0.5)


def test_the_readme_of_python_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    readme = Path(__file__).parents[1] / "README.md"
    section = readme.read_text(encoding="utf-8").split("## From Python")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 5
    model, mlp = (initialised(*case) for case in MODELS)
    names = {"torch": torch, "model": model, "mlp": mlp, "images": torch.randn(2, *MODELS[0][1])}
    for block in blocks:
        exec(block.replace("1_000_000", "2_000"), names)
    model.eval()
    assert Masks.load("masks.safetensors").density() == pytest.approx(0.1, abs=1e-4)
    masks, graph, found = names["masks"], names["graph"], names["found"]
    assert capsys.readouterr().out == f"{found.aspl} {found.bound} {found.optimal}\n"
    assert found.start_aspl == aspl(graph)
    assert masks.density() == 4 / 64
    assert set(masks) == set(tensors(model, "inner"))
    masks.apply_(model)
    with torch.no_grad():
        expected = model(names["images"])
        for pruned in (names["small"], names["fast"]):
            difference = (pruned(names["images"]) - expected).abs().max()
            assert difference <= 1e-5 * expected.abs().max()
        names["units"].apply_(mlp)
        x = torch.randn(5, *MODELS[1][1])
        torch.testing.assert_close(names["smaller"](x), mlp(x))
        assert (mlp(x).std(0) > 0).all()  # of no class a constant
    assert [layer.out_features for layer in linear_layers(names["smaller"])] == [64, 10]
    assert names["weighted"].number_of_nodes() == 16


def test_a_network_is_a_weighted_graph():
    model = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
    graph = network_to_graph(model, 3, norm="l1")
    blocks = model[2].weight.detach().abs().reshape(3, 2, 3, 2).sum(dim=(1, 3)).double()
    both = blocks + blocks.T
    found = graph.to_networkx()
    assert found.number_of_edges() == 3
    for i, j, weight in found.edges(data="weight"):
        assert weight == pytest.approx(both[i, j].item())


def test_a_graph_is_taken_wherever_a_matrix_is():
    graph = ring_lattice(8, 4)
    model = nn.Linear(16, 16)
    by_matrix = prune(model, "block_mask", sparsity=0.5, psi=graph.adjacency)
    assert prune(model, "block_mask", sparsity=0.5, psi=graph) == by_matrix
    expected = graph_properties(graph.adjacency[None])
    for given in (graph, [graph], [graph.adjacency]):
        assert graph_properties(given).equals(expected)
    assert len(graph_properties([graph, minimise_aspl(graph, steps=50).graph])) == 2
    with pytest.raises(UserError, match="equally many nodes"):
        graph_properties([graph, ring_lattice(6, 4)])
    with pytest.raises(UserError, match="equally many nodes"):
        graph_properties([])
    with pytest.raises(UserError, match="must be a square boolean array"):
        prune(model, "block_mask", sparsity=0.5, psi=[[1, 0], [0, 1]])


def test_masks_of_another_method_are_matched_layer_by_layer():
    model = net()
    reference = prune(model, "glob_1", sparsity=0.7)
    matched = prune(model, "random_unstructured", sparsity=0.7, reference=reference)
    assert matched.kept() == reference.kept()
    assert matched != reference


@pytest.mark.parametrize(
    "method", [("block_mask", {"psi": np.eye(4, dtype=bool)}), ("edge_pruning", {"nodes": 4})]
)
def test_channels_of_grouped_convolutions_are_dealt_to_no_nodes(method):
    name, options = method
    model = nn.Sequential(nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1, groups=2))
    with pytest.raises(UserError, match=r"'1\.weight' belongs to a convolution of 2 groups"):
        prune(model, name, 0.5, **options)
    with pytest.raises(UserError, match=r"'1\.weight' belongs to a convolution of 2 groups"):
        network_to_graph(model, 4, scope="all")
    assert prune(model, name, 0.5, scope=["0.weight"], **options).density() < 1


def test_an_unknown_tensor_of_a_block_mask_is_named():
    with pytest.raises(UserError, match=r"no parameter 'nothing\.weight'"):
        block_masks(net(), ["nothing.weight"], np.eye(4, dtype=bool))


def test_a_graph_of_a_network_needs_masks_of_all_of_its_scope():
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    masks = prune(model, "glob_1", 0.5, scope=["0.weight"])
    with pytest.raises(UserError, match=r"'1\.weight' is in scope but has no mask"):
        network_to_graph(model, 4, scope="all", masks=masks)


def test_methods_that_look_at_data_leave_every_module_in_its_mode():
    model = nn.Sequential(nn.Linear(9, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)).train()
    model[1].eval()
    prune(model, "wanda", 0.5, examples=(torch.rand(6, 9), torch.zeros(6, dtype=torch.long)))
    assert [module.training for module in model.modules()] == [True, True, False, True]


def test_a_search_refuses_a_graph_without_edges():
    with pytest.raises(UserError, match="connected"):
        minimise_aspl(np.zeros((4, 4), dtype=bool))


def test_a_layer_that_shares_its_weight_with_an_embedding_is_in_scope_and_counted():
    model = nn.ModuleDict({"tokens": nn.Embedding(7, 5), "body": nn.Linear(5, 5)})
    model["head"] = nn.Linear(5, 7, bias=False)
    model["head"].weight = model["tokens"].weight
    model.forward = lambda x: model["head"](model["body"](x))
    assert tensors(model, "all") == ("body.weight", "head.weight")
    assert tensors(model, "all_but_last") == ("body.weight",)
    masks = prune(model, "random_global", 0.5)
    counts = count(model, (5,), masks)
    assert counts.parameters_all == 25 + 5 + 35
    assert (counts.scope_weights, counts.scope_kept) == (60, 30)
    assert (counts.macs_dense, counts.macs_kept) == (60, 30)
    kept = masks["head.weight"].clone()
    masks.apply_(model)
    assert not model["tokens"].weight[~kept].any()
