"""The training set cut once into train and validation, stored as indices."""

import hashlib
from pathlib import Path

import numpy as np

from graphprune.errors import UserError
from graphprune.files import damaged, read_arrays, write_arrays


def stratified_split(
    labels: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(train, val): sorted int64 indices into `labels` that share nothing and cover all.

    round(fraction · N) samples go to val, shared among the classes by largest remainder, so
    a class is off its exact share by less than one sample, except that each class keeps at
    least one sample on either side. UserError for a fraction outside (0, 1) or a class of
    fewer than two samples.
    """
    if not 0 < fraction < 1:
        raise UserError(f"the validation fraction is {fraction}; expected between 0 and 1.")
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) == 0 or counts.min() < 2:
        found = f"class {classes[counts.argmin()]} has {counts.min()}" if len(classes) else "none"
        raise UserError(
            "cannot cut a validation set: every class needs a sample on both sides, at least two "
            f"in all; found: {found}."
        )
    rng = np.random.default_rng(seed)
    chosen = [
        rng.permutation(np.flatnonzero(labels == label))[:count]
        for label, count in zip(classes, _shares(counts, fraction), strict=True)
    ]
    val = np.sort(np.concatenate(chosen))
    return np.setdiff1d(np.arange(len(labels)), val), val


def save_split(path: Path, labels: np.ndarray, train: np.ndarray, val: np.ndarray) -> None:
    """Store a split (npz) together with a digest of the labels that it was made for."""
    write_arrays(path, train=train, val=val, labels_sha256=np.array(_digest(labels)))


def load_split(path: Path, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(train, val) of `save_split`; UserError if damaged or made for other labels."""
    arrays = read_arrays(path)
    if not {"train", "val", "labels_sha256"} <= arrays.keys():
        raise damaged(path, "it holds no split")
    if str(arrays["labels_sha256"]) != _digest(labels):
        raise UserError(
            f"the split {path} was made for another data set: its digest of the training labels "
            "differs. Delete it and run again: it will be cut anew."
        )
    train, val = arrays["train"], arrays["val"]
    if not np.array_equal(np.sort(np.concatenate([train, val])), np.arange(len(labels))):
        raise damaged(path, "its indices do not cover every training image exactly once")
    return train, val


def _shares(counts: np.ndarray, fraction: float) -> np.ndarray:
    """How many of each class go to val (largest remainder, ties to the first class)."""
    exact = fraction * counts
    shares = np.floor(exact).astype(np.int64)
    open_places = round(fraction * counts.sum()) - shares.sum()
    shares[np.argsort(shares - exact, kind="stable")[:open_places]] += 1
    return shares.clip(1, counts - 1)


def _digest(labels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(labels, dtype=np.int64).tobytes()).hexdigest()
