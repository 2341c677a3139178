"""A tiny network, data and mask databases for the tests of searches."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from graphprune.data.batches import DeviceSplit
from graphprune.masks.build_database import build
from graphprune.masks.database import MaskDatabase
from graphprune.runs.setup import Setup
from graphprune.training.recipe import Recipe

PROPERTIES = ("average_degree_centrality", "average_clustering", "aspl")
OPTIONS: dict[str, Any] = {
    "starts": 3,
    "steps": 4,
    "kappa": 5,
    "scaling": "none",
    "similarity": "cosine",
    "tell": "asked",
}
TIMES = ["training_seconds", "search_seconds"]


def split(examples: int, seed: int) -> DeviceSplit:
    """Images (N, 1, 4, 4) with one bright row that tells the class, and noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(examples) % 3
    images = rng.integers(0, 120, size=(examples, 1, 4, 4))
    images[np.arange(examples), 0, labels] += 100
    return DeviceSplit(torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(labels))


def setup(hidden: Sequence[int] = (12,), **recipe: Any) -> Setup:
    options = {"optimiser": "adam", "learning_rate": 0.02, "epochs": 3, "batch_size": None}
    names = ("experiment", "study", "dataset", "protocol", "model", "recipe")
    return Setup(
        labels=dict.fromkeys(names, "tests"),
        model={"name": "mlp", "hidden": list(hidden)},
        init="dense",
        recipe=Recipe.from_config({**options, **recipe}),
        device=torch.device("cpu"),
        splits={"train": split(40, 0), "val": split(60, 1)},
        input_shape=(1, 4, 4),
        classes=3,
        checkpoint_seconds=30,
    )


def database(n: int = 6, sparsity: float = 0.5, count: int = 20, seed: int = 0) -> MaskDatabase:
    return build("random", n, sparsity, count, seed, PROPERTIES)


def invented_database(columns: Mapping[str, Sequence[float]], n: int = 4) -> MaskDatabase:
    """Masks as a real database has them, properties as given."""
    count = len(next(iter(columns.values())))
    real = database(n=n, count=count)
    table = real.table.drop(columns=list(PROPERTIES)).assign(**columns)
    return MaskDatabase({**real.parameters, "properties": list(columns)}, table)


def without_times(log: pd.DataFrame) -> pd.DataFrame:
    """A search's log as far as it must repeat."""
    return log.drop(columns=TIMES)
