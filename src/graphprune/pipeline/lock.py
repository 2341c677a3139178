"""Remove the lock of a Snakemake that was killed; never that of one that still runs.

``python -m graphprune.pipeline.lock`` is what ``make run`` calls first.
"""

import shutil
import sys
from pathlib import Path

import psutil


def running_here(folder: Path) -> list[int]:
    """Process ids of the Snakemake runs whose working folder is `folder`."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        command, cwd = process.info["cmdline"] or [], process.info["cwd"]
        # Itself, or behind its interpreter: python -u -m snakemake.
        named = any(Path(word).name == "snakemake" for word in command[:4])
        if named and cwd and Path(cwd).resolve() == folder.resolve():
            found.append(process.info["pid"])
    return found


def remove_stale_lock(folder: Path) -> bool:
    """Remove `folder`'s Snakemake locks if no Snakemake runs there. True if there were any."""
    locks = folder / ".snakemake" / "locks"
    if not locks.is_dir() or not any(locks.iterdir()) or running_here(folder):
        return False
    shutil.rmtree(locks)
    locks.mkdir()
    return True


if __name__ == "__main__":
    if remove_stale_lock(Path.cwd()):
        print("Removed the lock that a killed run left behind.", file=sys.stderr)
