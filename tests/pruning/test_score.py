import pytest
import torch
from pruning_cases import mlp

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.pruning import score as scores
from graphprune.pruning.context import Context
from graphprune.pruning.names import SCORES
from graphprune.pruning.scope import tensors

BROKEN = {
    "lazy": f"{__name__}:lazy",
    "flat": f"{__name__}:flat",
    "counting": f"{__name__}:counting",
}


def lazy(model, names, context):
    return {}


def flat(model, names, context):
    return {name: model.get_parameter(name).flatten() for name in names}


def counting(model, names, context):
    """Whole numbers with a gradient, as a careless score may return them."""
    return {
        name: torch.arange(model.get_parameter(name).numel()).view_as(model.get_parameter(name))
        for name in names
    }


def everything(net):
    return Masks.full(net, tensors(net, "all"))


@pytest.mark.parametrize("name", sorted(SCORES))
def test_a_score_is_a_detached_number_per_weight(name):
    net = mlp()
    context = Context(
        generator=torch.Generator().manual_seed(0), examples=(torch.randn(2, 7), torch.arange(2))
    )
    found = scores.score(name, net, everything(net), context)
    for tensor, values in found.items():
        assert values.shape == net.get_parameter(tensor).shape
        assert values.dtype in (torch.float32, torch.float64)
        assert not values.requires_grad


def test_magnitude_is_the_absolute_value_widened_from_half_precision():
    net = mlp().to(torch.float16)
    found = scores.score("magnitude", net, everything(net), Context())
    for tensor, values in found.items():
        assert values.dtype == torch.float32
        assert torch.equal(values, net.get_parameter(tensor).detach().float().abs())


def test_random_needs_a_generator_and_moves_it_on():
    net = mlp()
    with pytest.raises(UserError, match=r"context\.generator"):
        scores.score("random", net, everything(net), Context())
    generator = torch.Generator().manual_seed(0)
    one, two = (
        scores.score("random", net, everything(net), Context(generator=generator)) for _ in "ab"
    )
    assert not torch.equal(one["0.weight"], two["0.weight"])


def test_random_leaves_the_global_generator_alone():
    net = mlp()
    before = torch.get_rng_state()
    context = Context(generator=torch.Generator().manual_seed(0))
    scores.score("random", net, everything(net), context)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lazy", r"must return a tensor of shape \(10, 7\) for '0\.weight', found nothing"),
        ("flat", r"shape \(10, 7\) for '0\.weight', found \(70,\)"),
        ("lasy", "did you mean 'lazy'"),
    ],
)
def test_a_score_that_does_not_fit_is_named(monkeypatch, name, message):
    monkeypatch.setattr(scores, "SCORES", BROKEN)
    net = mlp()
    with pytest.raises(UserError, match=message):
        scores.score(name, net, everything(net), Context())


def test_whole_numbers_are_ranked_as_floats(monkeypatch):
    monkeypatch.setattr(scores, "SCORES", BROKEN)
    net = mlp()
    found = scores.score("counting", net, everything(net), Context())
    assert found["0.weight"].dtype == torch.float32


def test_nan_matters_only_where_a_weight_survives():
    net = mlp()
    with torch.no_grad():
        net.get_parameter("0.weight")[0, 0] = torch.nan
    alive = everything(net)
    with pytest.raises(UserError, match=r"'0\.weight' is NaN for 1 of 70"):
        scores.score("magnitude", net, alive, Context())
    without = alive["0.weight"].clone()
    without[0, 0] = False
    scores.score("magnitude", net, Masks({**alive, "0.weight": without}), Context())
