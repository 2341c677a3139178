"""What training jobs leave to go on from, removed once the run stands."""

import shutil
from collections.abc import Iterable
from pathlib import Path


def checkpoint_folder(output: str) -> Path:
    """Where the job with this first output keeps what it has so far: beside it, undeclared."""
    return Path(f"{output}.checkpoint")


def remove_checkpoints(outputs: Iterable[str]) -> None:
    """Remove what the jobs with these first outputs have kept."""
    for output in outputs:
        shutil.rmtree(checkpoint_folder(output), ignore_errors=True)
