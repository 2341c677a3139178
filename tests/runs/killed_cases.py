"""Trainings to be interrupted, and the process that they are killed in."""

import time
from collections.abc import Callable
from pathlib import Path

from run_cases import dropout_setup, every_few_steps, psi, setup, task

from graphprune.runs.execute import Task, train_task
from graphprune.runs.setup import Setup
from graphprune.training import checkpoint

# Name -> a task and its setup.
CASES: dict[str, Callable[[], tuple[Task, Setup]]] = {
    "dropout": lambda: (
        task("unif_1", scope="all"),
        dropout_setup(epochs=6, optimiser="sgd", momentum=0.9, schedule="cosine"),
    ),
    "rounds": lambda: (task("glob_5", 0.8), setup(padding=1, flip=True)),
    "rounds, rewound": lambda: (task("unif_5_rewind", 0.8, scope="all"), dropout_setup()),
    "pruned while training": lambda: (
        task("edge_random", 0.15, psi=psi()),
        every_few_steps(setup(weight_decay=1e-3)),
    ),
    "pruned after training": lambda: (task("unit_magnitude"), setup()),
}
# Name -> (round, epoch) of the last checkpoint before the kill, in the middle of things: the
# second of five rounds; between the two prunings of 280 steps, 40 an epoch.
MOMENTS = {
    "dropout": (0, 3),
    "rounds": (1, 2),
    "rounds, rewound": (1, 2),
    "pruned while training": (0, 4),
    "pruned after training": (0, 4),
}

LONG = 600.0  # seconds; the parent kills long before


def train_and_wait(case: str, path: Path, marker: Path) -> None:
    """Train until the checkpoint of the case's moment stands, tell by `marker`, and wait."""
    save = checkpoint.save

    def save_and_wait(path: Path, content: dict) -> None:
        save(path, content)
        if (content["round"], content["state"]["epoch"]) == MOMENTS[case]:
            marker.touch()
            time.sleep(LONG)

    checkpoint.save = save_and_wait
    train_task(*CASES[case](), path)


def train_and_wait_half_way_through_a_file(case: str, path: Path, marker: Path) -> None:
    """The same, but wait when half of the next checkpoint has been written."""
    write = Path.write_bytes
    saves = 0

    def write_half(path: Path, content: bytes) -> int:
        nonlocal saves
        saves += 1
        if saves == MOMENTS[case][1] + 1:
            write(path, content[: len(content) // 2])
            marker.touch()
            time.sleep(LONG)
        return write(path, content)

    Path.write_bytes = write_half  # type: ignore[method-assign,assignment]
    train_task(*CASES[case](), path)


def train_on(case: str, path: Path, marker: Path) -> None:
    """Train at full speed, whatever happens; wait only before it would be finished."""
    save = checkpoint.save
    saves = 0

    def save_and_wait_at_last(path: Path, content: dict) -> None:
        nonlocal saves
        save(path, content)
        saves += 1
        if saves == 6:
            time.sleep(LONG)

    checkpoint.save = save_and_wait_at_last
    train_task(*CASES[case](), path)
