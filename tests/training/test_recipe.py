"""Recipes: how many steps, at what rate, with which optimiser."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from training_cases import (
    FEATURES,
    TensorBatches,
    adam,
    batches,
    network,
    same_weights,
    separable,
    sgd,
    start,
)

from graphprune.data.batches import Batches, DeviceSplit
from graphprune.errors import UserError
from graphprune.training.loop import Callback, State, train
from graphprune.training.recipe import Recipe, candidates, first_candidate, recipe_of


@pytest.mark.parametrize(
    ("batch_size", "drop_last", "steps"),
    [
        (None, False, 5),
        (5, False, 10),
        (4, False, 15),
        (4, True, 10),
        (10, True, 5),
        (99, False, 5),
    ],
)
def test_iterations_of_five_epochs_on_ten_examples(batch_size, drop_last, steps):
    recipe = adam(epochs=5, batch_size=batch_size, drop_last=bool(drop_last))
    assert recipe.iterations(10) == steps


@given(
    examples=st.integers(1, 40),
    size=st.none() | st.integers(1, 50),
    epochs=st.integers(1, 4),
    drop_last=st.booleans(),
)
def test_iterations_are_the_batches_that_the_data_give(examples, size, epochs, drop_last):
    recipe = adam(epochs=epochs, batch_size=size, drop_last=drop_last)
    if recipe.iterations(examples) == 0:
        return
    split = DeviceSplit(
        torch.zeros(examples, 1, 1, 1, dtype=torch.uint8), torch.zeros(examples, dtype=torch.int64)
    )
    assert recipe.iterations(examples) == epochs * len(Batches(split, size, drop_last=drop_last))


@pytest.mark.parametrize("batch_size", [None, 4, 15])
def test_a_training_takes_as_many_steps_as_the_recipe_says(batch_size):
    recipe = sgd(batch_size=batch_size)
    state = start(recipe)
    train(state, batches(batch_size), recipe)
    assert state.iteration == recipe.iterations(30)


def test_a_constant_rate_stays():
    recipe = adam(learning_rate=0.3, epochs=7)
    assert {recipe.rate(epoch) for epoch in range(7)} == {0.3}


def test_the_cosine_goes_from_the_rate_to_zero():
    recipe = sgd(learning_rate=0.4, epochs=4, schedule="cosine")
    assert recipe.rate(0) == 0.4
    assert recipe.rate(2) == pytest.approx(0.2)
    assert recipe.rate(3) == pytest.approx(0.4 * (1 - math.sqrt(0.5)) / 2)  # the last one trained
    assert recipe.rate(4) == 0.0
    rates = [recipe.rate(epoch) for epoch in range(5)]
    assert rates == sorted(rates, reverse=True)


def test_a_stepped_rate_falls_to_a_tenth_every_so_many_epochs():
    recipe = sgd(learning_rate=0.1, epochs=100, schedule="step", step_epochs=30)
    rates = [recipe.rate(epoch) for epoch in range(100)]
    assert rates == [0.1] * 30 + [0.01] * 30 + [0.001] * 30 + [0.0001] * 10


@pytest.mark.parametrize("schedule", ["constant", "cosine", "step"])
def test_a_recipe_knows_whether_a_short_training_begins_a_long_one(schedule):
    step = {"step_epochs": 2} if schedule == "step" else {}
    short, long = (sgd(epochs=epochs, schedule=schedule, **step) for epochs in (4, 7))
    alike = all(short.rate(epoch) == long.rate(epoch) for epoch in range(4))
    assert short.begins_alike == long.begins_alike == alike


def test_the_loop_sets_the_rate_of_each_epoch():
    seen = []

    class Rate(Callback):
        def before_step(self, state: State) -> None:
            seen.append(state.optimiser.lr)

    recipe = sgd(schedule="cosine", batch_size=15)
    train(start(recipe), batches(15), recipe, [Rate()])
    assert seen == [recipe.rate(epoch) for epoch in (0, 0, 1, 1, 2, 2)]


def test_an_unknown_key_is_named_with_the_one_that_was_meant():
    with pytest.raises(UserError, match=r"no key 'weight_decai'.*did you mean 'weight_decay'"):
        adam(weight_decai=0.1)


def test_a_missing_key_is_named():
    with pytest.raises(UserError, match=r"needs the key\(s\) learning_rate, epochs"):
        Recipe.from_config({"optimiser": "adam"})


def test_an_optimiser_or_schedule_that_there_is_not_is_refused():
    with pytest.raises(UserError, match=r"optimiser of a recipe 'adamw'.*known: adam, sgd"):
        adam(optimiser="adamw")
    with pytest.raises(UserError, match=r"schedule of a recipe 'cosin'.*did you mean 'cosine'"):
        adam(schedule="cosin")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schedule": "step"}, "step_epochs of a recipe is missing"),
        ({"step_epochs": 3}, "step_epochs of a recipe belongs to the schedule step"),
        ({"nesterov": True, "momentum": 0.0}, "nesterov of a recipe is true, but there is no"),
        ({"optimiser": "adam"}, "momentum of a recipe is 0.9, but momentum is for sgd"),
        ({"label_smoothing": 1.0}, r"label_smoothing of a recipe is 1.0; expected"),
        ({"label_smoothing": -0.1}, r"label_smoothing of a recipe is -0.1; expected"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(changes, words):
    with pytest.raises(UserError, match=words):
        sgd(**changes)


CONFIG = {"optimiser": "adam", "learning_rate": [0.2, 0.1], "epochs": [7, 3], "batch_size": None}


def test_a_recipe_offers_rates_and_epochs_singly_or_in_lists():
    assert candidates(CONFIG) == ([0.2, 0.1], [7, 3])
    assert candidates({**CONFIG, "epochs": 5, "learning_rate": 0.3}) == ([0.3], [5])


def test_before_a_choice_the_first_of_each_is_taken():
    assert first_candidate(CONFIG) == {"learning_rate": 0.2, "epochs": 7}
    assert first_candidate({**CONFIG, "epochs": 5}) == {"learning_rate": 0.2, "epochs": 5}


def test_what_was_chosen_takes_the_place_of_what_was_offered():
    chosen = {"learning_rate": 0.1, "epochs": 3, "val_accuracy": {}, "n": 5}
    expected = Recipe("adam", learning_rate=0.1, epochs=3)
    assert recipe_of(CONFIG, chosen) == expected
    assert recipe_of({**CONFIG, "target_accuracy": 0.97}, chosen) == expected
    with pytest.raises(UserError, match=r"no key 'target_acuracy'"):
        recipe_of({**CONFIG, "target_acuracy": 0.97}, chosen)


@pytest.mark.parametrize("recipe", [sgd(), adam()])
def test_optimisers_hold_every_parameter(recipe):
    model = network(dropout=0.1)
    optimiser = recipe.optimiser_for(model)
    assert (optimiser.lr, optimiser.weight_decay) == (recipe.learning_rate, recipe.weight_decay)
    assert [id(p) for p in optimiser.parameters] == [id(p) for p in model.parameters()]


def test_sgd_steps_by_momentum_and_weight_decay():
    """v ← m·v + g + d·w; w ← w − r·v, from v = g + d·w at the first step."""
    images, labels = separable(9)
    model = nn.Linear(FEATURES, 3).double()
    weights = [p.detach().clone().requires_grad_() for p in model.parameters()]
    recipe = sgd(learning_rate=0.05, epochs=4)
    train(start(recipe, model), TensorBatches(images.double(), labels), recipe)
    velocities: list[torch.Tensor] = []
    for step in range(4):
        loss = functional.cross_entropy(images.double() @ weights[0].T + weights[1], labels)
        gradients = torch.autograd.grad(loss, weights)
        decayed = [g + 1e-2 * w.detach() for g, w in zip(gradients, weights, strict=True)]
        velocities = (
            [0.9 * v + d for v, d in zip(velocities, decayed, strict=True)] if step else decayed
        )
        weights = [
            (w.detach() - 0.05 * v).requires_grad_()
            for w, v in zip(weights, velocities, strict=True)
        ]
    for got, expected in zip(model.parameters(), weights, strict=True):
        torch.testing.assert_close(got.detach(), expected.detach(), rtol=1e-12, atol=1e-14)


def test_adam_is_the_adam_of_the_library():
    recipe = adam(epochs=6)
    ours, reference = network(1), network(1)
    train(start(recipe, ours), batches(), recipe)
    optimiser = torch.optim.Adam(
        reference.parameters(), lr=0.02, weight_decay=1e-2, fused=False, foreach=False
    )
    images, labels = separable()
    for _ in range(6):
        optimiser.zero_grad()
        functional.cross_entropy(reference(images), labels).backward()
        optimiser.step()
    assert not same_weights(ours, network(1))
    for got, expected in zip(ours.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-6)
