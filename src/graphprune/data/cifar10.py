"""CIFAR-10: small photographs."""

from pathlib import Path

from torchvision.datasets import CIFAR10

from graphprune.data.archives import Archive
from graphprune.data.cifar import cifar_archives, load_cifar
from graphprune.data.raw import RawDataset, refuse_folder_options


def sources() -> tuple[Archive, ...]:
    return cifar_archives(CIFAR10)


def load(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """50,000 training and 10,000 test images of 10 classes, (N, 3, 32, 32)."""
    refuse_folder_options("cifar10", folder, image_size)
    return load_cifar(CIFAR10, archives)
