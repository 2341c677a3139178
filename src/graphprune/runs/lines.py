"""Finished pieces as lines of a file that is only ever appended to."""

import hashlib
import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def append(path: Path, key: str, row: Row) -> None:
    """Add one checked line that says that `key` is finished with `row` (JSON values)."""
    body = json.dumps([key, row])
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{_check(body)} {body}\n")


def read(path: Path, start: int = 0) -> tuple[dict[str, Row], int]:
    """(key -> row of the whole lines from byte `start` on, byte where they end).

    Reading stops at the first line that a kill cut short or that was altered: its piece, and
    what follows it, is not finished.
    """
    rows: dict[str, Row] = {}
    end = start
    with open(path, "rb") as file:
        file.seek(start)
        for line in file:
            check, _, body = line.decode("utf-8", errors="replace").rstrip("\n").partition(" ")
            if not line.endswith(b"\n") or check != _check(body):
                break
            key, row = json.loads(body)
            rows[key] = row
            end += len(line)
    return rows, end


def _check(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
