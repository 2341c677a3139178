"""Schedules: when to prune, and to what sparsity, as data.

A run is a number of rounds; in a round the network trains, or does not. Iterations count
optimiser steps within a round, and an event at iteration k happens before step k (counted from
0), so at iteration 0 it happens before the round. Schedules know nothing of epochs.

Every builder takes the sparsity asked, the iterations of one round's training, and options of
its own. When a later round starts, masks are made from the weights as trained; only then, with
``weights: rewind``, are the weights set back to their initial values.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphprune.errors import UserError
from graphprune.registry import lookup, suggestion

# What a round starts from: the weights the last one ended with, or the initial ones.
WEIGHTS = ("carry", "rewind")


@dataclass(frozen=True, order=True)
class Event:
    """Prune to `sparsity` (removed / all groups) before step `iteration` of round `round`."""

    round: int
    iteration: int
    sparsity: float


@dataclass(frozen=True)
class Schedule:
    """Rounds and the events in them.

    Valid when events are in order of time, sparsity never falls, and a round that does not
    train has events only at its start; UserError otherwise.
    """

    events: tuple[Event, ...]
    trained: tuple[bool, ...] = (True,)
    """Whether each round trains."""

    def __post_init__(self) -> None:
        for event in self.events:
            _fraction("sparsity", event.sparsity)
            if not 0 <= event.round < self.rounds or event.iteration < 0:
                raise UserError(f"{event} lies outside the {self.rounds} rounds of its schedule")
            if event.iteration > 0 and not self.trained[event.round]:
                raise UserError(f"{event} falls into a round without training")
        times = [(event.round, event.iteration) for event in self.events]
        sparsities = [event.sparsity for event in self.events]
        if times != sorted(set(times)) or sparsities != sorted(sparsities):
            raise UserError(
                f"events must be in order of time, sparsity never falling; found {self.events}"
            )

    @property
    def rounds(self) -> int:
        return len(self.trained)

    def within(self, round: int) -> dict[int, float]:
        """Iteration -> sparsity of the events in one round."""
        return {e.iteration: e.sparsity for e in self.events if e.round == round}


def never(sparsity: float, iterations: int = 0) -> Schedule:
    """Train once, prune nothing."""
    if sparsity:
        raise UserError(f"a method that never prunes has sparsity 0, asked was {sparsity}")
    return Schedule(())


def at_init(sparsity: float, iterations: int = 0) -> Schedule:
    """Prune once, at initialisation; then train."""
    return Schedule((Event(0, 0, sparsity),))


def rounds(sparsity: float, iterations: int = 0, *, n: int) -> Schedule:
    """n rounds of (prune, train), the first prune at initialisation.

    Sparsity after round i = 1 … n is 1 − (1 − s)^(i/n): each round removes the same share of
    what is left (BoGP, Glob_n and Unif_n).
    """
    _fraction("sparsity", sparsity)
    _whole("rounds n", n)
    steps = [1 - (1 - sparsity) ** (i / n) for i in range(1, n)] + [sparsity]
    return Schedule(tuple(Event(i, 0, s) for i, s in enumerate(steps)), (True,) * n)


def after_training(sparsity: float, iterations: int = 0, *, retrain: bool) -> Schedule:
    """Train, prune once, and train again if `retrain`."""
    return Schedule((Event(1, 0, sparsity),), (True, retrain))


def iterative(sparsity: float, iterations: int = 0, *, n: int) -> Schedule:
    """Train, then n times prune and train again (Han et al. 2015).

    Sparsity after prune i = 1 … n is 1 − (1 − s)^(i/n), as in `rounds`.
    """
    _whole("rounds n", n)
    later = [Event(e.round + 1, 0, e.sparsity) for e in rounds(sparsity, n=n).events]
    return Schedule(tuple(later), (True,) * (n + 1))


def every(sparsity: float, iterations: int, *, p: float, k: int) -> Schedule:
    """Remove the share p of what is left every k iterations, until training ends.

    The i-th event, at iteration i·k, has sparsity 1 − (1 − p)^i of all groups, so rounding does
    not add up over events. Pruning stops at `sparsity`, the floor; 1 means that only the end of
    training stops it. UserError if training ends before the first event.
    """
    _fraction("sparsity", sparsity)
    _whole("iterations between prunings k", k)
    if not 0 < p <= 1:
        raise UserError(f"share p pruned every k iterations must lie in (0, 1], found {p}")
    if iterations <= k:
        raise UserError(
            f"pruning every k = {k} iterations never happens in a training of {iterations}; "
            "lower k or train longer"
        )
    events = []
    for i in range(1, (iterations - 1) // k + 1):
        # Twelve decimals, so that two tenths of the rest are 0.19 and not a float short of it.
        reached = round(1 - (1 - p) ** i, 12)
        events.append(Event(0, i * k, min(reached, sparsity)))
        if reached >= sparsity:
            break
    return Schedule(tuple(events))


SCHEDULES: dict[str, Callable[..., Schedule]] = {
    "never": never,
    "at_init": at_init,
    "rounds": rounds,
    "after_training": after_training,
    "iterative": iterative,
    "every": every,
}


def check_options(name: str, options: dict[str, Any]) -> None:
    """UserError unless `options` are exactly those that the schedule `name` takes."""
    builder = lookup(SCHEDULES, name, "schedule")
    takes = [
        p.name
        for p in inspect.signature(builder).parameters.values()
        if p.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for option in options:
        if option not in takes:
            raise UserError(
                f"schedule '{name}' has no option '{option}'{suggestion(option, takes)}; "
                f"it takes: {', '.join(takes) or 'none'}"
            )
    missing = [option for option in takes if option not in options]
    if missing:
        raise UserError(f"schedule '{name}' needs the option(s) {', '.join(missing)}")


def _fraction(what: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UserError(f"{what} must lie in [0, 1], found {value}")


def _whole(what: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{what} must be a whole number of at least 1, found {value!r}")
