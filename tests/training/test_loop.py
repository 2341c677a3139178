"""The loop: it learns, pruned weights stay zero, losses are means, equal seeds give equal bits."""

import math
import random

import numpy as np
import pytest
import torch
from torch import nn
from training_cases import (
    FEATURES,
    TensorBatches,
    adam,
    batches,
    half,
    network,
    same_weights,
    separable,
    sgd,
    start,
)

from graphprune.masks.mask import Masks
from graphprune.training.evaluate import evaluate
from graphprune.training.loop import Callback, State, train

RECIPES = {"sgd": sgd, "adam": adam}


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("batch_size", [None, 7])
def test_it_learns_three_separable_classes(make, batch_size):
    recipe = make(epochs=40, batch_size=batch_size, weight_decay=0.0)
    state = start(recipe)
    train(state, batches(batch_size), recipe)
    assert state.losses[0] > 0.5
    assert state.losses[-1] < 0.1
    assert evaluate(state.model, batches().epoch(None))[0] == 1.0
    assert (state.epoch, len(state.losses), state.failure) == (40, 40, "")


def pruned_are_zero(state: State) -> bool:
    weights = dict(state.model.named_parameters())
    return all(bool((weights[name][~mask] == 0).all()) for name, mask in state.masks.items())


class Watch(Callback):
    """Notes, at every forward pass and after every step, whether pruned weights are zero."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.forwards: list[bool] = []
        self.steps: list[bool] = []
        state.model.register_forward_pre_hook(self._forward)

    def _forward(self, model: nn.Module, inputs: object) -> None:
        self.forwards.append(pruned_are_zero(self.state))

    def before_step(self, state: State) -> None:
        if state.iteration:
            self.steps.append(pruned_are_zero(state))


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
def test_pruned_weights_are_zero_at_every_forward_and_after_every_step(make):
    recipe = make(batch_size=10)
    model = network()
    state = start(recipe, model, half(model))  # not yet applied
    watch = Watch(state)
    train(state, batches(10), recipe, [watch])
    assert watch.forwards == [True] * 9
    assert watch.steps == [True] * 8
    assert pruned_are_zero(state)
    kept = torch.cat([p[state.masks[n]] for n, p in model.named_parameters() if n in state.masks])
    assert bool((kept != 0).all())


class PruneHalf(Callback):
    def before_step(self, state: State) -> None:
        if state.iteration == 4:
            state.masks = half(state.model)
            state.masks.apply_(state.model)


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
def test_weights_pruned_when_momentum_has_built_up_do_not_come_back(make):
    recipe = make(batch_size=10)
    state = start(recipe)
    watch = Watch(state)
    train(state, batches(10), recipe, [PruneHalf(), watch])
    assert watch.forwards == [True] * 9
    assert watch.steps == [True] * 8
    assert state.masks == half(state.model)
    assert pruned_are_zero(state)


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
def test_without_masks_they_would_come_back(make):
    """Else the test above shows nothing."""
    recipe = make(batch_size=10)

    class ZeroOnce(Callback):
        def before_step(self, state: State) -> None:
            if state.iteration == 4:
                half(state.model).apply_(state.model)

    state = start(recipe)
    train(state, batches(10), recipe, [ZeroOnce()])
    state.masks = half(state.model)
    assert not pruned_are_zero(state)


def host_syncs(monkeypatch: pytest.MonkeyPatch, epochs: int, batch_size: int) -> int:
    """How often a training asks the device for a value."""
    count = 0
    model = network()
    recipe = sgd(epochs=epochs, batch_size=batch_size)
    state = start(recipe, model, half(model))

    def counting(name: str) -> None:
        original = getattr(torch.Tensor, name)

        def counted(tensor: torch.Tensor, *arguments: object) -> object:
            nonlocal count
            count += 1
            return original(tensor, *arguments)

        patch.setattr(torch.Tensor, name, counted)

    with monkeypatch.context() as patch:
        for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__"):
            counting(name)
        train(state, batches(batch_size), recipe)
    return count


def test_one_value_per_epoch_is_read_from_the_device(monkeypatch):
    few, more = host_syncs(monkeypatch, 2, 10), host_syncs(monkeypatch, 7, 10)
    assert more - few == 5
    assert few == 2 + 1  # at the end, whether the weights are finite
    assert host_syncs(monkeypatch, 2, 3) == few  # however many batches


@pytest.mark.parametrize("batch_size", [None, 4, 7, 9])
def test_losses_are_means_over_examples_whatever_the_last_batch_holds(batch_size):
    recipe = sgd(learning_rate=0.0, epochs=2, batch_size=batch_size)
    state = start(recipe)
    images, labels = separable(10)
    train(state, TensorBatches(images, labels, batch_size), recipe)
    with torch.no_grad():
        logits = network()(images).double().numpy()
    each = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(10), labels.numpy()]
    assert state.losses == pytest.approx([each.mean()] * 2, rel=1e-6)


def test_a_mean_over_batches_would_be_another_number():
    """Two batches, of two examples and of one: (2·a + b)/3, not (a + b)/2."""
    images = torch.zeros(3, FEATURES)
    model = nn.Linear(FEATURES, 3)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
    recipe = sgd(learning_rate=0.0, epochs=1, batch_size=2)
    state = start(recipe, model)

    class InOrder(TensorBatches):
        def epoch(self, generator):
            return super().epoch(None)

    train(state, InOrder(images, torch.tensor([2, 2, 0]), 2), recipe)
    normaliser = math.log(1 + math.e + math.e**2)
    a, b = normaliser - 2, normaliser
    assert state.losses == pytest.approx([(2 * a + b) / 3], rel=1e-6)


def test_the_mean_is_summed_in_double_precision():
    """In single precision a small loss is lost beside a large sum."""
    model = nn.Linear(1, 2, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0], [-1.0]]))
    images = torch.tensor([[-(2.0**25)], [0.0], [0.0], [0.0]])
    recipe = sgd(learning_rate=0.0, epochs=1, batch_size=1)
    state = start(recipe, model)
    train(state, TensorBatches(images, torch.zeros(4, dtype=torch.int64), 1), recipe)
    assert state.losses[0] * 4 == pytest.approx(2.0**26 + 3 * math.log(2), abs=1e-6)


def test_smoothed_labels_are_trained_on_and_never_evaluated_on():
    """Against the probabilities (1 - s)·[label] + s/classes, written out."""
    recipe = sgd(epochs=1, batch_size=None, label_smoothing=0.3)
    state, model = start(recipe), network()
    train(state, batches(), recipe)
    images, labels = separable()
    logs = model(images).log_softmax(1)
    wanted = 0.7 * nn.functional.one_hot(labels, 3) + 0.1
    loss = -(wanted * logs).sum(1).mean()
    assert state.losses == pytest.approx([loss.item()], rel=1e-6)
    loss.backward()
    optimiser = recipe.optimiser_for(model)
    optimiser.step()
    for got, expected in zip(state.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(got, expected)
    evaluated = evaluate(model, batches().epoch(None))[1]
    assert evaluated == pytest.approx(nn.functional.cross_entropy(model(images), labels).item())


def test_a_loss_that_is_not_a_number_stops_and_is_named():
    images, labels = separable()

    class Breaks(TensorBatches):
        epochs = 0

        def epoch(self, generator):
            type(self).epochs += 1
            if type(self).epochs == 3:
                return iter([(self.images * math.nan, self.labels)])
            return super().epoch(generator)

    recipe = sgd(epochs=10)
    state = start(recipe)
    train(state, Breaks(images, labels), recipe)
    assert state.failure == "the loss is nan in epoch 3"
    assert state.epoch == 3
    assert len(state.losses) == 3
    assert math.isnan(state.losses[-1])


def test_a_rate_far_too_high_fails_instead_of_going_on():
    recipe = sgd(learning_rate=1e30, epochs=20)
    state = start(recipe)
    train(state, batches(), recipe)
    assert state.failure.startswith("the loss is ")
    assert state.epoch < 20


def test_weights_broken_by_the_very_last_step_are_named():
    """The loss of an epoch is that before its last step, so it says nothing of the outcome."""
    recipe = sgd(learning_rate=math.inf, epochs=1)
    state = start(recipe)
    train(state, batches(), recipe)
    assert math.isfinite(state.losses[0])
    assert state.failure == "a weight is not finite after epoch 1"


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
def test_equal_seeds_give_equal_bits_whatever_the_global_generators_are_at(make):
    outcomes = []
    for disturbance in (1, 2):
        torch.manual_seed(disturbance)
        np.random.seed(disturbance)  # noqa: NPY002 (it must not matter)
        random.seed(disturbance)
        recipe = make(batch_size=7)
        model = network()
        state = start(recipe, model, half(model))
        train(state, batches(7), recipe)
        outcomes.append(state)
    assert outcomes[0].losses == outcomes[1].losses
    assert same_weights(outcomes[0].model, outcomes[1].model)


def test_another_seed_of_the_data_order_gives_other_weights():
    recipe = sgd(batch_size=7)
    states = [start(recipe, seed=seed) for seed in (0, 1)]
    for state in states:
        train(state, batches(7), recipe)
    assert not same_weights(states[0].model, states[1].model)


def test_callbacks_come_in_order_around_each_step_and_after_each_epoch():
    calls = []

    class Note(Callback):
        def __init__(self, name: str) -> None:
            self.name = name

        def before_step(self, state: State) -> None:
            calls.append((self.name, "step", state.iteration, len(state.losses)))

        def after_epoch(self, state: State) -> None:
            calls.append((self.name, "epoch", state.epoch, len(state.losses)))

    recipe = sgd(epochs=2, batch_size=15)
    train(start(recipe), batches(15), recipe, [Note("a"), Note("b")])
    expected = [
        [("a", "step", 0, 0), ("b", "step", 0, 0), ("a", "step", 1, 0), ("b", "step", 1, 0)],
        [("a", "epoch", 1, 1), ("b", "epoch", 1, 1)],
        [("a", "step", 2, 1), ("b", "step", 2, 1), ("a", "step", 3, 1), ("b", "step", 3, 1)],
        [("a", "epoch", 2, 2), ("b", "epoch", 2, 2)],
    ]
    assert calls == [call for part in expected for call in part]


def test_callbacks_see_a_failure():
    failures = []

    class Note(Callback):
        def after_epoch(self, state: State) -> None:
            failures.append(state.failure)

    images, labels = separable()
    recipe = sgd()
    train(start(recipe), TensorBatches(images * math.nan, labels), recipe, [Note()])
    assert failures == ["the loss is nan in epoch 1"]


def test_a_network_in_eval_mode_is_trained_in_train_mode():
    model = network(dropout=0.5)
    model.eval()
    modes = []
    model.register_forward_pre_hook(lambda model, inputs: modes.append(model.training))
    train(start(sgd(), model), batches(), sgd())
    assert modes == [True] * 3


def test_a_state_that_has_trained_enough_is_left_alone():
    recipe = sgd()
    state = start(recipe)
    train(state, batches(), recipe)
    before = network()
    before.load_state_dict(state.model.state_dict())
    train(state, batches(), recipe)
    assert (state.epoch, len(state.losses)) == (3, 3)
    assert same_weights(state.model, before)


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_state_restored_from_its_dict_goes_on_to_the_same_bits(make, dropout):
    recipe = make(epochs=6, batch_size=7, schedule="cosine")
    torch.manual_seed(5)
    model = network(dropout=dropout)
    undisturbed = start(recipe, model, half(model))
    train(undisturbed, batches(7), recipe)

    torch.manual_seed(5)
    model = network(dropout=dropout)
    first = start(recipe, model, half(model))
    saved = {}

    class SaveAndLeave(Callback):
        def after_epoch(self, state: State) -> None:
            if state.epoch == 2:
                saved.update(state.to_dict())
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(first, batches(7), recipe, [SaveAndLeave()])

    torch.manual_seed(99)
    resumed = start(recipe, network(seed=3, dropout=dropout), Masks({}), seed=4)
    resumed.load_dict(saved)
    train(resumed, batches(7), recipe)
    assert resumed.losses == undisturbed.losses
    assert resumed.iteration == undisturbed.iteration
    assert resumed.masks == undisturbed.masks
    assert same_weights(resumed.model, undisturbed.model)
