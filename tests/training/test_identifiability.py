"""Permuting a mask's rows renames hidden units: another graph, the same network.

With only the first matrix of a net with one hidden layer masked, a mask whose rows are
permuted, started from weights permuted alike, trains through the very same losses. So nothing
that this permutation changes can explain how well such a network learns.
"""

import numpy as np
import pytest
import torch
from torch import nn
from training_cases import TensorBatches, adam, sgd, start

from graphprune.graphs.properties import PROPERTIES, graph_properties
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks.blocks import block_masks
from graphprune.masks.controls import rows_permuted
from graphprune.masks.source_random import draw
from graphprune.training.loop import train

N, INPUTS, HIDDEN, CLASSES = 12, 30, 36, 5  # inputs: nodes of two and of three units
EXAMPLES, EPOCHS = 40, 25


def network() -> nn.Sequential:
    generator = torch.Generator().manual_seed(3)
    model = nn.Sequential(nn.Linear(INPUTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.2, 0.2, generator=generator)
    return model.double()


def losses(model: nn.Module, psi: np.ndarray, make, batch_size: int | None) -> list[float]:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(EXAMPLES, INPUTS, generator=generator, dtype=torch.float64)
    labels = torch.randint(CLASSES, (EXAMPLES,), generator=generator)
    recipe = make(epochs=EPOCHS, batch_size=batch_size)
    state = start(recipe, model, block_masks(model, ["0.weight"], psi))
    train(state, TensorBatches(images, labels, batch_size), recipe)
    assert not state.failure
    return state.losses


@pytest.fixture(scope="module")
def psi() -> np.ndarray:
    return draw(N, 0.75, np.random.default_rng(1))


def units_of(order: np.ndarray) -> torch.Tensor:
    """Hidden units, in the order that nodes in `order` put them."""
    units = np.arange(HIDDEN).reshape(N, HIDDEN // N)
    return torch.from_numpy(units[order].reshape(-1))


@pytest.mark.parametrize("make", [adam, sgd], ids=["adam", "sgd"])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_permuted_rows_and_initial_weights_train_through_the_same_losses(psi, make, batch_size):
    order = np.random.default_rng(7).permutation(N)
    units = units_of(order)
    original, renamed = network(), network()
    before = original.state_dict()
    renamed.load_state_dict(
        {
            "0.weight": before["0.weight"][units],
            "0.bias": before["0.bias"][units],
            "2.weight": before["2.weight"][:, units],
            "2.bias": before["2.bias"],
        }
    )
    first = losses(original, psi, make, batch_size)
    second = losses(renamed, psi[order], make, batch_size)
    assert first[-1] < first[0] - 0.05  # it did learn
    np.testing.assert_allclose(second, first, rtol=0, atol=1e-10)
    trained, expected = renamed.state_dict()["0.weight"], original.state_dict()["0.weight"][units]
    torch.testing.assert_close(trained, expected, rtol=0, atol=1e-8)


def test_permuted_rows_alone_are_another_network(psi):
    """The weights must be renamed too, or the test above would hold for any two networks."""
    order = np.random.default_rng(7).permutation(N)
    first = losses(network(), psi, adam, None)
    second = losses(network(), psi[order], adam, None)
    assert np.abs(np.subtract(first, second)).max() > 1e-3


def test_and_yet_the_graph_properties_differ(psi):
    """No candidate of the paper is invariant under a permutation of the rows."""
    rng = np.random.default_rng(0)
    masks = np.stack([psi, *(rows_permuted(psi, rng) for _ in range(30))])
    table = graph_properties(mask_to_adjacency(masks), PROPERTIES)
    assert [name for name in PROPERTIES if table[name].nunique() < 3] == []
