"""How a network is trained: everything but the network, the data, the masks and the seed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from torch import nn

from graphprune.errors import UserError
from graphprune.registry import lookup, suggestion
from graphprune.training.optimiser import SGD, Adam, Optimiser

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

    def optimiser_for(self, model: nn.Module) -> Optimiser:
        """A new optimiser over all parameters of `model`."""
        parameters = model.parameters()
        if self.optimiser == "sgd":
            return SGD(parameters, self.learning_rate, self.weight_decay, self.momentum)
        return Adam(parameters, self.learning_rate, self.weight_decay)


def candidates(options: Mapping[str, Any]) -> tuple[list[float], list[int]]:
    """(learning rates, epochs) that a config's recipe offers; a single value is a list of one."""
    return _listed(options["learning_rate"]), _listed(options["epochs"])


def first_candidate(options: Mapping[str, Any]) -> dict[str, Any]:
    """The learning_rate and epochs that come first in a config's recipe: those before a choice."""
    rates, epochs = candidates(options)
    return {"learning_rate": rates[0], "epochs": epochs[0]}


def recipe_of(options: Mapping[str, Any], chosen: Mapping[str, Any]) -> Recipe:
    """A config's recipe with the learning_rate and epochs of `chosen`, which may hold more.

    UserError for a key too many in `options`.
    """
    fixed = {key: value for key, value in options.items() if key != "target_accuracy"}
    taken = {key: chosen[key] for key in ("learning_rate", "epochs")}
    return Recipe.from_config({**fixed, **taken})


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Sequence) else [value]
