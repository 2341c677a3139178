"""Whole files or none: every artefact is written beside its final name and renamed into place.

Tables and arrays carry a digest of their own content, so that a file cut short or altered
is recognised when it is read; nothing is ever written or read back with pickle.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from graphprune.errors import UserError

_KEY = b"graphprune"
_NO_MATCH = "its content does not match the digest stored with it"
_ARRAYS_DIGEST = "graphprune_sha256"


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` if the block succeeds.

    On any error (a full disk, Ctrl-C) the temporary file is removed and what stood at
    `path` before stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: str | Path, text: str) -> None:
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=1, sort_keys=True) + "\n")


def read_json(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise damaged(path, str(error)) from error


def write_arrays(path: str | Path, **arrays: np.ndarray) -> None:
    """Named arrays -> one compressed npz; ValueError for an array of objects."""
    for name, values in arrays.items():
        if np.asarray(values).dtype.hasobject:
            raise ValueError(f"object arrays need pickle, which is not used: {name}")
    digest = np.array(_arrays_digest(arrays))
    with whole(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays, **{_ARRAYS_DIGEST: digest})  # type: ignore[arg-type]


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of `write_arrays`; UserError if the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except Exception as error:  # zipfile, zlib and numpy each raise their own
        raise damaged(path, str(error)) from error
    # zip checks each array, but one altered byte of its directory can hide whole arrays.
    stored = arrays.pop(_ARRAYS_DIGEST, None)
    if stored is None:
        raise damaged(path, "it holds no digest of its content")
    if str(stored) != _arrays_digest(arrays):
        raise damaged(path, _NO_MATCH)
    return arrays


def _arrays_digest(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.asarray(arrays[name])
        digest.update(json.dumps([name, values.dtype.str, values.shape]).encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def write_table(
    path: str | Path, frame: pd.DataFrame, metadata: Mapping[str, Any] | None = None
) -> None:
    """`frame` as Parquet, with `metadata` (JSON values) and a digest of both inside.

    The index is left out.
    """
    table = pa.Table.from_pandas(frame.reset_index(drop=True), preserve_index=False)
    # Both digested as they will be read: missing texts and tuples do not come back as they were.
    plain = json.loads(json.dumps(dict(metadata or {})))
    note = json.dumps({"metadata": plain, "sha256": _digest(table.to_pandas(), plain)})
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: note.encode()})
    with whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)


def read_table(path: str | Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The frame and metadata of `write_table`; UserError if the file is damaged."""
    try:
        table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
        note = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
        frame = table.to_pandas()
    except FileNotFoundError:
        raise
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise damaged(path, str(error)) from error
    if "sha256" not in note:
        raise damaged(path, "it holds no digest of its content")
    if note["sha256"] != _digest(frame, note.get("metadata")):
        raise damaged(path, _NO_MATCH)
    return frame, note["metadata"]


def _digest(frame: pd.DataFrame, metadata: Any) -> str:
    head = [list(frame.columns), len(frame), metadata]
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for _, column in frame.items():
        values = np.asarray(column)
        digest.update(values.dtype.str.encode())
        texts = values.dtype == object
        digest.update("\n".join(map(repr, values)).encode() if texts else values.tobytes())
    return digest.hexdigest()


def damaged(path: str | Path, reason: str) -> UserError:
    return UserError(
        f"{path} is damaged ({reason}). It was not used. "
        "Delete it and run again: it will be rebuilt."
    )


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's bytes (hexadecimal)."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
