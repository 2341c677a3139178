"""The data sets by name, and how one becomes a folder of arrays (see `stored.py`)."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphprune.data.raw import RawDataset
from graphprune.data.shapes import FOLDERS
from graphprune.data.stored import write_dataset
from graphprune.registry import lookup, resolve

# name -> load(archives, folder, image_size) -> RawDataset
DATASETS = {
    "digits": "graphprune.data.digits:load",
    "mnist": "graphprune.data.mnist:load",
    "fashion_mnist": "graphprune.data.fashion_mnist:load",
    "cifar10": "graphprune.data.cifar10:load",
    "cifar100": "graphprune.data.cifar100:load",
    "svhn": "graphprune.data.svhn:load",
    "imagenet": "graphprune.data.folders:load_imagenet",
    "image_folder": "graphprune.data.folders:load_image_folder",
}

# name -> sources() -> the archives to fetch; a data set that is not here needs none
SOURCES = {
    "mnist": "graphprune.data.mnist:sources",
    "fashion_mnist": "graphprune.data.fashion_mnist:sources",
    "cifar10": "graphprune.data.cifar10:sources",
    "cifar100": "graphprune.data.cifar100:sources",
    "svhn": "graphprune.data.svhn:sources",
}


def prepare(
    name: str,
    destination: Path,
    archives: Path,
    folder: Path | None = None,
    image_size: int | None = None,
) -> None:
    """Turn data set `name` into the folder `destination`, to be read by `open_dataset`.

    `archives` is where downloaded archives lie or are put; `folder` and `image_size` are
    for data sets made of the user's own image files. UserError for an unknown name, an
    archive that cannot be had or an image that cannot be read.
    """
    raw: RawDataset = resolve(DATASETS, name, "data set")(Path(archives), folder, image_size)
    write_dataset(name, raw, Path(destination))


def archives_of(name: str) -> list[tuple[str, str]]:
    """(path below the archives folder, MD5) of each archive that data set `name` needs."""
    lookup(DATASETS, name, "data set")
    if name not in SOURCES:
        return []
    return [(archive.path, archive.md5) for archive in resolve(SOURCES, name, "data set")()]


def data_id(data: Mapping[str, Any]) -> str:
    """The folder name that a config's ``data`` block is stored under.

    The name of the set; for a user's own images also their size and a mark of their folder,
    so that two folders, or two sizes of one, do not share an artefact.
    """
    lookup(DATASETS, data["name"], "data set")
    if data["name"] not in FOLDERS:
        return str(data["name"])
    place = hashlib.sha256(str(Path(data["folder"]).absolute()).encode()).hexdigest()[:8]
    return f"{data['name']}-{data['image_size'] or 'default'}-{place}"
