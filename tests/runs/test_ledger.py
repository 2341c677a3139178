"""The ledger: what is finished stays finished, what is doubtful is done again."""

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import pytest

from graphprune.runs.ledger import Ledger

IDENTITY: dict[str, Any] = {
    "code": {"a.py": "12"},
    "params": {"seeds": [0, 1], "rate": 0.1},
    "inputs": {},
}
ROWS = {f"equal/bogp/0/{seed}": {"score": seed / 3, "name": f"µ {seed}"} for seed in range(4)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger of four rows."""
    folder = tmp_path / "table.parquet.checkpoint"
    ledger = Ledger(folder, IDENTITY)
    for key, row in ROWS.items():
        ledger.add(key, row)
    return folder


def log(folder: Path) -> Path:
    (found,) = folder.glob("*.jsonl")
    return found


def opened(folder: Path) -> dict:
    return Ledger(folder, IDENTITY).rows


def first(count: int) -> dict:
    return dict(list(ROWS.items())[:count])


def test_rows_survive(folder):
    ledger = Ledger(folder, IDENTITY)
    assert ledger.rows == ROWS
    assert ledger.get("equal/bogp/0/2") == ROWS["equal/bogp/0/2"]
    assert ledger.get("equal/bogp/0/9") is None


def test_a_row_is_there_at_once_and_for_the_next(folder):
    ledger = Ledger(folder, IDENTITY)
    ledger.add("new", {"score": 1})
    assert ledger.get("new") == {"score": 1}
    assert opened(folder) == {**ROWS, "new": {"score": 1}}


def test_a_failed_run_keeps_its_nan(tmp_path):
    Ledger(tmp_path / "l", IDENTITY).add("key", {"score": math.nan})
    assert math.isnan(opened(tmp_path / "l")["key"]["score"])


@pytest.mark.parametrize("lost", [1, 2, 20, "all but one byte"])
def test_a_line_cut_short_is_dropped_and_the_next_row_is_whole(folder, lost):
    raw = log(folder).read_bytes()
    last = len(raw) - raw[:-1].rindex(b"\n") - 1
    log(folder).write_bytes(raw[: -lost if isinstance(lost, int) else 1 - last])
    ledger = Ledger(folder, IDENTITY)
    assert ledger.rows == first(3)
    ledger.add("new", {"score": 1})
    assert opened(folder) == {**first(3), "new": {"score": 1}}


@pytest.mark.parametrize(
    "line",
    [b"garbage\n", b"\n", b"\xff\xfe\x00\n", b'0123456789abcdef ["key", {"score": 1}]\n'],
    ids=["garbage", "empty", "no text", "wrong check"],
)
def test_a_doubtful_line_goes_with_all_behind_it(folder, line):
    lines = log(folder).read_bytes().splitlines(keepends=True)
    log(folder).write_bytes(b"".join([*lines[:2], line, *lines[2:]]))
    assert opened(folder) == first(2)
    assert opened(folder) == first(2)  # and is gone from the file


@pytest.mark.parametrize("place", [3, 20, 40])
def test_a_byte_altered_in_a_row_is_noticed(folder, place):
    raw = bytearray(log(folder).read_bytes())
    start = raw.index(b"\n") + 1  # the second row
    raw[start + place] ^= 1
    log(folder).write_bytes(raw)
    assert opened(folder) == first(1)


def test_a_line_is_its_check_and_its_row(folder):
    check, _, body = log(folder).read_text().splitlines()[0].partition(" ")
    assert check == hashlib.sha256(body.encode()).hexdigest()[:16]
    assert json.loads(body) == ["equal/bogp/0/0", ROWS["equal/bogp/0/0"]]


@pytest.mark.parametrize(
    "other",
    [
        {**IDENTITY, "code": {"a.py": "13"}},
        {**IDENTITY, "params": {"seeds": [0, 1], "rate": 0.2}},
        {**IDENTITY, "inputs": {"data": ["ab"]}},
    ],
)
def test_another_identity_starts_anew(folder, other):
    checkpoint = Ledger(folder, IDENTITY).checkpoint("key")
    checkpoint.write_bytes(b"state of a training of the other job")
    ledger = Ledger(folder, other)
    assert ledger.rows == {}
    assert not checkpoint.exists()
    ledger.add("new", {})
    assert Ledger(folder, other).rows == {"new": {}}
    assert opened(folder) == {}


def test_an_equal_identity_is_the_same_whatever_its_order_and_kinds_of_lists(folder):
    equal = {
        "params": {"rate": 0.1, "seeds": (0, 1)},
        "inputs": {},
        "code": dict(IDENTITY["code"]),
    }
    assert Ledger(folder, equal).rows == ROWS


def test_a_fresh_ledger_is_empty_even_for_the_same_job(folder):
    assert Ledger(folder, IDENTITY, fresh=True).rows == {}
    assert opened(folder) == {}


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff"])
def test_without_a_readable_identity_it_starts_anew(folder, content):
    owner = folder / "identity.json"
    owner.unlink()
    if content is not None:
        owner.write_bytes(content)
    assert opened(folder) == {}


def test_a_finished_piece_needs_no_checkpoint_and_others_keep_theirs(folder):
    ledger = Ledger(folder, IDENTITY)
    mine, other = ledger.checkpoint("mine"), ledger.checkpoint("other")
    assert mine != other
    assert mine.parent == folder
    mine.write_bytes(b"1")
    other.write_bytes(b"2")
    ledger.add("mine", {})
    assert not mine.exists()
    assert other.exists()
    assert Ledger(folder, IDENTITY).checkpoint("other") == other
