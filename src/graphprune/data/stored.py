"""A data set as a folder: four .npy files and a meta.json that is written last.

Images are written and opened slice by slice, so a set may be larger than memory.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from tqdm import tqdm

from graphprune.data.raw import Images, RawDataset
from graphprune.errors import UserError
from graphprune.files import damaged, read_json, whole, write_json

META = "meta.json"
CHUNK_BYTES = 2**25
# Larger arrays are checked by size alone when opened: reading them would take minutes.
DIGEST_BELOW_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Dataset:
    """A stored data set, images memory-mapped (uint8, N × C × H × W), labels int64.

    `mean` and `std` are per channel, over all training images scaled to [0, 1].
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    note: str


def write_dataset(name: str, raw: RawDataset, folder: Path) -> None:
    """Store `raw` in `folder`; each file appears whole, meta.json after all others."""
    (folder / META).unlink(missing_ok=True)
    histogram = np.zeros((raw.train_images.shape[1], 256), dtype=np.int64)

    def count(images: np.ndarray) -> None:
        for channel, values in zip(histogram, np.moveaxis(images, 1, 0), strict=True):
            channel += np.bincount(values.reshape(-1), minlength=256)

    arrays = {
        "train_images": _write(folder, "train_images", raw.train_images, np.uint8, count),
        "train_labels": _write(folder, "train_labels", raw.train_labels, np.int64),
        "test_images": _write(folder, "test_images", raw.test_images, np.uint8),
        "test_labels": _write(folder, "test_labels", raw.test_labels, np.int64),
    }
    mean, std = _moments(histogram)
    meta = {
        "name": name,
        "classes": list(raw.class_names),
        "arrays": arrays,
        "mean": mean,
        "std": std,
        "note": raw.note,
    }
    write_json(folder / META, {**meta, "sha256": _digest(meta)})


def read_meta(folder: Path) -> dict[str, Any]:
    """What `write_dataset` noted: name, classes, arrays (shape, sha256), mean, std, note."""
    path = Path(folder) / META
    if not path.exists():
        raise UserError(f"{folder} is no complete data set: it holds no {META}. Prepare it again.")
    meta = read_json(path)
    if not isinstance(meta, dict) or meta.pop("sha256", None) != _digest(meta):
        raise damaged(path, "its content does not match the digest stored with it")
    return meta


def _digest(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def open_dataset(folder: Path) -> Dataset:
    """The data set stored in `folder`; UserError naming the file that is cut or altered."""
    folder, meta = Path(folder), read_meta(folder)
    return Dataset(
        name=meta["name"],
        train_images=_open(folder, "train_images", np.uint8, meta),
        train_labels=np.array(_open(folder, "train_labels", np.int64, meta)),
        test_images=_open(folder, "test_images", np.uint8, meta),
        test_labels=np.array(_open(folder, "test_labels", np.int64, meta)),
        class_names=tuple(meta["classes"]),
        mean=tuple(meta["mean"]),
        std=tuple(meta["std"]),
        note=meta["note"],
    )


def _write(
    folder: Path,
    name: str,
    values: Images,
    dtype: type[np.generic],
    watch: Callable[[np.ndarray], None] = lambda chunk: None,
) -> dict[str, Any]:
    """Write one array and show each slice to `watch`; its shape and the SHA-256 of its data."""
    digest = hashlib.sha256()
    shape, item = tuple(values.shape), np.dtype(dtype)
    header = {"descr": npy.dtype_to_descr(item), "fortran_order": False, "shape": shape}
    step = max(1, CHUNK_BYTES // (int(np.prod(shape[1:])) * item.itemsize))
    with whole(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
        # Not a memory map: writing to one on a full disk kills the process without a word.
        npy.write_array_header_1_0(file, header)
        for part in _slices(shape[0], step, f"writing {name}"):
            chunk = np.ascontiguousarray(values[part])
            if chunk.dtype != item:
                raise TypeError(f"{name} is {chunk.dtype}, expected {item}")
            watch(chunk)
            digest.update(chunk.data)
            file.write(chunk.data)
    return {"shape": list(shape), "sha256": digest.hexdigest()}


def _slices(count: int, step: int, description: str) -> Iterator[slice]:
    for start in tqdm(
        range(0, count, step),
        desc=description,
        delay=5,  # a bar only where there is something to wait for
        mininterval=0.5 if sys.stderr.isatty() else 30,
    ):
        yield slice(start, start + step)


def _moments(histogram: np.ndarray) -> tuple[list[float], list[float]]:
    values = np.arange(256) / 255
    share = histogram / histogram.sum(axis=1, keepdims=True)
    mean = share @ values
    variance = (share * (values - mean[:, None]) ** 2).sum(axis=1)
    return mean.tolist(), np.sqrt(variance).tolist()


def _open(folder: Path, name: str, dtype: type[np.generic], meta: dict[str, Any]) -> np.ndarray:
    path, expected = folder / f"{name}.npy", meta["arrays"][name]
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:  # missing, cut or not an array
        raise damaged(path, str(error)) from error
    if array.dtype != dtype or list(array.shape) != expected["shape"]:
        raise damaged(
            path,
            f"it holds {array.dtype} of shape {array.shape}, "
            f"expected {np.dtype(dtype)} of shape {tuple(expected['shape'])}",
        )
    if path.stat().st_size != array.offset + array.nbytes:
        raise damaged(path, "it is longer than its data")
    if array.nbytes < DIGEST_BELOW_BYTES:
        found = hashlib.sha256(array.data).hexdigest()
        if found != expected["sha256"]:
            raise damaged(path, f"its data have SHA-256 {found}, expected {expected['sha256']}")
    return array
