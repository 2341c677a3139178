"""The splits of a data set, and the batches an epoch is made of."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphprune.data.augment import Augmentation, Moves, crop_flip, draw_moves, moved
from graphprune.data.resize import PIECE
from graphprune.data.split import load_split
from graphprune.data.stored import open_dataset, read_meta
from graphprune.data.stream import StreamedSplit
from graphprune.errors import UserError
from graphprune.sparse.images import Images, SparseImages

PARTS = ("train", "val", "test", "train+val")


@dataclass(frozen=True, eq=False)
class DeviceSplit:
    """Images uint8 (N, C, H, W) and labels int64 (N,) on one device."""

    images: torch.Tensor
    labels: torch.Tensor
    _packs: dict[Any, list[SparseImages]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def nonzero(self) -> float:
        """The share of pixels that are not zero."""
        return int(self.images.count_nonzero()) / max(1, self.images.numel())

    def packed(
        self, scaling: "ChannelScaling | None", size: int, dtype: torch.dtype
    ) -> list[SparseImages]:
        """All images in the stored order, `size` at a time; packed once and kept."""
        key = (scaling, size, dtype)
        if key not in self._packs:
            scale, shift = torch.full((1, 1, 1), 1 / 255), None
            if scaling is not None:
                mean, std = scaling.moments()
                scale, shift = scale / std, mean / std
            parts = self.images.split(size)
            self._packs[key] = [SparseImages.pack(part, scale, shift, dtype) for part in parts]
        return self._packs[key]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def batches(
        self, order: torch.Tensor | None, batch_size: int, count: int, moves: Moves | None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """`count` batches of uint8 images and labels, on the device.

        order: int64 (N,) on the CPU, or None for the stored order. moves: what is done to the
        images before, in the stored order, on the device.
        """
        images = self.images if moves is None else crop_flip(self.images, moves)
        if order is not None:
            order = moved(order, self.labels.device)
        for start in range(0, count * batch_size, batch_size):
            stop = start + batch_size
            part = slice(start, stop) if order is None else order[start:stop]
            yield images[part], self.labels[part]


Split = DeviceSplit | StreamedSplit


def load_splits(
    dataset_folder: Path,
    split_file: Path,
    device: torch.device | str,
    parts: Sequence[str],
    image_size: int | None = None,
    memory: float = math.inf,
) -> dict[str, Split]:
    """The asked `parts` ("train", "val", "test", "train+val") of a stored data set, for `device`.

    There is no default for `parts`: whoever searches or tunes must not be handed the test
    set unasked. With `image_size` images are resized (bilinear) to that square. Parts live on
    the device as long as their images together take no more than `memory` bytes there; one
    that does not fit stays on disk. Both give the same batches.
    UserError for an unknown part, a damaged file or a split of another data set.
    """
    for part in parts:
        if part not in PARTS:
            raise UserError(f"unknown part '{part}' of a data set; known: {', '.join(PARTS)}")
    data = open_dataset(dataset_folder)
    train, val = load_split(split_file, data.train_labels)
    chosen = {
        "train": (data.train_images, data.train_labels, train),
        "val": (data.train_images, data.train_labels, val),
        "test": (data.test_images, data.test_labels, np.arange(len(data.test_labels))),
        "train+val": (data.train_images, data.train_labels, np.concatenate([train, val])),
    }
    splits: dict[str, Split] = {}
    for part in parts:
        images, labels, indices = chosen[part]
        on_device = torch.from_numpy(labels[indices]).to(device)
        streamed = StreamedSplit(images.view(np.ndarray), indices, on_device, image_size)
        splits[part] = streamed
        if streamed.image_bytes <= memory:
            memory -= streamed.image_bytes
            pixels = streamed.read(np.arange(len(streamed)))
            splits[part] = DeviceSplit(pixels.to(device), on_device)
    return splits


@dataclass(frozen=True)
class ChannelScaling:
    """Mean and standard deviation per channel of images in [0, 1]; x becomes (x - mean)/std."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Both as (C, 1, 1); a constant channel stays constant instead of becoming NaN."""
        mean, std = torch.tensor([self.mean, self.std])[:, :, None, None]
        std[std == 0] = 1.0
        return mean, std


def channel_scaling(dataset_folder: Path) -> ChannelScaling:
    """The scaling by the moments of a stored data set's training images."""
    meta = read_meta(dataset_folder)
    return ChannelScaling(tuple(meta["mean"]), tuple(meta["std"]))


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches (x of `dtype`, y int64) of a split; x in [0, 1], or standardised by `scaling`.

    x is scaled in float32 and then rounded to `dtype`. `batch_size` None makes the whole
    split one batch, converted once and kept; UserError if the split stays on disk. A last
    incomplete batch is given too unless `drop_last`.

    sparse: batches in the stored order hold nonzero pixels alone (on the CPU; never rounded). They
    are made once for all who use the split.
    """

    split: Split
    batch_size: int | None
    scaling: ChannelScaling | None = None
    augmentation: Augmentation | None = None
    drop_last: bool = False
    dtype: torch.dtype = torch.float32
    sparse: bool = False

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise UserError(f"batch_size is {self.batch_size}; expected at least 1, or none")
        if self.batch_size is None and not isinstance(self.split, DeviceSplit):
            raise UserError(
                "batch_size is null, which makes the whole set one batch, but its "
                f"{self.split.image_bytes / 1e9:.1f} GB of images are too large for the device. "
                "Set the recipe's batch_size, or give config key compute.device_data_gb more."
            )
        if len(self) == 0:
            raise UserError(
                f"batch_size is {self.batch_size}, but there are only {len(self.split)} images and "
                "incomplete batches are dropped. Choose a smaller batch_size."
            )

    def __len__(self) -> int:
        """Batches in an epoch."""
        if self.batch_size is None:
            return min(1, len(self.split))
        complete, rest = divmod(len(self.split), self.batch_size)
        return complete + (rest > 0 and not self.drop_last)

    def epoch(self, generator: torch.Generator | None) -> Iterator[tuple[Images, torch.Tensor]]:
        """One pass in an order drawn from `generator`, augmented; None: as stored, unaugmented.

        The order is drawn on the CPU (`generator` is a CPU generator), so it is the same on
        every device and for every arm with the same seed. A single batch of the whole
        split keeps the stored order and draws none.
        """
        labels = self.split.labels
        order, moves = None, None
        if generator is not None and self.batch_size is not None:
            order = torch.randperm(len(labels), generator=generator)
        if generator is not None and self.augmentation is not None:
            moves = draw_moves(len(labels), self.augmentation, generator, labels.device)
        if self.sparse and order is None and moves is None and isinstance(self.split, DeviceSplit):
            size = self.batch_size or len(labels)
            packs = self.split.packed(self.scaling, size, self.dtype)
            yield from zip(packs[: len(self)], labels.split(size), strict=False)
            return
        if self.batch_size is None:
            yield self._whole if moves is None else self._moved(moves), labels
            return
        for images, part in self.split.batches(order, self.batch_size, len(self), moves):
            yield self._scaled(images), part

    @property
    def _images(self) -> torch.Tensor:
        assert isinstance(self.split, DeviceSplit)
        return self.split.images

    @cached_property
    def _whole(self) -> torch.Tensor:
        return self._in_pieces(self._images)

    def _moved(self, moves: Moves) -> torch.Tensor:
        return self._in_pieces(crop_flip(self._images, moves))

    @cached_property
    def _moments(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        if self.scaling is None:
            return None
        mean, std = self.scaling.moments()
        return mean.to(self.split.labels.device), std.to(self.split.labels.device)

    def _in_pieces(self, images: torch.Tensor) -> torch.Tensor:
        """`_scaled` of many images, without a float32 copy of all of them beside it."""
        out = torch.empty_like(images, dtype=self.dtype)
        for source, target in zip(images.split(PIECE), out.split(PIECE), strict=True):
            target.copy_(self._scaled(source))
        return out

    def _scaled(self, images: torch.Tensor) -> torch.Tensor:
        scaled = images.to(torch.float32).div_(255)
        if self._moments is not None:
            mean, std = self._moments
            scaled.sub_(mean).div_(std)
        return scaled.to(self.dtype)
