"""A shrunk network computes what the masked one does, with fewer weights."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.models.mlp import mlp
from graphprune.sparse.shrink import shrink

SHAPE, CLASSES = (1, 3, 3), 4


def network(hidden, bias, batch_norm, seed):
    torch.manual_seed(seed)
    model = mlp(SHAPE, CLASSES, hidden=hidden, bias=bias, batch_norm=batch_norm)
    for norm in model.norms:
        if isinstance(norm, nn.BatchNorm1d):  # as after a training
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            nn.init.normal_(norm.bias)
    return model.eval()


def random_masks(model, seed, units=True):
    """Whole rows at random; without `units`, single weights as well."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for number in range(len(model.layers) - 1):
        weight = model.layers[number].weight
        kept = (torch.rand(len(weight), 1, generator=generator) < 0.5).expand(weight.shape)
        if not units:
            kept = kept & (torch.rand(weight.shape, generator=generator) < 0.7)
        found[f"layers.{number}.weight"] = kept
    return Masks(found)


def masked(model, masks):
    twin = copy.deepcopy(model)
    masks.apply_(twin)
    return twin


@settings(max_examples=60, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    bias=st.booleans(),
    batch_norm=st.booleans(),
    units=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_outputs_are_those_of_the_masked_network(hidden, bias, batch_norm, units, seed):
    model = network(hidden, bias, batch_norm, seed)
    masks = random_masks(model, seed, units)
    before = copy.deepcopy(model.state_dict())
    small = shrink(model, masks)
    x = torch.randn(7, *SHAPE)
    with torch.no_grad():
        torch.testing.assert_close(small(x), masked(model, masks)(x), rtol=1e-5, atol=1e-6)
    for number in range(len(hidden)):
        rows = max(int(masks[f"layers.{number}.weight"].any(1).sum()), int(batch_norm))
        assert small.layers[number].weight.shape[0] == rows == small.layers[number].out_features
        assert small.layers[number + 1].weight.shape[1] == rows
    assert small.layers[-1].out_features == CLASSES
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_may_lose_all_its_units(bias):
    model = network([5, 4], bias, False, 0)
    masks = Masks({"layers.0.weight": torch.zeros(5, 9, dtype=torch.bool)})
    small = shrink(model, masks)
    x = torch.randn(2, *SHAPE)
    torch.testing.assert_close(small(x), masked(model, masks)(x))
    assert small.layers[0].weight.shape == (0, 9)


def test_full_masks_change_nothing():
    model = network([5, 4], True, True, 0)
    small = shrink(model, Masks.full(model, ["layers.0.weight", "layers.1.weight"]))
    assert all(torch.equal(v, small.state_dict()[n]) for n, v in model.state_dict().items())
    assert small.layers[0].weight.data_ptr() != model.layers[0].weight.data_ptr()


def test_classes_are_never_removed():
    model = network([5], False, False, 0)
    kept = torch.ones(CLASSES, 5, dtype=torch.bool)
    kept[1] = False
    small = shrink(model, Masks({"layers.1.weight": kept}))
    assert small.layers[1].weight.shape == (CLASSES, 5)
    assert (small(torch.randn(3, *SHAPE))[:, 1] == 0).all()


def test_what_a_pruned_unit_still_emits_goes_into_the_next_bias():
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1, bias=False))
    kept = torch.tensor([[True, True], [False, False]])
    small = shrink(model, Masks({"1.weight": kept}))
    emitted = model[1].bias[1].clamp(min=0) * model[3].weight[0, 1]
    if emitted != 0:
        assert small[3].bias.item() == pytest.approx(emitted.item())
    x = torch.randn(5, 2)
    twin = copy.deepcopy(model)
    Masks({"1.weight": kept}).apply_(twin)
    torch.testing.assert_close(small(x), twin(x))


def test_a_shrunk_network_can_be_trained_and_frozen_weights_stay_frozen():
    model = network([5, 4], True, False, 3)
    model.layers[0].weight.requires_grad_(False)
    small = shrink(model, random_masks(model, 3))
    small(torch.randn(4, *SHAPE)).sum().backward()
    assert small.layers[0].weight.grad is None
    assert small.layers[2].weight.grad is not None


SHARED = nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("model", "name", "words"),
    [
        (nn.Linear(2, 2), "weight", "a Linear cannot be shrunk"),
        (nn.Sequential(nn.Conv2d(1, 2, 1), nn.Linear(2, 2)), "1.weight", "a Conv2d, cannot stand"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softmax(1)), "0.weight", "a Softmax, cannot stand"),
        (nn.Sequential(SHARED, nn.ReLU(), SHARED), "0.weight", "uses one layer or weight twice"),
        (nn.Sequential(nn.Flatten()), None, "without a Linear layer"),
        (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "1.weight", "is of no Linear weight"),
    ],
)
def test_what_cannot_be_shrunk_is_named(model, name, words):
    found = {} if name is None else {name: torch.ones_like(model.get_parameter(name)) > 0}
    with pytest.raises(UserError, match=words):
        shrink(model, Masks(found))
