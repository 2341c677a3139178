"""Fashion-MNIST: articles of clothing."""

from pathlib import Path

from torchvision.datasets import FashionMNIST

from graphprune.data.archives import Archive
from graphprune.data.idx import idx_archives, load_idx
from graphprune.data.raw import RawDataset, refuse_folder_options


def sources() -> tuple[Archive, ...]:
    return idx_archives(FashionMNIST)


def load(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """60,000 training and 10,000 test images, (N, 1, 28, 28)."""
    refuse_folder_options("fashion_mnist", folder, image_size)
    return load_idx(FashionMNIST, archives)
