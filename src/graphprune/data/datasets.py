"""The data sets by name, and how one becomes a folder of arrays (see `stored.py`)."""

from pathlib import Path

from graphprune.data.names import ARCHIVES, DATASETS
from graphprune.data.raw import RawDataset
from graphprune.data.stored import write_dataset
from graphprune.registry import lookup, resolve


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
    if name not in ARCHIVES:
        return []
    return [(archive.path, archive.md5) for archive in resolve(ARCHIVES, name, "data set")()]
