"""Edges of the relational graph: {i, j} stands for the weight blocks W[i, j] and W[j, i].

You et al. 2020, with the node groups of `graphs.layout`. With one graph for the whole network
(`shared`) an edge holds its blocks of all layers and there is one pool; else each layer has a
graph, and a pool, of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from graphprune.errors import UserError
from graphprune.graphs import layout
from graphprune.masks.blocks import block_masks
from graphprune.masks.mask import Masks
from graphprune.pruning.granularity import Grouping, aggregate, along

ALL_LAYERS = "all layers"


@dataclass(frozen=True)
class Edge:
    """Granularity ``edge``: groups are the pairs i < j in row-major order.

    Self-loops (i, i) are kept and no group, unless ``keep_self_loops`` is off: then pairs are
    i <= j. UserError without a node count, or if a layer is narrower than it.
    """

    grouping: Grouping

    def survivors(self, masks: Masks) -> dict[str, torch.Tensor]:
        return {
            pool: self._edges(names, [masks[name] for name in names], "any")
            for pool, names in self._pools(masks).items()
        }

    def reduce(self, scores: Mapping[str, torch.Tensor], alive: Masks) -> dict[str, torch.Tensor]:
        return {
            pool: aggregate(
                self.grouping.aggregate,
                [scores[name] for name in names],
                [alive[name] for name in names],
                partial(self._edges, names),
            )
            for pool, names in self._pools(alive).items()
        }

    def expand(self, kept: Mapping[str, torch.Tensor], like: Masks) -> Masks:
        psi = {
            name: self._block_mask(kept[pool])
            for pool, names in self._pools(like).items()
            for name in names
        }
        shapes = {name: tuple(mask.shape) for name, mask in like.items()}
        return block_masks(shapes, like, psi)

    def _pools(self, masks: Masks) -> dict[str, tuple[str, ...]]:
        if self.grouping.shared:
            return {ALL_LAYERS: tuple(masks)}
        return {name: (name,) for name in masks}

    def _nodes(self) -> int:
        n = self.grouping.n
        if n is None or n < 2:
            raise UserError(
                f"granularity 'edge' needs the node count n >= 2 of the relational graph, found {n}"
            )
        return n

    def _ends(self) -> tuple[torch.Tensor, torch.Tensor]:
        n = self._nodes()
        i, j = torch.triu_indices(n, n, offset=1 if self.grouping.keep_self_loops else 0)
        return i, j

    def _edges(
        self, names: Sequence[str], tensors: Sequence[torch.Tensor], operation: str
    ) -> torch.Tensor:
        """(edges,): blocks (i, j) and (j, i) of all `tensors`, combined."""
        blocks = torch.stack(
            [self._blocks(n, t, operation) for n, t in zip(names, tensors, strict=True)]
        )
        matrix = along(blocks, 0, operation)
        i, j = (end.to(matrix.device) for end in self._ends())
        there, back = matrix[i, j], matrix[j, i]
        if operation == "sum":
            return there + back * (i != j)  # a self-loop is one block, not two
        if operation == "max":
            return torch.maximum(there, back)
        return there | back if operation == "any" else there

    def _blocks(self, name: str, tensor: torch.Tensor, operation: str) -> torch.Tensor:
        """(n, n): every block of `tensor` (out, in, …), kernel positions included, combined."""
        n = self._nodes()
        out_width, in_width = tensor.shape[:2]
        outputs = layout.node_sizes(out_width, n, layer=name).tolist()
        inputs = layout.node_sizes(in_width, n, layer=name).tolist()
        values = tensor.reshape(out_width, in_width, -1)
        values = torch.stack([along(part, 0, operation) for part in values.split(outputs)])
        values = torch.stack(
            [along(part, 1, operation) for part in values.split(inputs, dim=1)], dim=1
        )
        return along(values, 2, operation)

    def _block_mask(self, kept: torch.Tensor) -> np.ndarray:
        psi = torch.eye(self._nodes(), dtype=torch.bool)
        i, j = self._ends()
        psi[i, j] = psi[j, i] = kept.cpu()
        return psi.numpy()
