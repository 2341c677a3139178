"""What weights are multiplied with, against sums written out; and Wanda's score."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.pruning.activity import layer_inputs, summed_inputs
from graphprune.pruning.context import Context
from graphprune.pruning.scope import tensors
from graphprune.pruning.score import score


def test_a_linear_layers_sums_are_products_of_inputs_and_outputs():
    x, y = torch.rand(5, 4), torch.rand(5, 3)
    assert torch.allclose(summed_inputs(nn.Linear(4, 3), x, y), y.t() @ x)
    assert torch.allclose(summed_inputs(nn.Linear(4, 3), x), x.sum(0).expand(3, 4))


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1)])
def test_a_convolutions_sums_run_over_its_positions(stride, padding):
    layer = nn.Conv2d(2, 3, 3, stride, padding)
    x = torch.rand(4, 2, 7, 7)
    y = torch.rand_like(layer(x))
    windows = F.unfold(x, 3, padding=padding, stride=stride)  # (4, 2·9, positions)
    expected = torch.einsum("nip,nop->oi", windows, y.flatten(2)).view(3, 2, 3, 3)
    assert torch.allclose(summed_inputs(layer, x, y.flatten(1)), expected, atol=1e-4)


def test_inputs_are_those_that_the_layers_are_given():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.9), nn.Linear(4, 2)).train()
    x = torch.randn(6, 3)
    found = layer_inputs(model, ["0.weight", "3.weight"], x)
    assert torch.equal(found["0.weight"], x)
    assert torch.equal(found["3.weight"], model[0](x).relu())  # without dropout
    assert model.training
    assert not model[0]._forward_pre_hooks


def test_wanda_is_magnitude_times_the_norm_of_the_input():
    model = nn.Sequential(nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, -2.0], [0.5, 0.0]]))
    x = torch.tensor([[3.0, 1.0], [4.0, 0.0]])
    given = Context(examples=(x, torch.zeros(2, dtype=torch.long)))
    names = tensors(model, "all")
    found = score("wanda", model, Masks.full(model, names), given)
    assert torch.allclose(found["0.weight"], torch.tensor([[5.0, 2.0], [2.5, 0.0]]))
    with pytest.raises(UserError, match=r"context\.examples"):
        score("wanda", model, Masks.full(model, names), Context())
