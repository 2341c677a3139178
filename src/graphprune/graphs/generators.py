"""Families of relational graphs: lattices, small worlds, regular, scale-free and block graphs.

Every function returns a RelationalGraph without self-loops and raises UserError where no
such graph exists. Equal arguments give equal graphs. networkx is the oracle where it has
the same family.
"""

import random

import networkx as nx
import numpy as np

from graphprune.errors import UserError
from graphprune.graphs.bounds import check_degree
from graphprune.graphs.relational import RelationalGraph

_TRIES = 100  # whole WS-flex graphs drawn for a connected one, as in graph2nn


def ring_lattice(n: int, k: int) -> RelationalGraph:
    """k-regular ring: node i joined to i ± 1 … i ± k/2 (mod n), the start of RGP's search.

    For odd k, which needs even n, node i is joined to i ± 1 … i ± (k − 1)/2 and to the
    opposite node i + n/2. (RGP's code takes the complement of a lattice instead.)
    """
    check_degree(n, k)
    adjacency = _owned_edges(n, n * (k // 2))
    if k % 2:
        nodes = np.arange(n)
        adjacency[nodes, (nodes + n // 2) % n] = True
    return _graph(adjacency)


def _owned_edges(n: int, edges: int) -> np.ndarray:
    """(n, n) bool: row i has i + 1, i + 2, … (mod n), as many as the others or one more."""
    nodes = np.arange(n)
    owned = edges // n + (nodes < edges % n)
    return (nodes - nodes[:, None] - 1) % n < owned[:, None]


def random_regular(n: int, k: int, seed: int) -> RelationalGraph:
    """Random k-regular graph, asymptotically uniform for small k (Kim & Vu 2003, networkx).

    A graph of more than half of all pairs is the complement of a sparse regular one.
    """
    check_degree(n, k)
    dense = 2 * k > n - 1
    drawn = nx.random_regular_graph(n - 1 - k if dense else k, n, seed=seed)
    adjacency = np.zeros((n, n), dtype=bool)
    if drawn.number_of_edges():
        adjacency[tuple(np.array(drawn.edges).T)] = True
    return _graph(_complement(adjacency | adjacency.T) if dense else adjacency)


def ws_flex(n: int, degree: float, p: float, seed: int, connected: bool = True) -> RelationalGraph:
    """WS-flex small world of round(degree · n / 2) edges, `degree` real (You et al. 2020).

    Node i owns edges to i + 1, i + 2, … (mod n), as many as the others or one more (the
    first nodes). In this order each edge's far end is drawn anew with probability `p`,
    uniformly among the nodes that are not yet neighbours. p = 0 is a ring lattice whose
    degree need not be whole. The draws are graph2nn's, so its graphs are reproduced by seed.

    `connected`: the whole graph is drawn again until it is; UserError after 100 times. A
    degree below 2, where graph2nn has no graph, is meant for ``connected=False``.
    """
    if not 0 <= p <= 1:
        raise UserError(f"ws_flex: p must be a probability from 0 to 1, found p = {p}")
    if not 0 <= degree <= n - 1:
        raise UserError(f"ws_flex: degree must be from 0 to n − 1 = {n - 1}, found {degree}")
    edges = round(degree * n / 2)
    _check_edges(n, edges)
    if connected and edges < n - 1:
        raise UserError(
            f"ws_flex: {edges} edges cannot connect {n} nodes; ask for a degree of at least "
            f"{2 * (n - 1) / n:.4g}, found {degree}"
        )
    rng = random.Random(seed)
    for _ in range(_TRIES):
        graph = _graph(_ws_flex_adjacency(n, edges, p, rng))
        if not connected or _is_connected(_rows(graph.adjacency)):
            return graph
    raise UserError(
        f"ws_flex: none of {_TRIES} graphs with n = {n}, degree {degree}, p = {p}, seed {seed} "
        "is connected; ask for a greater degree or a smaller p, or set connected=False"
    )


def _ws_flex_adjacency(n: int, edges: int, p: float, rng: random.Random) -> np.ndarray:
    owned = _owned_edges(n, edges)
    lattice = owned | owned.T
    degrees = lattice.sum(axis=1).tolist()
    # One's own node is never a new far end. Bytes, since single entries are asked one by one.
    linked = [bytearray(row.tobytes()) for row in lattice | np.eye(n, dtype=bool)]
    count = owned.sum(axis=1).tolist()
    nodes = range(n)
    for node, row in enumerate(linked):
        for far in range(node + 1, node + 1 + count[node]):
            if rng.random() >= p:
                continue
            new = rng.choice(nodes)
            while row[new]:
                # Drawn before the way out is looked at: graph2nn's order, which decides
                # every later draw.
                new = rng.choice(nodes)
                if degrees[node] >= n - 1:
                    break
            else:
                old = far % n
                row[old] = linked[old][node] = 0
                row[new] = linked[new][node] = 1
                degrees[old] -= 1
                degrees[new] += 1
    adjacency = np.frombuffer(b"".join(linked), dtype=bool).reshape(n, n).copy()
    np.fill_diagonal(adjacency, False)
    return adjacency


def swapped(graph: RelationalGraph, swaps: int, seed: int) -> RelationalGraph:
    """`graph` after a chain of `swaps` proposed double-edge swaps; every degree is kept.

    A proposal takes two edges a–b and c–d at random and puts a–d and c–b in their place. It
    is skipped, but counts, if that makes a self-loop or a double edge or disconnects a
    connected graph (RGP Algorithm 1 without its test of the ASPL). From a ring lattice
    towards a random graph of its degrees; self-loops stay where they are.
    """
    if swaps < 0:
        raise UserError(f"swapped: the number of swaps must be 0 or more, found {swaps}")
    # A swap exchanges two edges for two non-edges, so in a dense graph it is found far
    # sooner from the non-edges, and each swap stays as likely as any other.
    dense = len(graph.edges) > graph.n * (graph.n - 1) / 4
    pairs = np.argwhere(np.triu(_complement(graph.adjacency))) if dense else graph.edges
    if len(pairs) < 2:
        return graph
    rows = _rows(graph.adjacency)
    moved = _swap_chain(pairs.tolist(), rows, dense, swaps, np.random.default_rng(seed))
    adjacency = np.zeros((graph.n, graph.n), dtype=bool)
    adjacency[tuple(np.array(moved).T)] = True
    adjacency |= adjacency.T
    return RelationalGraph(_complement(adjacency) if dense else adjacency, graph.self_loops)


def _swap_chain(
    pairs: list[list[int]], rows: list[int], dense: bool, swaps: int, rng: np.random.Generator
) -> list[list[int]]:
    """`pairs`, the edges or (`dense`) the non-edges, after the chain; `rows` changes along."""
    keep_connected = _is_connected(rows)
    drawn = rng.integers(len(pairs), size=(2, swaps)).tolist()
    turned = (rng.random(swaps) < 0.5).tolist()
    for first, second, turn in zip(*drawn, turned, strict=True):
        a, b = pairs[first]
        c, d = reversed(pairs[second]) if turn else pairs[second]
        if a in (c, d) or b in (c, d):
            continue
        if (rows[a] >> d & 1) != dense or (rows[c] >> b & 1) != dense:
            continue
        _toggle(rows, a, b, c, d)
        joined = ((a, b), (c, d)) if dense else ((a, d), (c, b))
        if keep_connected and not _meet(rows, *joined):
            _toggle(rows, a, b, c, d)
            continue
        pairs[first], pairs[second] = [a, d], [c, b]
    return pairs


def _toggle(rows: list[int], a: int, b: int, c: int, d: int) -> None:
    """Edges become non-edges and the reverse, on the 4-cycle a b c d."""
    rows[a] ^= 1 << b | 1 << d
    rows[b] ^= 1 << a | 1 << c
    rows[c] ^= 1 << b | 1 << d
    rows[d] ^= 1 << c | 1 << a


def _meet(rows: list[int], one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether a path leads from the edge `one` to the edge `other`.

    After a swap this decides whether the graph is still connected: every node reaches an
    end of one of the two new edges by an old path.
    """
    near = rows[one[0]] | rows[one[1]]
    far = rows[other[0]] | rows[other[1]]
    # Mostly they are neighbours or have one in common; only then is the search skipped.
    return bool(near & far) or bool(_reached(rows, one[0]) >> other[0] & 1)


def _reached(rows: list[int], start: int) -> int:
    """The nodes a path leads to from `start`, as bits."""
    reached = frontier = 1 << start
    while frontier:
        lowest = frontier & -frontier
        found = rows[lowest.bit_length() - 1] & ~reached
        reached |= found
        frontier = (frontier ^ lowest) | found
    return reached


def _is_connected(rows: list[int]) -> bool:
    return _reached(rows, 0) == (1 << len(rows)) - 1


def _rows(adjacency: np.ndarray) -> list[int]:
    """The adjacency as one integer a node, bit j of row i = edge i–j."""
    packed = np.packbits(adjacency, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def barabasi_albert(n: int, edges: int, seed: int) -> RelationalGraph:
    """Preferential attachment (Barabási & Albert 1999) with an exact number of edges.

    Nodes 0 … k form a clique; each later node attaches to k distinct earlier ones, drawn
    one after the other with probability proportional to their degrees. k is the greatest
    for which this needs no more than `edges`; what is missing comes one by one from the
    first later nodes, which attach to k + 1. Any count fits, up to the complete graph;
    connected from n − 1 edges on.
    """
    _check_edges(n, edges)
    k = max(k for k in range(n) if _attached(n, k) <= edges)
    extra = edges - _attached(n, k)
    adjacency = np.zeros((n, n), dtype=bool)
    adjacency[: k + 1, : k + 1] = ~np.eye(k + 1, dtype=bool)
    degrees = adjacency.sum(axis=1)
    # The smallest of exponential keys with rates w are draws without replacement, each
    # proportional to w (Efraimidis & Spirakis 2006).
    keys = np.random.default_rng(seed).exponential(size=(n, n))
    for node in range(k + 1, n):
        number = k + (node <= k + extra)
        targets = np.argsort(keys[node, :node] / np.maximum(degrees[:node], 1))[:number]
        adjacency[node, targets] = True
        degrees[targets] += 1
        degrees[node] = number
    return _graph(adjacency)


def _attached(n: int, k: int) -> int:
    """Edges of a clique of k + 1 nodes and k more for each other node."""
    return k * (k + 1) // 2 + (n - k - 1) * k


def stochastic_block(n: int, edges: int, blocks: int, ratio: float, seed: int) -> RelationalGraph:
    """Blocks of contiguous nodes (sizes differ by one at most), an exact number of edges.

    `ratio`: edge probability within a block / between blocks. The two numbers of edges are
    those that it expects, rounded; which pairs have them is uniform. UserError if a
    probability would exceed 1 (`block_ratio_limits`).
    """
    low, high = block_ratio_limits(n, edges, blocks)
    if not low <= ratio <= high or ratio == np.inf:
        raise UserError(
            f"stochastic_block: with n = {n}, {edges} edges and {blocks} blocks the ratio within / "
            f"between must be from {low:.4g} to {high:.4g}, found {ratio}"
        )
    rows, columns = np.triu_indices(n, k=1)
    block = _block_of(n, blocks)
    inside = block[rows] == block[columns]
    within, between = np.flatnonzero(inside), np.flatnonzero(~inside)
    if len(within) and len(between):
        share = ratio * len(within) / (ratio * len(within) + len(between))
        number = round(edges * share)
    else:
        number = min(edges, len(within))
    rng = np.random.default_rng(seed)
    chosen = [
        rng.choice(within, number, replace=False),
        rng.choice(between, edges - number, replace=False),
    ]
    pairs = np.concatenate(chosen)
    adjacency = np.zeros((n, n), dtype=bool)
    adjacency[rows[pairs], columns[pairs]] = True
    return _graph(adjacency)


def block_ratio_limits(n: int, edges: int, blocks: int) -> tuple[float, float]:
    """Smallest and greatest ratio for which `stochastic_block` has a graph; 1 always fits."""
    _check_edges(n, edges)
    if not 1 <= blocks <= n:
        raise UserError(f"stochastic_block: blocks must be from 1 to n = {n}, found {blocks}")
    sizes = np.bincount(_block_of(n, blocks))
    within = int((sizes * (sizes - 1)).sum()) // 2
    between = n * (n - 1) // 2 - within
    if not within or not between:
        return 0.0, np.inf
    low = (edges - between) / within if edges > between else 0.0
    high = between / (edges - within) if edges > within else np.inf
    return low, high


def _block_of(n: int, blocks: int) -> np.ndarray:
    return np.arange(n) * blocks // n


def _graph(half: np.ndarray) -> RelationalGraph:
    """From an adjacency (n, n) that holds each edge in one direction or both."""
    return RelationalGraph(half | half.T, np.zeros(len(half), dtype=bool))


def _complement(adjacency: np.ndarray) -> np.ndarray:
    return ~adjacency & ~np.eye(len(adjacency), dtype=bool)


def _check_edges(n: int, edges: int) -> None:
    if n < 1:
        raise UserError(f"a graph needs n ≥ 1 nodes, found n = {n}")
    if not 0 <= edges <= n * (n - 1) // 2:
        raise UserError(
            f"a graph of n = {n} nodes has 0 to n(n − 1)/2 = {n * (n - 1) // 2} edges, "
            f"found {edges}"
        )
