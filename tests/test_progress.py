"""Every item passes through, and a log gets few lines."""

import io

import pytest

from graphprune import progress as module
from graphprune.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test turns by hand."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_items_pass_in_order_and_lazily():
    items = iter(range(5))
    steps = progress(items, 5, "searches")
    assert next(steps) == 0
    assert next(items) == 1  # not taken yet
    assert list(steps) == [2, 3, 4]


def test_quick_work_leaves_one_line(capsys):
    list(progress(range(1000), 1000, "searches"))
    assert capsys.readouterr().out == "searches: 1000 of 1000 after 0 s\n"


def test_long_work_leaves_a_line_every_ten_seconds(capsys, clock):
    for _ in progress(range(6), 6, "trainings"):
        clock[0] += 4
    assert capsys.readouterr().out.splitlines() == [
        "trainings: 3 of 6 after 12 s",
        "trainings: 6 of 6 after 24 s",
    ]


def test_the_count_is_what_was_done_where_the_items_end_early(capsys):
    list(progress(iter([1, 2]), 5, "trainings"))
    assert "trainings: 2 of 5" in capsys.readouterr().out


def test_nothing_to_do_is_said_too(capsys):
    assert list(progress([], 0, "trainings")) == []
    assert capsys.readouterr().out == "trainings: 0 of 0 after 0 s\n"


def test_an_error_in_the_work_is_not_reported_as_done(capsys):
    def work():
        for item in progress(range(3), 3, "trainings"):
            assert item < 1

    with pytest.raises(AssertionError):
        work()
    assert "3 of 3" not in capsys.readouterr().out


def test_a_terminal_gets_a_bar(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert list(progress(range(3), 3, "searches")) == [0, 1, 2]
    assert "searches: 100%" in terminal.getvalue()
    assert capsys.readouterr().out == ""
