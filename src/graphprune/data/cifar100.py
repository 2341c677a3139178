"""CIFAR-100: small photographs, fine labels."""

from pathlib import Path

from torchvision.datasets import CIFAR100

from graphprune.data.archives import Archive
from graphprune.data.cifar import cifar_archives, load_cifar
from graphprune.data.raw import RawDataset, refuse_folder_options


def sources() -> tuple[Archive, ...]:
    return cifar_archives(CIFAR100)


def load(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """50,000 training and 10,000 test images of 100 classes, (N, 3, 32, 32)."""
    refuse_folder_options("cifar100", folder, image_size)
    return load_cifar(CIFAR100, archives)
