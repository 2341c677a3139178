"""What is told of a data set before it is there."""

import numpy as np
import pytest

from graphprune.data.datasets import DATASETS, prepare
from graphprune.data.shapes import SHAPES, data_id, input_shape, listing_digest
from graphprune.data.stored import open_dataset
from graphprune.errors import UserError


def block(name, folder=None, image_size=None):
    return {"name": name, "folder": folder, "image_size": image_size}


def test_every_data_set_is_known():
    assert set(SHAPES) == set(DATASETS)


def test_the_shape_is_the_one_the_set_has(tmp_path):
    prepare("digits", tmp_path, tmp_path)
    assert open_dataset(tmp_path).train_images.shape[1:] == input_shape(block("digits"))


def test_the_shape_of_own_images_is_open_and_that_of_imagenet_follows_the_size():
    assert input_shape(block("image_folder", "x", 32)) is None
    assert input_shape(block("imagenet", "x")) == (3, 224, 224)
    assert input_shape(block("imagenet", "x", 64)) == (3, 64, 64)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (block("mnits"), "data.name: .*did you mean 'mnist'"),
        (block("image_folder"), "data.folder is missing"),
        (block("image_folder", ""), "data.folder is missing"),
        (block("imagenet", image_size=64), "data.folder is missing: imagenet needs"),
        (block("mnist", "x"), "set both to null"),
        (block("cifar10", None, 32), "set both to null"),
    ],
)
def test_a_block_that_cannot_work_is_refused(wrong, message):
    with pytest.raises(UserError, match=message):
        input_shape(wrong)


def test_the_id_tells_folders_and_sizes_apart():
    assert data_id(block("mnist")) == "mnist"
    blocks = [block("image_folder", f, size) for f in ("a", "b") for size in (None, 32, 64)]
    ids = [data_id(each) for each in [*blocks, block("imagenet", "a")]]
    assert len(set(ids)) == 7
    assert all(letter.isalnum() or letter in "-_" for word in ids for letter in word)
    assert data_id(blocks[1]) == ids[1]


def test_the_listing_digest_sees_images_change_and_ignores_a_touch(tmp_path):
    def digest():
        return listing_digest(block("image_folder", str(tmp_path)))

    image = tmp_path / "train" / "cat" / "0.pgm"
    image.parent.mkdir(parents=True)
    image.write_bytes(bytes(np.arange(40, dtype=np.uint8)))
    seen = [digest()]
    image.touch()
    assert digest() == seen[0]
    image.with_name("1.pgm").write_bytes(b"more")
    seen.append(digest())
    image.with_name("1.pgm").rename(image.with_name("2.pgm"))
    seen.append(digest())
    image.with_name("2.pgm").write_bytes(b"even more")
    seen.append(digest())
    assert len(set(seen)) == 4
    assert listing_digest(block("mnist")) is None


def test_the_listing_digest_follows_a_linked_class_folder(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "0.pgm").write_bytes(b"image")
    train = tmp_path / "images" / "train"
    train.mkdir(parents=True)
    (train / "cat").symlink_to(elsewhere)
    images = block("image_folder", str(tmp_path / "images"))
    before = listing_digest(images)
    (elsewhere / "1.pgm").write_bytes(b"another")
    assert listing_digest(images) != before


def test_a_million_images_are_not_listed_at_every_call(tmp_path):
    assert listing_digest(block("imagenet", str(tmp_path))) is None
