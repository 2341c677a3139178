"""Training in bf16 against fp32: seconds a step, one thread, and test accuracies, seed by seed.

Prints the median seconds of a full-batch step of a dense network on random images of MNIST's
size in both precisions, and their ratio; both are timed in the same run, in turns. bf16 is
faster only on processors with bf16 instructions. With a stored data set (--data, --split) the
same network is also trained on it in both precisions on three seeds: test accuracies, and the
paired difference.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads them
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphprune.data.batches import DeviceSplit
from graphprune.masks.mask import Masks
from graphprune.models.init import initialise
from graphprune.runs.execute import Task, execute
from graphprune.runs.setup import Setup, load_setup
from graphprune.training.device import prepare
from graphprune.training.loop import State, step
from graphprune.training.recipe import Recipe

PRECISIONS = ("fp32", "bf16")
SEEDS = (0, 1, 2)
WARM_UP = 2  # steps: libraries load, kernels are chosen
CLASSES = 10


def synthetic(examples: int, hidden: int) -> Setup:
    """Random images of 28 × 28 pixels, and an MLP with one hidden layer."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (examples, 1, 28, 28), dtype=torch.uint8, generator=generator)
    labels = torch.randint(CLASSES, (examples,), generator=generator)
    return Setup(
        labels={},
        model={"name": "mlp", "hidden": [hidden]},
        init="dense",
        recipe=Recipe("adam", learning_rate=0.01, epochs=1),
        device=prepare("cpu", threads=1, deterministic=False),
        splits={"train": DeviceSplit(images, labels)},
        input_shape=(1, 28, 28),
        classes=CLASSES,
        checkpoint_seconds=0,
    )


class Timed:
    """A training in one precision, done a step at a time; seconds of each step."""

    def __init__(self, setup: Setup):
        model = setup.build()
        initialise(model, seed=0)
        self.state = State(model, setup.recipe.optimiser_for(model), Masks({}), torch.Generator())
        self.batch = next(iter(setup.training_batches().epoch(None)))
        self.seconds: list[float] = []

    def step(self) -> None:
        start = time.perf_counter()
        step(self.state, *self.batch)
        self.seconds.append(time.perf_counter() - start)


def report_speed(setup: Setup, steps: int) -> None:
    timed = [Timed(replace(setup, precision=precision)) for precision in PRECISIONS]
    for _ in range(WARM_UP + steps):
        for training in timed:
            training.step()
    fp32, bf16 = (float(np.median(training.seconds[WARM_UP:])) for training in timed)
    print(f"{'examples':>10}{'fp32 ms/step':>14}{'bf16 ms/step':>14}{'ratio':>8}")
    examples = len(setup.splits["train"])
    print(f"{examples:>10,}{fp32 * 1e3:>14.1f}{bf16 * 1e3:>14.1f}{fp32 / bf16:>7.1f}×")


def stored(data: Path, split: Path, hidden: int, rate: float, epochs: int) -> Setup:
    """The same network, to be trained on a stored data set."""
    params: dict[str, Any] = {
        "experiment": "benchmark",
        "study": "precision",
        "dataset": data.name,
        "protocol": "held_out",
        "model": {"name": "mlp", "hidden": [hidden]},
        "init": "dense",
        "recipe_name": "full_batch",
        "recipe": {"optimiser": "adam", "batch_size": None},
        "threads": 1,
        "deterministic": False,
    }
    compute = {"device": "cpu", "checkpoint_seconds": 0}
    return load_setup(
        params, compute, data, split, {"learning_rate": rate, "epochs": epochs}, test=True
    )


def report_accuracy(setup: Setup) -> None:
    print(f"\n{'seed':>10}{'fp32 test %':>14}{'bf16 test %':>14}{'difference':>12}{'seconds':>16}")
    differences = []
    for seed in SEEDS:
        task = Task("dense", "dense", 0.0, "all", seed)
        fp32, bf16 = (execute(task, replace(setup, precision=p)) for p in PRECISIONS)
        differences.append(100 * (bf16.test_accuracy - fp32.test_accuracy))
        seconds = f"{fp32.seconds:.1f} → {bf16.seconds:.1f}"
        print(
            f"{seed:>10}{100 * fp32.test_accuracy:>14.2f}{100 * bf16.test_accuracy:>14.2f}"
            f"{differences[-1]:>+12.2f}{seconds:>16}"
        )
    mean, deviation = np.mean(differences), np.std(differences, ddof=1)
    print(f"paired difference, points: {mean:+.3f} ± {deviation:.3f} (mean ± SD, n = {len(SEEDS)})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=48_000, help="images (default 48000)")
    parser.add_argument("--hidden", type=int, default=128, help="hidden units (default 128)")
    parser.add_argument("--steps", type=int, default=5, help="steps timed (default 5)")
    parser.add_argument("--data", type=Path, help="folder of a stored data set")
    parser.add_argument("--split", type=Path, help="its split file")
    parser.add_argument("--rate", type=float, default=0.01, help="learning rate (default 0.01)")
    parser.add_argument("--epochs", type=int, default=50, help="epochs on --data (default 50)")
    options = parser.parse_args()
    if (options.data is None) != (options.split is None):
        parser.error("--data and --split are given together or not at all")
    report_speed(synthetic(options.examples, options.hidden), options.steps)
    if options.data:
        report_accuracy(
            stored(options.data, options.split, options.hidden, options.rate, options.epochs)
        )


if __name__ == "__main__":
    main()
