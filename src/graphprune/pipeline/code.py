"""Which first-party files a workflow script runs: what Snakemake needs to rerun exactly what changed.

Snakemake sees a script's time stamp but nothing of the modules it imports. Every rule
therefore carries ``code_files`` as input (noticed without stored metadata) and
``code_hash`` in its params (noticed whatever the time stamps say).
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

SRC = Path(__file__).resolve().parents[2]
ROOT = SRC.parent


def code_files(script: str, *chosen: str) -> list[str]:
    """`script` (in ``workflow_scripts/``) and every first-party file it runs, sorted, relative to the root.

    Followed are the script's imports, direct and through each other, and those of
    `chosen`: modules that the config and the wildcards choose by name, which no import
    statement shows. A `chosen` with a slash is a data file that the code reads. Not
    counted are imports under ``if TYPE_CHECKING``, which do not run, and files called
    names.py: tables of names, of which a job uses the entries that `chosen` resolves, so
    that a new data set or model in the table reruns nothing.
    """
    start = ROOT / "workflow_scripts" / script
    seen: set[Path] = {start}
    todo = [start]
    for name in chosen:
        found = (ROOT / name,) if "/" in name else _module_files(name)
        if not found or not found[-1].exists():
            raise FileNotFoundError(f"no module or file {name} in {ROOT}")
        seen.update(found)
        todo.extend(found)
    while todo:
        for file in _imported_files(todo.pop()):
            if file not in seen:
                seen.add(file)
                todo.append(file)
    return sorted(file.relative_to(ROOT).as_posix() for file in seen)


def code_hash(script: str, *chosen: str) -> dict[str, str]:
    """{file: short hash of its content} for ``code_files(script, *chosen)``."""
    return {file: _hash(ROOT / file) for file in code_files(script, *chosen)}


@lru_cache(maxsize=None)
def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=None)
def _imported_files(file: Path) -> tuple[Path, ...]:
    if file.suffix != ".py":
        return ()
    return tuple(found for name in _imported_names(file) for found in _module_files(name))


def _imported_names(file: Path) -> Iterator[str]:
    package = file.relative_to(SRC).parts[:-1] if file.is_relative_to(SRC) else ()
    for node in _running_nodes(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those inside ``if TYPE_CHECKING:``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _running_nodes(node)


@lru_cache(maxsize=None)
def _module_files(name: str) -> tuple[Path, ...]:
    """The files that importing `name` runs: the packages' ``__init__`` on the way, then the module."""
    files: list[Path] = []
    folder = SRC
    if name.endswith(".names"):
        return ()
    for part in name.split("."):
        folder = folder / part
        if (folder / "__init__.py").exists():
            files.append(folder / "__init__.py")
        else:
            if folder.with_suffix(".py").exists():
                files.append(folder.with_suffix(".py"))
            break
    return tuple(files)
