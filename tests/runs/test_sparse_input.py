"""Runs on packed images give the records of the dense ones but for rounding."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from run_cases import psi, same_record, setup, splits, task

from graphprune.data.batches import Batches, ChannelScaling, DeviceSplit
from graphprune.runs import setup as module
from graphprune.runs.execute import execute, train_task
from graphprune.runs.setup import Setup
from graphprune.sparse.images import SparseImages
from graphprune.sparse.packed import available
from graphprune.training import checkpoint

pytestmark = pytest.mark.skipif(not available(), reason="no C++ compiler")
ZEROS = torch.zeros(4, 1, 16, 16, dtype=torch.uint8)
LOSSES = ("train_loss", "val_loss", "test_loss")


def sparse(**recipe: Any) -> Setup:
    """What is bright of an image's row; the whole set is one batch."""
    parts = {
        name: DeviceSplit(split.images * (split.images >= 120), split.labels)
        for name, split in splits().items()
    }
    chosen = setup(**{"batch_size": None, **recipe})
    return replace(chosen, splits=parts, sparse_input=True)


def packed(batches: Batches, generator: torch.Generator | None = None) -> bool:
    """Whether the images of the first batch of an epoch are packed."""
    images, _ = next(iter(batches.epoch(generator)))
    return isinstance(images, SparseImages)


NETWORKS = {
    "one hidden layer": {"hidden": [8]},
    "two": {"hidden": [8, 16]},
    "with BatchNorm": {"hidden": [8], "batch_norm": True},
    "without bias": {"hidden": [8], "bias": False},
    "none": {"hidden": []},
}


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def chosen(request) -> Setup:
    # SGD: Adam follows the rounding errors of a bias before BatchNorm, whose gradient is 0.
    return sparse(epochs=20, optimiser="sgd", learning_rate=0.1).with_model(**request.param)


@pytest.mark.parametrize("scaling", [None, ChannelScaling((0.1,), (0.3,))])
def test_a_run_on_packed_images_gives_nearly_the_same_record(chosen, scaling):
    asked, chosen = task("block_mask", psi=psi()), replace(chosen, scaling=scaling)
    if not chosen.model["hidden"]:
        asked = task("dense", 0.0, scope="all")
    assert packed(chosen.training_batches(), torch.Generator())
    assert packed(chosen.evaluation_batches("test"))
    found = execute(asked, chosen).to_dict()
    expected = execute(asked, replace(chosen, sparse_input=False)).to_dict()
    for key in LOSSES:
        assert found[key] == pytest.approx(expected[key], rel=1e-4)
    for key in expected.keys() - {*LOSSES, "seconds"}:
        assert found[key] == expected[key], key


@pytest.mark.parametrize("method", ["glob_5_rewind", "block_mask"])
@pytest.mark.parametrize("hidden", [[8], [8, 16]])
def test_losses_of_every_epoch_agree_and_pruned_weights_stay_zero(method, hidden):
    asked, chosen = task(method, psi=psi()), sparse(epochs=20).with_model(hidden=hidden)
    found = train_task(asked, chosen)
    expected = train_task(asked, replace(chosen, sparse_input=False))
    assert found.losses == pytest.approx(expected.losses, rel=1e-4)
    weights = dict(found.model.named_parameters())
    for name, mask in found.masks.items():
        assert bool((weights[name][~mask] == 0).all())


@pytest.mark.parametrize("hidden", [[8], [8, 16]])
def test_with_precision_bf16_only_later_layers_are_rounded(hidden):
    exact = sparse(epochs=20).with_model(hidden=hidden)
    rounded = replace(exact, precision="bf16")
    ((images, _),) = rounded.training_batches().epoch(None)
    assert isinstance(images, SparseImages)
    assert images.dtype is torch.bfloat16
    asked = task("block_mask", psi=psi())
    expected, found = execute(asked, exact), execute(asked, rounded)
    assert found.precision == "bf16"
    if len(hidden) == 1:
        assert same_record(replace(found, precision="fp32"), expected)
    else:
        assert found.train_loss == pytest.approx(expected.train_loss, rel=0.1)
        assert found.train_loss != expected.train_loss


CHANGES = {
    "not asked for": {"sparse_input": False},
    "compiled": {"compile": True},
    "dense images": {"splits": splits()},
    "convolutions first": {
        "model": {"name": "cifar_resnet", "depth": 8, "width": 0.25},
        "input_shape": (1, 16, 16),
        "splits": {"train": DeviceSplit(ZEROS, torch.arange(4))},
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_images_are_packed_only_where_that_is_possible_and_pays(change):
    chosen = replace(sparse(), **change)
    assert not packed(chosen.training_batches())
    assert not packed(chosen.evaluation_batches("train"))


def test_without_a_compiler_nothing_is_packed(monkeypatch):
    monkeypatch.setattr(module, "available", lambda: False)
    assert not packed(sparse().training_batches())


@pytest.mark.parametrize("recipe", [{"batch_size": 10}, {"padding": 1}, {"flip": True}])
def test_batches_that_are_not_the_whole_stored_set_are_dense(recipe):
    assert not packed(sparse(**recipe).training_batches(), torch.Generator())
    assert packed(sparse(**recipe).evaluation_batches("val"))


def test_images_are_packed_once_for_all_runs_and_setups():
    chosen = sparse()
    ((first, _),) = chosen.training_batches().epoch(None)
    ((second, _),) = chosen.with_recipe(0.5, 2).without_test().training_batches().epoch(None)
    assert first is second


@pytest.mark.parametrize("hidden", [[8], [8, 16]])
def test_a_run_goes_on_from_its_checkpoint_to_the_same_bits(hidden, tmp_path, monkeypatch):
    asked, chosen = task("glob_5", scope="all"), sparse().with_model(hidden=hidden)
    undisturbed = execute(asked, chosen)
    save, moments = checkpoint.save, []

    def save_and_stop(path, content):
        save(path, content)
        moments.append((content["round"], content["state"]["epoch"]))
        if moments[-1] == (2, 2):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            execute(asked, chosen, tmp_path / "run.checkpoint")
    assert same_record(execute(asked, chosen, tmp_path / "run.checkpoint"), undisturbed)


def test_warming_up_changes_no_record():
    cold = execute(task("glob_5"), sparse())
    chosen = sparse()
    chosen.warm_up()
    assert same_record(execute(task("glob_5"), chosen), cold)


@pytest.mark.parametrize("hidden", [[8], [8, 16]])
def test_a_training_that_diverges_is_named_as_failed(hidden):
    chosen = sparse(optimiser="sgd", learning_rate=1e30).with_model(hidden=hidden)
    assert train_task(task("dense", 0.0), chosen).failure
