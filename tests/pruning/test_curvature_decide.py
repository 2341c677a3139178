"""Cuts by curvature: exact where it matters, and honest where it stops short."""

import numpy as np
import pytest
from curvature_cases import net

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.pruning.curvature import Settings, neural_curvature
from graphprune.pruning.curvature_decide import decide


def flat(values, names):
    return np.concatenate([np.asarray(values[name]).ravel() for name in names])


@pytest.fixture(scope="module")
def case():
    return net("wide", seed=30)


@pytest.mark.parametrize("first", ["positive", "negative"])
@pytest.mark.parametrize("examples", [1, 2])
@pytest.mark.parametrize("sparsity", [0.0, 0.1, 0.35, 0.6, 0.9, 1.0])
def test_the_mask_is_that_of_exact_curvature(case, sparsity, examples, first):
    model, inputs = case
    exact = neural_curvature(model, inputs)
    values = flat(exact.scores(examples), exact.names)
    found = decide(
        neural_curvature(model, inputs, Settings("bounds")),
        sparsity,
        first=first,
        examples=examples,
    )
    kept = flat(found.masks, exact.names)
    assert kept.sum() == kept_count(len(values), sparsity)
    assert found.undecided == 0
    if 0 < kept.sum() < len(kept):
        gone, stay = values[~kept], values[kept]
        if first == "positive":
            assert gone.min() >= stay.max() - 1e-9
        else:
            assert gone.max() <= stay.min() + 1e-9


def test_only_what_lies_at_the_cut_is_made_exact_and_stays_so(case):
    model, inputs = case
    cheap = neural_curvature(model, inputs, Settings("bounds"))
    open_ = sum(
        int((upper > lower).sum())
        for lower, upper in zip(*(end.values() for end in cheap.interval()), strict=True)
    )
    found = decide(cheap, 0.8)
    assert 0 < found.resolved < open_
    assert decide(cheap, 0.8).resolved == 0


def test_a_budget_leaves_a_share_undecided(case):
    model, inputs = case
    exact = neural_curvature(model, inputs)
    values = flat(exact.scores(), exact.names)
    shares = []
    for budget in (0, 1, None):
        cheap = neural_curvature(model, inputs, Settings("bounds"))
        found = decide(cheap, 0.8, budget=budget)
        shares.append(found.undecided)
        assert budget is None or found.resolved <= budget
        assert found.cut[0] <= np.sort(values)[len(values) - round(0.8 * len(values))]
    assert shares[0] > 0
    assert shares[-1] == 0
    assert shares == sorted(shares, reverse=True)


def test_one_layer_can_be_cut_alone(case):
    model, inputs = case
    cheap = neural_curvature(model, inputs, Settings("bounds"))
    found = decide(cheap, 0.5, names=[cheap.names[1]])
    assert list(found.masks) == [cheap.names[1]]
    assert found.masks.density() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": 1.2}, r"sparsity must lie in \[0, 1\]"),
        ({"sparsity": 0.5, "names": ["0.wait"]}, "did you mean '0.weight'"),
        ({"sparsity": 0.5, "first": "positiv"}, "did you mean 'positive'"),
        ({"sparsity": 0.5, "examples": 9}, "holds 2 examples"),
    ],
)
def test_bad_requests_are_named(case, arguments, message):
    cheap = neural_curvature(*case, Settings("bounds"))
    with pytest.raises(UserError, match=message):
        decide(cheap, **arguments)
