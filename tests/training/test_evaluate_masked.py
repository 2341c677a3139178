"""One pass under many masks agrees with one evaluation a mask."""

import copy

import pytest
import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.training import evaluate_masked as module
from graphprune.training.evaluate import evaluate
from graphprune.training.evaluate_masked import evaluate_masked


class Plain(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 9), nn.ReLU(),
        nn.Linear(9, 3),
    )  # fmt: skip


def data():
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(37, 1, 4, 4, generator=generator)
    labels = torch.randint(3, (37,), generator=generator)
    return [(images[:30], labels[:30]), (images[30:], labels[30:])]


def masks(model, names, count=4):
    generator = torch.Generator().manual_seed(2)
    weights = dict(model.named_parameters())
    return [
        Masks({n: torch.rand(weights[n].shape, generator=generator) < 0.6 for n in names})
        for _ in range(count)
    ]


@pytest.mark.parametrize("piece", [8, 512])
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("names", [("0.weight", "4.weight", "6.weight"), ("4.weight",)])
def test_it_agrees_with_evaluate(monkeypatch, names, wrapped, piece):
    monkeypatch.setattr(module, "PIECE", piece)
    model = Plain(network()) if wrapped else network()
    names = [f"inner.{n}" for n in names] if wrapped else names
    chosen = masks(model, names)
    before = copy.deepcopy(model.state_dict())
    found = evaluate_masked(model, chosen, data())
    assert all(torch.equal(a, before[n]) for n, a in model.state_dict().items())
    for mask, (accuracy, loss) in zip(chosen, found, strict=True):
        pruned = copy.deepcopy(model)
        mask.apply_(pruned)
        expected = evaluate(pruned, data())
        assert accuracy == pytest.approx(expected[0], abs=1e-7)
        assert loss == pytest.approx(expected[1], rel=1e-5)


def test_what_lies_before_the_masked_layer_is_computed_once():
    model = network()
    calls = []
    model[0].register_forward_hook(lambda *_: calls.append("conv"))
    model[4].register_forward_hook(lambda *_: calls.append("linear"))
    evaluate_masked(model, masks(model, ["4.weight"]), data()[:1])
    assert calls.count("conv") == 1
    assert calls.count("linear") == 4


def test_no_mask_is_no_result():
    assert evaluate_masked(network(), [], data()) == []
