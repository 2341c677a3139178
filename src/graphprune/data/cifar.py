"""The CIFAR data sets, through torchvision's class for each."""

from pathlib import Path

import numpy as np
from torchvision.datasets import CIFAR10

from graphprune.data.archives import Archive, extracted
from graphprune.data.raw import RawDataset


def cifar_archives(published: type[CIFAR10]) -> tuple[Archive, ...]:
    """The one archive of `published`, where torchvision looks."""
    return (Archive(published.filename, published.tgz_md5, (published.url,)),)


def load_cifar(published: type[CIFAR10], archives: Path) -> RawDataset:
    """RGB images (N, 3, 32, 32) of `published`; UserError when the archive cannot be had.

    The archive's batches are pickles; torchvision reads them only after their checksums.
    """
    with extracted(cifar_archives(published), archives) as root:
        train, test = published(root, train=True), published(root, train=False)
    return RawDataset(
        train.data.transpose(0, 3, 1, 2),
        np.array(train.targets, dtype=np.int64),
        test.data.transpose(0, 3, 1, 2),
        np.array(test.targets, dtype=np.int64),
        class_names=tuple(train.classes),
    )
