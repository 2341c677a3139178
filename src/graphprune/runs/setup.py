"""What the runs of one job share: network, recipe, data on the device."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graphprune.data.batches import Batches, DeviceSplit, load_splits
from graphprune.data.stored import read_meta
from graphprune.models.build import build_model
from graphprune.training.device import place, prepare
from graphprune.training.recipe import Recipe

EVALUATION_BATCH = 4096
PAPER = "paper"


@dataclass(frozen=True)
class Setup:
    """Everything that the arms of a comparison have in common.

    labels: the columns that a record copies as they are (experiment, study, dataset …).
    init: "dense" or "sparse", the fan-in that initial weights are scaled for.
    """

    labels: dict[str, str]
    model: dict[str, Any]
    init: str
    recipe: Recipe
    device: torch.device
    splits: dict[str, DeviceSplit]
    input_shape: tuple[int, int, int]
    classes: int
    checkpoint_seconds: float

    def build(self) -> nn.Module:
        """A new network on the device; its weights are for `initialise` to set."""
        options = {key: value for key, value in self.model.items() if key != "name"}
        model = build_model(self.model["name"], self.input_shape, self.classes, **options)
        return place(model, self.device)

    def training_batches(self) -> Batches:
        return Batches(self.splits["train"], self.recipe.batch_size, drop_last=self.recipe.drop_last)

    def evaluation_batches(self, part: str) -> Batches:
        return Batches(self.splits[part], EVALUATION_BATCH)

    def without_test(self) -> "Setup":
        """The same setup without the test set, for whoever makes choices."""
        kept = {part: split for part, split in self.splits.items() if part != "test"}
        return replace(self, splits=kept)

    def with_rate(self, rate: float) -> "Setup":
        """The same setup at another learning rate."""
        return replace(self, recipe=replace(self.recipe, learning_rate=rate))


def load_setup(
    params: Mapping[str, Any],
    compute: Mapping[str, Any],
    data_folder: Path,
    split_file: Path,
    learning_rate: float,
    test: bool,
) -> Setup:
    """The setup that a rule's ``setup`` params and the config's ``compute`` block describe.

    Without `test` the test set is not even loaded: whoever searches or tunes cannot see it.
    Protocol "paper" trains on the whole training set and has the test set in the place of
    the validation set, as BoGP did (§6.1).
    """
    device = prepare(compute["device"], params["threads"], params["deterministic"])
    paper = params["protocol"] == PAPER
    parts = ("train", "val", "test") if test or paper else ("train", "val")
    splits = load_splits(data_folder, split_file, device, parts)
    if paper:
        splits = _paper_protocol(splits)
    meta = read_meta(data_folder)
    return Setup(
        labels={
            "experiment": params["experiment"],
            "study": params["study"],
            "dataset": params["dataset"],
            "protocol": params["protocol"],
            "model": params["model"]["name"],
            "recipe": params["recipe_name"],
        },
        model=dict(params["model"]),
        init=params["init"],
        recipe=Recipe.from_config({**params["recipe"], "learning_rate": learning_rate}),
        device=device,
        splits=splits,
        input_shape=tuple(splits["train"].images.shape[1:]),
        classes=len(meta["classes"]),
        checkpoint_seconds=compute["checkpoint_seconds"],
    )


def _paper_protocol(splits: Mapping[str, DeviceSplit]) -> dict[str, DeviceSplit]:
    train, val, test = splits["train"], splits["val"], splits["test"]
    everything = DeviceSplit(
        torch.cat([train.images, val.images]), torch.cat([train.labels, val.labels])
    )
    return {"train": everything, "val": test, "test": test}
