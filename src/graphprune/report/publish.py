"""Copy a finished experiment's small outputs to docs/results, where they are committed.

``python -m graphprune.report.publish default``
"""

import json
import shutil
import sys
from pathlib import Path

from graphprune.errors import UserError

FORMATS = ("tables", "figures")


def publish(results: Path, destination: Path) -> list[Path]:
    """The tables (CSV, Markdown), figures (PNG) and provenance of `results`, in its folders.

    What an earlier run left in `destination` goes; the folders tables/ and figures/ are left out.
    UserError if the experiment has not finished, or was made by code that is not committed.
    """
    source = results / "provenance.json"
    if not source.exists():
        raise UserError(
            f"{results} holds no finished experiment: {source} is missing; run it first"
        )
    provenance = json.loads(source.read_text(encoding="utf-8"))
    if provenance["commit"] is None or provenance["changed_files"]:
        raise UserError(
            f"{results} was made by code that is not committed "
            f"({', '.join(provenance['changed_files']) or 'no git checkout'}); commit and run again"
        )
    shutil.rmtree(destination, ignore_errors=True)
    files = [source]
    for pattern in ("tables/*.csv", "tables/*.md", "figures/*.png"):
        files += sorted(results.rglob(pattern))
    return [_copied(file, results, destination) for file in files]


def _copied(file: Path, results: Path, destination: Path) -> Path:
    folders = [part for part in file.relative_to(results).parts if part not in FORMATS]
    target = destination.joinpath(*folders)
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(file, target))


if __name__ == "__main__":
    for experiment in sys.argv[1:]:
        copied = publish(Path("results") / experiment, Path("docs/results") / experiment)
        print(f"{len(copied)} files to docs/results/{experiment}")
