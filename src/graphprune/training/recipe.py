"""How a network is trained: everything but the network, the data, the masks and the seed."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.registry import lookup, suggestion

OPTIMISERS = ("adam", "sgd")
SCHEDULES = ("constant", "cosine")


@dataclass(frozen=True)
class Recipe:
    """An optimiser, its rate over the epochs, and the batches it sees.

    optimiser: one of OPTIMISERS; momentum is SGD's alone.
    batch_size: None trains on the whole set as one batch (BoGP's protocol).
    schedule: "constant", or "cosine" per epoch, ``lr·(1 + cos(π·epoch/epochs))/2`` (RGP's).
    padding, flip: random crop after zero padding (pixels) and horizontal flip, on the device.
    UserError for an optimiser or schedule that there is not.
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

    def __post_init__(self) -> None:
        lookup(dict.fromkeys(OPTIMISERS), self.optimiser, "optimiser of a recipe")
        lookup(dict.fromkeys(SCHEDULES), self.schedule, "learning rate schedule of a recipe")

    @classmethod
    def from_config(cls, options: Mapping[str, Any]) -> "Recipe":
        """A recipe from a config's mapping; UserError for a key too many or too few."""
        known = [field.name for field in fields(cls)]
        for key in options:
            if key not in known:
                raise UserError(
                    f"a recipe has no key '{key}'{suggestion(key, known)}; "
                    f"known: {', '.join(known)}"
                )
        needed = [field.name for field in fields(cls) if field.default is MISSING]
        missing = [key for key in needed if key not in options]
        if missing:
            raise UserError(f"a recipe needs the key(s) {', '.join(missing)}; add them to it")
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
