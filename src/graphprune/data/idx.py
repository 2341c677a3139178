"""Data sets in MNIST's file format, through torchvision's class for each."""

from pathlib import Path

import numpy as np
from torchvision.datasets import MNIST

from graphprune.data.archives import Archive, extracted
from graphprune.data.raw import RawDataset


def idx_archives(published: type[MNIST]) -> tuple[Archive, ...]:
    """The archives of `published`, below the archives folder, where torchvision looks."""
    return tuple(
        Archive(
            f"{published.__name__}/raw/{name}",
            md5,
            tuple(f"{mirror}{name}" for mirror in published.mirrors),
        )
        for name, md5 in published.resources
    )


def load_idx(published: type[MNIST], archives: Path) -> RawDataset:
    """Grey images (N, 1, H, W) of `published`; UserError when an archive cannot be had."""
    with extracted(idx_archives(published), archives) as root:
        train, test = published(root, train=True), published(root, train=False)
    return RawDataset(
        train.data.numpy()[:, None],
        train.targets.numpy().astype(np.int64),
        test.data.numpy()[:, None],
        test.targets.numpy().astype(np.int64),
        class_names=tuple(published.classes),
    )
