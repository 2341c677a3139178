"""Imports go one way: what each room may not import."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src" / "graphprune"
RUNS = ("runs", "search", "studies")
FORBIDDEN = {
    "graphs": ("data", "models", "masks", "pruning", "training", "metrics", *RUNS, "torch"),
    "data": ("graphs", "models", "masks", "pruning", "training", "metrics", *RUNS),
    "models": ("graphs", "data", "masks", "pruning", "training", "metrics", *RUNS),
    "masks": ("data", "models", "pruning", "training", "metrics", *RUNS),
    "metrics": ("data", "models", "pruning", "training", *RUNS),
    "pruning": ("data", "models", "training", *RUNS),
    "training": ("data", "models", "pruning", *RUNS),
    "sparse": ("data", "training", "pruning", "report", "claims", *RUNS),
    "runs": ("search", "studies", "report", "claims"),
    "search": ("studies", "report", "claims"),
    "studies": ("report", "claims"),
    "claims": ("data", "models", "pruning", "training", "report", *RUNS, "torch"),
    "report": ("data", "models", "pruning", "training", *RUNS, "torch"),
}


def imported(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_nothing_of_those_that_stand_above_it(room):
    banned = {name if name == "torch" else f"graphprune.{name}" for name in FORBIDDEN[room]}
    for file in (SRC / room).rglob("*.py"):
        for name in imported(file):
            first = ".".join(name.split(".")[:2]) if name.startswith("graphprune") else name
            assert first not in banned, f"{file.name} imports {name}"
            assert name.split(".")[0] not in banned, f"{file.name} imports {name}"


def test_packages_run_nothing_when_they_are_imported():
    assert all(file.read_text() == "" for file in SRC.rglob("__init__.py"))
