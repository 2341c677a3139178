"""SVHN: photographed house numbers, cropped to one digit."""

from pathlib import Path

from torchvision.datasets import SVHN

from graphprune.data.archives import Archive, ensure
from graphprune.data.raw import RawDataset, refuse_folder_options


def sources() -> tuple[Archive, ...]:
    """The two archives used; the published `extra` set is not part of the protocol."""
    return tuple(
        Archive(name, md5, (url,))
        for url, name, md5 in (SVHN.split_list["train"], SVHN.split_list["test"])
    )


def load(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """73,257 training and 26,032 test images, (N, 3, 32, 32); digit 0 has label 0."""
    refuse_folder_options("svhn", folder, image_size)
    ensure(sources(), archives)
    train, test = SVHN(archives, split="train"), SVHN(archives, split="test")
    return RawDataset(
        train.data,
        train.labels,
        test.data,
        test.labels,
        class_names=tuple(str(digit) for digit in range(10)),
    )
