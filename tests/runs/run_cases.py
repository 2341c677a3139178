"""A tiny setup and tasks for the tests of runs."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from graphprune.data.batches import DeviceSplit
from graphprune.masks.blocks import block_masks
from graphprune.masks.mask import Masks
from graphprune.runs.execute import Task
from graphprune.runs.setup import Setup
from graphprune.training.device import place
from graphprune.training.recipe import Recipe

CLASSES, SIDE = 3, 4
N = 8  # divides every width of the mlp but the head's
HIDDEN = (8, 16)
LABELS = {
    "experiment": "tests",
    "study": "none",
    "dataset": "stripes",
    "protocol": "held_out",
    "model": "mlp",
    "recipe": "tiny",
}


def split(examples: int, seed: int) -> DeviceSplit:
    """Images (N, 1, 4, 4) with one bright row that tells the class, and noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(examples) % CLASSES
    images = rng.integers(0, 120, size=(examples, 1, SIDE, SIDE))
    images[np.arange(examples), 0, labels] += 100
    return DeviceSplit(torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(labels))


def splits() -> dict[str, DeviceSplit]:
    return {"train": split(40, 0), "val": split(17, 1), "test": split(19, 2)}


def setup(**recipe: Any) -> Setup:
    """Two hidden layers; keyword arguments change the recipe (Adam, 4 epochs of 4 batches)."""
    options = {"optimiser": "adam", "learning_rate": 0.01, "epochs": 4, "batch_size": 10}
    return Setup(
        labels=LABELS,
        model={"name": "mlp", "hidden": list(HIDDEN)},
        init="dense",
        recipe=Recipe.from_config({**options, **recipe}),
        device=torch.device("cpu"),
        splits=splits(),
        input_shape=(1, SIDE, SIDE),
        classes=CLASSES,
        checkpoint_seconds=0,
    )


@dataclass(frozen=True)
class DropoutSetup(Setup):
    """A network whose training draws random numbers of its own, and has buffers."""

    def build(self) -> nn.Module:
        model = nn.Sequential(
            nn.Flatten(),
            nn.Linear(SIDE * SIDE, 8),
            nn.BatchNorm1d(8),
            nn.ReLU(),
            nn.Dropout(0.3),
            nn.Linear(8, CLASSES),
        )
        return place(model, self.device)


def dropout_setup(**recipe: Any) -> Setup:
    plain = setup(**recipe)
    return DropoutSetup(**{name: getattr(plain, name) for name in plain.__dataclass_fields__})


def every_few_steps(plain: Setup) -> Setup:
    """Long enough for the methods that prune every 100 steps to do so twice."""
    return replace(plain, recipe=replace(plain.recipe, epochs=7, batch_size=1))


def psi(seed: int = 0, sparsity: float = 0.5) -> np.ndarray:
    """A block mask of N nodes with the given share of zeros."""
    mask = np.ones(N * N, dtype=bool)
    mask[: round(sparsity * N * N)] = False
    return np.random.default_rng(seed).permutation(mask).reshape(N, N)


def reference(scope_names: tuple[str, ...], model: nn.Module) -> Masks:
    return block_masks(model, scope_names, psi(5))


def task(method: str, sparsity: float = 0.5, seed: int = 0, **changes: Any) -> Task:
    options: dict[str, Any] = {"arm": method, "scope": "all_but_last", "graph": ""}
    return Task(method=method, sparsity=sparsity, seed=seed, **{**options, **changes})


def same_record(first: Any, second: Any) -> bool:
    """Whether two records agree to the last bit in all but the time they took; NaN equals NaN."""
    a, b = first.to_dict(), second.to_dict()
    a.pop("seconds"), b.pop("seconds")
    return repr(a) == repr(b)
