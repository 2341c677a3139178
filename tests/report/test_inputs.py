"""Tables of several jobs read as one."""

import pandas as pd
import pytest

from graphprune.errors import UserError
from graphprune.files import write_table
from graphprune.report.inputs import read_tables


def test_rows_come_in_the_order_of_the_files(tmp_path):
    paths = [str(tmp_path / name) for name in ("b.parquet", "a.parquet")]
    for number, path in enumerate(paths):
        write_table(path, pd.DataFrame({"seed": [number, 10], "arm": ["x", "y"]}))
    found = read_tables(paths)
    assert found["seed"].tolist() == [0, 10, 1, 10]
    assert found.index.tolist() == [0, 1, 2, 3]


def test_a_job_without_runs_adds_none_and_changes_no_kind(tmp_path):
    paths = [str(tmp_path / name) for name in ("none.parquet", "some.parquet")]
    write_table(paths[0], pd.DataFrame())
    write_table(paths[1], pd.DataFrame({"seed": [1], "repeated": [True], "arm": ["x"]}))
    found = read_tables(paths)
    assert len(found) == 1
    assert found["seed"].dtype == int
    assert found["repeated"].dtype == bool


def test_the_damaged_one_is_named(tmp_path):
    paths = [str(tmp_path / name) for name in ("whole.parquet", "cut.parquet")]
    for path in paths:
        write_table(path, pd.DataFrame({"seed": [1]}))
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "cut.parquet").read_bytes()[:100])
    with pytest.raises(UserError, match=r"cut\.parquet is damaged"):
        read_tables(paths)
