"""Neural curvature (Tan, Sia, Bogdan & Ivanov 2026): how dispensable each weight of a network is.

The network is a graph of units, its edges' lengths 1/|w|; an example puts masses on the units.
The curvature of an edge (u, v) compares what it costs to move the masses around u to those
around v with the edge's length (Ollivier–Ricci curvature). A weight scores the least curvature
over examples and, in convolutions, positions: it is dispensable only if no example needs it.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.evaluating import evaluating
from graphprune.progress import progress
from graphprune.pruning.curvature_chain import read_chain
from graphprune.pruning.curvature_scene import scenes
from graphprune.pruning.curvature_work import Task, Work, bounds, processes, run
from graphprune.registry import lookup

METHODS = ("exact", "bounds")
_WAVE = 8  # examples at most that are measured without regard to each other


class Curvature:
    """Curvature of every weight, as an interval per example; `neural_curvature` makes it.

    Intervals are points where `method` was ``exact``, and wherever the bounds meet.
    """

    def __init__(self, work: Work, folder: Path | None, jobs: int) -> None:
        self.work = work
        self.folder = folder
        self.jobs = jobs
        self.examples = len(work.layers[0].values)
        self.names = tuple(scene.transition.name for scene in work.scenes)
        self.solved = 0
        """Transports of single edges that the bounds did not settle."""
        self.history: list[Any] = []
        """What `curvature_decide.decide` has made exact, which names its files."""
        self.arrays: dict[Task, dict[str, np.ndarray]] = {}

    def interval(
        self, examples: int | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """(lower, upper): tensor name -> bounds in the tensor's shape, over the first `examples`.

        Weights without an edge (0, or seeing only padding) score as if dead for all examples.
        """
        count = self._count(examples)
        lower: dict[str, np.ndarray] = {}
        upper: dict[str, np.ndarray] = {}
        for t, scene in enumerate(self.work.scenes):
            absent = 2.0 if scene.interior else 1.0
            for end, found in (("lower", lower), ("upper", upper)):
                least = np.min([self.arrays[t, x][end] for x in range(count)], axis=0)
                least = np.where(np.isinf(least), absent, least)
                kernel = scene.transition.weight.shape[2:]
                shaped = least.reshape(*kernel, *least.shape[1:]).transpose(2, 3, 0, 1)
                found[scene.transition.name] = shaped.reshape(scene.transition.shape)
        return lower, upper

    def scores(self, examples: int | None = None) -> dict[str, Tensor]:
        """Tensor name -> curvature (float64; the lower bound where it is not exact).

        The higher, the more dispensable. Over the first `examples`, or all.
        """
        lower, _ = self.interval(examples)
        return {name: torch.from_numpy(values) for name, values in lower.items()}

    def error(self, examples: int | None = None) -> dict[str, tuple[float, float]]:
        """Tensor name -> (largest upper − lower, share of weights for which it is 0)."""
        lower, upper = self.interval(examples)
        gaps = {name: upper[name] - lower[name] for name in lower}
        return {name: (float(gap.max()), float((gap == 0).mean())) for name, gap in gaps.items()}

    def _count(self, examples: int | None) -> int:
        if examples is None:
            return self.examples
        if not 1 <= examples <= self.examples:
            raise UserError(
                f"neural curvature holds {self.examples} examples; asked were the first {examples}"
            )
        return examples


@dataclass(frozen=True)
class Settings:
    """How curvature is measured; the defaults are as published."""

    method: str = "exact"
    """``exact``, or ``bounds``: the lower bound, cheap, its error reported by `Curvature.error`."""
    idleness: float = 0.9
    """Share of the mass that stays on the edge's ends, in [0, 1); all values ≥ 1/2 give the
    same curvature."""
    batch_norm: str = "raw"
    """``raw``: lengths from the weights alone; ``folded``: with the BatchNorm behind them."""
    output: str = "logits"
    """Values of the last layer: |logits| or their ``softmax``."""


def neural_curvature(
    model: nn.Module,
    examples: Tensor,
    settings: Settings | None = None,
    checkpoint: str | Path | None = None,
    jobs: int = 1,
    revive: bool = True,
) -> Curvature:
    """Curvature of every linear and convolution weight of `model` for a batch of `examples`.

    checkpoint: a folder in which finished layers and examples are kept, so that a run that was
    killed goes on from there; jobs: processes. revive: dead edges between hidden layers score
    2, as published, else 1, which is what the formula gives them.

    UserError for a module without a rule, by name; for weights or activations that are not
    finite; for a layer that is all zero.
    """
    settings = settings or Settings()
    lookup(dict.fromkeys(METHODS), settings.method, "method of neural curvature")
    if not 0 <= settings.idleness < 1:
        raise UserError(f"idleness must lie in [0, 1), found {settings.idleness}")
    chain, layers = read_chain(model, examples, settings.batch_norm, settings.output)
    work = Work(scenes(chain), layers, settings.idleness, settings.method == "exact", revive)
    folder = None if checkpoint is None else Path(checkpoint) / work.digest()[:16]
    found = Curvature(work, folder, jobs)
    with processes(work, jobs) as workers:
        made = _in_waves(work, found.examples, folder, workers)
        for task, arrays in progress(made, found.examples * len(chain), "curvature"):
            found.arrays[task] = arrays
            found.solved += int(arrays["solved"])
    return found


def _in_waves(
    work: Work, examples: int, folder: Path | None, workers: ProcessPoolExecutor | None
) -> Iterator[tuple[Task, dict[str, np.ndarray]]]:
    """The bounds of all layers and examples.

    Scores are least values, so an example matters only where it may lie below those before it:
    those of earlier waves, which are short at first. The examples of one wave know nothing of
    each other and are done side by side; how many is fixed, so that numbers do not depend on
    `workers`.
    """
    least = [np.full(scene.inverse.shape, np.inf) for scene in work.scenes]
    start = 0
    while start < examples:
        wave = range(start, min(examples, start + max(1, min(start // 2, _WAVE))))
        calls = [((t, x), (least[t],)) for x in wave for t in range(len(least))]
        uppers = list(least)
        for task, arrays in run(work, bounds, calls, folder, workers):
            uppers[task[0]] = np.minimum(uppers[task[0]], arrays["upper"])
            yield task, arrays
        least, start = uppers, wave.stop


def correct_examples(
    model: nn.Module, images: Tensor, labels: Tensor, per_class: int, batch: int = 256
) -> Tensor:
    """Indices of the first `per_class` images of every class that `model` classifies correctly.

    The first of each class come first, then the second of each …: the first n × classes
    indices are the choice for n per class. UserError if a class has too few.
    """
    device = next(model.parameters()).device
    with evaluating(model), torch.no_grad():
        logits = [model(part.to(device)).cpu() for part in images.split(batch)]
    outputs = torch.cat(logits)
    right = outputs.argmax(1) == labels.cpu()
    chosen = []
    for label in range(outputs.shape[1]):
        found = torch.nonzero(right & (labels.cpu() == label)).flatten()[:per_class]
        if len(found) < per_class:
            raise UserError(
                f"class {label} has {len(found)} correctly classified examples of the "
                f"{per_class} asked; train further, or ask for fewer per class"
            )
        chosen.append(found)
    return torch.stack(chosen, dim=1).flatten()
