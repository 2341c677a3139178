"""What a job has finished so far, so that a killed job goes on instead of starting again."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from graphprune.files import write_json
from graphprune.runs import lines


class Ledger:
    """Finished pieces of one job: one line a piece, in a folder beside the job's output.

    The folder belongs to one identity (code, params and inputs of the job); with any
    other identity, or with `fresh`, what is there is removed and the job starts anew.
    A line cut short by a kill is dropped, and its piece is done again.
    """

    def __init__(self, folder: Path, identity: dict[str, Any], fresh: bool = False):
        self.folder = folder
        self._log = folder / "rows.jsonl"
        owner = folder / "identity.json"
        if fresh or not _same(owner, identity):
            shutil.rmtree(folder, ignore_errors=True)
            write_json(owner, identity)
        self.rows = self._read()

    def get(self, key: str) -> dict[str, Any] | None:
        """The finished row of `key`, or None."""
        return self.rows.get(key)

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Record that `key` is finished with `row` (JSON values), and forget its checkpoint."""
        lines.append(self._log, key, row)
        self.rows[key] = row
        self.checkpoint(key).unlink(missing_ok=True)

    def checkpoint(self, key: str) -> Path:
        """Where a training in the middle of `key` saves its state."""
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.checkpoint"

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self._log.exists():
            return {}
        rows, whole = lines.read(self._log)
        with open(self._log, "rb+") as log:
            log.truncate(whole)
        return rows


def _same(owner: Path, identity: dict[str, Any]) -> bool:
    try:
        return json.loads(owner.read_text(encoding="utf-8")) == json.loads(json.dumps(identity))
    except (OSError, ValueError):
        return False
