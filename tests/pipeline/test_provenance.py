"""What made a result is on record."""

import json
import subprocess
from importlib.metadata import version

import pytest

from graphprune.pipeline.provenance import PACKAGES, provenance


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init", "--quiet")
    for name in ("first.py", "second.py"):
        (tmp_path / name).write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_the_commit_and_no_changes(checkout):
    found = provenance({}, checkout)
    assert found["commit"] == git(checkout, "rev-parse", "HEAD")
    assert found["changed_files"] == []


def test_changed_files_are_named_and_untracked_ones_are_not(checkout):
    for name in ("first.py", "second.py", "untracked.py"):
        (checkout / name).write_text("x = 2\n")
    assert provenance({}, checkout)["changed_files"] == ["first.py", "second.py"]
    git(checkout, "add", "second.py")
    assert provenance({}, checkout)["changed_files"] == ["first.py", "second.py"]


def test_outside_a_checkout_there_is_no_commit(tmp_path):
    found = provenance({}, tmp_path)
    assert found["commit"] is None
    assert found["changed_files"] == []


def test_without_git_there_is_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance({}, checkout)["commit"] is None


def test_versions_machine_and_config_are_there_as_json(tmp_path):
    found = provenance({"experiment": "smoke"}, tmp_path)
    assert json.loads(json.dumps(found)) == found
    assert found["config"] == {"experiment": "smoke"}
    assert set(found["packages"]) == set(PACKAGES)
    assert found["packages"]["torch"] == version("torch")
    assert None not in found["packages"].values()
    assert found["cores"] >= 1


def test_a_package_that_is_not_there_has_no_version(tmp_path, monkeypatch):
    monkeypatch.setattr("graphprune.pipeline.provenance.PACKAGES", ("no-such-package",))
    assert provenance({}, tmp_path)["packages"] == {"no-such-package": None}
