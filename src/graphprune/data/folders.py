"""A user's own images: train/ and test/ (or val/), in each a folder per class."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torchvision.datasets import ImageFolder

from graphprune.data.decoding import ImageFiles, header
from graphprune.data.raw import RawDataset
from graphprune.errors import UserError

IMAGENET_SIZE = 224
# The usual evaluation crop takes 224 pixels out of a shorter side of 256.
IMAGENET_MARGIN = 256 / 224
LOSSY = (".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class _Listing:
    """The image files below one folder, ordered by class and path."""

    paths: tuple[str, ...]
    labels: np.ndarray
    class_names: tuple[str, ...]


def load_image_folder(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """Images of `folder`, resized to image_size × image_size; grey only if all of them are.

    Without an image_size all images must have one size, and keep it. UserError for a
    missing or empty folder, other classes in train than in test, or an unreadable image.
    """
    root = _root("image_folder", folder)
    test_name = "test" if (root / "test").is_dir() else "val"
    train, test = _listings(root, test_name)
    paths = train.paths + test.paths
    height, width = (_size(image_size),) * 2 if image_size is not None else _common_size(paths)
    grey = all(header(path)[0] for path in paths)
    notes = _notes(paths, height, width, image_size)
    if test_name == "test" and (root / "val").is_dir():
        notes.append("the folder val/ was left aside")
    return _dataset(train, test, grey, (height, width), image_size, notes)


def load_imagenet(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """ImageNet's train/ and val/ (as test set), RGB, image_size × image_size (default 224).

    The shorter side is resized to 256/224 of that and the centre cropped. UserError as for
    `load_image_folder`.
    """
    root = _root("imagenet", folder)
    size = _size(IMAGENET_SIZE if image_size is None else image_size)
    train, test = _listings(root, "val")
    shorter_side = round(size * IMAGENET_MARGIN)
    notes = ["the test set is ImageNet's val/", *_notes(train.paths, size, size, shorter_side)]
    return _dataset(train, test, False, (size, size), shorter_side, notes)


def _root(name: str, folder: Path | None) -> Path:
    if folder is None:
        raise UserError(
            f"data set '{name}' needs the key folder: the folder that holds train/ and "
            f"{'val/' if name == 'imagenet' else 'test/ (or val/)'}, each with a folder per class."
        )
    return Path(folder)


def _size(image_size: int) -> int:
    if image_size < 1:
        raise UserError(f"image_size is {image_size}; expected a number of pixels, at least 1.")
    return image_size


def _listings(root: Path, test_name: str) -> tuple[_Listing, _Listing]:
    train, test = _listing(root / "train"), _listing(root / test_name)
    only_train = sorted(set(train.class_names) - set(test.class_names))
    only_test = sorted(set(test.class_names) - set(train.class_names))
    if only_train or only_test:
        raise UserError(
            f"{root}: train/ and {test_name}/ must hold the same class folders; only in train/: "
            f"{', '.join(only_train) or 'none'}; only in {test_name}/: "
            f"{', '.join(only_test) or 'none'}."
        )
    return train, test


def _listing(part: Path) -> _Listing:
    try:
        found = ImageFolder(str(part))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"no images by class in {part} ({error}). Expected {part / '<class>' / '<image>.png'}, "
            "a folder with at least one image for each class."
        ) from error
    return _Listing(
        tuple(path for path, _ in found.samples),
        np.array(found.targets, dtype=np.int64),
        tuple(found.classes),
    )


def _common_size(paths: tuple[str, ...]) -> tuple[int, int]:
    first = header(paths[0])[1]
    for path in paths:
        size = header(path)[1]
        if size != first:
            raise UserError(
                f"images differ in size: {paths[0]} has {first[0]}×{first[1]} pixels, {path} has "
                f"{size[0]}×{size[1]}. Set image_size, the size they are all resized to."
            )
    return first


def _notes(paths: tuple[str, ...], height: int, width: int, shorter: int | None) -> list[str]:
    notes = []
    if shorter is not None:
        notes.append(f"shorter side resized to {shorter}, centre cropped to {height}×{width}")
    lossy = sum(path.lower().endswith(LOSSY) for path in paths)
    if lossy:
        notes.append(f"made from lossily compressed files ({lossy} of {len(paths)})")
    return notes


def _dataset(
    train: _Listing,
    test: _Listing,
    grey: bool,
    size: tuple[int, int],
    shorter_side: int | None,
    notes: list[str],
) -> RawDataset:
    return RawDataset(
        ImageFiles(train.paths, grey, *size, shorter_side),
        train.labels,
        ImageFiles(test.paths, grey, *size, shorter_side),
        test.labels,
        class_names=train.class_names,
        note="; ".join(notes),
    )
