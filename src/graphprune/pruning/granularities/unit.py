"""Output units: rows of a linear layer, output channels of a convolution; a pool is a tensor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from graphprune.masks.mask import Masks
from graphprune.pruning.granularity import Grouping, aggregate, along


@dataclass(frozen=True)
class Unit:
    """Granularity ``unit``: group i of a tensor is all weights into output unit i."""

    grouping: Grouping

    def survivors(self, masks: Masks) -> dict[str, torch.Tensor]:
        return {name: mask.flatten(1).any(1) for name, mask in masks.items()}

    def reduce(self, scores: Mapping[str, torch.Tensor], alive: Masks) -> dict[str, torch.Tensor]:
        how = self.grouping.aggregate
        return {n: aggregate(how, [scores[n]], [mask], _rows) for n, mask in alive.items()}

    def expand(self, kept: Mapping[str, torch.Tensor], like: Masks) -> Masks:
        return Masks(
            {
                name: kept[name].view(-1, *(1,) * (mask.ndim - 1)).expand(mask.shape)
                for name, mask in like.items()
            }
        )


def _rows(tensors: Sequence[torch.Tensor], operation: str) -> torch.Tensor:
    """(out,): each row of the one tensor combined."""
    (tensor,) = tensors
    return along(tensor.flatten(1), 1, operation)
