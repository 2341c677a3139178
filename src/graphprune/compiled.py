"""C++ files of ours: compiled on first use for the processor at hand, and kept.

The cache folder is GRAPHPRUNE_CACHE, else graphprune's in the user's.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

# Not -ffast-math: loading what it links changes how the whole process treats tiny numbers.
FLAGS = ("-O3", "-march=native", "-std=c++17", "-shared", "-fPIC")
COMPILERS = ("g++", "clang++")


def library(source: Path, *flags: str) -> ctypes.CDLL | None:
    """`source`, compiled with `flags` beside our own; None without a compiler.

    None, with the compiler's words printed, where it cannot be built or loaded.
    """
    compiler = next((path for path in map(shutil.which, COMPILERS) if path), None)
    if compiler is None:
        return None
    file = _folder() / f"{source.stem}-{_identity(source, compiler, flags)}.so"
    try:
        if not file.exists():
            _compile(source, compiler, flags, file)
        return ctypes.CDLL(str(file))
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or error
        print(f"graphprune: {source.name} could not be built with {compiler}: {reason}")
        return None


def _folder() -> Path:
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphprune"
    return Path(os.environ.get("GRAPHPRUNE_CACHE") or default)


def _identity(source: Path, compiler: str, flags: tuple[str, ...]) -> str:
    """What decides the compiled code: source, compiler, flags, processor."""
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    target = subprocess.run(
        [compiler, "-march=native", "-Q", "--help=target"], capture_output=True, text=True
    ).stdout
    parts = [source.read_text(encoding="utf-8"), version, target, *FLAGS, *flags]
    return hashlib.sha256("\0".join([*parts, platform.machine()]).encode()).hexdigest()[:16]


def _compile(source: Path, compiler: str, flags: tuple[str, ...], file: Path) -> None:
    """Whole or not at all: other processes may be doing the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        made = Path(folder) / file.name
        for openmp in (["-fopenmp"], []):
            command = [compiler, *FLAGS, *flags, *openmp, str(source), "-o", str(made)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                break
        done.check_returncode()
        made.replace(file)
