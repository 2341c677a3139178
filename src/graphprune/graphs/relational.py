"""The relational graph: what a block mask says about which nodes exchange messages."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphprune.errors import UserError

if TYPE_CHECKING:
    import networkx as nx  # elsewhere where it is used: its import takes longer than a search


def mask_to_adjacency(masks: np.ndarray) -> np.ndarray:
    """Block masks (..., n, n) bool -> adjacencies of the same shape (BoGP Algorithm 1, line 7).

    Nodes i ≠ j are joined if either direction, mask[i, j] or mask[j, i], is kept. The
    diagonal (self-loops) is no part of the simple graph and is left out.
    """
    adjacencies = masks | masks.swapaxes(-1, -2)
    nodes = np.arange(masks.shape[-1])
    adjacencies[..., nodes, nodes] = False
    return adjacencies


@dataclass(frozen=True, eq=False)
class RelationalGraph:
    """An undirected simple graph on n nodes, its self-loops kept apart.

    adjacency: (n, n) bool, symmetric, zero diagonal; self_loops: (n,) bool. Both arrays are
    private read-only copies. UserError if they do not fit this description.
    """

    adjacency: np.ndarray
    self_loops: np.ndarray

    def __post_init__(self) -> None:
        adjacency = np.array(self.adjacency)
        self_loops = np.array(self.self_loops)
        if adjacency.dtype != bool or adjacency.ndim != 2 or len(set(adjacency.shape)) != 1:
            raise UserError(
                "the adjacency of a relational graph must be a square boolean matrix, found "
                f"shape {adjacency.shape} of {adjacency.dtype}"
            )
        if self_loops.dtype != bool or self_loops.shape != adjacency.shape[:1]:
            raise UserError(
                f"the self-loops of a relational graph must be {len(adjacency)} booleans, one a "
                f"node, found shape {self_loops.shape} of {self_loops.dtype}"
            )
        if adjacency.diagonal().any() or (adjacency != adjacency.T).any():
            raise UserError(
                "the adjacency of a relational graph must be symmetric with a zero diagonal; "
                "self-loops are given apart (RelationalGraph.from_mask converts any block mask)"
            )
        adjacency.setflags(write=False)
        self_loops.setflags(write=False)
        object.__setattr__(self, "adjacency", adjacency)
        object.__setattr__(self, "self_loops", self_loops)

    @classmethod
    def from_mask(cls, psi: np.ndarray) -> "RelationalGraph":
        """The graph of a block mask (n, n) bool: Mask_to_graph of BoGP Algorithm 1."""
        psi = np.asarray(psi)
        if psi.dtype != bool or psi.ndim != 2 or psi.shape[0] != psi.shape[1]:
            raise UserError(
                "a block mask must be a square boolean matrix, found "
                f"shape {psi.shape} of {psi.dtype}"
            )
        return cls(mask_to_adjacency(psi), psi.diagonal())

    @classmethod
    def from_graph6(cls, text: str) -> "RelationalGraph":
        """The graph of a graph6 text (McKay's one-line format), without self-loops."""
        import networkx as nx

        try:
            graph = nx.from_graph6_bytes(text.encode("ascii"))
        except (ValueError, IndexError, nx.NetworkXError) as error:
            raise UserError(f"not a graph in graph6 format: {text[:40]!r} ({error})") from error
        adjacency = nx.to_numpy_array(graph, nodelist=range(len(graph))) > 0
        return cls(adjacency, np.zeros(len(graph), dtype=bool))

    def to_graph6(self) -> str:
        """The simple graph as one line of ASCII text; self-loops are lost."""
        import networkx as nx

        return nx.to_graph6_bytes(self.to_networkx(), header=False).decode("ascii").strip()

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.adjacency)

    @property
    def edges(self) -> np.ndarray:
        """(m, 2) int: the edges i < j in ascending order, self-loops left out."""
        return np.argwhere(np.triu(self.adjacency))

    def to_mask(self) -> np.ndarray:
        """(n, n) bool symmetric block mask: the adjacency, self-loops on the diagonal."""
        mask = self.adjacency.copy()
        np.fill_diagonal(mask, self.self_loops)
        return mask

    def to_networkx(self) -> "nx.Graph":
        """The simple graph (no self-loops), nodes 0 … n − 1 and edges added in order."""
        import networkx as nx

        graph: nx.Graph = nx.Graph()
        graph.add_nodes_from(range(self.n))
        graph.add_edges_from(self.edges.tolist())
        return graph

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RelationalGraph):
            return NotImplemented
        return np.array_equal(self.to_mask(), other.to_mask())

    def __hash__(self) -> int:
        return hash((self.n, np.packbits(self.to_mask()).tobytes()))


def as_relational(graph: RelationalGraph | np.ndarray) -> RelationalGraph:
    """`graph` itself, or the graph of a boolean adjacency, without self-loops."""
    if isinstance(graph, RelationalGraph):
        return graph
    return RelationalGraph(graph, np.zeros(len(graph), dtype=bool))
