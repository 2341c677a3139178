"""The optimisers against the classes of torch.optim, to the last bit."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from training_cases import network, separable

from graphprune.training.optimiser import SGD, Adam, Optimiser

IMAGES, LABELS = separable()
RATES = [0.05, 0.02, 0.01, 0.01, 0.005]


def ours(model, make, stop=None):
    """The model after five steps at RATES; at step `stop` the optimiser is saved and made anew."""
    optimiser = make(model.parameters())
    for number, rate in enumerate(RATES):
        if number == stop:
            saved, optimiser = optimiser.state_dict(), make(model.parameters())
            optimiser.load_state_dict(saved)
        optimiser.lr = rate
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(IMAGES), LABELS).backward()
        optimiser.step()
    return model


def theirs(model, optimiser):
    for rate in RATES:
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(IMAGES), LABELS).backward()
        optimiser.step()
    return model


def equal(one, other):
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("stop", [None, 3])
@pytest.mark.parametrize("decay", [0.0, 1e-2])
def test_adam_is_that_of_the_library(decay, stop):
    model = network()
    reference = torch.optim.Adam(model.parameters(), weight_decay=decay, fused=True)
    expected = theirs(model, reference)
    assert equal(ours(network(), lambda p: Adam(p, 0.05, decay), stop), expected)


@pytest.mark.parametrize("stop", [None, 3])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("decay", [0.0, 1e-2])
def test_sgd_is_that_of_the_library(decay, momentum, nesterov, stop):
    model = network()
    options = {"momentum": momentum, "nesterov": nesterov, "weight_decay": decay}
    expected = theirs(model, torch.optim.SGD(model.parameters(), lr=0.05, **options, fused=True))
    made = ours(network(), lambda p: SGD(p, 0.05, decay, momentum, nesterov), stop)
    assert equal(made, expected)


@pytest.mark.parametrize("make", [Adam, lambda *a: SGD(*a, momentum=0.9)])
def test_a_parameter_without_a_gradient_stays(make):
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
    before = [p.detach().clone() for p in model.parameters()]
    optimiser: Optimiser = make(model.parameters(), 0.1, 1e-2)
    model[0](torch.ones(4, 3)).sum().backward()
    optimiser.step()
    moved = [not torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True)]
    assert moved == [True, True, False, False]


def test_a_saved_state_does_not_change_with_later_steps():
    model = network()
    optimiser = Adam(model.parameters(), 0.05, 0.0)
    nn.functional.cross_entropy(model(IMAGES), LABELS).backward()
    optimiser.step()
    other = Adam(network().parameters(), 0.05, 0.0)
    other.load_state_dict(optimiser.state_dict())
    optimiser.step()
    assert other.state[0]["step"] == 1


def test_a_training_imports_no_compiler():
    """It takes as long to import as torch itself; jobs of small networks would spend it idle."""
    code = """
import sys, torch
from torch import nn
from graphprune.metrics.calls import calls
from graphprune.training.optimiser import SGD, Adam
model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
for optimiser in (Adam(model.parameters(), .1, .1), SGD(model.parameters(), .1, .1, .9)):
    optimiser.zero_grad()
    model(torch.ones(3, 1, 2, 2)).sum().backward()
    optimiser.step()
assert len(calls(model, (1, 2, 2))) == 3
print([name for name in ("torch._dynamo", "sympy") if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
