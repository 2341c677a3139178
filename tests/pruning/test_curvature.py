"""Neural curvature against the oracle, against its definition, and its invariances."""

import numpy as np
import pytest
import torch
from curvature_cases import defined_scores
from torch import nn

from graphprune.pruning.curvature import (
    Settings,
    neural_curvature,
)

NETS = {
    "linear": (
        (5,),
        lambda: nn.Sequential(
            nn.Linear(5, 7),
            nn.ReLU(),
            nn.Linear(7, 6),
            nn.ReLU(),
            nn.Linear(6, 5),
            nn.ReLU(),
            nn.Linear(5, 3),
        ),
    ),
    "tanh": (
        (5,),
        lambda: nn.Sequential(
            nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3)
        ),
    ),
    "unpadded": (
        (1, 9, 9),
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, 3),
            nn.ReLU(),
            nn.Conv2d(2, 3, 3, stride=2),
            nn.ReLU(),
            nn.Conv2d(3, 2, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8, 3),
        ),
    ),
    "padded": (
        (2, 5, 6),
        lambda: nn.Sequential(
            nn.Conv2d(2, 2, 3, padding=1),
            nn.BatchNorm2d(2),
            nn.ReLU(),
            nn.Conv2d(2, 3, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(3, 2, 3, padding=(1, 0)),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(40, 2),
        ),
    ),
    "padded strided": (
        (1, 7, 8),
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, (3, 4), stride=2, padding=2),
            nn.Tanh(),
            nn.Conv2d(2, 2, 3, stride=(2, 1), padding=1),
            nn.Tanh(),
            nn.Conv2d(2, 2, 3, padding=2),
            nn.Tanh(),
            nn.Conv2d(2, 2, 1, stride=2, padding=1),
            nn.Tanh(),
            nn.Flatten(),
            nn.LazyLinear(3),
        ),
    ),
}


def net(name: str, seed: int = 0) -> tuple[nn.Module, torch.Tensor]:
    """The net and two examples, both drawn from `seed`."""
    shape, build = NETS[name]
    torch.manual_seed(seed)
    examples = torch.randn(2, *shape)
    model = build().double().eval()
    model(examples.double())
    with torch.no_grad():  # so that no layer is wholly dead
        for module in model[:-1]:
            if getattr(module, "bias", None) is not None:
                module.bias += 0.1
    return model, examples


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("name", NETS)
def test_it_is_the_definition(name, alpha):
    model, examples = net(name, seed=3)
    expected = defined_scores(model, examples, alpha)
    found = neural_curvature(model, examples, Settings(idleness=alpha))
    scores = found.scores()
    assert list(scores) == list(expected)
    for tensor, values in scores.items():
        assert values.shape == model.get_parameter(tensor).shape
        np.testing.assert_allclose(values, expected[tensor], rtol=1e-7, atol=1e-7)
