"""bf16 where the images are bf16, fp32 everywhere else; weights, masks and zeros as ever."""

import pytest
import torch
from training_cases import (
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
from graphprune.metrics.accuracy import cross_entropy
from graphprune.training.loop import Callback, State, step, train

RECIPES = {"sgd": sgd, "adam": adam}
BF16 = torch.bfloat16


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
def test_fp32_is_plain_torch_to_the_last_bit(make):
    """A loop without any word of precision gives the same weights and losses."""
    recipe = make(epochs=5)
    state = start(recipe)
    train(state, batches(), recipe)
    model = network()
    optimiser = recipe.optimiser_for(model)
    images, labels = separable()
    losses = []
    for _ in range(5):
        optimiser.zero_grad()
        loss = cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert same_weights(state.model, model)
    assert state.losses == pytest.approx(losses, rel=1e-15)


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("batch_size", [None, 7])
def test_bf16_reaches_nearly_the_same_loss(make, batch_size):
    recipe = make(epochs=40, batch_size=batch_size, weight_decay=0.0)
    states = []
    for dtype in (torch.float32, BF16):
        state = start(recipe)
        train(state, batches(batch_size, dtype=dtype), recipe)
        states.append(state)
    fp32, bf16 = states
    assert bf16.losses[0] == pytest.approx(fp32.losses[0], rel=0.02)
    assert bf16.losses[-1] == pytest.approx(fp32.losses[-1], rel=0.1, abs=1e-3)
    assert bf16.losses != fp32.losses
    assert bf16.failure == ""


def test_weights_gradients_and_moments_stay_fp32():
    recipe = adam()
    state = start(recipe)
    images, labels = separable()
    loss = step(state, images.to(BF16), labels)
    assert loss.dtype == torch.float32
    for number, parameter in enumerate(state.model.parameters()):
        assert parameter.dtype == torch.float32
        assert parameter.grad is not None
        assert parameter.grad.dtype == torch.float32
        moments = state.optimiser.state[number]
        assert {value.dtype for value in moments.values()} == {torch.float32}


def test_a_step_in_bf16_is_too_small_to_see_in_bf16_and_still_taken():
    """A weight near 1 moves by 1e-4 a step: less than half of what bf16 can tell apart."""
    model = network()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
            parameter.mul_(torch.linspace(0.9, 1.1, parameter.numel()).view_as(parameter))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    recipe = adam(learning_rate=1e-4, epochs=1, weight_decay=0.0)
    train(start(recipe, model), batches(dtype=BF16), recipe)
    moved = [(p - b).abs().max().item() for p, b in zip(model.parameters(), before, strict=True)]
    assert all(0.5e-4 < distance < 2e-4 for distance in moved)


class Zeros(Callback):
    """Notes at every step whether the pruned weights are zero."""

    def __init__(self) -> None:
        self.seen: list[bool] = []

    def before_step(self, state: State) -> None:
        weights = dict(state.model.named_parameters())
        self.seen.append(
            all(bool((weights[name][~mask] == 0).all()) for name, mask in state.masks.items())
        )


@pytest.mark.parametrize("make", RECIPES.values(), ids=RECIPES)
def test_a_pruned_weight_stays_exactly_zero_in_bf16(make):
    recipe = make(batch_size=10)
    model = network()
    state, zeros = start(recipe, model, half(model)), Zeros()
    train(state, batches(10, dtype=BF16), recipe, [zeros])
    zeros.before_step(state)
    assert zeros.seen == [True] * 10
    kept = torch.cat([p[state.masks[n]] for n, p in model.named_parameters() if n in state.masks])
    assert bool((kept != 0).all())


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_state_restored_in_bf16_goes_on_to_the_same_bits(dropout):
    recipe = adam(epochs=6, batch_size=7, schedule="cosine")
    data = batches(7, dtype=BF16)
    torch.manual_seed(5)
    model = network(dropout=dropout)
    undisturbed = start(recipe, model, half(model))
    train(undisturbed, data, recipe)

    torch.manual_seed(5)
    model = network(dropout=dropout)
    saved = {}

    class SaveAndLeave(Callback):
        def after_epoch(self, state: State) -> None:
            if state.epoch == 2:
                saved.update(state.to_dict())
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(start(recipe, model, half(model)), data, recipe, [SaveAndLeave()])

    torch.manual_seed(99)
    resumed = start(recipe, network(seed=3, dropout=dropout), Masks({}), seed=4)
    resumed.load_dict(saved)
    train(resumed, data, recipe)
    assert resumed.losses == undisturbed.losses
    assert resumed.masks == undisturbed.masks
    assert same_weights(resumed.model, undisturbed.model)


def test_equal_seeds_give_equal_bits_in_bf16():
    outcomes = []
    for _ in range(2):
        recipe = sgd(batch_size=7)
        state = start(recipe)
        train(state, batches(7, dtype=BF16), recipe)
        outcomes.append(state)
    assert outcomes[0].losses == outcomes[1].losses
    assert same_weights(outcomes[0].model, outcomes[1].model)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_only_bf16_images_turn_autocast_on(dtype):
    seen = []
    images, labels = separable()
    model = network().to(dtype)
    model.register_forward_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    recipe = sgd(epochs=1)
    state = start(recipe, model)
    train(state, TensorBatches(images.to(dtype), labels), recipe)
    assert seen == [False]
