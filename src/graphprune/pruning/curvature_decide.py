"""Which weights a cut by curvature removes, decided exactly where bounds leave it open.

Of all weights only those whose interval contains the cut need their exact curvature. Each step
makes some of them exact, for the one example in which they may be lowest, which also narrows
where the cut can lie.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.progress import progress
from graphprune.pruning.curvature import Curvature
from graphprune.pruning.curvature_work import Task, processes, resolve, run
from graphprune.registry import lookup

FIRST = ("positive", "negative")
_STEP = 4096  # weights, or a quarter of those open, made exact before the cut is found again


@dataclass(frozen=True)
class Decision:
    """A mask, and how far it is the one that exact curvature would give."""

    masks: Masks
    undecided: float
    """Share of the weights whose place the intervals leave open; 0 if the mask is exact."""
    resolved: int
    """(weight, example) pairs whose curvature was made exact for it."""
    cut: tuple[float, float]
    """Where the curvature of the last weight removed lies."""


def decide(
    found: Curvature,
    sparsity: float,
    names: Sequence[str] | None = None,
    first: str = "positive",
    examples: int | None = None,
    budget: int | None = None,
) -> Decision:
    """Remove the share `sparsity` of the weights in `names` (all), by curvature.

    first: the ``positive`` (highest) or the ``negative`` (lowest) end goes first. examples: of
    how many, from the first. budget: (weight, example) pairs to make exact at most (None: as
    many as it takes); weights still open then go by their lower bounds. Ties: the weight that
    comes first is kept.

    What is made exact stays so in `found`: later cuts start from there.
    """
    lookup(dict.fromkeys(FIRST), first, "end that is removed first")
    if not 0 <= sparsity <= 1:
        raise UserError(f"sparsity must lie in [0, 1], found {sparsity}")
    chosen = tuple(found.names if names is None else names)
    for name in chosen:
        lookup(dict.fromkeys(found.names), name, "tensor with a curvature")
    cut = _Cut(found, chosen, first, examples)
    removed = len(cut.lower) - kept_count(len(cut.lower), sparsity)
    resolved, step = 0, 0
    while True:
        low, high = cut.place(removed)
        open_ = cut.open(low, high)
        left = max(_STEP, int(open_.sum()) // 4)
        if budget is not None:
            left = min(left, budget - resolved)
        if not open_.any() or left <= 0:
            break
        resolved += _narrow(found, cut, open_, (low, high), left, step)
        step += 1
    masks = cut.masks(removed)
    return Decision(masks, float(cut.undecided(low, high).mean()), resolved, (low, high))


class _Cut:
    """The intervals of all chosen weights in one row, and how to find them again."""

    def __init__(
        self, found: Curvature, names: tuple[str, ...], first: str, examples: int | None
    ) -> None:
        self.found, self.names, self.first = found, names, first
        self.examples = found.examples if examples is None else examples
        self.refresh()

    def refresh(self) -> None:
        """Read the intervals anew."""
        lower, upper = self.found.interval(self.examples)
        self.shapes = {name: lower[name].shape for name in self.names}
        self.lower = np.concatenate([lower[name].ravel() for name in self.names])
        self.upper = np.concatenate([upper[name].ravel() for name in self.names])

    def place(self, removed: int) -> tuple[float, float]:
        """Bounds on the curvature of the last weight that is removed."""
        if removed == 0:
            end = np.inf if self.first == "positive" else -np.inf
            return end, end
        at = len(self.lower) - removed if self.first == "positive" else removed - 1
        return (
            float(np.partition(self.lower, at)[at]),
            float(np.partition(self.upper, at)[at]),
        )

    def open(self, low: float, high: float) -> np.ndarray:
        """Weights that are no points and whose interval reaches into the place of the cut."""
        return (self.upper > self.lower) & self.undecided(low, high)

    def undecided(self, low: float, high: float) -> np.ndarray:
        """Weights on neither side of the place of the cut."""
        return (self.upper > low) & (self.lower < high)

    def masks(self, removed: int) -> Masks:
        """Kept weights; ranked by the lower bounds, then by the upper ones."""
        sign = -1 if self.first == "positive" else 1
        order = np.lexsort((-np.arange(len(self.lower)), sign * self.upper, sign * self.lower))
        kept = np.ones(len(order), bool)
        kept[order[:removed]] = False
        masks, start = {}, 0
        for name, shape in self.shapes.items():
            size = int(np.prod(shape))
            masks[name] = torch.from_numpy(kept[start : start + size].reshape(shape).copy())
            start += size
        return Masks(masks)


def _narrow(
    found: Curvature,
    cut: _Cut,
    open_: np.ndarray,
    place: tuple[float, float],
    most: int,
    step: int,
) -> int:
    """Make up to `most` of the open weights exact, those nearest to the cut first."""
    middle = (cut.lower + cut.upper) / 2
    distance = np.abs(middle - (place[0] + place[1]) / 2)
    candidates = np.flatnonzero(open_)
    candidates = candidates[np.argsort(distance[candidates], kind="stable")[:most]]
    calls, count, start = [], 0, 0
    for name in cut.names:
        t = found.names.index(name)
        size = int(np.prod(cut.shapes[name]))
        here = candidates[(candidates >= start) & (candidates < start + size)] - start
        upper = _by_offset(cut.upper[start : start + size].reshape(cut.shapes[name]), found, t)
        asked = np.zeros(size, bool)
        asked[here] = True
        asked = _by_offset(asked.reshape(cut.shapes[name]), found, t)
        start += size
        if not len(here):
            continue
        # The example that may be lowest, among those that are open.
        every = np.stack(
            [
                np.where(
                    found.arrays[t, x]["lower"] < found.arrays[t, x]["upper"],
                    found.arrays[t, x]["lower"],
                    np.inf,
                )
                for x in range(cut.examples)
            ]
        )
        lowest = every.argmin(0)
        for x in range(cut.examples):
            mine = asked & (lowest == x)
            if mine.any():
                count += int(mine.sum())
                calls.append(((t, x), (found.arrays[t, x], mine, upper)))
    folder = None
    if found.folder is not None:
        key = [found.history, cut.first, cut.examples, list(cut.names), place, most, step]
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
        folder = found.folder / f"resolved_{digest}"
    found.history.append([cut.first, cut.examples, list(cut.names), place, most])
    with processes(found.work, found.jobs) as workers:
        made = run(found.work, resolve, calls, folder, workers)
        done: dict[Task, dict[str, np.ndarray]] = dict(
            progress(made, len(calls), "curvature at the cut")
        )
    found.arrays.update(done)
    cut.refresh()
    return count


def _by_offset(values: np.ndarray, found: Curvature, t: int) -> np.ndarray:
    """A tensor's shape -> (offsets, targets, sources)."""
    out, into, kernel_y, kernel_x = found.work.scenes[t].transition.weight.shape
    return values.reshape(out, into, kernel_y * kernel_x).transpose(2, 0, 1)
