"""What a method may need besides the model: randomness, examples, a graph, other masks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from graphprune.masks.mask import Masks


@dataclass(frozen=True)
class Context:
    """Inputs of `next_masks`; each method reads what it needs and says so when it is missing."""

    generator: torch.Generator | None = None
    """On the CPU; its state moves on with every draw. A run that prunes several times and
    wants to resume exactly makes one per pruning event."""
    examples: tuple[torch.Tensor, torch.Tensor] | None = None
    """Inputs and labels, for scores that look at data."""
    n: int | None = None
    """Nodes of the relational graph, for granularity ``edge``."""
    psi: np.ndarray | Mapping[str, np.ndarray] | None = None
    """Block mask (n, n) of bool, or one per tensor, for source ``graph``."""
    reference: Masks | None = None
    """Masks whose counts per layer are copied, for allocation ``matched``."""
    densities: Mapping[str, float] | None = None
    """Kept / all per layer, for allocation ``explicit``."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the score."""
