"""What the runs of one job share: network, recipe, data on the device."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from graphprune.data.augment import Augmentation
from graphprune.data.batches import (
    Batches,
    ChannelScaling,
    DeviceSplit,
    Split,
    channel_scaling,
    load_splits,
)
from graphprune.data.stored import read_meta
from graphprune.masks.mask import Masks
from graphprune.models.build import build_model
from graphprune.models.init import Kind, initialise
from graphprune.sparse.packed import available
from graphprune.training.adversarial import Attack, AttackedBatches
from graphprune.training.device import (
    AUTO,
    DTYPES,
    memory_for_images,
    place,
    precision_for,
    prepare,
)
from graphprune.training.forward import Forward, compiled, plain
from graphprune.training.loop import EpochBatches, State, step
from graphprune.training.recipe import Recipe, recipe_of

# Images are taken by their nonzero pixels where at most this share is not zero.
DENSEST = 1 / 3
# An evaluation batch has at most so many images, and so many pixels (times channels), by which
# the batches of large images stay within memory.
EVALUATION_BATCH = 4096
EVALUATION_PIXELS = 2**25
PAPER = "paper"


def evaluation_batch_size(shape: tuple[int, int, int]) -> int:
    """How many images of `shape` (channels, height, width) are evaluated at once."""
    return min(EVALUATION_BATCH, max(1, EVALUATION_PIXELS // math.prod(shape)))


@dataclass(frozen=True)
class Setup:
    """Everything that the arms of a comparison have in common.

    labels: the columns that a record copies as they are (experiment, study, dataset …).
    init: "dense" or "sparse", the fan-in that initial weights are scaled for.
    precision: "fp32" or "bf16", what networks are trained and evaluated in.
    scaling: what images are standardised by, or None for images in [0, 1].
    init_kind: what initial weights are drawn from, as `models.init.initialise` takes it.
    compile: whether the steps of trainings are compiled.
    sparse_input: whether networks may be given the nonzero pixels of images alone.
    attack: what training images are changed by, or None to train on them as they are.
    """

    labels: dict[str, str]
    model: dict[str, Any]
    init: str
    recipe: Recipe
    device: torch.device
    splits: dict[str, Split]
    input_shape: tuple[int, int, int]
    classes: int
    checkpoint_seconds: float
    precision: str = "fp32"
    scaling: ChannelScaling | None = None
    init_kind: Kind = "kaiming_uniform"
    compile: bool = False
    sparse_input: bool = False
    attack: Attack | None = None

    @property
    def forward(self) -> Forward:
        """How steps of trainings compute logits."""
        return compiled() if self.compile else plain

    def build(self) -> nn.Module:
        """A new network on the device; its weights are for `initialise` to set."""
        return place(self._network(), self.device)

    def _network(self) -> nn.Module:
        options = {k: v for k, v in self.model.items() if k != "name" and v is not None}
        return build_model(self.model["name"], self.input_shape, self.classes, **options)

    def training_batches(self) -> Batches:
        """The batches of the recipe, augmented where it says so."""
        recipe = self.recipe
        moves = Augmentation(recipe.padding, recipe.flip) if recipe.padding or recipe.flip else None
        return Batches(
            self.splits["train"],
            recipe.batch_size,
            scaling=self.scaling,
            augmentation=moves,
            drop_last=recipe.drop_last,
            dtype=DTYPES[self.precision],
            sparse=recipe.batch_size is None
            and self.attack is None  # which moves zeros, too
            and self._sparse(self.splits["train"]),
        )

    def batches_for(self, model: nn.Module) -> EpochBatches:
        """What `model` is trained on: `training_batches`, attacked where the setup says so."""
        batches = self.training_batches()
        return batches if self.attack is None else self.attacked(batches, model, self.attack)

    def attacked(self, batches: Batches, model: nn.Module, attack: Attack) -> AttackedBatches:
        """`batches`, which this setup has made, as `attack` changes them against `model`."""
        mean, std = self.scaling.moments() if self.scaling else (torch.zeros(()), torch.ones(()))
        scaling = mean.to(self.device), std.to(self.device)
        return AttackedBatches(batches, model, attack, scaling)

    def evaluation_batches(self, part: str) -> Batches:
        """The batches to evaluate `part` on, as stored."""
        return Batches(
            self.splits[part],
            evaluation_batch_size(self.input_shape),
            scaling=self.scaling,
            dtype=DTYPES[self.precision],
            sparse=self._sparse(self.splits[part]),
        )

    def examples(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The first `count` validation images, as a network is given them, and their labels."""
        images, labels = next(Batches(self.splits["val"], count, scaling=self.scaling).epoch(None))
        assert isinstance(images, torch.Tensor)
        return images, labels

    def _sparse(self, split: Split) -> bool:
        """Whether networks get the nonzero pixels of `split` alone: where they can, and it pays."""
        return (
            self.sparse_input
            and self.device.type == "cpu"
            and not self.compile
            and isinstance(split, DeviceSplit)
            and split.nonzero <= DENSEST
            and self._first_is_linear()
            and available()
        )

    def _first_is_linear(self) -> bool:
        """Whether what meets the images is a Linear layer on all values of an image."""
        with torch.device("meta"):
            modules = self._network().modules()
        first = next((m for m in modules if [*m.parameters(recurse=False)]), None)
        return isinstance(first, nn.Linear) and first.in_features == math.prod(self.input_shape)

    def warm_up(self) -> None:
        """One step of a network that is thrown away.

        The first step of a process takes seconds longer than the others (libraries load,
        kernels are chosen), which would be counted as the cost of the first run. Nothing that
        a run draws from is moved on.
        """
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            model = self.build()
            initialise(model, seed=0)
            masks = Masks.full(model, [name for name, _ in model.named_parameters()])
            optimiser = self.recipe.optimiser_for(model)
            state = State(model, optimiser, masks, torch.Generator(), forward=self.forward)
            step(state, *next(iter(self.batches_for(model).epoch(None))))

    def without_test(self) -> "Setup":
        """The same setup without the test set, for whoever makes choices."""
        kept = {part: split for part, split in self.splits.items() if part != "test"}
        return replace(self, splits=kept)

    def with_recipe(self, learning_rate: float, epochs: int) -> "Setup":
        """The same setup at another learning rate and for another number of epochs."""
        recipe = replace(self.recipe, learning_rate=learning_rate, epochs=epochs)
        return replace(self, recipe=recipe)

    def with_model(self, **options: Any) -> "Setup":
        """The same setup with some options of the network changed."""
        return replace(self, model={**self.model, **options})


def load_setup(
    params: Mapping[str, Any],
    compute: Mapping[str, Any],
    data_folder: Path,
    split_file: Path,
    chosen: Mapping[str, Any],
    test: bool,
) -> Setup:
    """The setup that a rule's ``setup`` params and the config's ``compute`` block describe.

    chosen: the learning_rate and epochs to train with, of those that the recipe offers.
    params may hold ``image_size``, the side in pixels that images are resized to;
    ``standardise``, whether they are scaled by mean and deviation of each channel;
    ``init_kind``, as `Setup` has it; ``compile`` and ``sparse_input``; ``attack``, the fields of an
    `Attack` to train against.
    Without `test` the test set is not even loaded: whoever searches or tunes cannot see it.
    Protocol "paper" trains on the whole training set and has the test set in the place of
    the validation set, as BoGP did (§6.1).
    """
    device = prepare(compute["device"], params["threads"], params["deterministic"])
    precision = precision_for(params.get("precision", AUTO), device)
    paper = params["protocol"] == PAPER
    held_out = ("train", "val", "test") if test else ("train", "val")
    parts = ("train+val", "test") if paper else held_out
    memory = memory_for_images(device, compute.get("device_data_gb"))
    size = params.get("image_size")
    splits = load_splits(data_folder, split_file, device, parts, size, memory)
    if paper:
        splits = _paper_protocol(splits, test)
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
        recipe=recipe_of(params["recipe"], chosen),
        device=device,
        splits=splits,
        input_shape=splits["train"].image_shape,
        classes=len(meta["classes"]),
        checkpoint_seconds=compute["checkpoint_seconds"],
        precision=precision,
        scaling=channel_scaling(data_folder) if params.get("standardise") else None,
        init_kind=params.get("init_kind", "kaiming_uniform"),
        compile=params.get("compile", False),
        sparse_input=params.get("sparse_input", False),
        attack=Attack(**params["attack"]) if params.get("attack") else None,
    )


def _paper_protocol(splits: Mapping[str, Split], test: bool) -> dict[str, Split]:
    parts = {"train": splits["train+val"], "val": splits["test"]}
    return {**parts, "test": splits["test"]} if test else parts
