"""Granularity: what is pruned as one piece, a weight, a unit or an edge of the relational graph.

A granularity turns scores of weights into scores of groups and decisions on groups back into
masks. Groups come in pools, one vector each: a pool is what an allocation gives a count to,
usually a layer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from graphprune.masks.mask import Masks


@dataclass(frozen=True)
class Grouping:
    """Settings of a granularity; only ``edge`` reads the last three."""

    aggregate: str = "mean"
    n: int | None = None
    """Nodes of the relational graph."""
    shared: bool = True
    """One graph for all layers: an edge goes in all of them at once. Else one graph a layer."""
    keep_self_loops: bool = True
    """Blocks (i, i) are never pruned and not counted."""


class Granularity(Protocol):
    """Built from a `Grouping`; knows names and shapes from the masks it is given."""

    def survivors(self, masks: Masks) -> dict[str, torch.Tensor]:
        """Pool -> (groups,) bool: the groups with any weight kept in `masks`."""

    def reduce(self, scores: Mapping[str, torch.Tensor], alive: Masks) -> dict[str, torch.Tensor]:
        """Pool -> (groups,) score; weights that are not `alive` have no say."""

    def expand(self, kept: Mapping[str, torch.Tensor], like: Masks) -> Masks:
        """Masks of the tensors in `like` from the kept groups of each pool."""


# Combines, group by group, the elements of some tensors: by "sum", "max", "any" or "first".
Combine = Callable[[Sequence[torch.Tensor], str], torch.Tensor]


def aggregate(
    how: str, scores: Sequence[torch.Tensor], alive: Sequence[torch.Tensor], combine: Combine
) -> torch.Tensor:
    """(groups,) score of each group from those of its surviving weights; `how` in AGGREGATES.

    Sums run in double precision, in an order that depends on shapes alone: no atomics, so the
    ranking is the same on every run. What a group without survivors scores has no meaning.
    """
    if how == "first":
        return combine(scores, "first")
    pairs = list(zip(scores, alive, strict=True))
    if how == "max":
        return combine([s.masked_fill(~a, -torch.inf) for s, a in pairs], "max")
    power = 2 if how in ("l2", "rms") else 1
    result = combine([torch.where(a, s.double() ** power, 0.0) for s, a in pairs], "sum")
    if how in ("mean", "rms"):
        result = result / combine([a.double() for a in alive], "sum").clamp(min=1)
    return result.sqrt() if power == 2 else result


def along(values: torch.Tensor, dim: int, operation: str) -> torch.Tensor:
    """`values` with dimension `dim` combined by ``sum``, ``max``, ``any`` or ``first``."""
    if operation == "sum":
        return values.sum(dim)
    if operation == "max":
        return values.amax(dim)
    return values.any(dim) if operation == "any" else values.select(dim, 0)
