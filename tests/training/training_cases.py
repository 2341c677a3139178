"""Small networks, data and states for the tests of training."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphprune.masks.mask import Masks
from graphprune.training.loop import State
from graphprune.training.recipe import Recipe

FEATURES, CLASSES = 6, 3


@dataclass(frozen=True)
class TensorBatches:
    """Batches of tensors of any precision, in an order drawn from the generator."""

    images: Tensor
    labels: Tensor
    batch_size: int | None = None

    def epoch(self, generator: torch.Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
        size = self.batch_size or len(self.labels)
        order = torch.arange(len(self.labels))
        if generator is not None and self.batch_size is not None:
            order = torch.randperm(len(self.labels), generator=generator)
        for chosen in order.split(size):
            yield self.images[chosen], self.labels[chosen]


def separable(examples: int = 30, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Three classes, each around a corner of its own."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(examples) % CLASSES
    corners = 3 * torch.eye(FEATURES)[labels]
    return corners + 0.3 * torch.randn(examples, FEATURES, generator=generator), labels


def batches(
    batch_size: int | None = None, examples: int = 30, dtype: torch.dtype = torch.float32
) -> TensorBatches:
    images, labels = separable(examples)
    return TensorBatches(images.to(dtype), labels, batch_size)


def network(seed: int = 0, dropout: float = 0.0) -> nn.Sequential:
    """Two linear layers, with BatchNorm and dropout between them where asked."""
    layers: list[nn.Module] = [nn.Linear(FEATURES, 8)]
    layers += [nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout)] if dropout else [nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(8, CLASSES))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-0.4, 0.4, generator=generator)
    return model


def half(model: nn.Module, seed: int = 0) -> Masks:
    """Masks that keep about half of every weight matrix."""
    generator = torch.Generator().manual_seed(seed)
    return Masks(
        {
            name: torch.rand(weight.shape, generator=generator) < 0.5
            for name, weight in model.named_parameters()
            if weight.ndim == 2
        }
    )


def start(
    recipe: Recipe, model: nn.Module | None = None, masks: Masks | None = None, seed: int = 0
) -> State:
    """A state at epoch 0, its data order drawn from `seed`."""
    model = network() if model is None else model
    generator = torch.Generator().manual_seed(seed)
    return State(model, recipe.optimiser_for(model), masks or Masks({}), generator)


def sgd(**changes: object) -> Recipe:
    options = {"learning_rate": 0.1, "epochs": 3, "momentum": 0.9, "weight_decay": 1e-2}
    return Recipe.from_config({"optimiser": "sgd", **options, **changes})


def adam(**changes: object) -> Recipe:
    options = {"learning_rate": 0.02, "epochs": 3, "weight_decay": 1e-2}
    return Recipe.from_config({"optimiser": "adam", **options, **changes})


def same_weights(first: nn.Module, second: nn.Module) -> bool:
    """Whether all parameters and buffers agree to the last bit."""
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
