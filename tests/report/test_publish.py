"""What is copied to docs/results, and when it is refused."""

import json

import pytest

from graphprune.errors import UserError
from graphprune.report.publish import publish


def experiment(folder, **changes):
    for name in ("tables/table1.csv", "tables/table1.md", "tables/table1.html", "figures/a.png"):
        (folder / "bogp" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "bogp" / name).write_text(name)
    provenance = {"commit": "abc", "changed_files": [], **changes}
    (folder / "provenance.json").write_text(json.dumps(provenance))
    return folder


def test_small_tables_figures_and_provenance_are_copied(tmp_path):
    publish(experiment(tmp_path / "results"), tmp_path / "docs")
    found = sorted(path.name for path in (tmp_path / "docs").iterdir())
    assert found == ["a.png", "provenance.json", "table1.csv", "table1.md"]


@pytest.mark.parametrize("changes", [{"changed_files": ["src/a.py"]}, {"commit": None}])
def test_results_of_code_that_is_not_committed_are_refused(tmp_path, changes):
    with pytest.raises(UserError, match="not committed"):
        publish(experiment(tmp_path / "results", **changes), tmp_path / "docs")
    assert not (tmp_path / "docs").exists()


def test_an_unfinished_experiment_is_refused(tmp_path):
    with pytest.raises(UserError, match="no finished experiment"):
        publish(tmp_path, tmp_path / "docs")
