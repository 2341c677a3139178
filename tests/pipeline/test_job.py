"""A job's log, its errors, and what tells it from another job."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import Namedlist

from graphprune.errors import UserError
from graphprune.pipeline.job import (
    FORCED,
    code_digest,
    digest,
    forced,
    identity,
    run,
)


def named(**entries):
    """Snakemake's own container of a job's inputs and params."""
    return Namedlist(fromdict=entries)


@pytest.fixture
def job(tmp_path):
    for name, text in {"a": "first", "b": "second", "split": "indices", "x.py": "code"}.items():
        (tmp_path / name).write_text(text)
    return SimpleNamespace(
        rule="bogp_search",
        input=named(
            data=[str(tmp_path / "a"), str(tmp_path / "b")],
            split=str(tmp_path / "split"),
            code=[str(tmp_path / "x.py")],
        ),
        output=[str(tmp_path / "out" / "s0.9.parquet")],
        params=named(
            setup={"recipe": {"epochs": 5}, "model": {"hidden": (16, 8)}},
            seeds={"all": [1, 2]},
            code={"src/x.py": "0123456789ab"},
        ),
        log=[str(tmp_path / "job.log")],
    )


@pytest.fixture
def started(job, monkeypatch):
    """`run` as Snakemake calls it: `snakemake` is a global of the main script."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    monkeypatch.setattr(sys.modules["__main__"], "snakemake", job, raising=False)
    return lambda main: run(main)


def log_of(job):
    return Path(job.log[0]).read_text()


def test_what_a_job_prints_is_in_its_log_at_once(started, job):
    def main(snakemake):
        assert snakemake is job
        print("to stdout")
        print("to stderr", file=sys.stderr)
        assert log_of(job) == "to stdout\nto stderr\n"

    started(main)


def test_bad_input_is_one_line_in_the_log_and_exit_1(started, job):
    def main(snakemake):
        raise UserError("config key bogp.nodes is 33; use nodes ≤ 32")

    with pytest.raises(SystemExit) as ended:
        started(main)
    assert ended.value.code == 1
    assert log_of(job) == "error: config key bogp.nodes is 33; use nodes ≤ 32\n"


@pytest.mark.parametrize("error", [ValueError("surprise"), KeyboardInterrupt("surprise")])
def test_any_other_error_leaves_its_traceback_in_the_log(started, job, error):
    def main(snakemake):
        raise error

    with pytest.raises(SystemExit) as ended:
        started(main)
    assert ended.value.code == 1
    assert "Traceback" in log_of(job)
    assert f"{type(error).__name__}: surprise" in log_of(job)
    assert "in main" in log_of(job)


def test_the_identity_is_code_params_and_content(job):
    found = identity(job)
    assert found["code"] == {"src/x.py": "0123456789ab"}
    assert found["params"] == {
        "setup": {"recipe": {"epochs": 5}, "model": {"hidden": [16, 8]}},
        "seeds": {"all": [1, 2]},
    }
    assert list(found["inputs"]) == ["data", "split"]
    assert len(found["inputs"]["data"]) == 2


def test_the_identity_ignores_time_and_place(job, tmp_path):
    before = identity(job)
    for name in ("a", "b", "split"):
        os.utime(tmp_path / name, (1, 1))
    assert identity(job) == before
    for name in ("a", "b", "split"):
        (tmp_path / name).rename(tmp_path / f"moved_{name}")
    job.input = named(
        data=[str(tmp_path / "moved_a"), str(tmp_path / "moved_b")],
        split=str(tmp_path / "moved_split"),
    )
    assert identity(job) == before


def swap(folder):
    first, second = (folder / "a").read_text(), (folder / "b").read_text()
    (folder / "a").write_text(second)
    (folder / "b").write_text(first)


@pytest.mark.parametrize(
    "change",
    [
        lambda job, folder: job.params.setup["recipe"].update(epochs=6),
        lambda job, folder: job.params.code.update({"src/x.py": "ba9876543210"}),
        lambda job, folder: job.params.code.update({"src/y.py": "0"}),
        lambda job, folder: (folder / "split").write_text("other"),
        lambda job, folder: (folder / "b").write_text("first"),
        lambda job, folder: swap(folder),
    ],
    ids=["params", "code", "more code", "an input", "one of several", "inputs swapped"],
)
def test_the_identity_changes_with_all_that_decides_the_result(job, tmp_path, change):
    before = identity(job)
    change(job, tmp_path)
    assert identity(job) != before


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, False),
        ([], False),
        (["bogp_base"], False),
        (["bogp"], False),
        (["*"], True),
        (["bogp_search"], True),
        (["bogp_base", "bogp_search"], True),
        (["OUTPUT"], True),
    ],
)
def test_forced_by_rule_by_file_or_altogether(job, monkeypatch, names, expected):
    monkeypatch.delenv(FORCED, raising=False)
    if names is not None:
        value = os.pathsep.join(names).replace("OUTPUT", job.output[0])
        monkeypatch.setenv(FORCED, value)
    assert forced(job) is expected


def test_digests_depend_on_content_and_not_on_order(job):
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    before = code_digest(job)
    job.params.code["src/x.py"] = "ba9876543210"
    assert code_digest(job) != before
