"""What a data set's loader hands over, before anything is written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from graphprune.errors import UserError


class Images(Protocol):
    """uint8 images (N, C, H, W), read a slice at a time: an array, a memmap or files on disk."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


@dataclass(frozen=True)
class RawDataset:
    """A training and a test set: images uint8 (N, C, H, W), labels int64 (N,) in 0..classes-1.

    Images need not be in memory: the writer only asks for slices. `note` says what a
    reader of results must know, such as how the test set was cut.
    """

    train_images: Images
    train_labels: np.ndarray
    test_images: Images
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise ValueError("training and test images differ in channels or size")
        for images, labels in (
            (self.train_images, self.train_labels),
            (self.test_images, self.test_labels),
        ):
            if len(images.shape) != 4 or labels.shape != images.shape[:1]:
                raise ValueError("expected images (N, C, H, W) and one label for each")
            if labels.min() < 0 or labels.max() >= len(self.class_names):
                raise ValueError("a label lies outside the classes")


def refuse_folder_options(name: str, folder: Path | None, image_size: int | None) -> None:
    """UserError when an option of folder data sets is given for `name`, whose images are fixed."""
    for key, value in (("folder", folder), ("image_size", image_size)):
        if value is not None:
            raise UserError(
                f"data set '{name}': {key} is {value}, but its images are fixed; {key} belongs to "
                "'image_folder' and 'imagenet'. Leave it out here (images are enlarged for a "
                "network when they are loaded, not in the data set)."
            )
