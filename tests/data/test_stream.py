"""Images read from disk batch by batch are those of memory, to the last bit."""

import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphprune.data.augment import Augmentation
from graphprune.data.batches import Batches, ChannelScaling, DeviceSplit, load_splits
from graphprune.data.raw import RawDataset
from graphprune.data.resize import resized
from graphprune.data.split import save_split, stratified_split
from graphprune.data.stored import write_dataset
from graphprune.data.stream import StreamedSplit, ahead
from graphprune.errors import UserError

STORED = np.random.default_rng(0).integers(0, 256, (60, 3, 5, 6), dtype=np.uint8)
SCALING = ChannelScaling((0.3, 0.4, 0.5), (0.2, 0.7, 0.3))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def both(count=23, seed=0, image_size=None, device="cpu"):
    """The same rows of STORED, in no order, streamed and on the device."""
    indices = np.random.default_rng(seed).permutation(len(STORED))[:count]
    labels = torch.arange(count).to(device)
    images = torch.from_numpy(STORED[indices])
    if image_size is not None:
        images = resized(images, image_size)
    streamed = StreamedSplit(STORED, indices, labels, image_size)
    return streamed, DeviceSplit(images.to(device), labels)


def assert_same_batches(one, other):
    for (x, y), (a, b) in zip(one, other, strict=True):
        assert x.dtype == a.dtype
        assert torch.equal(x, a)
        assert torch.equal(y, b)


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 40),
    batch_size=st.integers(1, 45),
    seed=st.integers(0, 2**31),
    augmentation=st.none() | st.builds(Augmentation, st.integers(0, 3), st.booleans()),
    scaling=st.sampled_from([None, SCALING]),
    drop_last=st.booleans(),
    image_size=st.sampled_from([None, 3, 8]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)
def test_an_epoch_is_that_of_memory(
    count, batch_size, seed, augmentation, scaling, drop_last, image_size, dtype
):
    if drop_last and batch_size > count:
        return
    streamed, kept = (
        Batches(split, batch_size, scaling, augmentation, drop_last, dtype)
        for split in both(count, seed, image_size)
    )
    assert len(streamed) == len(kept)
    assert_same_batches(streamed.epoch(None), kept.epoch(None))
    one, other = generator(seed), generator(seed)
    for _ in range(2):  # the second epoch has another order
        assert_same_batches(streamed.epoch(one), kept.epoch(other))
    assert torch.equal(one.get_state(), other.get_state())


@pytest.mark.parametrize("image_size", [None, 7])
def test_a_streamed_split_knows_its_shape_and_size(image_size):
    streamed, kept = both(image_size=image_size)
    assert len(streamed) == len(kept) == 23
    assert streamed.image_shape == kept.image_shape == tuple(kept.images.shape[1:])
    assert streamed.image_bytes == kept.images.numel()


def test_rows_are_read_in_the_order_of_the_file():
    class Noted:
        shape, dtype = STORED.shape, STORED.dtype
        rows: list[int] = []  # noqa: RUF012

        def __getitem__(self, row):
            self.rows.append(int(row))
            return STORED[row]

    indices = np.array([9, 3, 50, 7])
    split = StreamedSplit(Noted(), indices, torch.arange(4))  # type: ignore[arg-type]
    images = split.read(np.array([2, 0, 3, 1]))
    assert Noted.rows == [3, 7, 9, 50]
    assert np.array_equal(images.numpy(), STORED[[50, 9, 7, 3]])


def test_the_whole_set_as_one_batch_must_be_on_the_device():
    with pytest.raises(UserError, match=r"batch_size is null.*compute\.device_data_gb"):
        Batches(both()[0], None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_is_given_the_same_batches():
    streamed, kept = (Batches(split, 5, SCALING, Augmentation(2)) for split in both(device="cuda"))
    assert_same_batches(streamed.epoch(generator()), kept.epoch(generator()))


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A data set on disk of 40 + 10 training and 10 test images of 90 bytes, and its split."""
    root = tmp_path_factory.mktemp("streamed")
    labels = np.arange(50, dtype=np.int64) % 2
    raw = RawDataset(STORED[:50], labels, STORED[50:], labels[:10], ("a", "b"))
    write_dataset("small", raw, root / "set")
    save_split(root / "split.npz", labels, *stratified_split(labels, 0.2, seed=0))
    return root / "set", root / "split.npz"


@pytest.mark.parametrize(
    ("memory", "streamed"),
    [
        (0, {"train", "val", "test"}),
        (40 * 90 - 1, {"train"}),  # val and test fit without it
        (40 * 90, {"val", "test"}),
        (50 * 90, {"test"}),
        (60 * 90, set()),
    ],
)
def test_what_does_not_fit_into_memory_stays_on_disk(stored, memory, streamed):
    splits = load_splits(*stored, "cpu", ("train", "val", "test"), memory=memory)
    assert {n for n, split in splits.items() if isinstance(split, StreamedSplit)} == streamed
    kept = load_splits(*stored, "cpu", ("train", "val", "test"))
    for part, split in splits.items():
        if isinstance(split, StreamedSplit):
            assert isinstance(split.stored.base, np.memmap)
        epochs = (Batches(s, 7).epoch(generator()) for s in (split, kept[part]))
        assert_same_batches(*epochs)


def test_it_is_the_resized_images_that_must_fit(stored):
    splits = load_splits(*stored, "cpu", ("test",), image_size=10, memory=10 * 300 - 1)
    assert isinstance(splits["test"], StreamedSplit)
    splits = load_splits(*stored, "cpu", ("test",), image_size=10, memory=10 * 300)
    assert isinstance(splits["test"], DeviceSplit)


def readers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("reader")]


def test_parts_come_in_order_whichever_is_read_first():
    def read(part):
        time.sleep(0.001 * (7 - part % 8))
        return -part

    assert list(ahead(range(30), read)) == [-part for part in range(30)]
    assert list(ahead([], read)) == []
    assert readers() == []


def test_no_more_is_read_ahead_than_was_agreed():
    begun = []
    running = ahead(range(100), begun.append, readers=2, waiting=3)
    for used in range(1, 20):
        next(running)
        assert len(begun) <= used + 3
    running.close()
    assert len(begun) <= 20 + 3
    assert readers() == []


def test_a_consumer_that_stops_leaves_no_thread_behind():
    for _ in Batches(both()[0], 2).epoch(generator()):
        break
    assert readers() == []


def test_what_a_reader_raises_is_raised_at_its_turn():
    def read(part):
        if part == 2:
            raise OSError("the disk is gone")
        return part

    running = ahead(range(50), read)
    assert [next(running), next(running)] == [0, 1]
    with pytest.raises(OSError, match="the disk is gone"):
        next(running)
    assert readers() == []
