"""Files are whole or not there, and what is read back is what was written."""

import errno
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from graphprune.errors import UserError
from graphprune.files import (
    file_digest,
    read_arrays,
    read_json,
    read_table,
    whole,
    write_arrays,
    write_json,
    write_table,
    write_text,
)

METADATA = {"code": "abc", "kept": ["aspl", "transitivity"], "rate": 0.02, "nothing": None}


def table():
    return pd.DataFrame(
        {
            "accuracy": [0.1 + 0.2, np.nan, np.inf, -np.inf, -0.0],
            "seed": np.array([-(2**63), 0, 1, 2**53 + 1, 2**63 - 1]),
            "repeated": [True, False, False, True, True],
            "arm": ["dense", "", "None", "nan", "ψ | <b>\n"],
            "mask": [b"", b"\x00", b"\xff\xfe", b"abc", bytes(range(256))],
        }
    )


def arrays():
    return {
        "train": np.arange(40),
        "weights": np.array([[0.5, np.nan], [np.inf, -0.0]], dtype=np.float32),
        "kept": np.array([True, False, True]),
        "name": np.array("ψ"),
        "none": np.zeros((0, 3), dtype=np.uint8),
    }


def same_arrays(found, expected):
    return list(found) == list(expected) and all(
        found[name].dtype == values.dtype
        and found[name].shape == values.shape
        and found[name].tobytes() == values.tobytes()
        for name, values in expected.items()
    )


def same_tables(found, expected):
    try:
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    except AssertionError:
        return False
    return True


@pytest.fixture(scope="module")
def stored_table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "runs.parquet"
    write_table(path, table(), METADATA)
    return path, path.read_bytes(), read_table(path)


@pytest.fixture(scope="module")
def stored_arrays(tmp_path_factory):
    path = tmp_path_factory.mktemp("arrays") / "split.npz"
    write_arrays(path, **arrays())
    return path, path.read_bytes()


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "disk full"), KeyboardInterrupt(), Exception()]
)
@pytest.mark.parametrize("before", [None, "old"])
def test_an_interrupted_write_leaves_what_was_there_and_nothing_else(tmp_path, error, before):
    path = tmp_path / "table.csv"
    if before is not None:
        path.write_text(before)
    with pytest.raises(type(error)):
        write_half(path, error)
    assert [file.name for file in tmp_path.iterdir()] == ([] if before is None else ["table.csv"])
    assert before is None or path.read_text() == before


def write_half(path, error):
    with whole(path) as temporary:
        temporary.write_text("half of the ne")
        raise error


def test_a_disk_that_fills_up_in_mid_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "runs.parquet"
    write_table(path, table().head(1))
    monkeypatch.setattr("graphprune.files.pq.write_table", write_some_then_fail)
    with pytest.raises(OSError, match="No space left"):
        write_table(path, table())
    assert os.listdir(tmp_path) == ["runs.parquet"]
    assert len(read_table(path)[0]) == 1


def write_some_then_fail(_, temporary, **__):
    temporary.write_bytes(b"PAR1 and a little")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_finished_write_replaces_the_old_file_under_the_usual_permissions(tmp_path):
    path = tmp_path / "new" / "folder" / "table.csv"
    write_text(path, "old")
    with whole(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".csv"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(path.parent) == ["table.csv"]
    usual = tmp_path / "usual"
    usual.touch()
    assert path.stat().st_mode == usual.stat().st_mode


def test_json_round_trip_and_damage(tmp_path):
    path = tmp_path / "recipe.json"
    value = {"learning_rate": 0.1 + 0.2, "text": "ψ", "list": [1, None, True]}
    write_json(path, value)
    assert read_json(path) == value
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match=r"recipe\.json is damaged.*Delete it"):
        read_json(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="damaged"):
        read_json(path)


def test_a_table_comes_back_as_it_was(stored_table):
    _, _, (frame, metadata) = stored_table
    expected = table()
    pd.testing.assert_frame_equal(frame, expected, check_exact=True)
    assert metadata == METADATA
    assert np.signbit(frame["accuracy"].iloc[-1])


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        table().head(0),
        pd.DataFrame({"text": ["a", None]}),
        pd.DataFrame({"text": pd.Series(["a", None, "b"], dtype=object)}),
        pd.DataFrame({"bytes": pd.Series([b"a", None], dtype=object)}),
        pd.DataFrame(
            {"count": pd.Series([1, 2], dtype="int16"), "x": np.array([0.1, 0.2], dtype="float32")}
        ),
        pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=[5, 3, 9]),
    ],
    ids=[
        "nothing",
        "no rows",
        "missing text",
        "text as objects",
        "missing bytes",
        "small",
        "index",
    ],
)
def test_unusual_tables_come_back_too(tmp_path, frame):
    write_table(tmp_path / "t.parquet", frame)
    found, metadata = read_table(tmp_path / "t.parquet")
    assert metadata == {}
    assert list(found.columns) == list(frame.columns)
    assert len(found) == len(frame)
    for name in frame:
        mine, theirs = found[name].tolist(), frame[name].tolist()
        assert all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in zip(mine, theirs, strict=True))


def test_metadata_with_numbers_as_keys_is_no_damage(tmp_path):
    write_table(tmp_path / "t.parquet", table(), {"by": {2: "a", 10: "b"}, "pair": (1, 2)})
    _, metadata = read_table(tmp_path / "t.parquet")
    assert metadata == {"by": {"2": "a", "10": "b"}, "pair": [1, 2]}


@settings(max_examples=40, deadline=None)
@given(
    numbers=hnp.arrays(np.float64, st.integers(0, 20)),
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20),
)
def test_any_numbers_and_words_come_back(tmp_path_factory, numbers, words):
    path = tmp_path_factory.getbasetemp() / "any.parquet"
    count = min(len(numbers), len(words))
    frame = pd.DataFrame({"x": numbers[:count], "word": pd.Series(words[:count], dtype="str")})
    write_table(path, frame)
    assert same_tables(read_table(path)[0], frame)


def test_a_table_cut_short_anywhere_is_refused(stored_table):
    path, content, _ = stored_table
    for length in [*range(0, len(content), 37), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match=r"runs\.parquet is damaged"):
            read_table(path)


def test_an_altered_byte_is_never_silently_a_different_table(stored_table):
    path, content, (frame, metadata) = stored_table
    refused = 0
    for position in range(0, len(content), 3):
        for flip in (0x01, 0x80):
            altered = bytearray(content)
            altered[position] ^= flip
            path.write_bytes(altered)
            try:
                found, note = read_table(path)
            except UserError:
                refused += 1
                continue
            assert same_tables(found, frame), position
            assert note == metadata, position
    assert refused > len(content) / 6


def test_a_table_that_is_not_ours_is_refused_in_words(tmp_path):
    path = tmp_path / "other.parquet"
    table().to_parquet(path)
    with pytest.raises(UserError, match="no digest"):
        read_table(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    for read in (read_table, read_arrays, read_json):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none")


def test_arrays_come_back_as_they_were(stored_arrays):
    path, content = stored_arrays
    path.write_bytes(content)
    assert same_arrays(read_arrays(path), arrays())


def test_arrays_cut_short_anywhere_are_refused(stored_arrays):
    path, content = stored_arrays
    for length in [*range(0, len(content), 13), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(UserError, match=r"split\.npz is damaged"):
            read_arrays(path)


def test_an_altered_byte_is_never_silently_a_different_array(stored_arrays):
    path, content = stored_arrays
    refused = 0
    for position in range(len(content)):
        for flip in (0x01, 0x80):
            altered = bytearray(content)
            altered[position] ^= flip
            path.write_bytes(altered)
            try:
                found = read_arrays(path)
            except UserError:
                refused += 1
                continue
            assert same_arrays(found, arrays()), position
    assert refused > len(content) / 2


def test_arrays_packed_anew_without_one_are_refused(stored_arrays, tmp_path):
    path, content = stored_arrays
    path.write_bytes(content)
    with np.load(path) as archive:
        packed = {name: archive[name] for name in archive.files if name != "kept"}
    np.savez(tmp_path / "less.npz", **packed)
    with pytest.raises(UserError, match="does not match the digest"):
        read_arrays(tmp_path / "less.npz")


def test_no_pickle_is_written_and_none_is_read(tmp_path):
    objects = np.array([{"a": 1}, None], dtype=object)
    with pytest.raises(ValueError, match=r"object arrays need pickle.*: objects"):
        write_arrays(tmp_path / "a.npz", objects=objects)
    assert os.listdir(tmp_path) == []
    np.savez(tmp_path / "b.npz", objects=objects)
    with pytest.raises(UserError, match="damaged"):
        read_arrays(tmp_path / "b.npz")


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_digest(tmp_path / "a") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
