"""What the arms of a comparison share: data, network, recipe; and who may see the test set."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from run_cases import HIDDEN, SIDE, dropout_setup, psi, same_record, setup, task

from graphprune.data.batches import DeviceSplit
from graphprune.data.raw import RawDataset
from graphprune.data.split import save_split, stratified_split
from graphprune.data.stored import write_dataset
from graphprune.data.stream import StreamedSplit
from graphprune.errors import UserError
from graphprune.models.init import initialise
from graphprune.models.mlp import MLP
from graphprune.runs.execute import execute, train_task
from graphprune.runs.setup import Setup, load_setup
from graphprune.runs.tuning import dense_accuracies
from graphprune.seeds import derive
from graphprune.training import checkpoint
from graphprune.training.forward import plain
from graphprune.training.optimiser import Adam
from graphprune.training.recipe import Recipe

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
        "epochs": [1, 2],
        "target_accuracy": 0.9,
        "batch_size": 7,
    },
    "threads": 1,
    "deterministic": False,
}
CHOSEN = {"learning_rate": 0.05, "epochs": 3, "val_accuracy": {"0.05": {"3": 0.5}}}
COMPUTE: dict[str, Any] = {"device": "cpu", "checkpoint_seconds": 12.0}


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
    return load_setup({**PARAMS, **changes}, COMPUTE, *stored, chosen=CHOSEN, test=test)


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
    assert chosen.recipe == Recipe("adam", learning_rate=0.05, epochs=3, batch_size=7)
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


def test_another_rate_and_length_change_nothing_else():
    chosen = setup()
    other = chosen.with_recipe(0.5, 9)
    assert other.recipe == replace(chosen.recipe, learning_rate=0.5, epochs=9)
    assert replace(other, recipe=chosen.recipe) == chosen


def test_with_another_option_only_that_of_the_network_differs():
    chosen = setup()
    other = chosen.with_model(hidden=[3], batch_norm=True)
    assert other.model == {"name": "mlp", "hidden": [3], "batch_norm": True}
    assert chosen.model == {"name": "mlp", "hidden": list(HIDDEN)}
    assert replace(other, model=chosen.model) == chosen
    assert [tuple(p.shape) for p in other.build().parameters() if p.ndim == 2] == [(3, 16), (3, 3)]


@pytest.fixture(scope="module")
def coloured(tmp_path_factory) -> tuple[Path, Path]:
    """Images of three channels, each with moments of its own; everything but two trains."""
    root = tmp_path_factory.mktemp("colours")
    rng = np.random.default_rng(0)
    brightest = np.array([40, 150, 255])[:, None, None]
    images = (rng.random((200, 3, SIDE, SIDE)) * brightest).astype(np.uint8)
    labels = np.arange(200) % 2
    raw = RawDataset(images, labels, images[:TEST], labels[:TEST], ("a", "b"))
    write_dataset("colours", raw, root / "data")
    save_split(root / "split.npz", labels, *stratified_split(labels, 0.01, 0))
    return root / "data", root / "split.npz"


def test_standardised_images_have_mean_0_and_deviation_1_in_every_channel(coloured):
    chosen = loaded(coloured, test=True, standardise=True)
    given = torch.cat([images for images, _ in chosen.training_batches().epoch(None)])
    assert given.mean((0, 2, 3)).abs().max() < 0.02  # the two of val are in the moments too
    assert (given.std((0, 2, 3)) - 1).abs().max() < 0.02
    # The others are scaled by the moments of the training images, not by their own.
    ((shown, _),) = chosen.evaluation_batches("test").epoch(None)
    plain = loaded(coloured, test=True)
    assert plain.scaling is None
    ((stored, _),) = plain.evaluation_batches("test").epoch(None)
    assert chosen.scaling is not None
    mean, std = (torch.tensor(v)[:, None, None] for v in (chosen.scaling.mean, chosen.scaling.std))
    torch.testing.assert_close(shown, (stored - mean) / std)


def test_images_are_resized_to_the_size_of_the_params(stored):
    chosen = loaded(stored, test=True, image_size=9)
    assert chosen.input_shape == (1, 9, 9)
    assert {split.image_shape for split in chosen.splits.values()} == {(1, 9, 9)}
    assert chosen.build()(torch.zeros(2, 1, 9, 9)).shape == (2, 3)
    assert numbers(chosen, "test") == set(range(TRAIN, TRAIN + TEST))  # flat images stay flat
    assert loaded(stored, test=True, image_size=None).input_shape == (1, SIDE, SIDE)


def test_initial_weights_are_of_the_kind_of_the_params(stored):
    assert loaded(stored, test=False).init_kind == "kaiming_uniform"
    normal = loaded(stored, test=False, init_kind="kaiming_normal")
    untrained = {}
    for chosen in (replace(normal, init_kind="kaiming_uniform"), normal):
        for make in (dense_weights, tuned_weights):
            expected = chosen.build()
            initialise(expected, derive(3, "init"), kind=chosen.init_kind)
            untrained[chosen.init_kind] = expected.state_dict()
            assert_equal(make(chosen, 3), expected.state_dict())
    assert not torch.equal(*(w["layers.0.weight"] for w in untrained.values()))
    with pytest.raises(UserError, match="initialisation 'normal' is not known"):
        train_task(task("dense", 0.0), loaded(stored, test=False, init_kind="normal"))


def still(chosen: Setup) -> Setup:
    """A training that changes no weight."""
    return chosen.with_recipe(1e-30, 1)


def dense_weights(chosen: Setup, seed: int) -> dict[str, torch.Tensor]:
    return train_task(task("dense", 0.0, seed), still(chosen)).model.state_dict()


def tuned_weights(chosen: Setup, seed: int) -> dict[str, torch.Tensor]:
    built = []

    class Kept(Setup):
        def build(self):
            built.append(super().build())
            return built[-1]

    kept = Kept(**{name: getattr(chosen, name) for name in chosen.__dataclass_fields__})
    dense_accuracies(seed, still(kept), [1], Path("never written"))
    return built[0].state_dict()


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name])


RECIPES: list[dict[str, Any]] = [
    {},
    {"padding": 1, "flip": True},
    {"batch_size": 5, "drop_last": True},
]


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("protocol", ["held_out", "paper"])
def test_data_that_stay_on_disk_give_the_same_records(stored, monkeypatch, recipe, protocol):
    changes = {"protocol": protocol, "recipe": {**PARAMS["recipe"], **recipe}}
    kept = loaded(stored, test=True, **changes)
    assert {type(split) for split in kept.splits.values()} == {DeviceSplit}
    monkeypatch.setitem(COMPUTE, "device_data_gb", 0)
    streamed = loaded(stored, test=True, **changes)
    assert {type(split) for split in streamed.splits.values()} == {StreamedSplit}
    streamed.warm_up()
    records = [execute(task("glob_5"), chosen) for chosen in (streamed, kept)]
    assert records[0].failure == ""
    assert same_record(*records)


def test_large_images_are_evaluated_in_smaller_batches():
    chosen = replace(setup(), input_shape=(3, 32, 32))
    assert chosen.evaluation_batches("val").batch_size == 4096
    chosen = replace(setup(), input_shape=(3, 224, 224))
    assert chosen.evaluation_batches("val").batch_size == 222


def test_nothing_is_compiled_unless_the_params_say_so(stored):
    assert loaded(stored, test=False).forward is plain
    assert loaded(stored, test=False, compile=True).compile


@pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="needs a C++ compiler"
)
def test_a_compiled_run_gives_nearly_the_same_record():
    asked, chosen = task("glob_5", scope="all"), setup(drop_last=True)
    expected = execute(asked, chosen).to_dict()
    found = execute(asked, replace(chosen, compile=True)).to_dict()
    for key in ("train_loss", "val_loss", "test_loss"):
        assert found[key] == pytest.approx(expected[key], abs=1e-4)
    for key in ("scope_kept", "parameters_kept", "macs_kept", "epochs", "trainings"):
        assert found[key] == expected[key]


def bf16(chosen: Setup) -> Setup:
    return replace(chosen, precision="bf16")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_precision_of_the_params_is_that_of_the_batches(stored, precision):
    chosen = loaded(stored, test=True, precision=precision)
    assert chosen.precision == precision
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    for given in (chosen.training_batches(), *map(chosen.evaluation_batches, chosen.splits)):
        assert {images.dtype for images, _ in given.epoch(None)} == {dtype}


def test_precision_auto_and_none_named_are_fp32_on_the_cpu(stored):
    assert loaded(stored, test=False, precision="auto").precision == "fp32"
    assert loaded(stored, test=False).precision == "fp32"


def test_an_unknown_precision_is_named(stored):
    with pytest.raises(UserError, match=r"compute\.precision 'fp16'.*did you mean"):
        loaded(stored, test=False, precision="fp16")


@pytest.mark.parametrize("method", ["glob_5", "glob_5_rewind", "block_mask"])
def test_a_run_in_bf16_prunes_as_much_and_learns_as_much(method):
    asked = task(method, psi=psi())
    fp32 = execute(asked, setup(epochs=20))
    record = execute(asked, bf16(setup(epochs=20)))
    assert record.scope_kept == fp32.scope_kept
    assert record.train_loss == pytest.approx(fp32.train_loss, rel=0.1)
    assert record.train_loss != fp32.train_loss
    trained = train_task(asked, bf16(setup()))
    weights = dict(trained.model.named_parameters())
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    for name, mask in trained.masks.items():
        assert bool((weights[name][~mask] == 0).all())


@pytest.mark.parametrize("make", [setup, dropout_setup])
def test_a_run_in_bf16_goes_on_from_its_checkpoint_to_the_same_bits(make, tmp_path, monkeypatch):
    asked, chosen = task("glob_5", scope="all"), bf16(make())
    undisturbed = execute(asked, chosen)
    save, moments = checkpoint.save, []

    def save_and_stop(path: Path, content: dict) -> None:
        save(path, content)
        moments.append((content["round"], content["state"]["epoch"]))
        if moments[-1] == (2, 2):
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        execute(asked, chosen, tmp_path / "run.checkpoint")
    monkeypatch.undo()
    torch.manual_seed(77)
    assert same_record(execute(asked, chosen, tmp_path / "run.checkpoint"), undisturbed)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("make", [setup, dropout_setup])
@pytest.mark.parametrize("batch_size", [None, 10])
def test_warming_up_changes_no_record(make, batch_size, precision):
    chosen = replace(make(batch_size=batch_size), precision=precision)
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
    monkeypatch.setattr(Adam, "step", lambda self: steps.append(self.parameters))
    chosen.warm_up()
    ((*parameters,),) = steps
    assert all(parameter.grad is not None for parameter in parameters)
