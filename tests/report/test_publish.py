"""What is copied to docs/results, and when it is refused."""

import json

import pytest

from graphprune.errors import UserError
from graphprune.report.publish import publish


def experiment(folder, **changes):
    for name in (
        "tables/t.csv",
        "tables/t.md",
        "tables/t.html",
        "figures/a.png",
        "main/tables/t.md",
    ):
        (folder / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "x" / name).write_text(name)
    provenance = {"commit": "abc", "changed_files": [], **changes}
    (folder / "provenance.json").write_text(json.dumps(provenance))
    return folder


def test_small_tables_figures_and_provenance_are_copied(tmp_path):
    publish(experiment(tmp_path / "results"), tmp_path / "docs")
    docs = tmp_path / "docs"
    assert files(docs) == ["provenance.json", "x/a.png", "x/main/t.md", "x/t.csv", "x/t.md"]


def test_what_an_earlier_run_published_goes(tmp_path):
    old = tmp_path / "docs/x/gone.md"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    publish(experiment(tmp_path / "results"), tmp_path / "docs")
    assert not old.exists()


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("changes", [{"changed_files": ["src/a.py"]}, {"commit": None}])
def test_results_of_code_that_is_not_committed_are_refused(tmp_path, changes):
    with pytest.raises(UserError, match="not committed"):
        publish(experiment(tmp_path / "results", **changes), tmp_path / "docs")
    assert not (tmp_path / "docs").exists()


def test_an_unfinished_experiment_is_refused(tmp_path):
    with pytest.raises(UserError, match="no finished experiment"):
        publish(tmp_path, tmp_path / "docs")
