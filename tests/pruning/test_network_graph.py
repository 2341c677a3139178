"""The relational graph of a network: weights counted by hand, and agreement with edge pruning."""

import networkx as nx
import numpy as np
import pytest
import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.models.build import build_model
from graphprune.pruning.context import Context
from graphprune.pruning.methods import method
from graphprune.pruning.network_graph import WeightedGraph, network_to_graph, surviving_graphs
from graphprune.pruning.norms import NORMS
from graphprune.pruning.prune import next_masks
from graphprune.pruning.scope import tensors


def two_matrices():
    """Two 4 × 4 matrices on 2 nodes of 2 units: blocks of 2 × 2."""
    model = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    first = [[9, 9, 1, -2], [9, 9, 0, 3], [4, 0, 7, 7], [0, 0, 7, 7]]
    second = [[0, 0, -1, 1], [0, 0, 1, 1], [2, 2, 5, 5], [2, 2, 5, 5]]
    with torch.no_grad():
        for layer, values in zip(model, (first, second), strict=True):
            layer.weight.copy_(torch.tensor(values, dtype=torch.float32))
    return model


# Edge {0, 1}: blocks 1 -2 0 3, 4 0 0 0, -1 1 1 1 and 2 2 2 2.
BY_HAND = {
    "l1": 6 + 4 + 4 + 8,
    "mean": 22 / 16,
    "l2": (14 + 16 + 4 + 16) ** 0.5,
    "rms": (50 / 16) ** 0.5,
    "max": 4,
}
LOOPS = {"l1": (4 * 9, 4 * 7 + 4 * 5), "max": (9, 7)}


@pytest.mark.parametrize("norm", NORMS)
def test_an_edge_has_the_norm_of_its_blocks_of_all_layers(norm):
    graph = network_to_graph(two_matrices(), 2, norm, scope="all")
    assert graph.weights == pytest.approx(np.array([[0, 1], [1, 0]]) * BY_HAND[norm])
    if norm in LOOPS:
        assert graph.self_loops.tolist() == list(LOOPS[norm])


def test_kernel_positions_and_unequal_widths_are_summed_over():
    model = nn.Conv2d(3, 5, 3, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    graph = network_to_graph(model, 2, "l1", scope="all")
    # Outputs 3 + 2, inputs 2 + 1, nine positions: blocks (0, 1) of 3 · 1 and (1, 0) of 2 · 2.
    assert graph.weights[0, 1] == 9 * (3 + 4)
    assert graph.self_loops.tolist() == [9 * 3 * 2, 9 * 2 * 1]
    assert network_to_graph(model, 2, "mean", scope="all").weights[0, 1] == 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mlp", {"hidden": [10, 13, 8]}),
        ("cifar_resnet", {"depth": 8}),
        ("resnet34", {"width": 0.25}),
    ],
)
@pytest.mark.parametrize("norm", NORMS)
def test_edge_pruning_takes_the_edges_of_least_weight(name, options, norm):
    torch.manual_seed(0)
    model, n = build_model(name, (3, 8, 8), 10, **options), 8
    graph = network_to_graph(model, n, norm)
    names = tensors(model, "inner")
    masks = next_masks(
        model,
        method("edge_at_init", aggregate=NORMS[norm]),
        names,
        0.5,
        Masks.full(model, names),
        Context(n=n),
    )
    (kept,) = surviving_graphs(masks, n)
    pairs = np.triu_indices(n, 1)
    gone = graph.weights[pairs][~kept[pairs]]
    assert len(gone) == n * (n - 1) // 4
    assert gone.max() < graph.weights[pairs][kept[pairs]].min()
    after = network_to_graph(model, n, norm, masks=masks)
    assert (after.weights > 0).tolist() == kept.tolist()
    assert (after.weights == graph.weights * kept).all()


def test_networkx_has_the_weights():
    graph = WeightedGraph(np.array([[0, 2, 0], [2, 0, 0.5], [0, 0.5, 0]]), np.ones(3)).to_networkx()
    assert nx.get_edge_attributes(graph, "weight") == {(0, 1): 2, (1, 2): 0.5}
    assert list(graph) == [0, 1, 2]


def test_its_arrays_cannot_be_changed():
    graph = network_to_graph(two_matrices(), 2, scope="all")
    with pytest.raises(ValueError, match="read-only"):
        graph.weights[0, 1] = 5


@pytest.mark.parametrize(
    ("weights", "loops", "words"),
    [
        (np.ones((2, 3)), np.ones(2), "shapes"),
        (np.array([[0, 1], [2, 0]]), np.ones(2), "symmetric"),
        (np.array([[0, -1], [-1, 0]]), np.ones(2), "at least 0"),
        (np.zeros((2, 2)), np.array([np.nan, 1]), "at least 0"),
    ],
)
def test_what_is_no_weighted_graph_is_refused(weights, loops, words):
    with pytest.raises(UserError, match=words):
        WeightedGraph(weights, loops)


def test_bad_requests_are_named():
    model = two_matrices()
    with pytest.raises(UserError, match="unknown edge norm 'l3'"):
        network_to_graph(model, 2, "l3", scope="all")
    with pytest.raises(UserError, match=r"layer '0\.weight' has width 4, too narrow"):
        network_to_graph(model, 5, scope="all")


def test_surviving_graphs_are_one_or_one_a_layer():
    masks = Masks.full(two_matrices(), ["0.weight", "1.weight"])
    cut = masks["0.weight"].clone()
    cut[:2, 2:] = cut[2:, :2] = False
    cut = Masks({"0.weight": cut, "1.weight": masks["1.weight"]})
    assert surviving_graphs(cut, 2).tolist() == [[[False, True], [True, False]]]
    assert surviving_graphs(cut, 2, shared=False).sum(axis=(1, 2)).tolist() == [0, 2]
