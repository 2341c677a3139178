"""Allocation: how many groups each pool keeps.

An allocation maps an `Ask` to shares: tuples of pools that compete with each other -> the
number of groups they keep together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.registry import lookup, suggestion

Shares = dict[tuple[str, ...], int]
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Ask:
    """What is known when counts are dealt out. Pools are tensors, or all layers' edges at once."""

    totals: Mapping[str, int]
    """Groups per pool, pruned ones included."""
    sparsity: float
    reference: Mapping[str, int] | None = None
    """Groups per pool that the reference masks keep."""
    densities: Mapping[str, float] | None = None


def allocate(name: str, ask: Ask) -> Shares:
    """Shares of the allocation `name`; every pool lies in exactly one of them."""
    return lookup(ALLOCATIONS, name, "allocation")(ask)


def _global(ask: Ask) -> Shares:
    """All pools compete for one count."""
    return {tuple(ask.totals): kept_count(sum(ask.totals.values()), ask.sparsity)}


def _uniform(ask: Ask) -> Shares:
    """The same sparsity in every pool."""
    return {(pool,): kept_count(total, ask.sparsity) for pool, total in ask.totals.items()}


def _matched(ask: Ask) -> Shares:
    """The counts of the reference masks, whatever sparsity is asked."""
    counts = _given(ask.reference, "matched", "context.reference (masks of the same tensors)")
    return {(pool,): counts[pool] for pool in _same_pools(ask.totals, counts, "the reference")}


def _explicit(ask: Ask) -> Shares:
    """Densities given per pool, whatever sparsity is asked."""
    densities = _given(ask.densities, "explicit", "context.densities (layer -> kept / all)")
    for pool, density in densities.items():
        if not 0 <= density <= 1:
            raise UserError(f"density of '{pool}' must lie in [0, 1], found {density}")
    return {
        (pool,): kept_count(ask.totals[pool], 1 - densities[pool])
        for pool in _same_pools(ask.totals, densities, "context.densities")
    }


ALLOCATIONS: dict[str, Callable[[Ask], Shares]] = {
    "global": _global,
    "uniform": _uniform,
    "matched": _matched,
    "explicit": _explicit,
}
# Those that are told what each pool keeps; the others work it out from the sparsity asked.
TOLD = ("matched", "explicit")


def _given(value: Mapping[str, _Number] | None, name: str, what: str) -> Mapping[str, _Number]:
    if value is None:
        raise UserError(f"allocation '{name}' needs {what}; none was given")
    return value


def _same_pools(
    totals: Mapping[str, int], given: Mapping[str, object], where: str
) -> tuple[str, ...]:
    for pool in totals:
        if pool not in given:
            raise UserError(
                f"{where} says nothing about '{pool}'{suggestion(pool, given)}; "
                f"it has: {', '.join(given)}"
            )
    for pool in given:
        if pool not in totals:
            raise UserError(
                f"{where} names '{pool}', which is not pruned here{suggestion(pool, totals)}; "
                f"pruned are: {', '.join(totals)}"
            )
    return tuple(totals)
