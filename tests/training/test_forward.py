"""A compiled training is the plain one but for rounding, and one compilation serves all."""

import copy
import shutil

import pytest
import torch
from torch import nn
from training_cases import batches, half, network, same_weights, sgd, start

from graphprune.training.forward import compiled, plain
from graphprune.training.loop import train

needs_compiler = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="needs a C++ compiler"
)


@pytest.fixture
def graphs():
    """How often the compiler has made a graph so far."""
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    yield lambda: counters["stats"]["unique_graphs"]
    torch._dynamo.reset()


def convolutions() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(24, 3))


def trained(how, model, seed=0):
    recipe = sgd(batch_size=10)
    state = start(recipe, model, half(model, seed), seed)
    state.forward = how
    train(state, batches(10), recipe)
    return state


def test_plain_is_a_call_of_the_network():
    model, images = network(), torch.ones(2, 6)
    assert torch.equal(plain(model, images), model(images))


@needs_compiler
def test_compiled_trainings_agree_and_share_one_compilation(graphs):
    for seed in (0, 1):  # another network object, other masks, another order
        model = convolutions()
        expected = trained(plain, copy.deepcopy(model), seed)
        found = trained(compiled(), model, seed)
        assert found.losses == pytest.approx(expected.losses, abs=1e-4)
        for name, value in expected.model.state_dict().items():
            torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-4, atol=1e-4)
        assert graphs() == 1


@needs_compiler
def test_a_compiled_network_is_a_network_as_ever(graphs):
    model = network()
    names = list(model.state_dict())
    state = trained(compiled(), model)
    assert list(state.to_dict()["model"]) == names
    assert type(state.model) is nn.Sequential
    assert same_weights(copy.deepcopy(state.model), state.model)


@needs_compiler
def test_more_networks_are_compiled_than_torch_would_by_itself(graphs):
    for width in range(1, 11):
        compiled()(nn.Linear(3, width), torch.ones(2, 3))
    assert graphs() == 10
