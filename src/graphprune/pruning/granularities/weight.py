"""Every weight for itself; a pool is a tensor."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from graphprune.masks.mask import Masks
from graphprune.pruning.granularity import Grouping


@dataclass(frozen=True)
class Weight:
    """Granularity ``weight``: groups are the weights in memory order, so nothing is indexed."""

    grouping: Grouping

    def survivors(self, masks: Masks) -> dict[str, torch.Tensor]:
        return {name: mask.flatten() for name, mask in masks.items()}

    def reduce(self, scores: Mapping[str, torch.Tensor], alive: Masks) -> dict[str, torch.Tensor]:
        return {name: scores[name].flatten() for name in alive}

    def expand(self, kept: Mapping[str, torch.Tensor], like: Masks) -> Masks:
        return Masks({name: kept[name].view(mask.shape) for name, mask in like.items()})
