"""A stored data set comes back as it was, or not at all."""

import json

import numpy as np
import pytest

from graphprune.data import stored
from graphprune.data.raw import RawDataset
from graphprune.data.stored import open_dataset, read_meta, write_dataset
from graphprune.errors import UserError


def small_set(channels=3, size=5, train=40, test=12, classes=4, seed=0):
    rng = np.random.default_rng(seed)
    return RawDataset(
        rng.integers(0, 256, (train, channels, size, size + 1), dtype=np.uint8),
        np.arange(train, dtype=np.int64) % classes,
        rng.integers(0, 256, (test, channels, size, size + 1), dtype=np.uint8),
        np.arange(test, dtype=np.int64) % classes,
        tuple("abcdefgh"[:classes]),
        note="made up",
    )


@pytest.fixture
def folder(tmp_path):
    write_dataset("small", small_set(), tmp_path / "set")
    return tmp_path / "set"


@pytest.mark.parametrize("chunk_bytes", [1, 700, 2**25])
def test_everything_comes_back_whatever_the_slices(tmp_path, monkeypatch, chunk_bytes):
    monkeypatch.setattr(stored, "CHUNK_BYTES", chunk_bytes)
    raw = small_set()
    write_dataset("small", raw, tmp_path)
    data = open_dataset(tmp_path)
    assert np.array_equal(data.train_images, raw.train_images)
    assert np.array_equal(data.train_labels, raw.train_labels)
    assert np.array_equal(data.test_images, raw.test_images)
    assert np.array_equal(data.test_labels, raw.test_labels)
    assert (data.name, data.class_names, data.note) == ("small", tuple("abcd"), "made up")
    pixels = raw.train_images / 255
    assert data.mean == pytest.approx(pixels.mean((0, 2, 3)), abs=1e-12)
    assert data.std == pytest.approx(pixels.std((0, 2, 3)), abs=1e-12)


def test_images_are_mapped_not_read(folder):
    data = open_dataset(folder)
    assert isinstance(data.train_images, np.memmap)
    assert not data.train_images.flags.writeable


def test_views_in_another_memory_order_are_stored_alike(tmp_path):
    raw = small_set()
    turned = np.asfortranarray(raw.train_images)
    write_dataset("small", raw, tmp_path / "a")
    other = RawDataset(
        turned, raw.train_labels, raw.test_images, raw.test_labels, raw.class_names, raw.note
    )
    write_dataset("small", other, tmp_path / "b")
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@pytest.mark.parametrize("name", ["train_images", "train_labels", "test_images", "test_labels"])
@pytest.mark.parametrize("how", ["cut", "emptied", "altered", "lengthened", "removed", "retyped"])
def test_a_damaged_array_is_refused_by_name(folder, name, how):
    path = folder / f"{name}.npy"
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[:-3])
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "altered":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif how == "lengthened":
        path.write_bytes(content + b"x")
    elif how == "removed":
        path.unlink()
    else:
        np.save(path, np.load(path).astype(np.float32))
    with pytest.raises(UserError, match=f"{name}.npy is damaged"):
        open_dataset(folder)


def test_a_large_array_is_still_checked_for_its_size(folder, monkeypatch):
    monkeypatch.setattr(stored, "DIGEST_BELOW_BYTES", 0)
    open_dataset(folder)
    path = folder / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="train_images"):
        open_dataset(folder)


def test_an_altered_or_cut_meta_is_refused(folder):
    path = folder / "meta.json"
    text = path.read_text()
    meta = json.loads(text)
    meta["mean"][0] += 0.1
    for content in (json.dumps(meta), text[: len(text) // 2], "[]"):
        path.write_text(content)
        with pytest.raises(UserError, match=r"meta\.json is damaged"):
            read_meta(folder)


def test_without_meta_the_set_is_incomplete(folder):
    (folder / "meta.json").unlink()
    with pytest.raises(UserError, match="no complete data set"):
        open_dataset(folder)


def test_writing_that_breaks_off_leaves_no_set_behind(folder):
    class Breaks:
        shape = (3, 3, 5, 6)

        def __getitem__(self, part):
            raise OSError("disk gone")

    raw = small_set()
    broken = RawDataset(
        raw.train_images, raw.train_labels, Breaks(), raw.test_labels[:3], raw.class_names
    )
    with pytest.raises(OSError, match="disk gone"):
        write_dataset("small", broken, folder)
    assert not (folder / "meta.json").exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_raw_set_that_contradicts_itself_cannot_be_made():
    raw = small_set()
    arrays = (raw.train_images, raw.train_labels, raw.test_images, raw.test_labels)
    with pytest.raises(ValueError, match="outside the classes"):
        RawDataset(*arrays, class_names=("a", "b"))
    with pytest.raises(ValueError, match="one label for each"):
        RawDataset(arrays[0][1:], *arrays[1:], class_names=raw.class_names)
    with pytest.raises(ValueError, match="differ in channels or size"):
        RawDataset(arrays[0][..., 1:], *arrays[1:], class_names=raw.class_names)


def test_pixels_that_are_not_bytes_are_not_stored(tmp_path):
    raw = small_set()
    with pytest.raises(TypeError, match="float64"):
        write_dataset(
            "small",
            RawDataset(
                raw.train_images / 255,
                raw.train_labels,
                raw.test_images,
                raw.test_labels,
                raw.class_names,
            ),
            tmp_path,
        )
