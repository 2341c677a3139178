"""MNIST: handwritten digits."""

from pathlib import Path

from torchvision.datasets import MNIST

from graphprune.data.archives import Archive
from graphprune.data.idx import idx_archives, load_idx
from graphprune.data.raw import RawDataset, refuse_folder_options


def sources() -> tuple[Archive, ...]:
    return idx_archives(MNIST)


def load(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """60,000 training and 10,000 test images, (N, 1, 28, 28)."""
    refuse_folder_options("mnist", folder, image_size)
    return load_idx(MNIST, archives)
