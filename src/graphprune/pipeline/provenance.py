"""What made a result: config, commit, versions, machine."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "networkx",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scikit-optimize",
    "scipy",
    "snakemake",
    "statsmodels",
    "torch",
    "torchvision",
)


def provenance(config: dict[str, Any], root: Path) -> dict[str, Any]:
    """Config, git commit (None outside a checkout), changed tracked files, versions, machine."""
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {
        "config": config,
        "commit": _git(root, "rev-parse", "HEAD"),
        "changed_files": [line[3:] for line in changed.splitlines()] if changed else [],
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def _git(root: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.rstrip("\n")  # a line of git status may begin with a space


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
