"""Splits that live on the device, and the batches an epoch is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import interpolate

from graphprune.data.augment import Augmentation, moved, pad_crop_flip
from graphprune.data.split import load_split
from graphprune.data.stored import open_dataset, read_meta
from graphprune.errors import UserError

PARTS = ("train", "val", "test")
PIECE = 1024  # images that are float32 at a time


@dataclass(frozen=True, eq=False)
class DeviceSplit:
    """Images uint8 (N, C, H, W) and labels int64 (N,) on one device."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


def load_splits(
    dataset_folder: Path,
    split_file: Path,
    device: torch.device | str,
    parts: Sequence[str],
    image_size: int | None = None,
) -> dict[str, DeviceSplit]:
    """The asked `parts` ("train", "val", "test") of a stored data set, on `device`.

    There is no default for `parts`: whoever searches or tunes must not be handed the test
    set unasked. With `image_size` images are resized (bilinear) to that square once, here.
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
    }
    splits = {}
    for part in parts:
        images, labels, indices = chosen[part]
        pixels = torch.from_numpy(np.asarray(images[indices]))
        if image_size is not None:
            pixels = resized(pixels, image_size)
        splits[part] = DeviceSplit(pixels.to(device), torch.from_numpy(labels[indices]).to(device))
    return splits


def resized(images: torch.Tensor, size: int) -> torch.Tensor:
    """uint8 images (N, C, H, W) resized to (N, C, size, size), bilinear, rounded to uint8."""
    if images.shape[2:] == (size, size):
        return images
    out = images.new_empty((*images.shape[:2], size, size))
    # In pieces, since the floats in between take four bytes a pixel. Antialiasing matters
    # only where an image shrinks.
    for source, target in zip(images.split(PIECE), out.split(PIECE), strict=True):
        target.copy_(
            interpolate(
                source.float(), (size, size), mode="bilinear", align_corners=False, antialias=True
            ).round_()
        )
    return out


@dataclass(frozen=True)
class ChannelScaling:
    """Mean and standard deviation per channel of images in [0, 1]; x becomes (x - mean)/std."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def channel_scaling(dataset_folder: Path) -> ChannelScaling:
    """The scaling by the moments of a stored data set's training images."""
    meta = read_meta(dataset_folder)
    return ChannelScaling(tuple(meta["mean"]), tuple(meta["std"]))


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches (x of `dtype`, y int64) of a split; x in [0, 1], or standardised by `scaling`.

    x is scaled in float32 and then rounded to `dtype`. `batch_size` None makes the whole
    split one batch, converted once and kept. A last incomplete batch is given too unless
    `drop_last`.
    """

    split: DeviceSplit
    batch_size: int | None
    scaling: ChannelScaling | None = None
    augmentation: Augmentation | None = None
    drop_last: bool = False
    dtype: torch.dtype = torch.float32

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise UserError(f"batch_size is {self.batch_size}; expected at least 1, or none")
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

    def epoch(
        self, generator: torch.Generator | None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """One pass in an order drawn from `generator`, augmented; None: as stored, unaugmented.

        The order is drawn on the CPU (`generator` is a CPU generator), so it is the same on
        every device and for every arm with the same seed. A single batch of the whole
        split keeps the stored order and draws none.
        """
        images, labels = self.split.images, self.split.labels
        order = None
        if generator is not None and self.batch_size is not None:
            order = moved(torch.randperm(len(labels), generator=generator), labels.device)
        if generator is not None and self.augmentation is not None:
            augmentation = self.augmentation
            images = pad_crop_flip(images, augmentation.padding, augmentation.flip, generator)
        if self.batch_size is None:
            unchanged = images is self.split.images
            yield (self._whole if unchanged else self._in_pieces(images)), labels
            return
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            stop = start + self.batch_size
            part = slice(start, stop) if order is None else order[start:stop]
            yield self._scaled(images[part]), labels[part]

    @cached_property
    def _whole(self) -> torch.Tensor:
        return self._in_pieces(self.split.images)

    @cached_property
    def _moments(self) -> tuple[torch.Tensor, torch.Tensor] | None:
        if self.scaling is None:
            return None
        mean, std = torch.tensor([self.scaling.mean, self.scaling.std])[:, :, None, None]
        std[std == 0] = 1.0  # a constant channel stays constant instead of becoming NaN
        return mean.to(self.split.images.device), std.to(self.split.images.device)

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
