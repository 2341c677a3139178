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


def code_files(script: str, *modules: str) -> list[str]:
    """`script` (in ``workflow_scripts/``) and every first-party file it runs, sorted, relative to the root.

    Followed are the script's imports, direct and through each other, and those of
    `modules`: what the config and the wildcards choose by name, which no import statement
    shows. Imports under ``if TYPE_CHECKING`` do not run and do not count.
    """
    start = ROOT / "workflow_scripts" / script
    seen: set[Path] = {start}
    todo = [start]
    for module in modules:
        found = [file for file in _module_files(module) if file not in seen]
        if not found and not (SRC / module.replace(".", "/")).with_suffix(".py").exists():
            raise FileNotFoundError(f"no module {module} below {SRC}")
        seen.update(found)
        todo.extend(found)
    while todo:
        for file in _imported_files(todo.pop()):
            if file not in seen:
                seen.add(file)
                todo.append(file)
    return sorted(file.relative_to(ROOT).as_posix() for file in seen)


def code_hash(script: str, *modules: str) -> dict[str, str]:
    """{file: short hash of its content} for ``code_files(script, *modules)``."""
    return {file: _hash(ROOT / file) for file in code_files(script, *modules)}


@lru_cache(maxsize=None)
def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=None)
def _imported_files(file: Path) -> tuple[Path, ...]:
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
    for part in name.split("."):
        folder = folder / part
        if (folder / "__init__.py").exists():
            files.append(folder / "__init__.py")
        else:
            if folder.with_suffix(".py").exists():
                files.append(folder.with_suffix(".py"))
            break
    return tuple(files)
