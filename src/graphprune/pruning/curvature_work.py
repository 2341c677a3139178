"""Carrying out the work of neural curvature: one task per layer and example, kept in files.

Tasks run in processes of their own; each writes what it found as one whole file, so that a run
that was killed goes on where it stopped and ends with the same numbers.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphprune.errors import UserError
from graphprune.files import read_arrays, write_arrays
from graphprune.pruning.curvature_chain import Layer
from graphprune.pruning.curvature_layer import Interval, LayerWork
from graphprune.pruning.curvature_scene import Scene

Task = tuple[int, int]
"""(transition, example)."""


@dataclass(frozen=True)
class Work:
    """All that a task needs, in every process."""

    scenes: list[Scene]
    layers: list[Layer]
    idleness: float
    exact: bool
    revive: bool

    def layer(self, task: Task) -> LayerWork:
        t, example = task
        layers = (
            self.layers[t - 1] if t > 0 else None,
            self.layers[t],
            self.layers[t + 1],
            self.layers[t + 2] if t + 2 < len(self.layers) else None,
        )
        return LayerWork(self.scenes[t], layers, example, self.idleness, self.revive)

    def digest(self) -> str:
        """Of weights, values, settings and this code: of all that the numbers depend on."""
        digest = hashlib.sha256()
        for scene in self.scenes:
            t = scene.transition
            digest.update(repr((t.name, t.weight.shape, t.stride, t.padding, t.source)).encode())
            digest.update(t.weight.tobytes())
        for layer in self.layers:
            for values in (layer.values, layer.dead, layer.slopes):
                digest.update(values.tobytes())
        digest.update(json.dumps([self.idleness, self.exact, self.revive]).encode())
        for file in sorted(Path(__file__).parent.glob("curvature*.py")):
            digest.update(file.read_bytes())
        return digest.hexdigest()


def bounds(work: Work, task: Task, ceiling: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """`LayerWork.bounds` of a task, as arrays."""
    return _packed(work.layer(task).bounds(work.exact, ceiling))


def resolve(
    work: Work, task: Task, arrays: dict[str, np.ndarray], asked: np.ndarray, cutoff: np.ndarray
) -> dict[str, np.ndarray]:
    """`LayerWork.resolve` on the arrays of `bounds`."""
    found = _unpacked(arrays)
    work.layer(task).resolve(found, asked, cutoff)
    return _packed(found)


def run(
    work: Work,
    function: Callable[..., dict[str, np.ndarray]],
    calls: Sequence[tuple[Task, tuple[Any, ...]]],
    folder: Path | None,
    workers: ProcessPoolExecutor | None,
) -> Iterator[tuple[Task, dict[str, np.ndarray]]]:
    """What ``function(work, task, *rest)`` returns for each (task, rest), in any order.

    workers: `processes` of this work. Results are kept in `folder`, one file a task, and those
    already there are not made again.
    """
    missing: list[tuple[Task, tuple[Any, ...]]] = []
    ready: list[tuple[Task, tuple[Any, ...]]] = []
    for task, rest in calls:
        (ready if folder and _file(folder, task).exists() else missing).append((task, rest))
    for task, _ in ready:
        assert folder is not None
        try:
            arrays = read_arrays(_file(folder, task))
        except UserError:  # damaged: made anew
            missing.append((task, dict(calls)[task]))
            continue
        yield task, arrays
    for task, arrays in _made(work, function, missing, workers):
        if folder is not None:
            write_arrays(_file(folder, task), **arrays)
        yield task, arrays


def _made(
    work: Work,
    function: Callable[..., dict[str, np.ndarray]],
    calls: Sequence[tuple[Task, tuple[Any, ...]]],
    workers: ProcessPoolExecutor | None,
) -> Iterator[tuple[Task, dict[str, np.ndarray]]]:
    if workers is None or len(calls) <= 1:
        for task, rest in calls:
            yield task, function(work, task, *rest)
        return
    waiting = {workers.submit(_call, function, task, rest): task for task, rest in calls}
    for done in as_completed(waiting):
        yield waiting[done], done.result()


@contextmanager
def processes(work: Work, jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """`jobs` processes that know `work`, begun when they are first given something; None for one.

    Forked processes share the distances; where there is no fork each gets a copy.
    """
    if jobs <= 1:
        yield None
        return
    forks = "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if forks else "spawn")
    pool = ProcessPoolExecutor(jobs, context, _begin, (work,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_shared: Work | None = None


def _begin(work: Work) -> None:
    global _shared
    _shared = work


def _call(
    function: Callable[..., dict[str, np.ndarray]], task: Task, rest: tuple[Any, ...]
) -> dict[str, np.ndarray]:
    return function(_shared, task, *rest)


def _file(folder: Path, task: Task) -> Path:
    return folder / f"layer{task[0]:02d}_example{task[1]:05d}.npz"


def _packed(found: Interval) -> dict[str, np.ndarray]:
    trees = [np.zeros(0, np.int32) if tree is None else tree for tree in found.trees]
    return {
        "lower": found.lower,
        "upper": found.upper,
        "trees": np.concatenate([np.zeros(0, np.int32), *trees]).astype(np.int32),
        "tree_sizes": np.array([len(tree) for tree in trees], np.int64),
        "solved": np.array(found.solved),
    }


def _unpacked(arrays: dict[str, np.ndarray]) -> Interval:
    ends = np.cumsum(arrays["tree_sizes"])
    trees = np.split(arrays["trees"].astype(np.int64), ends[:-1]) if len(ends) else []
    return Interval(
        arrays["lower"],
        arrays["upper"],
        [tree if len(tree) else None for tree in trees],
        int(arrays["solved"]),
    )
