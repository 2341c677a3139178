"""A user's own image folders."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms import functional

from graphprune.data.datasets import prepare
from graphprune.data.stored import open_dataset
from graphprune.errors import UserError

CIFAR_JPEG = Path(__file__).parents[3] / "shared" / "data" / "cifar10-jpeg.tar.xz"


def draw(path, size=(6, 6), mode="RGB", seed=0):
    """A noise image of (height, width) at `path`; returns its pixels."""
    shape = size if mode == "L" else (*size, len(mode))
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def make_folder(root, size=(6, 6), mode="RGB", test="test"):
    """Classes cat and dog, three training images and one test image each; pixels by path."""
    return {
        f"{part}/{name}/{i}.png": draw(root / part / name / f"{i}.png", size, mode, seed=(i, k))
        for k, (part, name, count) in enumerate(
            [("train", "dog", 3), ("train", "cat", 3), (test, "dog", 1), (test, "cat", 1)]
        )
        for i in range(count)
    }


def load(root, image_size=None, name="image_folder"):
    prepare(name, root / "set", root / "no archives", root, image_size)
    return open_dataset(root / "set")


def channels_first(pixels):
    return np.atleast_3d(pixels).transpose(2, 0, 1)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("test", ["test", "val"])
def test_images_of_one_size_are_kept_as_they_are(tmp_path, mode, test):
    pixels = make_folder(tmp_path, (6, 9), mode, test)
    data = load(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert data.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert data.test_labels.tolist() == [0, 1]
    expected = [pixels[f"train/{name}/{i}.png"] for name in ("cat", "dog") for i in range(3)]
    assert np.array_equal(data.train_images, np.stack([channels_first(p) for p in expected]))
    assert np.array_equal(data.test_images[1], channels_first(pixels[f"{test}/dog/0.png"]))
    assert data.note == ""


def test_one_coloured_image_makes_all_rgb(tmp_path):
    pixels = make_folder(tmp_path, mode="L")
    draw(tmp_path / "test" / "cat" / "0.png", mode="RGBA")
    data = load(tmp_path)
    assert data.train_images.shape == (6, 3, 6, 6)
    assert (data.train_images[0] == pixels["train/cat/0.png"]).all()


def test_images_of_any_size_are_resized_and_centre_cropped(tmp_path):
    make_folder(tmp_path)
    sizes = [(20, 31), (31, 20), (4, 5), (8, 8)]
    for i, size in enumerate(sizes):
        draw(tmp_path / "train" / "cat" / f"{i}.png", size, seed=i)
    data = load(tmp_path, image_size=8)
    assert data.train_images.shape == (7, 3, 8, 8)
    for i in range(len(sizes)):
        with Image.open(tmp_path / "train" / "cat" / f"{i}.png") as image:
            expected = functional.center_crop(functional.resize(image, 8), [8, 8])
        assert np.array_equal(data.train_images[i], channels_first(np.asarray(expected)))
    assert "resized to 8, centre cropped to 8×8" in data.note


def test_differing_sizes_need_an_image_size(tmp_path):
    make_folder(tmp_path)
    draw(tmp_path / "test" / "cat" / "0.png", (7, 6))
    with pytest.raises(UserError, match=r"6×6.*test/cat/0\.png has 7×6.*Set image_size"):
        load(tmp_path)
    with pytest.raises(UserError, match="image_size is 0"):
        load(tmp_path, image_size=0)


def test_imagenet_takes_the_usual_crop_of_val(tmp_path):
    make_folder(tmp_path, (300, 280), test="val")
    data = load(tmp_path, name="imagenet")
    assert data.train_images.shape == (6, 3, 224, 224)
    with Image.open(tmp_path / "val" / "dog" / "0.png") as image:
        expected = functional.center_crop(functional.resize(image, 256), [224, 224])
    assert np.array_equal(data.test_images[1], channels_first(np.asarray(expected)))
    assert load(tmp_path, 32, "imagenet").train_images.shape == (6, 3, 32, 32)


def test_imagenet_is_rgb_though_all_were_grey(tmp_path):
    make_folder(tmp_path, mode="L", test="val")
    assert load(tmp_path, 8, "imagenet").train_images.shape == (6, 3, 8, 8)


@pytest.mark.parametrize("image_size", [None, 4])
@pytest.mark.parametrize("content", ["text", "cut", "empty"])
def test_an_unreadable_image_is_named(tmp_path, image_size, content):
    make_folder(tmp_path)
    path = tmp_path / "train" / "dog" / "1.png"
    path.write_bytes({"text": b"no image", "cut": path.read_bytes()[:90], "empty": b""}[content])
    with pytest.raises(UserError, match=r"train/dog/1\.png cannot be read as an image"):
        load(tmp_path, image_size)
    assert not (tmp_path / "set" / "meta.json").exists()


def test_an_image_of_16_bits_is_refused_rather_than_clipped(tmp_path):
    make_folder(tmp_path, mode="L")
    path = tmp_path / "test" / "dog" / "0.png"
    Image.fromarray(np.full((6, 6), 40_000, dtype=np.uint16)).save(path)
    with pytest.raises(UserError, match=r"test/dog/0\.png has more than 8 bits"):
        load(tmp_path)


def test_class_folders_must_match(tmp_path):
    make_folder(tmp_path)
    draw(tmp_path / "train" / "bird" / "0.png")
    draw(tmp_path / "test" / "fish" / "0.png")
    with pytest.raises(UserError, match=r"only in train/: bird; only in test/: fish"):
        load(tmp_path)


@pytest.mark.parametrize("wrong", ["no part", "no classes", "empty class"])
def test_a_folder_laid_out_otherwise_is_explained(tmp_path, wrong):
    if wrong != "no part":
        make_folder(tmp_path)
        for path in sorted((tmp_path / "test").rglob("*"), reverse=True):
            if path.is_file():
                path.unlink()
            elif wrong == "no classes" or path.name == "dog":
                path.rmdir()
    with pytest.raises(UserError, match=r"no images by class in .*Expected .*<class>"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["image_folder", "imagenet"])
def test_the_folder_must_be_given(tmp_path, name):
    with pytest.raises(UserError, match="needs the key folder"):
        prepare(name, tmp_path / "set", tmp_path)


def test_what_was_left_aside_or_lossy_is_noted(tmp_path):
    make_folder(tmp_path)
    draw(tmp_path / "val" / "cat" / "0.png")
    draw(tmp_path / "train" / "cat" / "x.jpg")
    note = load(tmp_path).note
    assert "lossily compressed files (1 of 9)" in note
    assert "val/ was left aside" in note


def test_cifar10_as_jpeg_folders(tmp_path):
    if not CIFAR_JPEG.is_file():
        pytest.skip(f"CIFAR-10 as JPEG folders is not at {CIFAR_JPEG}")
    wanted = {
        f"cifar10-jpeg/{part}/{name}/{i:04}.jpg"
        for part in ("train", "test")
        for name in ("airplane", "automobile")
        for i in range(5)
    }
    found = 0
    with tarfile.open(CIFAR_JPEG, "r|xz") as archive:
        for member in archive:
            if member.name in wanted:
                archive.extract(member, tmp_path, filter="data")
                found += 1
            if found == len(wanted):
                break
    data = load(tmp_path / "cifar10-jpeg")
    assert data.class_names == ("airplane", "automobile")
    assert data.train_images.shape == (10, 3, 32, 32)
    assert data.test_images.shape == (10, 3, 32, 32)
    assert data.note == "made from lossily compressed files (20 of 20)"
    with Image.open(tmp_path / "cifar10-jpeg" / "train" / "automobile" / "0003.jpg") as image:
        assert np.array_equal(data.train_images[8], channels_first(np.asarray(image)))
