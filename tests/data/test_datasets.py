"""The registry of data sets, and the bundled digits."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from graphprune.data.datasets import archives_of, prepare
from graphprune.data.names import ARCHIVES, DATASETS
from graphprune.data.shapes import FOLDERS, SHAPES
from graphprune.data.stored import open_dataset
from graphprune.errors import UserError
from graphprune.registry import resolve


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    prepare("digits", folder, folder / "no archives")
    return open_dataset(folder)


def test_every_name_leads_to_a_loader():
    assert set(DATASETS) == set(SHAPES)
    assert set(ARCHIVES) == set(DATASETS) - {"digits", *FOLDERS}
    for name in DATASETS:
        assert callable(resolve(DATASETS, name, "data set"))


def test_the_registry_needs_no_torch():
    code = (
        "import sys, graphprune.data.datasets, graphprune.data.stored, graphprune.data.split;"
        "assert 'torch' not in sys.modules and 'torchvision' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_refused_with_a_suggestion(tmp_path):
    with pytest.raises(UserError, match="did you mean 'cifar10'"):
        prepare("cifar_10", tmp_path, tmp_path)
    with pytest.raises(UserError, match="did you mean 'mnist'"):
        archives_of("mnis")


@pytest.mark.parametrize("name", sorted(ARCHIVES))
def test_archives_are_torchvisions_own(name):
    archives = archives_of(name)
    assert archives == list(dict.fromkeys(archives))
    assert all(len(md5) == 32 and not path.startswith("/") for path, md5 in archives)
    counts = {"mnist": 4, "fashion_mnist": 4, "cifar10": 1, "cifar100": 1, "svhn": 2}
    assert len(archives) == counts[name]


def test_mnist_archives_lie_where_torchvision_looks():
    assert archives_of("mnist")[0] == (
        "MNIST/raw/train-images-idx3-ubyte.gz",
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    )
    assert archives_of("digits") == archives_of("image_folder") == []


@pytest.mark.parametrize("name", sorted(set(DATASETS) - set(FOLDERS)))
@pytest.mark.parametrize("option", ["folder", "image_size"])
def test_options_of_folder_sets_are_refused_elsewhere(tmp_path, name, option):
    value = {"folder": tmp_path, "image_size": 32}[option]
    with pytest.raises(UserError, match=f"data set '{name}': {option} is"):
        prepare(name, tmp_path / "set", tmp_path, **{option: value})


def test_digits_are_all_there_and_told_apart(digits):
    assert digits.train_images.shape == (1437, 1, 8, 8)
    assert digits.test_images.shape == (360, 1, 8, 8)
    original = load_digits()
    scaled = [round(v * 255 / 16) for v in range(17)]
    expected = sorted(
        (int(label), *(scaled[int(v)] for v in image.ravel()))
        for image, label in zip(original.images, original.target, strict=True)
    )
    found = sorted(
        (int(label), *image.ravel().tolist())
        for images, labels in (
            (digits.train_images, digits.train_labels),
            (digits.test_images, digits.test_labels),
        )
        for image, label in zip(images, labels, strict=True)
    )
    assert found == expected


def test_the_digits_test_set_is_stratified_and_declared(digits):
    everything = np.bincount(load_digits().target)
    assert np.abs(np.bincount(digits.test_labels) - 0.2 * everything).max() < 1
    assert "stratified 20% was cut with seed 0" in digits.note


def test_the_digits_test_set_is_always_the_same_one(digits):
    # The data set's definition: a change here makes all earlier numbers incomparable.
    first = [1, 4, 8, 6, 5, 9, 9, 1, 3, 2, 2, 2, 0, 7, 4, 8, 1, 5, 3, 9]
    assert digits.test_labels[:20].tolist() == first
    assert digits.test_images.sum(dtype=np.int64) == 1_790_819
