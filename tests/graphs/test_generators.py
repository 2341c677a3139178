from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from graph_oracle import adjacency
from hypothesis import assume, given
from hypothesis import strategies as st

from graphprune.errors import UserError
from graphprune.graphs import generators
from graphprune.graphs.generators import (
    barabasi_albert,
    block_ratio_limits,
    random_regular,
    ring_lattice,
    stochastic_block,
    swapped,
    ws_flex,
)
from graphprune.graphs.relational import RelationalGraph

seeds = st.integers(0, 2**63 - 1)
sizes = st.integers(1, 16)


@st.composite
def sizes_and_edges(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(sizes)
    return n, draw(st.integers(0, n * (n - 1) // 2))


def of_networkx(graph: nx.Graph) -> RelationalGraph:
    return RelationalGraph(adjacency(graph), np.zeros(len(graph), dtype=bool))


def is_connected(graph: RelationalGraph) -> bool:
    return nx.is_connected(graph.to_networkx())


def degrees(graph: RelationalGraph) -> list[int]:
    return graph.adjacency.sum(axis=1).tolist()


# --- ring lattice and random regular


@given(sizes, st.integers(0, 15))
def test_ring_lattice_is_networkxs_circulant_graph(n: int, k: int) -> None:
    assume(k < n and n * k % 2 == 0)
    offsets = [*range(1, k // 2 + 1), *([n // 2] if k % 2 else [])]
    lattice = ring_lattice(n, k)
    assert (lattice.adjacency == adjacency(nx.circulant_graph(n, offsets))).all()
    assert degrees(lattice) == [k] * n


@pytest.mark.parametrize(
    ("n", "k", "aspl"), [(64, 4, Fraction(176, 21)), (16, 4, 2.4), (64, 16, Fraction(156, 63))]
)
def test_path_length_of_ring_lattices(n: int, k: int, aspl: float) -> None:
    graph = ring_lattice(n, k).to_networkx()
    assert nx.average_shortest_path_length(graph) == pytest.approx(float(aspl), abs=1e-12)


@given(sizes, st.integers(0, 15), seeds)
def test_random_regular_is_regular(n: int, k: int, seed: int) -> None:
    assume(k < n and n * k % 2 == 0)
    graph = random_regular(n, k, seed)
    assert degrees(graph) == [k] * n
    assert graph == random_regular(n, k, seed)


@pytest.mark.parametrize(("n", "k", "labelled_graphs"), [(5, 2, 12), (6, 4, 15)])
def test_small_random_regular_graphs_are_all_alike_frequent(
    n: int, k: int, labelled_graphs: int
) -> None:
    count = Counter(random_regular(n, k, seed) for seed in range(100 * labelled_graphs))
    assert len(count) == labelled_graphs
    assert all(60 <= times <= 140 for times in count.values())


# --- WS-flex


def test_ws_flex_reproduces_the_best_graph_of_graph2nn() -> None:
    graph = ws_flex(64, 64 * 0.128001, 0.128063, seed=4)
    assert len(graph.edges) == 262
    assert nx.average_clustering(graph.to_networkx()) == pytest.approx(0.44846, abs=5e-6)
    length = nx.average_shortest_path_length(graph.to_networkx())
    assert length == pytest.approx(2.47917, abs=5e-6)


@given(sizes_and_edges(), st.floats(0, 1), seeds)
def test_ws_flex_has_exactly_the_edges_and_each_node_keeps_its_own(
    size: tuple[int, int], p: float, seed: int
) -> None:
    n, edges = size
    graph = ws_flex(n, 2 * edges / n, p, seed, connected=False)
    assert len(graph.edges) == edges
    assert min(degrees(graph)) >= edges // n
    assert graph == ws_flex(n, 2 * edges / n, p, seed, connected=False)


@pytest.mark.parametrize(("n", "k"), [(9, 2), (9, 8), (16, 6), (2, 1)])
def test_ws_flex_without_rewiring_is_a_ring_lattice(n: int, k: int) -> None:
    assert ws_flex(n, k, p=0, seed=0) == ring_lattice(n, k)


def test_ws_flex_of_fractional_degree_gives_the_first_nodes_one_edge_more() -> None:
    edges = ws_flex(6, 8 / 3, p=0, seed=0).edges.tolist()
    ring = [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [0, 5]]
    assert sorted(edges) == sorted([*ring, [0, 2], [1, 3]])


def test_ws_flex_draws_again_until_connected() -> None:
    first = [ws_flex(12, 2, 0.3, seed, connected=False) for seed in range(30)]
    apart = [not is_connected(graph) for graph in first]
    assert any(apart)
    again = [ws_flex(12, 2, 0.3, seed) for seed in range(30)]
    assert all(map(is_connected, again))
    unchanged = [one == other for one, other in zip(first, again, strict=True)]
    assert unchanged == [not was_apart for was_apart in apart]


def test_ws_flex_that_is_never_connected_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generators, "_TRIES", 1)
    seed = next(
        seed for seed in range(50) if not is_connected(ws_flex(12, 2, 1, seed, connected=False))
    )
    with pytest.raises(UserError, match="none of 1 graphs with n = 12, degree 2, p = 1"):
        ws_flex(12, 2, 1, seed)


# --- swaps


@given(sizes_and_edges(), st.integers(0, 200), seeds)
def test_swaps_keep_degrees_connectedness_and_self_loops(
    size: tuple[int, int], swaps: int, seed: int
) -> None:
    n, edges = size
    start = ws_flex(n, 2 * edges / n, 0.3, seed, connected=False)
    loops = np.random.default_rng(seed).random(n) < 0.5
    start = RelationalGraph(start.adjacency, loops)
    graph = swapped(start, swaps, seed)
    assert degrees(graph) == degrees(start)
    assert (graph.self_loops == loops).all()
    assert is_connected(graph) or not is_connected(start)
    assert graph == swapped(start, swaps, seed)


@pytest.mark.parametrize("k", [4, 40])
def test_one_swap_moves_two_edges(k: int) -> None:
    start = ring_lattice(48, k)
    moved = [
        (swapped(start, 1, seed).adjacency != start.adjacency).sum() // 2 for seed in range(30)
    ]
    assert set(moved) <= {0, 4}  # two edges gone, two new
    assert moved.count(4) > 10


@pytest.mark.parametrize(
    "graph",
    [nx.complete_graph(6), nx.star_graph(5), nx.empty_graph(4), nx.path_graph(2), nx.path_graph(3)],
)
def test_where_no_swap_exists_the_graph_stays(graph: nx.Graph) -> None:
    assert swapped(of_networkx(graph), 50, seed=0) == of_networkx(graph)


def test_a_swap_that_disconnects_is_undone() -> None:
    # Half of all swaps on a ring make two rings of it; two cliques come apart when the edge
    # between them is swapped for one within.
    cliques = nx.disjoint_union(nx.complete_graph(10), nx.complete_graph(10))
    cliques.remove_edges_from([(0, 1), (10, 11)])
    cliques.add_edges_from([(0, 10), (1, 11)])
    for graph in (nx.cycle_graph(12), cliques):
        ends = [swapped(of_networkx(graph), 1 + seed // 4, seed) for seed in range(200)]
        assert all(map(is_connected, ends))
        assert len(set(ends)) > 20


def test_a_swap_that_disconnects_a_dense_graph_is_undone() -> None:
    # A clique and a path joined by 0–7 and 1–9: swapping in 0–1 and 7–9 parts them.
    graph = nx.disjoint_union(nx.complete_graph(7), nx.path_graph(3))
    graph.remove_edge(0, 1)
    graph.add_edges_from([(0, 7), (1, 9)])
    ends = {swapped(of_networkx(graph), 1, seed) for seed in range(2000)}
    assert len(ends) > 20
    assert all(map(is_connected, ends))


def test_a_disconnected_graph_may_be_swapped_too() -> None:
    start = of_networkx(nx.disjoint_union(nx.cycle_graph(4), nx.cycle_graph(4)))
    assert any(is_connected(swapped(start, 5, seed)) for seed in range(20))


def test_the_chain_visits_every_graph_of_its_degrees_alike() -> None:
    # Sparse: the 12 cycles on 5 nodes. Dense: 60 prisms and 10 K(3,3), the cubic graphs on 6.
    rings = Counter(swapped(ring_lattice(5, 2), 30, seed) for seed in range(1200))
    assert len(rings) == 12
    assert all(60 <= times <= 140 for times in rings.values())
    cubic = Counter(swapped(ring_lattice(6, 3), 30, seed) for seed in range(1400))
    assert len(cubic) == 70
    bipartite = sum(n for g, n in cubic.items() if nx.is_bipartite(g.to_networkx()))
    assert 148 <= bipartite <= 252  # 200 expected, sd 13


def test_many_swaps_make_a_ring_lattice_a_random_regular_graph() -> None:
    ends = [swapped(ring_lattice(64, 4), 1000, seed).to_networkx() for seed in range(10)]
    lengths = [nx.average_shortest_path_length(end) for end in ends]
    assert np.mean(lengths) == pytest.approx(3.1465, abs=0.04)


# --- Barabási–Albert


@given(sizes_and_edges(), seeds)
def test_barabasi_albert_has_exactly_the_edges(size: tuple[int, int], seed: int) -> None:
    n, edges = size
    graph = barabasi_albert(n, edges, seed)
    assert len(graph.edges) == edges
    assert is_connected(graph) or edges < n - 1
    assert graph == barabasi_albert(n, edges, seed)


@given(st.integers(2, 16), st.integers(1, 15), seeds)
def test_barabasi_albert_grows_from_a_clique(n: int, k: int, seed: int) -> None:
    assume(k < n)
    extra = seed % (n - k) if n - k > 1 else 0
    edges = k * (k + 1) // 2 + (n - k - 1) * k + min(extra, n - k - 2) * (n - k > 1)
    graph = barabasi_albert(n, edges, seed)
    assert graph.adjacency[: k + 1, : k + 1].sum() == k * (k + 1)
    attached = np.tril(graph.adjacency).sum(axis=1)[k + 1 :].tolist()
    assert attached == sorted(attached, reverse=True)
    assert set(attached) <= {k, k + 1}


def test_barabasi_albert_is_networkxs() -> None:
    n, k = 60, 3
    edges = k * (k + 1) // 2 + (n - k - 1) * k
    start = nx.complete_graph(k + 1)
    ours = [barabasi_albert(n, edges, seed).to_networkx() for seed in range(150)]
    theirs = [nx.barabasi_albert_graph(n, k, seed, start) for seed in range(150)]
    statistics: list[Callable[[nx.Graph], float]] = [
        nx.average_clustering,
        lambda graph: max(dict(graph.degree).values()),
        lambda graph: float(np.var(list(dict(graph.degree).values()))),
    ]
    for statistic in statistics:
        a, b = ([statistic(graph) for graph in graphs] for graphs in (ours, theirs))
        standard_error = np.sqrt((np.var(a) + np.var(b)) / 150)
        assert abs(np.mean(a) - np.mean(b)) < 4 * standard_error


# --- stochastic blocks


@given(sizes_and_edges(), st.integers(1, 16), st.floats(-4, 4), seeds)
def test_stochastic_block_has_exactly_the_edges_in_the_asked_ratio(
    size: tuple[int, int], blocks: int, power: float, seed: int
) -> None:
    n, edges = size
    assume(blocks <= n)
    low, high = block_ratio_limits(n, edges, blocks)
    assert low <= 1 <= high
    ratio = float(np.clip(2.0**power, low, high))
    graph = stochastic_block(n, edges, blocks, ratio, seed)
    assert len(graph.edges) == edges
    assert graph == stochastic_block(n, edges, blocks, ratio, seed)

    groups = np.array_split(np.arange(n), blocks)  # as many nodes each, up to one
    sizes = sorted(len(group) for group in groups)
    block = np.arange(n) * blocks // n
    assert sorted(np.bincount(block).tolist()) == sizes
    inside = block[:, None] == block
    np.fill_diagonal(inside, False)
    within, between = inside.sum() // 2, n * (n - 1) // 2 - inside.sum() // 2
    got = (graph.adjacency & inside).sum() // 2
    # p · within + p / ratio · between = edges, p the probability within
    expected = edges * within * ratio / max(within * ratio + between, 1e-9)
    assert abs(got - expected) <= 0.5 + 1e-9


def test_stochastic_block_draws_pairs_uniformly_within_its_classes() -> None:
    graphs = [stochastic_block(8, 12, 2, 3.0, seed).adjacency for seed in range(2000)]
    means = np.mean(graphs, axis=0)
    inside = np.kron(np.eye(2, dtype=bool), np.ones((4, 4), dtype=bool))
    np.fill_diagonal(inside, False)
    outside = np.kron(~np.eye(2, dtype=bool), np.ones((4, 4), dtype=bool))
    # 12 edges over 12 and 16 pairs, 3 : 1, are 8.3 and 3.7: 8 and 4.
    assert np.abs(means[inside] - 8 / 12).max() < 4.5 * np.sqrt(2 / 9 / 2000)
    assert np.abs(means[outside] - 4 / 16).max() < 4.5 * np.sqrt(3 / 16 / 2000)


def test_blocks_can_be_cliques_or_have_no_edge_within() -> None:
    cliques = nx.disjoint_union(nx.complete_graph(3), nx.complete_graph(3))
    assert block_ratio_limits(6, 6, 2) == (0, np.inf)
    assert stochastic_block(6, 6, 2, 1e9, seed=0) == of_networkx(cliques)
    parts = of_networkx(nx.complete_bipartite_graph(3, 3))
    assert stochastic_block(6, 9, 2, 0, seed=0) == parts


# --- what cannot be


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ring_lattice(6, 6), "k = 6, n = 6"),
        (lambda: ring_lattice(6, -1), "k = -1"),
        (lambda: ring_lattice(7, 3), r"n · k even.*k = 3, n = 7"),
        (lambda: random_regular(7, 3, 0), r"n · k even.*k = 3, n = 7"),
        (lambda: random_regular(4, 4, 0), "k = 4, n = 4"),
        (lambda: ring_lattice(0, 0), "n = 0"),
        (lambda: ws_flex(8, 4, 1.5, 0), "p = 1.5"),
        (lambda: ws_flex(8, 4, float("nan"), 0), "p = nan"),
        (lambda: ws_flex(8, 7.5, 0.5, 0), r"n − 1 = 7, found 7\.5"),
        (lambda: ws_flex(8, -1, 0.5, 0), "found -1"),
        (lambda: ws_flex(8, 1.5, 0.5, 0), r"6 edges cannot connect 8 nodes.*1\.75, found 1\.5"),
        (lambda: swapped(ring_lattice(6, 2), -1, 0), "found -1"),
        (lambda: barabasi_albert(5, 11, 0), r"= 10 edges, found 11"),
        (lambda: barabasi_albert(5, -1, 0), "found -1"),
        (lambda: barabasi_albert(0, 0, 0), "n = 0"),
        (lambda: stochastic_block(5, 11, 2, 1, 0), "found 11"),
        (lambda: stochastic_block(5, 4, 0, 1, 0), "1 to n = 5, found 0"),
        (lambda: stochastic_block(5, 4, 6, 1, 0), "1 to n = 5, found 6"),
        (lambda: stochastic_block(6, 8, 2, 5, 0), r"from 0 to 4\.5, found 5"),
        (lambda: stochastic_block(6, 8, 2, -1, 0), "found -1"),
        (lambda: stochastic_block(6, 6, 2, float("inf"), 0), "found inf"),
    ],
)
def test_impossible_graphs_are_refused(make: Callable[[], RelationalGraph], words: str) -> None:
    with pytest.raises(UserError, match=words):
        make()
