"""Scores of trained masks, shared by every job that trains them alike."""

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from graphprune.files import write_json
from graphprune.runs import lines


class Scores:
    """What a mask scored on a seed, so that no job trains what another one has trained.

    One folder an identity (all that decides a score but mask and seed: network, recipe, data,
    code …) below `folder`. Every process appends to a file of its own and reads those of the
    others, so none waits for another, on one machine or on a cluster's shared disk. With
    `fresh`, what was there before is not used.
    """

    def __init__(self, folder: Path, identity: dict[str, Any], fresh: bool = False):
        named = json.dumps(identity, sort_keys=True)
        self.folder = folder / hashlib.sha256(named.encode()).hexdigest()[:16]
        if not (self.folder / "identity.json").exists():
            write_json(self.folder / "identity.json", identity)
        self._own = self.folder / f"{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._rows: dict[str, lines.Row] = {}
        # How far each file has been read; a file cut short in the middle is read no further.
        self._read: dict[Path, int] = {}
        if fresh:
            self._read = {path: path.stat().st_size for path in self.folder.glob("*.jsonl")}

    def get(self, key: str) -> lines.Row | None:
        """The row of `key`, whoever added it, or None."""
        if key not in self._rows:
            self._refresh()
        return self._rows.get(key)

    def add(self, key: str, row: lines.Row) -> None:
        """Record `row` (JSON values) under `key` for everyone, and forget its checkpoint."""
        lines.append(self._own, key, row)
        self._rows[key] = row
        self.checkpoint(key).unlink(missing_ok=True)

    def checkpoint(self, key: str) -> Path:
        """Where a training in the middle of `key` saves its state."""
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.checkpoint"

    def _refresh(self) -> None:
        for path in self.folder.glob("*.jsonl"):
            start = self._read.get(path, 0)
            if path == self._own or path.stat().st_size == start:
                continue
            rows, self._read[path] = lines.read(path, start)
            self._rows.update(rows)
