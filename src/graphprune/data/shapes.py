"""What is known of a data set before it is there: enough to refuse a config that cannot work."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphprune.errors import UserError
from graphprune.registry import lookup

SHAPES: dict[str, tuple[int, int, int] | None] = {
    "digits": (1, 8, 8),
    "mnist": (1, 28, 28),
    "fashion_mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
    "cifar100": (3, 32, 32),
    "svhn": (3, 32, 32),
    "imagenet": (3, 224, 224),
    "image_folder": None,
}
"""(channels, height, width) of an image; None where only the files tell."""

FOLDERS = ("imagenet", "image_folder")


def input_shape(data: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """The image shape of a config's ``data`` block, or None where only the files tell.

    UserError for an unknown set, or a folder that is missing or not wanted.
    """
    try:
        shape = lookup(SHAPES, data["name"], "data set")
    except UserError as error:
        raise UserError(f"config key data.name: {error}") from None
    if data["name"] in FOLDERS and not data["folder"]:
        raise UserError(
            f"config key data.folder is missing: {data['name']} needs the folder that holds train/ "
            "and test/ (or val/), each with one folder per class"
        )
    if data["name"] not in FOLDERS and (data["folder"] or data["image_size"]):
        raise UserError(
            f"config keys data.folder and data.image_size belong to {' and '.join(FOLDERS)}; "
            f"data.name is {data['name']}, so set both to null"
        )
    if data["name"] == "imagenet" and data["image_size"]:
        return (3, data["image_size"], data["image_size"])
    return shape


def data_id(data: Mapping[str, Any]) -> str:
    """The folder name of a config's data set: its name; for own images also which and what size."""
    if data["name"] not in FOLDERS:
        return str(data["name"])
    which = json.dumps([str(data["folder"]), data["image_size"]])
    return f"{data['name']}-{hashlib.sha256(which.encode()).hexdigest()[:8]}"


def listing_digest(data: Mapping[str, Any]) -> str | None:
    """A hash of the names and sizes of an image folder's files: it changes when they do.

    None for the other sets, whose content never changes; for imagenet too, where looking at
    a million files would cost every call of Snakemake half a minute.
    """
    if data["name"] != "image_folder":
        return None
    root = Path(data["folder"])
    # os.walk, since ImageFolder follows linked class folders too and rglob does not.
    found = (Path(at) / name for at, _, names in os.walk(root, followlinks=True) for name in names)
    files = sorted((file.relative_to(root).as_posix(), file.stat().st_size) for file in found)
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]
