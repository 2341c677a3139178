"""Splits on the device and the batches they give."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from graphprune.data.augment import Augmentation, crop_flip, draw_moves
from graphprune.data.batches import (
    Batches,
    ChannelScaling,
    DeviceSplit,
    channel_scaling,
    load_splits,
)
from graphprune.data.raw import RawDataset
from graphprune.data.resize import PIECE, resized
from graphprune.data.split import save_split, stratified_split
from graphprune.data.stored import write_dataset
from graphprune.errors import UserError

N = 23


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def numbered_split(count=N, channels=2):
    """Image i holds the value i everywhere, and its label is i."""
    values = torch.arange(count, dtype=torch.uint8)
    images = values[:, None, None, None].repeat(1, channels, 4, 4)
    return DeviceSplit(images, values.long())


def order(batches, seed):
    chosen = None if seed is None else generator(seed)
    return torch.cat([labels for _, labels in batches.epoch(chosen)]).tolist()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A small data set on disk, its split, and what they were made of."""
    root = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(0)
    raw = RawDataset(
        rng.integers(0, 256, (30, 3, 5, 5), dtype=np.uint8),
        np.arange(30, dtype=np.int64) % 3,
        rng.integers(0, 256, (9, 3, 5, 5), dtype=np.uint8),
        np.arange(9, dtype=np.int64) % 3,
        ("a", "b", "c"),
    )
    write_dataset("small", raw, root / "set")
    train, val = stratified_split(raw.train_labels, 0.2, seed=0)
    save_split(root / "split.npz", raw.train_labels, train, val)
    return root, raw, train, val


def test_parts_are_what_the_split_says(stored):
    root, raw, train, val = stored
    splits = load_splits(root / "set", root / "split.npz", "cpu", ("train", "val", "test"))
    for part, images, labels in (
        ("train", raw.train_images[train], raw.train_labels[train]),
        ("val", raw.train_images[val], raw.train_labels[val]),
        ("test", raw.test_images, raw.test_labels),
    ):
        assert splits[part].images.dtype == torch.uint8
        assert splits[part].labels.dtype == torch.int64
        assert np.array_equal(splits[part].images.numpy(), images)
        assert np.array_equal(splits[part].labels.numpy(), labels)


def test_only_the_asked_parts_are_given(stored):
    root = stored[0]
    splits = load_splits(root / "set", root / "split.npz", "cpu", ("train", "val"))
    assert set(splits) == {"train", "val"}
    with pytest.raises(UserError, match="unknown part 'valid'"):
        load_splits(root / "set", root / "split.npz", "cpu", ("valid",))
    with pytest.raises(TypeError):
        load_splits(root / "set", root / "split.npz", "cpu")  # type: ignore[call-arg]


def test_train_and_val_can_be_had_as_one(stored):
    root, raw, train, val = stored
    split = load_splits(root / "set", root / "split.npz", "cpu", ["train+val"])["train+val"]
    both = np.concatenate([train, val])
    assert np.array_equal(split.images.numpy(), raw.train_images[both])
    assert np.array_equal(split.labels.numpy(), raw.train_labels[both])


def test_a_split_of_another_set_is_not_applied(stored, tmp_path):
    root, raw, train, val = stored
    save_split(tmp_path / "other.npz", 2 - raw.train_labels, train, val)
    with pytest.raises(UserError, match="another data set"):
        load_splits(root / "set", tmp_path / "other.npz", "cpu", ("train",))


def test_images_are_enlarged_once_at_loading(stored):
    root, raw, _, _ = stored
    splits = load_splits(root / "set", root / "split.npz", "cpu", ("test",), image_size=12)
    expected = interpolate(
        torch.from_numpy(raw.test_images).double(), (12, 12), mode="bilinear", align_corners=False
    )
    assert splits["test"].images.dtype == torch.uint8
    assert (splits["test"].images - expected).abs().max() <= 0.5 + 1e-3


@pytest.mark.parametrize("size", [3, 8, 20])
def test_a_flat_image_stays_flat_whatever_the_size(size):
    images = numbered_split(1500).images  # more than one piece
    assert torch.equal(resized(images, size), images[:, :, :1, :1].expand(-1, -1, size, size))


def test_an_epoch_shows_every_image_once_with_its_label():
    batches = Batches(numbered_split(), 5)
    seen = list(batches.epoch(generator()))
    assert [len(labels) for _, labels in seen] == [5, 5, 5, 5, 3]
    assert len(batches) == 5
    for images, labels in seen:
        assert images.dtype == torch.float32
        assert torch.equal(images, (labels / 255)[:, None, None, None].expand(-1, 2, 4, 4))
    assert sorted(order(batches, 0)) == list(range(N))


def test_an_incomplete_batch_can_be_dropped():
    batches = Batches(numbered_split(), 5, drop_last=True)
    assert [len(labels) for _, labels in batches.epoch(generator())] == [5, 5, 5, 5]
    assert len(batches) == 4
    assert len(set(order(batches, 0))) == 20
    with pytest.raises(UserError, match="only 23 images"):
        Batches(numbered_split(), 24, drop_last=True)
    with pytest.raises(UserError, match="batch_size is 0"):
        Batches(numbered_split(), 0)


def test_without_a_generator_images_come_in_order():
    assert order(Batches(numbered_split(), 5), None) == list(range(N))


def test_the_order_is_paired_by_seed_and_changes_with_every_epoch():
    batches = Batches(numbered_split(), 5)
    assert order(batches, 1) == order(Batches(numbered_split(), 8), 1)
    assert order(batches, 1) != order(batches, 2)
    one = generator(1)
    first, second = ([y.tolist() for _, y in batches.epoch(one)] for _ in range(2))
    assert first != second


def test_augmentation_does_not_change_the_first_order():
    plain = Batches(numbered_split(), 5)
    augmented = Batches(numbered_split(), 5, augmentation=Augmentation())
    assert order(plain, 1) == order(augmented, 1)


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    order(Batches(numbered_split(), 5, augmentation=Augmentation()), 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_whole_split_is_one_batch_converted_once():
    split = numbered_split()
    batches = Batches(split, None)
    assert len(batches) == 1
    ((first, labels),) = batches.epoch(generator(1))
    ((second, _),) = batches.epoch(None)
    assert torch.equal(first, split.images / 255)
    assert torch.equal(labels, split.labels)
    assert first is second


def test_standardised_images_have_mean_0_and_deviation_1(stored):
    root, raw, _, _ = stored
    images = torch.from_numpy(raw.train_images)
    split = DeviceSplit(images, torch.from_numpy(raw.train_labels))
    batches = Batches(split, 7, scaling=channel_scaling(root / "set"))
    scaled = torch.cat([x for x, _ in batches.epoch(generator())])
    assert scaled.mean((0, 2, 3)).abs().max() < 1e-6
    assert (scaled.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-6
    assert torch.equal(split.images, images)


def test_scaling_counted_by_hand():
    split = DeviceSplit(
        torch.tensor([[[[255]], [[51]]]], dtype=torch.uint8), torch.zeros(1, dtype=torch.int64)
    )
    scaling = ChannelScaling(mean=(0.5, 0.2), std=(0.25, 0.0))
    ((x, _),) = Batches(split, None, scaling).epoch(None)
    assert x.flatten().tolist() == pytest.approx([2.0, 0.0], abs=1e-7)


@pytest.mark.parametrize("batch_size", [None, 5])
def test_augmentation_is_drawn_anew_in_training_and_never_in_evaluation(batch_size):
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(1, 256, (N, 3, 6, 6), dtype=np.uint8))
    split = DeviceSplit(images, torch.arange(N))
    batches = Batches(split, batch_size, augmentation=Augmentation(padding=2))

    def epoch(chosen):
        x, y = (torch.cat(parts) for parts in zip(*batches.epoch(chosen), strict=True))
        return x[y.argsort()]

    assert torch.equal(epoch(None), images / 255)
    one = generator(1)
    first, second = epoch(one), epoch(one)
    assert not torch.equal(first, second)
    assert torch.equal(first, epoch(generator(1)))
    again = generator(1)
    if batch_size is not None:
        torch.randperm(N, generator=again)
    moves = draw_moves(N, Augmentation(padding=2), again, images.device)
    assert torch.equal(first, crop_flip(images, moves) / 255)


@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("augmentation", [None, Augmentation(padding=2)])
def test_another_precision_is_the_scaled_image_rounded(batch_size, augmentation):
    """Rounded once, at the end: not images divided or standardised in bf16."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(0, 256, (N, 2, 6, 6), dtype=np.uint8))
    split = DeviceSplit(images, torch.arange(N))
    scaling = ChannelScaling((0.3, 0.4), (0.2, 0.7))
    options = {"scaling": scaling, "augmentation": augmentation}
    fine = Batches(split, batch_size, **options).epoch(generator(1))
    rounded = Batches(split, batch_size, **options, dtype=torch.bfloat16).epoch(generator(1))
    for (x, y), (a, b) in zip(rounded, fine, strict=True):
        assert (x.dtype, a.dtype) == (torch.bfloat16, torch.float32)
        assert torch.equal(x, a.to(torch.bfloat16))
        assert torch.equal(y, b)


def test_the_whole_split_is_converted_once_in_any_precision():
    batches = Batches(numbered_split(), None, dtype=torch.bfloat16)
    ((first, _),), ((second, _),) = batches.epoch(generator(1)), batches.epoch(None)
    assert first.dtype == torch.bfloat16
    assert first is second


def test_a_split_of_many_pieces_is_converted_whole():
    """Every image carries a number of its own, in two channels."""
    count = 2 * PIECE + 3
    numbers = torch.stack([torch.arange(count) // 256, torch.arange(count) % 256], dim=1)
    split = DeviceSplit(numbers.to(torch.uint8)[:, :, None, None], torch.zeros(count).long())
    ((x, _),) = Batches(split, None).epoch(None)
    assert torch.equal(x, split.images / 255)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_sees_the_same_batches_and_is_never_waited_for():
    split = numbered_split()
    on_gpu = DeviceSplit(split.images.cuda(), split.labels.cuda())
    scaling, augmentation = ChannelScaling((0.5, 0.4), (0.2, 0.3)), Augmentation(padding=2)
    batches = Batches(on_gpu, 5, scaling, augmentation)
    list(batches.epoch(generator(0)))  # the first epoch may set things up
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = list(batches.epoch(generator(1)))
    finally:
        torch.cuda.set_sync_debug_mode("default")
    expected = Batches(split, 5, scaling, augmentation).epoch(generator(1))
    for (x, y), (a, b) in zip(found, expected, strict=True):
        assert torch.equal(y.cpu(), b)
        assert torch.allclose(x.cpu(), a, atol=1e-6)
