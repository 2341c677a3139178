"""scikit-learn's handwritten digits: 1,797 grey 8×8 images, bundled with the library."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from graphprune.data.raw import RawDataset, refuse_folder_options

# Part of the data set's definition: with other values it is another data set.
TEST_SHARE = 0.2
TEST_SEED = 0


def load(archives: Path, folder: Path | None, image_size: int | None) -> RawDataset:
    """1,437 training and 360 test images, (N, 1, 8, 8); values 0..16 become round(v·255/16)."""
    refuse_folder_options("digits", folder, image_size)
    digits = load_digits()
    images = np.rint(digits.images * 255 / 16).astype(np.uint8)[:, None]
    labels = digits.target.astype(np.int64)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=TEST_SHARE, stratify=labels, random_state=TEST_SEED
    )
    train, test = np.sort(train), np.sort(test)
    return RawDataset(
        images[train],
        labels[train],
        images[test],
        labels[test],
        class_names=tuple(str(name) for name in digits.target_names),
        note=f"no test set of its own: a stratified {TEST_SHARE:.0%} was cut with seed {TEST_SEED}",
    )
