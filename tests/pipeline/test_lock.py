"""The lock of a killed run goes; that of a living one stays."""

import os
import shutil
import subprocess
import sys

import pytest

from graphprune.pipeline.lock import remove_stale_lock, running_here


@pytest.fixture
def locked(tmp_path):
    """A folder as a killed Snakemake leaves it."""
    folder = tmp_path / "project"
    locks = folder / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    for name in ("0.input.lock", "0.output.lock"):
        (locks / name).write_text("results/x\n")
    (folder / ".snakemake" / "metadata").mkdir()
    return folder


@pytest.fixture
def start(tmp_path):
    """Start a process that looks like Snakemake in a folder; it is ended after the test."""
    processes = []
    program = tmp_path / "bin" / "snakemake"
    program.parent.mkdir()

    def run(command, folder):
        process = subprocess.Popen(command, cwd=folder)
        processes.append(process)
        return process.pid

    def direct(folder):
        shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
        return run([str(program), "60"], folder)

    def by_interpreter(folder):
        program.write_text("import time; time.sleep(60)")
        return run([sys.executable, "-u", str(program), "--cores", "1"], folder)

    yield {"direct": direct, "by interpreter": by_interpreter}
    for process in processes:
        process.kill()
        process.wait()


def locks_of(folder):
    return sorted(os.listdir(folder / ".snakemake" / "locks"))


def test_the_lock_of_a_killed_run_is_removed_and_nothing_else(locked):
    assert remove_stale_lock(locked)
    assert locks_of(locked) == []
    assert (locked / ".snakemake" / "metadata").is_dir()
    assert not remove_stale_lock(locked)


@pytest.mark.parametrize("how", ["direct", "by interpreter"])
def test_the_lock_of_a_running_one_stays(locked, start, how):
    pid = start[how](locked)
    assert running_here(locked) == [pid]
    assert not remove_stale_lock(locked)
    assert len(locks_of(locked)) == 2


def test_a_run_elsewhere_does_not_matter(locked, start, tmp_path):
    start["direct"](tmp_path)
    assert running_here(locked) == []
    assert remove_stale_lock(locked)


def test_a_linked_folder_is_the_folder(locked, start, tmp_path):
    (tmp_path / "link").symlink_to(locked)
    start["direct"](locked)
    assert not remove_stale_lock(tmp_path / "link")


def test_a_folder_without_locks_is_left_alone(tmp_path):
    assert not remove_stale_lock(tmp_path)
    assert os.listdir(tmp_path) == []


def test_the_command_says_what_it_did(locked):
    command = [sys.executable, "-m", "graphprune.pipeline.lock"]
    done = [subprocess.run(command, cwd=locked, capture_output=True, text=True) for _ in range(2)]
    assert [one.returncode for one in done] == [0, 0]
    assert "Removed the lock" in done[0].stderr
    assert done[1].stderr == ""
