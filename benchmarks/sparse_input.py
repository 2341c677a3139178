"""Full-batch training on the nonzero pixels of the images against dense images: seconds a step.

Prints the median seconds of a full-batch step of a dense network on MNIST with dense images in
fp32 and in bf16, and with sparse ones (fp32), on one thread and on two; all are timed in the same
run, in turns. And how far the losses of the sparse training are from those of the dense one in
fp32. Without a stored MNIST (--data) it says so and measures nothing.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from graphprune.data.batches import DeviceSplit
from graphprune.data.stored import META, open_dataset
from graphprune.masks.mask import Masks
from graphprune.models.init import initialise
from graphprune.runs.setup import Setup
from graphprune.training.loop import State, step
from graphprune.training.recipe import Recipe

FORMS = {
    "dense fp32": {"precision": "fp32"},
    "dense bf16": {"precision": "bf16"},
    "sparse fp32": {"precision": "fp32", "sparse_input": True},
}
WARM_UP = 2  # steps: libraries load, kernels are chosen


def mnist(folder: Path, examples: int, hidden: list[int]) -> Setup:
    """An MLP on the first training images."""
    data = open_dataset(folder)
    images = torch.from_numpy(np.array(data.train_images[:examples]))
    split = DeviceSplit(images, torch.from_numpy(data.train_labels[:examples]))
    return Setup(
        labels={},
        model={"name": "mlp", "hidden": hidden},
        init="dense",
        recipe=Recipe("adam", learning_rate=0.01, epochs=1),
        device=torch.device("cpu"),
        splits={"train": split},
        input_shape=split.image_shape,
        classes=len(data.class_names),
        checkpoint_seconds=0,
    )


class Timed:
    """A training in one form, done a step at a time; seconds and loss of each step."""

    def __init__(self, setup: Setup):
        model = setup.build()
        initialise(model, seed=0)
        optimiser = setup.recipe.optimiser_for(model)
        self.state = State(model, optimiser, Masks({}), torch.Generator(), forward=setup.forward)
        start = time.perf_counter()
        self.batch = next(iter(setup.training_batches().epoch(None)))
        self.seconds: list[float] = []
        self.losses: list[float] = []
        self.step()
        self.begin = time.perf_counter() - start

    def step(self) -> None:
        start = time.perf_counter()
        self.losses.append(step(self.state, *self.batch).item())
        self.seconds.append(time.perf_counter() - start)

    @property
    def median(self) -> float:
        return float(np.median(self.seconds[WARM_UP:]))


def report(setup: Setup, threads: int, steps: int) -> None:
    """A line for each form, all timed in turns."""
    torch.set_num_threads(threads)
    split = setup.splits["train"]
    assert isinstance(split, DeviceSplit)
    fresh = replace(setup, splits={"train": DeviceSplit(split.images, split.labels)})
    timed = {name: Timed(replace(fresh, **change)) for name, change in FORMS.items()}
    for _ in range(WARM_UP + steps):
        for training in timed.values():
            training.step()
    fp32, bf16, sparse = timed.values()
    for name, training in timed.items():
        ratios = [other.median / training.median for other in (fp32, bf16)]
        print(
            f"{threads:>7}  {name:<12}{training.median * 1e3:>9.1f}"
            f"{ratios[0]:>14.2f}×{ratios[1]:>14.2f}×{training.begin:>14.2f}"
        )
    differences = np.abs(np.array(sparse.losses) / np.array(fp32.losses) - 1)
    print(
        f"{threads:>7}  losses of sparse and dense fp32 differ by at most {differences.max():.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("results/shared/data/mnist"))
    parser.add_argument("--examples", type=int, default=48_000, help="images (default 48000)")
    parser.add_argument("--hidden", type=int, nargs="+", default=[128], help="default 128")
    parser.add_argument("--steps", type=int, default=15, help="steps timed (default 15)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="default 1 2")
    options = parser.parse_args()
    if not (options.data / META).exists():
        print(f"SKIPPED, nothing was measured: no stored data set in {options.data}")
        print(
            "Make it with: snakemake --configfile experiments/bogp_mnist.yaml -- <folder>/meta.json"
        )
        return
    setup = mnist(options.data, options.examples, options.hidden)
    split = setup.splits["train"]
    print(f"{len(split):,} images, {100 * split.nonzero:.1f} % of the pixels are not zero")
    print(
        f"threads  form{'ms/step':>17}{'dense fp32 /':>15}{'dense bf16 /':>15}{'first step s':>14}"
    )
    for threads in options.threads:
        report(setup, threads, options.steps)


if __name__ == "__main__":
    main()
