"""What the arms of a comparison share: data, network, recipe; and who may see the test set."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from run_cases import SIDE, dropout_setup, same_record, setup, task

from graphprune.data.raw import RawDataset
from graphprune.data.split import save_split, stratified_split
from graphprune.data.stored import write_dataset
from graphprune.errors import UserError
from graphprune.models.mlp import MLP
from graphprune.runs.execute import execute
from graphprune.runs.setup import Setup, load_setup

TRAIN, TEST = 24, 9
PARAMS: dict[str, Any] = {
    "experiment": "tests",
    "study": "bogp",
    "dataset": "stripes",
    "protocol": "held_out",
    "model": {"name": "mlp", "hidden": [5]},
    "init": "dense",
    "recipe_name": "tiny",
    "recipe": {
        "optimiser": "adam",
        "learning_rate": [0.1, 0.2],
        "epochs": 1,
        "batch_size": 7,
    },
    "threads": 1,
    "deterministic": False,
}
COMPUTE = {"device": "cpu", "checkpoint_seconds": 12.0}


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> tuple[Path, Path]:
    """A stored data set whose images count themselves, and its split."""
    root = tmp_path_factory.mktemp("data")
    images = np.arange(TRAIN + TEST).astype(np.uint8)[:, None, None, None].repeat(SIDE, 2)
    images = np.ascontiguousarray(images.repeat(SIDE, 3))
    labels = np.arange(TRAIN + TEST) % 3
    raw = RawDataset(
        images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:], ("a", "b", "c")
    )
    write_dataset("stripes", raw, root / "data")
    save_split(root / "split.npz", labels[:TRAIN], *stratified_split(labels[:TRAIN], 0.25, 0))
    return root / "data", root / "split.npz"


def loaded(stored: tuple[Path, Path], test: bool, **changes: object) -> Setup:
    return load_setup({**PARAMS, **changes}, COMPUTE, *stored, learning_rate=0.05, test=test)


def numbers(chosen: Setup, part: str) -> set[int]:
    """Which images a part holds."""
    return set(chosen.splits[part].images[:, 0, 0, 0].tolist())


def test_a_setup_is_what_the_params_say(stored):
    chosen = loaded(stored, test=True)
    assert chosen.labels == {
        "experiment": "tests",
        "study": "bogp",
        "dataset": "stripes",
        "protocol": "held_out",
        "model": "mlp",
        "recipe": "tiny",
    }
    assert (chosen.input_shape, chosen.classes) == ((1, SIDE, SIDE), 3)
    assert (chosen.recipe.learning_rate, chosen.recipe.batch_size) == (0.05, 7)
    assert (chosen.checkpoint_seconds, chosen.device.type) == (12.0, "cpu")
    model = chosen.build()
    assert isinstance(model, MLP)
    assert [tuple(p.shape) for p in model.parameters() if p.ndim == 2] == [(5, 16), (3, 5)]


def test_train_and_val_share_nothing_and_test_is_neither(stored):
    chosen = loaded(stored, test=True)
    assert {part: len(split) for part, split in chosen.splits.items()} == {
        "train": 18,
        "val": 6,
        "test": TEST,
    }
    assert not numbers(chosen, "train") & numbers(chosen, "val")
    assert numbers(chosen, "train") | numbers(chosen, "val") == set(range(TRAIN))
    assert numbers(chosen, "test") == set(range(TRAIN, TRAIN + TEST))


def test_who_does_not_ask_for_the_test_set_does_not_hold_it(stored, monkeypatch):
    assert set(loaded(stored, test=False).splits) == {"train", "val"}
    assert set(loaded(stored, test=True).without_test().splits) == {"train", "val"}


def test_protocol_paper_trains_on_everything_and_validates_on_test(stored):
    paper = loaded(stored, test=True, protocol="paper")
    assert numbers(paper, "train") == set(range(TRAIN))
    assert len(paper.splits["train"]) == TRAIN
    assert numbers(paper, "val") == numbers(paper, "test") == set(range(TRAIN, TRAIN + TEST))
    record = execute(task("dense", 0.0), paper)
    assert record.protocol == "paper"
    assert (record.val_accuracy, record.val_loss) == (record.test_accuracy, record.test_loss)


def test_protocol_paper_without_test_has_no_part_of_that_name(stored):
    paper = loaded(stored, test=False, protocol="paper")
    assert set(paper.splits) == {"train", "val"}
    assert numbers(paper, "val") == set(range(TRAIN, TRAIN + TEST))


def test_an_unknown_recipe_key_is_named(stored):
    recipe = {**PARAMS["recipe"], "lerning_rate": 0.1}
    with pytest.raises(UserError, match="lerning_rate"):
        loaded(stored, test=False, recipe=recipe)


def test_batches_are_those_of_the_recipe():
    generator = torch.Generator().manual_seed(0)
    sizes = [len(labels) for _, labels in setup(batch_size=15).training_batches().epoch(generator)]
    assert sizes == [15, 15, 10]
    batches = setup(batch_size=15, drop_last=True).training_batches().epoch(generator)
    assert [len(labels) for _, labels in batches] == [15, 15]
    ((images, labels),) = setup(batch_size=None).training_batches().epoch(generator)
    assert len(images) == len(labels) == 40


@pytest.mark.parametrize("recipe", [{"padding": 1}, {"flip": True}])
def test_training_images_are_augmented_where_the_recipe_says_so(recipe):
    generator = torch.Generator().manual_seed(0)
    plain, augmented = setup(batch_size=None), setup(batch_size=None, **recipe)
    ((original, _),) = plain.training_batches().epoch(generator)
    ((moved, _),) = augmented.training_batches().epoch(generator)
    assert not torch.equal(moved, original)
    if "flip" in recipe:
        mirrored = (moved == original.flip(3)).flatten(1).all(1)
        kept = (moved == original).flatten(1).all(1)
        assert bool((mirrored | kept).all())
        assert bool(mirrored.any())
    ((stored, _),) = augmented.evaluation_batches("train").epoch(None)
    assert torch.equal(stored, original)


def test_another_rate_changes_nothing_but_the_rate():
    chosen = setup()
    other = chosen.with_rate(0.5)
    assert other.recipe == replace(chosen.recipe, learning_rate=0.5)
    assert replace(other, recipe=chosen.recipe) == chosen


@pytest.mark.parametrize("make", [setup, dropout_setup])
@pytest.mark.parametrize("batch_size", [None, 10])
def test_warming_up_changes_no_record(make, batch_size):
    chosen = make(batch_size=batch_size)
    cold = execute(task("glob_5", scope="all"), chosen)
    chosen.warm_up()
    assert same_record(execute(task("glob_5", scope="all"), chosen), cold)


def test_warming_up_draws_nothing_from_the_global_generator(monkeypatch):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    dropout_setup().warm_up()
    assert torch.equal(torch.rand(3), expected)


def test_warming_up_takes_a_step(monkeypatch):
    """Forward, backward and optimiser: what costs time the first time it is done."""
    chosen, steps = setup(), []
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda self: steps.append(self.param_groups[0]["params"])
    )
    chosen.warm_up()
    ((*parameters,),) = steps
    assert all(parameter.grad is not None for parameter in parameters)
