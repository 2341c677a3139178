"""From a network to its relational graph: the weights of the edges, and which of them survive."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.blocks import refuse_grouped
from graphprune.masks.mask import Masks, restricted
from graphprune.pruning.context import Context
from graphprune.pruning.granularities.edge import Edge
from graphprune.pruning.granularity import Grouping
from graphprune.pruning.norms import NORMS
from graphprune.pruning.scope import tensors
from graphprune.pruning.score import score
from graphprune.registry import lookup

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, eq=False)
class WeightedGraph:
    """An undirected graph with a norm on every edge, its self-loops kept apart.

    weights: (n, n) float64, symmetric, zero diagonal; self_loops: (n,) float64. Norms are at
    least 0, and 0 means that there is no edge. Both arrays are private read-only copies;
    UserError if they do not fit this description.
    """

    weights: np.ndarray
    self_loops: np.ndarray

    def __post_init__(self) -> None:
        weights = np.array(self.weights, dtype=np.float64)
        loops = np.array(self.self_loops, dtype=np.float64)
        if weights.ndim != 2 or len(set(weights.shape)) != 1 or loops.shape != weights.shape[:1]:
            raise UserError(
                "a weighted graph needs an (n, n) matrix and n self-loops, found shapes "
                f"{weights.shape} and {loops.shape}"
            )
        if (weights != weights.T).any() or weights.diagonal().any():
            raise UserError("the weights of a graph must be symmetric with a zero diagonal")
        if not (weights >= 0).all() or not (loops >= 0).all():
            raise UserError("the norms of edges and self-loops must be numbers of at least 0")
        for name, array in (("weights", weights), ("self_loops", loops)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.weights)

    def to_networkx(self) -> "nx.Graph":
        """Nodes 0 … n − 1 and the edges, each with its ``weight``; self-loops are left out."""
        import networkx as nx

        graph: nx.Graph = nx.Graph()
        graph.add_nodes_from(range(self.n))
        graph.add_weighted_edges_from(
            (int(i), int(j), float(self.weights[i, j]))
            for i, j in np.argwhere(np.triu(self.weights) > 0)
        )
        return graph


def network_to_graph(
    model: nn.Module,
    n: int,
    norm: str = "mean",
    scope: str | Iterable[str] = "inner",
    masks: Masks | None = None,
) -> WeightedGraph:
    """The relational graph of `model`: what edge pruning ranks the pairs of nodes by.

    Units (or channels) of every layer are dealt to `n` nodes (`graphs.layout`). Edge {i, j} has
    the `norm` of all weights from node j to node i and back, over all layers in `scope`
    (`pruning.scope.tensors`; "inner" leaves out the first and the last) and all kernel positions.
    norm: "mean" or "rms" per weight, "l1", "l2" or "max". With `masks` only weights they keep
    have a say, and an edge without any has norm 0.

    UserError for an unknown norm or scope, a tensor in scope without a mask, a grouped
    convolution, or a layer with fewer than n units.
    """
    how = lookup(NORMS, norm, "edge norm")
    names = tensors(model, scope)
    refuse_grouped(model, names)
    alive = Masks.full(model, names) if masks is None else restricted(masks, names)
    alive = alive.to(model.get_parameter(names[0]).device)
    scores = score("magnitude", model, alive, Context())
    edges = Edge(Grouping(how, n, shared=True, keep_self_loops=False))
    (norms,) = edges.reduce(scores, alive).values()
    (survives,) = edges.survivors(alive).values()
    values = torch.where(survives, norms.double(), 0.0).cpu().numpy()
    weights = np.zeros((n, n))
    upper = np.triu_indices(n)  # the order of the pairs i <= j, row by row
    weights[upper] = values
    weights.T[upper] = values
    loops = weights.diagonal().copy()
    np.fill_diagonal(weights, 0.0)
    return WeightedGraph(weights, loops)


def surviving_graphs(masks: Masks, n: int, shared: bool = True) -> np.ndarray:
    """(graphs, n, n) bool: the adjacency of what `masks` keep, without self-loops.

    One graph for all tensors if `shared`, where an edge survives with any of its weights; else
    one for each. UserError for a layer of fewer than n units.
    """
    pools = Edge(Grouping(n=n, shared=shared)).survivors(masks).values()
    i, j = np.triu_indices(n, 1)
    found = np.zeros((len(pools), n, n), dtype=bool)
    for graph, kept in zip(found, pools, strict=True):
        graph[i, j] = graph[j, i] = kept.cpu().numpy()
    return found
