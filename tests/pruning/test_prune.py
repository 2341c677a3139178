"""What `next_masks` says and does beyond what holds for every method."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pruning_cases import mlp
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks
from graphprune.masks.mask import Masks
from graphprune.pruning.context import Context
from graphprune.pruning.granularities.edge import Edge
from graphprune.pruning.granularity import Grouping
from graphprune.pruning.methods import METHODS, method
from graphprune.pruning.prune import empty_layers, next_masks
from graphprune.pruning.scope import tensors


def net() -> tuple[nn.Sequential, tuple[str, ...], Masks]:
    """A net whose first layer has by far the smallest weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = mlp()
    with torch.no_grad():
        model.get_parameter("0.weight").mul_(1e-6)
    names = tensors(model, "all")
    return model, names, Masks.full(model, names)


def test_global_magnitude_is_the_threshold_over_all_layers():
    model, names, full = net()
    masks = next_masks(model, METHODS["glob_1"], names, 0.6, full, Context())
    every = torch.cat([model.get_parameter(n).detach().abs().flatten() for n in names])
    kept = torch.cat([masks[n].flatten() for n in names])
    assert every[kept].min() > every[~kept].max()


def test_unit_pruning_removes_the_rows_of_smallest_l2_norm():
    model, names, full = net()
    masks = next_masks(model, METHODS["unit_magnitude"], names, 0.3, full, Context())
    for name in names:
        norms = model.get_parameter(name).detach().norm(dim=1)
        gone = ~masks[name].any(1)
        assert int(gone.sum()) == round(0.3 * len(norms))
        assert norms[gone].max() < norms[~gone].min()


def test_edge_pruning_removes_the_edge_of_smallest_mean_magnitude():
    model, names, full = net()
    with torch.no_grad():  # blocks (0, 3) and (3, 0) of n = 4, in every layer
        model.get_parameter("0.weight")[0:3, 6:7] = 0
        model.get_parameter("0.weight")[8:10, 0:2] = 0
        model.get_parameter("2.weight")[0:3, 8:10] = 0
        model.get_parameter("2.weight")[7:9, 0:3] = 0
        model.get_parameter("4.weight")[0:2, 7:9] = 0
        model.get_parameter("4.weight")[6:8, 0:3] = 0
        model.get_parameter("5.weight")[0:1, 6:8] = 0
        model.get_parameter("5.weight")[3:4, 0:2] = 0
    zero = Masks({n: model.get_parameter(n) != 0 for n in names})
    masks = next_masks(model, METHODS["edge_at_init"], names, 1 / 6, full, Context(n=4))
    assert masks == zero


def test_a_collapsed_layer_is_reported_or_forbidden():
    model, names, full = net()
    masks = next_masks(model, METHODS["glob_1"], names, 0.7, full, Context())
    assert empty_layers(masks) == ("0.weight",)
    assert empty_layers(full) == ()
    careful = replace(METHODS["glob_1"], allow_empty_layer=False)
    with pytest.raises(UserError, match=r"0\.7 nothing .* '0\.weight' \(70 of 70"):
        next_masks(model, careful, names, 0.7, full, Context())
    next_masks(model, careful, names, 0.1, full, Context())


def test_a_layer_that_was_empty_before_does_not_stop_the_careful():
    model, names, full = net()
    gone = Masks({**full, "0.weight": torch.zeros_like(full["0.weight"])})
    careful = replace(METHODS["glob_1"], allow_empty_layer=False)
    assert empty_layers(next_masks(model, careful, names, 0.5, gone, Context())) == ("0.weight",)


def test_explicit_densities_layer_by_layer():
    model, names, full = net()
    explicit = method("glob_1", allocation="explicit")
    densities = dict(zip(names, (0.1, 0.5, 0.25, 1.0), strict=True))
    masks = next_masks(model, explicit, names, 0.5, full, Context(densities=densities))
    assert masks.kept() == {"0.weight": 7, "2.weight": 45, "4.weight": 18, "5.weight": 32}


def test_per_layer_graphs_keep_as_many_edges_in_each_layer_but_not_the_same():
    model, names, full = net()
    uniform = method("edge_at_init", shared=False, allocation="uniform")
    masks = next_masks(model, uniform, names, 0.5, full, Context(n=4))
    edges = Edge(Grouping(n=4, shared=False)).survivors(masks)
    assert [int(kept.sum()) for kept in edges.values()] == [3, 3, 3, 3]  # of 6 pairs
    assert len({tuple(kept.tolist()) for kept in edges.values()}) > 1
    loops = block_masks(model, names, np.eye(4, dtype=bool))
    assert loops.is_subset(masks)


def test_edges_matched_to_a_graph_are_as_many_as_the_graph_has():
    model, names, full = net()
    ring = np.roll(np.eye(4, dtype=bool), 1, axis=1)
    graph = next_masks(model, METHODS["block_mask"], names, 0.5, full, Context(psi=ring | ring.T))
    matched = method("edge_at_init", allocation="matched")
    masks = next_masks(model, matched, names, 0.5, full, Context(n=4, reference=graph))
    (edges,) = Edge(Grouping(n=4)).survivors(masks).values()
    assert int(edges.sum()) == 4


def test_a_graph_mask_stays_within_the_masks_before():
    model, names, full = net()
    half = next_masks(model, METHODS["glob_1"], names, 0.5, full, Context())
    ring = np.eye(4, dtype=bool)
    masks = next_masks(model, METHODS["block_mask"], names, 0.75, half, Context(psi=ring))
    assert masks == half & next_masks(
        model, METHODS["block_mask"], names, 0.75, full, Context(psi=ring)
    )


def test_scores_of_pruned_weights_do_not_count_for_their_edge():
    """An edge half of which is gone is compared by what is left of it."""
    model = nn.Sequential(nn.Linear(6, 6, bias=False))
    with torch.no_grad():
        model.get_parameter("0.weight").fill_(1.0)
        model.get_parameter("0.weight")[0:2, 2:4] = (
            1.5  # edge (0, 1), of which block (1, 0) is pruned away
        )
        model.get_parameter("0.weight")[2:4, 0:2] = 0.0
    half = torch.ones(6, 6, dtype=torch.bool)
    half[2:4, 0:2] = False
    previous = Masks({"0.weight": half})
    masks = next_masks(model, METHODS["edge_at_init"], ["0.weight"], 2 / 3, previous, Context(n=3))
    assert masks["0.weight"][0:2, 2:4].all()


def test_a_random_mask_with_the_counts_of_its_reference_is_uniform_over_positions():
    model, _, full = net()
    first = Masks({"0.weight": full["0.weight"]})
    keep_7 = torch.zeros(10, 7, dtype=torch.bool)
    keep_7[0] = True
    context = Context(
        generator=torch.Generator().manual_seed(0), reference=Masks({"0.weight": keep_7})
    )
    counts = torch.zeros(10, 7)
    for _ in range(1000):
        counts += next_masks(
            model, METHODS["random_unstructured"], ["0.weight"], 0.9, first, context
        )["0.weight"]
    assert counts.sum() == 7000
    assert (counts - 100).abs().max() < 5 * 90**0.5  # binomial(1000, 0.1), five sd


@pytest.mark.parametrize(
    ("name", "context", "message"),
    [
        ("block_mask", Context(), r"context\.psi"),
        ("edge_at_init", Context(), "node count n"),
        ("edge_at_init", Context(n=5), r"5\.weight"),
        ("random_global", Context(), r"context\.generator"),
        ("random_unstructured", Context(generator=torch.Generator()), r"context\.reference"),
    ],
)
def test_what_a_method_needs_and_does_not_find_is_named(name, context, message):
    model, names, full = net()
    with pytest.raises(UserError, match=message):
        next_masks(model, METHODS[name], names, 0.5, full, context)


def test_a_reference_of_other_tensors_or_shapes_is_refused():
    model, names, full = net()
    matched = METHODS["magnitude_matched"]
    fewer = Masks({n: full[n] for n in names[1:]})
    with pytest.raises(UserError, match=r"'0\.weight', found no such mask"):
        next_masks(model, matched, names, 0.5, full, Context(reference=fewer))
    other = Masks({**full, "0.weight": full["0.weight"].T})
    with pytest.raises(UserError, match=r"\(10, 7\) for '0\.weight', found \(7, 10\)"):
        next_masks(model, matched, names, 0.5, full, Context(reference=other))


def test_a_reference_may_cover_more_than_is_pruned_and_other_methods_ignore_it():
    model, names, full = net()
    reference = next_masks(model, METHODS["unif_1"], names, 0.5, full, Context())
    some = names[:2]
    masks = next_masks(
        model, METHODS["magnitude_matched"], some, 0.5, full, Context(reference=reference)
    )
    assert {n: masks.kept()[n] for n in some} == {n: reference.kept()[n] for n in some}
    fewer = Context(reference=Masks({names[0]: full[names[0]]}))
    next_masks(model, METHODS["glob_1"], names, 0.5, full, fewer)


def test_counts_of_the_reference_above_the_survivors_are_refused():
    model, names, full = net()
    sparse = next_masks(model, METHODS["unif_1"], names, 0.8, full, Context())
    with pytest.raises(UserError, match=r"cannot keep 70 of the weights of 0\.weight: 14 of 70"):
        next_masks(model, METHODS["magnitude_matched"], names, 0.5, sparse, Context(reference=full))


def test_names_without_a_mask_and_masks_of_another_network_are_refused():
    model, names, full = net()
    with pytest.raises(UserError, match=r"'0\.wieght'.*did you mean '0\.weight'"):
        next_masks(model, METHODS["glob_1"], ["0.wieght"], 0.5, full, Context())
    other = Masks({**full, "0.weight": full["0.weight"].T})
    with pytest.raises(UserError, match="another network"):
        next_masks(model, METHODS["glob_1"], names, 0.5, other, Context())
    with pytest.raises(UserError, match="no tensor to prune"):
        next_masks(model, METHODS["glob_1"], [], 0.5, full, Context())
