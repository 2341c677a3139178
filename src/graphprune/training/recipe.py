"""How a network is trained: everything but the network, the data, the masks and the seed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import nn

from graphprune.errors import UserError


@dataclass(frozen=True)
class Recipe:
    """An optimiser, its rate over the epochs, and the batches it sees.

    batch_size: None trains on the whole set as one batch (BoGP's protocol).
    schedule: "constant", or "cosine" per epoch, ``lr·(1 + cos(π·epoch/epochs))/2`` (RGP's).
    padding, flip: random crop after zero padding (pixels) and horizontal flip, on the device.
    """

    optimiser: str
    learning_rate: float
    epochs: int
    batch_size: int | None = None
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    drop_last: bool = False
    padding: int = 0
    flip: bool = False

    @classmethod
    def from_config(cls, options: Mapping[str, Any]) -> "Recipe":
        """A recipe from a config's mapping; UserError for a key that no recipe has."""
        unknown = set(options) - {field.name for field in fields(cls)}
        if unknown:
            raise UserError(f"unknown recipe key(s): {', '.join(sorted(unknown))}")
        return cls(**options)

    def iterations(self, examples: int) -> int:
        """Optimiser steps of a whole training on `examples` examples."""
        if self.batch_size is None:
            return self.epochs
        whole, rest = divmod(examples, self.batch_size)
        return self.epochs * (whole + (rest > 0 and not self.drop_last))

    def rate(self, epoch: int) -> float:
        """The learning rate of `epoch` (from 0)."""
        if self.schedule == "cosine":
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs))
        return self.learning_rate

    def optimiser_for(self, model: nn.Module) -> torch.optim.Optimizer:
        """A new optimiser over all parameters of `model`."""
        if self.optimiser == "sgd":
            return torch.optim.SGD(
                model.parameters(),
                lr=self.learning_rate,
                momentum=self.momentum,
                weight_decay=self.weight_decay,
                fused=True,
            )
        return torch.optim.Adam(
            model.parameters(),
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=True,
        )
