"""The public interface: prune a model of your own and make it smaller; search for graphs."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from graphprune.graphs.aspl import aspl, minimise_aspl
from graphprune.graphs.catalogue import best_regular_graph
from graphprune.graphs.generators import ring_lattice
from graphprune.graphs.properties import graph_properties
from graphprune.graphs.relational import RelationalGraph
from graphprune.masks.mask import Masks
from graphprune.metrics.counts import Counts, count
from graphprune.pruning.context import Context
from graphprune.pruning.methods import METHODS
from graphprune.pruning.network_graph import WeightedGraph, network_to_graph
from graphprune.pruning.prune import next_masks
from graphprune.pruning.scope import tensors
from graphprune.registry import lookup
from graphprune.seeds import derive
from graphprune.sparse.compact import compact
from graphprune.sparse.inference import for_inference
from graphprune.sparse.shrink import shrink

__all__ = [
    "Counts",
    "Masks",
    "RelationalGraph",
    "WeightedGraph",
    "aspl",
    "best_regular_graph",
    "compact",
    "count",
    "for_inference",
    "graph_properties",
    "minimise_aspl",
    "network_to_graph",
    "prune",
    "ring_lattice",
    "shrink",
]


def prune(
    model: nn.Module,
    method: str,
    sparsity: float,
    scope: str | Iterable[str] = "all",
    previous: Masks | None = None,
    psi: np.ndarray | RelationalGraph | None = None,
    nodes: int | None = None,
    seed: int = 0,
    examples: tuple[torch.Tensor, torch.Tensor] | None = None,
    reference: Masks | None = None,
) -> Masks:
    """The masks of one pruning step of `model` as it stands; the model itself is not changed.

    method: a row of `graphprune.pruning.methods.METHODS`. sparsity: removed / all groups of
    the method's granularity, in [0, 1]. scope: "all", "first", "inner", "all_but_last", or
    names of weight tensors. previous: masks to prune further; what they removed stays
    removed. psi: the (n, n) block mask of method "block_mask", or a graph. nodes: nodes of the
    relational graph, for methods that prune its edges. seed: of random methods. examples: inputs
    and labels, for methods that look at data. reference: masks of which methods with allocation
    "matched" keep as many weights in each layer. What psi or reference say is kept whatever the
    sparsity, unless that is 0, which prunes nothing.

    UserError if the request cannot be met, naming tensor and numbers.
    """
    chosen = lookup(METHODS, method, "pruning method")
    names = tensors(model, scope)
    context = Context(
        generator=torch.Generator().manual_seed(derive(seed, "mask")),
        n=nodes,
        psi=psi.to_mask() if isinstance(psi, RelationalGraph) else psi,
        examples=examples,
        reference=reference,
    )
    masks = previous if previous is not None else Masks.full(model, names)
    return next_masks(model, chosen, names, sparsity, masks, context)
