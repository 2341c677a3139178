"""Projected gradient descent: the ball, the range, the gain, and what it leaves alone."""

import copy

import pytest
import torch
from torch import nn
from training_cases import TensorBatches, same_weights, sgd, start

from graphprune.errors import UserError
from graphprune.metrics.accuracy import cross_entropy
from graphprune.training import checkpoint
from graphprune.training.adversarial import Attack, AttackedBatches, attacked
from graphprune.training.loop import train

ATTACK = Attack(epsilon=0.1, step=0.03, steps=5)
MEAN, STD = torch.tensor([0.2, 0.5])[:, None, None], torch.tensor([0.3, 0.8])[:, None, None]
PLAIN = (torch.zeros(()), torch.ones(()))


def pixels(count=24):
    generator = torch.Generator().manual_seed(1)
    # Many at the ends of the range, where the ball is cut.
    images = (2 * torch.rand(count, 2, 3, 3, generator=generator) - 0.5).clamp(0, 1)
    return images, torch.arange(count) % 3


def network(batch_norm=False):
    torch.manual_seed(2)
    layers = [nn.Flatten(), nn.Linear(18, 12)]
    layers += [nn.BatchNorm1d(12)] if batch_norm else []
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(12, 3))


def gen(seed=0):
    return torch.Generator().manual_seed(seed)


def test_attacked_images_stay_in_the_ball_and_in_range_in_pixels():
    images, labels = pixels()
    x = (images - MEAN) / STD
    found = attacked(network(), x, labels, ATTACK, (MEAN, STD), gen()) * STD + MEAN
    moved = (found - images).abs()
    assert moved.max() <= ATTACK.epsilon + 1e-6
    assert found.min() >= -1e-6
    assert found.max() <= 1 + 1e-6
    assert moved.max() > 0.9 * ATTACK.epsilon


def test_the_loss_rises_for_every_image_of_a_linear_network():
    images, labels = pixels()
    model = nn.Sequential(nn.Flatten(), network()[1], nn.Linear(12, 3))
    before = cross_entropy(model(images), labels, "none")
    found = attacked(model, images, labels, ATTACK, PLAIN, None)
    after = cross_entropy(model(found), labels, "none")
    # The loss is convex in the pixels, but the signs of its gradient may change on the way.
    assert (after > before).all()


def test_one_step_without_a_random_start_is_the_fast_gradient_sign():
    images, labels = pixels()
    model = network()
    x = images.clone().requires_grad_()
    cross_entropy(model(x), labels).backward()
    expected = (images + 0.05 * x.grad.sign()).clamp(0, 1)
    found = attacked(model, images, labels, Attack(0.1, 0.05, 1), PLAIN, None)
    assert torch.allclose(found, expected)


def test_more_steps_do_more_than_noise():
    images, labels = pixels()
    model = network()
    noise = images + ATTACK.epsilon * (2 * torch.rand(images.shape, generator=gen()) - 1)
    found = attacked(model, images, labels, ATTACK, PLAIN, gen())
    assert cross_entropy(model(found), labels) > cross_entropy(model(noise.clamp(0, 1)), labels)


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(training):
    model = network(batch_norm=True).train(training)
    before = copy.deepcopy(model)
    attacked(model, *pixels(), ATTACK, PLAIN, gen())
    assert same_weights(before, model)
    assert model.training is training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_half_precision_comes_back_in_half_precision():
    images, labels = pixels()
    found = attacked(network(), images.bfloat16(), labels, ATTACK, PLAIN, gen())
    assert found.dtype == torch.bfloat16
    assert (found.float() - images).abs().max() <= ATTACK.epsilon + 2**-7


def test_batches_are_those_of_the_others_attacked():
    images, labels = pixels()
    plain = TensorBatches(images, labels, 10)
    batches = AttackedBatches(plain, network(), ATTACK, PLAIN)
    orders = [[y for _, y in b.epoch(gen(3))] for b in (plain, TensorBatches(images, labels, 10))]
    found = list(batches.epoch(gen(3)))
    assert torch.equal(found[0][1], orders[0][0])  # the order is drawn before any start
    again = list(batches.epoch(gen(3)))
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(found, again, strict=True))
    assert [len(y) for _, y in found] == [10, 10, 4]


class Killed(Exception):
    """Stands for the end of the process."""


def test_a_training_that_was_killed_ends_with_the_same_bits(tmp_path):
    images, labels = pixels()
    recipe = sgd(epochs=4)

    def state():
        return start(recipe, network())

    def batches(model):
        return AttackedBatches(TensorBatches(images, labels, 10), model, ATTACK, PLAIN)

    whole = state()
    train(whole, batches(whole.model), recipe)
    half = state()
    train(half, batches(half.model), sgd(epochs=2))
    checkpoint.save(tmp_path / "x", half.to_dict())
    resumed = start(recipe, network(), seed=99)
    resumed.load_dict(checkpoint.load(tmp_path / "x"))
    train(resumed, batches(resumed.model), recipe)
    assert same_weights(whole.model, resumed.model)
    assert whole.losses == resumed.losses


def test_training_against_it_makes_a_network_more_robust():
    images, labels = pixels(60)
    images = images + 0.15 * torch.nn.functional.one_hot(labels, 3)[:, None, :, None]
    images = images.clamp(0, 1)
    recipe, attack = sgd(epochs=60, learning_rate=0.2, weight_decay=0), Attack(0.05, 0.02, 4)
    robust = []
    for against in (False, True):
        state = start(recipe, network())
        plain = TensorBatches(images, labels, 20)
        train(
            state, AttackedBatches(plain, state.model, attack, PLAIN) if against else plain, recipe
        )
        found = attacked(state.model, images, labels, attack, PLAIN, None)
        robust.append(cross_entropy(state.model(found), labels).item())
    assert robust[1] < robust[0]


@pytest.mark.parametrize("wrong", [{"epsilon": 0}, {"step": -0.1}, {"steps": 0}])
def test_an_attack_that_is_none_is_refused(wrong):
    with pytest.raises(UserError, match=f"{next(iter(wrong))} of an attack is"):
        Attack(**{"epsilon": 0.1, "step": 0.1, "steps": 1, **wrong})
