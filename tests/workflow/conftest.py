"""One smoke run for all workflow tests, in a copy of the project."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "Snakefile",
    "config.yaml",
    "rules",
    "workflow_scripts",
    "schemas",
    "experiments",
    "profiles",
    "src",
)
SMOKE = ("--configfile", "experiments/smoke.yaml")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all tests of the workflow: they share a run. Those on Slurm have another."""
    for item in items:
        here = Path(__file__).parent in item.path.parents
        if here and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("workflow"))


@dataclass(frozen=True)
class Project:
    """A copy of the project that Snakemake is run in."""

    folder: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Snakemake with `arguments`, in a process group of its own."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1"}
        environment.pop("GRAPHPRUNE_FORCED", None)
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A shell's background jobs ignore Ctrl-C, and so would their children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def snakemake(self, *arguments: str, fails: bool = False) -> str:
        """What Snakemake printed; the test fails if it did not end as expected."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=1500)
        assert (process.returncode != 0) == fails, output[-8000:]
        return output

    def run(self, *arguments: str, fails: bool = False) -> str:
        return self.snakemake("--cores", "2", *arguments, fails=fails)

    def planned(self, *arguments: str) -> set[str]:
        """The rules that a run would run now, but for ``all``."""
        output = self.snakemake("-n", *arguments)
        return set(re.findall(r"^(?:local)?rule (\w+):", output, flags=re.MULTILINE)) - {"all"}

    def rules(self, *arguments: str) -> dict[str, int]:
        """Rule -> number of jobs that a forced run of everything would have."""
        output = self.snakemake("-n", "--forceall", "--quiet", "rules", *arguments)
        table = re.search(r"-+  -+\n(.*?)\ntotal", output, flags=re.DOTALL)
        assert table, output
        return {name: int(jobs) for name, jobs in (line.split() for line in table[1].splitlines())}


def copy_project(folder: Path) -> Project:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # Compiled kernels come along, which saves time; files that are being written do not.
            ignored = shutil.ignore_patterns("*.pyc", "*.tmp.*", "*.egg-info")
            shutil.copytree(source, folder / part, ignore=ignored)
        else:
            shutil.copy2(source, folder / part)
    return Project(folder)


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with a finished smoke run. Tests leave it as they found it."""
    project = copy_project(tmp_path_factory.mktemp("smoke"))
    project.run(*SMOKE)
    return project


@pytest.fixture
def edited(smoke: Project) -> Callable[[str, str], None]:
    """Append text to a file of the smoke run's project; undone after the test."""
    before: dict[Path, tuple[bytes, os.stat_result]] = {}

    def edit(name: str, text: str) -> None:
        path = smoke.folder / name
        before.setdefault(path, (path.read_bytes(), path.stat()))
        path.write_bytes(path.read_bytes() + text.encode())

    yield edit  # type: ignore[misc]
    for path, (content, stat) in before.items():
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.fixture
def fresh(smoke: Project, tmp_path: Path) -> Project:
    """A copy of the smoke run's project, results included, for tests that change things."""
    shutil.copytree(smoke.folder, tmp_path / "project")
    return Project(tmp_path / "project")


def overlay_names() -> Sequence[str]:
    return sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml"))
