"""Which first-party files a workflow script runs, so that Snakemake reruns just what changed.

Snakemake sees a script's time stamp but nothing of the modules it imports. Every rule
therefore carries ``code_files`` as input (noticed without stored metadata) and
``code_hash`` in its params (noticed whatever the time stamps say).
"""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

SRC = Path(__file__).resolve().parents[2]
ROOT = SRC.parent


def code_files(script: str, *chosen: str) -> list[str]:
    """`script` (in ``workflow_scripts/``) and the first-party files it runs, sorted, below ROOT.

    Followed are the script's imports, direct and through each other, and those of
    `chosen`: modules that the config and the wildcards choose by name, which no import
    statement shows. A `chosen` with a slash is a data file that the code reads. Not
    counted are imports under ``if TYPE_CHECKING``, which do not run, and files called
    names.py: tables of names, of which a job uses the entries that `chosen` resolves, so
    that a new data set or model in the table reruns nothing.

    FileNotFoundError if the script, or one of `chosen`, does not exist.
    """
    return _files([ROOT / "workflow_scripts" / script], chosen)


def _files(start: Sequence[Path], chosen: Sequence[str]) -> list[str]:
    seen: set[Path] = set(start)
    todo = [*start]
    for name in chosen:
        if not _path(name).exists():
            raise FileNotFoundError(f"no module or file {name} in {ROOT}")
        found = (_path(name),) if "/" in name else _module_files(name)
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


def module_hash(*modules: str) -> dict[str, str]:
    """{file: short hash of its content} for `modules` and all that they import."""
    return {file: _hash(ROOT / file) for file in _files([], modules)}


def _path(chosen: str) -> Path:
    if "/" in chosen:
        return ROOT / chosen
    place = SRC.joinpath(*chosen.split("."))
    return place if place.is_dir() else place.with_suffix(".py")


@cache
def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


@cache
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
    """Every node but those inside ``if TYPE_CHECKING:``; its ``else`` runs."""
    nodes = ast.iter_child_nodes(tree)
    if isinstance(tree, ast.If) and ast.unparse(tree.test).split(".")[-1] == "TYPE_CHECKING":
        nodes = iter(tree.orelse)
    for node in nodes:
        yield node
        yield from _running_nodes(node)


@cache
def _module_files(name: str) -> tuple[Path, ...]:
    """What importing `name` runs: the packages' ``__init__`` on the way, then the module.

    With it the .cpp file of the same name, where there is one: the kernel it compiles.
    """
    files: list[Path] = []
    folder = SRC
    for part in name.split("."):
        folder = folder / part
        if (folder / "__init__.py").exists():
            files.append(folder / "__init__.py")
        else:
            if folder.with_suffix(".py").exists() and part != "names":
                files.append(folder.with_suffix(".py"))
                kernel = folder.with_suffix(".cpp")
                files += [kernel] if kernel.exists() else []
            break
    return tuple(files)
