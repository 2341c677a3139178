"""How a network is trained: everything but the network, the data, the masks and the seed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from torch import nn

from graphprune.errors import UserError
from graphprune.registry import lookup, suggestion
from graphprune.training.optimiser import SGD, Adam, Optimiser
from graphprune.training.recipe_options import misfit

OPTIMISERS = ("adam", "sgd")
SCHEDULES = ("constant", "cosine", "step")


@dataclass(frozen=True)
class Recipe:
    """An optimiser, its rate over the epochs, and the batches it sees.

    optimiser: one of OPTIMISERS; momentum is SGD's alone, and nesterov (Sutskever et al. 2013,
    graph2nn's) a kind of it.
    batch_size: None trains on the whole set as one batch (BoGP's protocol).
    schedule: "constant"; "cosine" per epoch, ``lr·(1 + cos(π·epoch/epochs))/2`` (RGP's on small
    images); or "step", ``lr/10^⌊epoch/step_epochs⌋`` (RGP's on ImageNet, every 30 epochs).
    label_smoothing: the share in [0, 1) of a label that all classes get alike; in the training
    loss alone, never in an evaluation.
    padding, flip: random crop after zero padding (pixels) and horizontal flip, on the device.
    UserError for an optimiser or schedule that there is not, and for options that do not fit
    together (`recipe_options.misfit`).
    """

    optimiser: str
    learning_rate: float
    epochs: int
    batch_size: int | None = None
    momentum: float = 0.0
    weight_decay: float = 0.0
    nesterov: bool = False
    schedule: str = "constant"
    step_epochs: int | None = None
    label_smoothing: float = 0.0
    drop_last: bool = False
    padding: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        lookup(dict.fromkeys(OPTIMISERS), self.optimiser, "optimiser of a recipe")
        lookup(dict.fromkeys(SCHEDULES), self.schedule, "learning rate schedule of a recipe")
        if not 0 <= self.label_smoothing < 1:
            raise UserError(
                f"label_smoothing of a recipe is {self.label_smoothing}; "
                "expected at least 0 and less than 1"
            )
        if found := misfit(asdict(self)):
            raise UserError(f"{found[0]} of a recipe {found[1]}")

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

    @property
    def begins_alike(self) -> bool:
        """Whether a short training is the beginning of a longer one, step by step."""
        return self.schedule != "cosine"

    def rate(self, epoch: int) -> float:
        """The learning rate of `epoch` (from 0)."""
        if self.step_epochs is not None:
            return self.learning_rate / 10 ** (epoch // self.step_epochs)
        if self.schedule == "cosine":
            return self.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs))
        return self.learning_rate

    def optimiser_for(self, model: nn.Module) -> Optimiser:
        """A new optimiser over all parameters of `model`."""
        parameters = model.parameters()
        if self.optimiser == "sgd":
            return SGD(
                parameters, self.learning_rate, self.weight_decay, self.momentum, self.nesterov
            )
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
