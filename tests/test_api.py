"""The public interface, as the README shows it."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from graphprune.api import (
    Masks,
    aspl,
    best_regular_graph,
    compact,
    count,
    for_inference,
    graph_properties,
    minimise_aspl,
    network_to_graph,
    prune,
    shrink,
)
from graphprune.errors import UserError


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


def test_the_readme_example_of_regular_graphs_runs():
    graph = best_regular_graph(64, 4)
    found = minimise_aspl(graph, steps=2000, seed=0, method="anneal")
    assert found.aspl <= aspl(graph)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64))
    masks = prune(model, "block_mask", sparsity=1 - 4 / 64, psi=graph.adjacency)
    assert masks.density() == 4 / 64
    small, fast, x = compact(model, masks), for_inference(model, masks), torch.randn(3, 64)
    masks.apply_(model)
    with torch.no_grad():
        for pruned in (small, fast):
            torch.testing.assert_close(pruned(x), model(x), rtol=1e-5, atol=1e-5)


def test_a_network_is_a_weighted_graph():
    model = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
    graph = network_to_graph(model, 3, norm="l1")
    blocks = model[2].weight.detach().abs().reshape(3, 2, 3, 2).sum(dim=(1, 3)).double()
    both = blocks + blocks.T
    found = graph.to_networkx()
    assert found.number_of_edges() == 3
    for i, j, weight in found.edges(data="weight"):
        assert weight == pytest.approx(both[i, j].item())


def test_the_readme_example_of_smaller_networks_runs():
    model = net()
    masks = prune(model, "unit_magnitude", sparsity=0.5)
    x = torch.randn(5, 1, 3, 4)
    with torch.no_grad():
        smaller = shrink(model, masks)
        masks.apply_(model)
        torch.testing.assert_close(smaller(x), model(x))
    assert sum(p.numel() for p in smaller.parameters()) < sum(p.numel() for p in model.parameters())
    assert network_to_graph(model, 4, norm="mean", scope="all").to_networkx().number_of_nodes() == 4
