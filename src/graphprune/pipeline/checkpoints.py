"""What training jobs leave to go on from, removed once the run stands."""

import shutil
from collections.abc import Iterable


def remove_checkpoints(outputs: Iterable[str]) -> None:
    """Remove the folders that `job.checkpoint_folder` names for jobs with these first outputs."""
    for output in outputs:
        shutil.rmtree(f"{output}.checkpoint", ignore_errors=True)
