import math
from collections.abc import Callable
from fractions import Fraction

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graphprune.errors import UserError
from graphprune.graphs.bounds import (
    aspl_lower_bound,
    check_degree,
    moore_sizes,
    ring_lattice_aspl,
)
from graphprune.graphs.generators import random_regular, ring_lattice


def aspl(graph: nx.Graph) -> Fraction:
    """networkx's, without its division."""
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    total = sum(sum(row.values()) for row in lengths.values())
    return Fraction(total, len(graph) * (len(graph) - 1))


def bound_of(graph: nx.Graph) -> Fraction:
    degrees = {degree for _, degree in graph.degree}
    assert len(degrees) == 1
    return aspl_lower_bound(len(graph), degrees.pop())


# --- sizes


@pytest.mark.parametrize(
    ("n", "k", "sizes"),
    [
        (1, 0, (1,)),
        (2, 1, (1, 2)),
        (6, 2, (1, 3, 5, 6)),
        (7, 2, (1, 3, 5, 7)),
        (5, 4, (1, 5)),
        (10, 3, (1, 4, 10)),
        (50, 7, (1, 8, 50)),
        (32, 4, (1, 5, 17, 32)),
        (64, 4, (1, 5, 17, 53, 64)),
        (64, 7, (1, 8, 50, 64)),
        (64, 8, (1, 9, 64)),  # 1 + 8 + 56 = 65: the second layer is no longer full
        (65, 8, (1, 9, 65)),
        (66, 8, (1, 9, 65, 66)),
    ],
)
def test_sizes_by_hand(n: int, k: int, sizes: tuple[int, ...]) -> None:
    assert moore_sizes(n, k) == sizes


@pytest.mark.parametrize(
    ("k", "full"), [(4, 3), *((k, 2) for k in (5, 6, 7)), *((k, 1) for k in (8, 9, 20, 62))]
)
def test_number_of_full_layers_on_64_nodes_is_the_papers(k: int, full: int) -> None:
    tree = [1 + sum(k * (k - 1) ** i for i in range(radius)) for radius in range(6)]
    sizes = moore_sizes(64, k)
    assert sum(a == b for a, b in zip(sizes, tree, strict=False)) == full + 1
    assert sizes[full + 1 :] == (64,)


@given(st.integers(3, 20), st.integers(2, 19), st.integers(0, 2**32))
def test_no_ball_of_a_regular_graph_is_larger(n: int, k: int, seed: int) -> None:
    assume(k < n and n * k % 2 == 0)
    graph = random_regular(n, k, seed).to_networkx()
    sizes = moore_sizes(n, k)
    for node in graph:
        distances = list(nx.single_source_shortest_path_length(graph, node).values())
        for radius, most in enumerate(sizes):
            assert sum(distance <= radius for distance in distances) <= most


# --- bound


@pytest.mark.parametrize(
    ("n", "k", "bound"),
    [
        (64, 3, Fraction(79, 21)),
        (64, 4, Fraction(20, 7)),
        (64, 5, Fraction(53, 21)),
        (64, 6, Fraction(7, 3)),
        (64, 7, Fraction(19, 9)),
        (64, 8, Fraction(118, 63)),
        (64, 10, Fraction(116, 63)),
        (64, 12, Fraction(38, 21)),
        (64, 14, Fraction(16, 9)),
        (64, 16, Fraction(110, 63)),
        (64, 18, Fraction(12, 7)),
        (64, 20, Fraction(106, 63)),
        (64, 24, Fraction(34, 21)),
        (64, 30, Fraction(32, 21)),
        (64, 36, Fraction(10, 7)),
        (16, 4, Fraction(26, 15)),
        (16, 6, Fraction(8, 5)),
        (16, 8, Fraction(22, 15)),
        (16, 10, Fraction(4, 3)),
        (16, 12, Fraction(6, 5)),
        (32, 4, Fraction(73, 31)),
        (10, 3, Fraction(5, 3)),
        (2, 1, Fraction(1)),
    ],
)
def test_known_bounds(n: int, k: int, bound: Fraction) -> None:
    assert aspl_lower_bound(n, k) == bound


@pytest.mark.parametrize("n", range(4, 150))
def test_equation_8_with_its_slips_mended(n: int) -> None:
    for k in range(3, n):
        if n * k % 2:
            continue
        theta = math.floor(math.log((n - 1) * (k - 2) / k + 1) / math.log(k - 1))
        full = sum(k * i * (k - 1) ** (i - 1) for i in range(1, theta + 1))
        rest = n + Fraction(2 - k * (k - 1) ** theta, k - 2)
        assert aspl_lower_bound(n, k) == (full + (theta + 1) * rest) / (n - 1)


@pytest.mark.parametrize("k", range(8, 63))
def test_with_one_full_layer_the_bound_is_linear_in_k(k: int) -> None:
    assert aspl_lower_bound(64, k) == 2 - Fraction(k, 63)


@pytest.mark.parametrize("n", range(3, 30))
def test_cycles_and_complete_graphs_attain_it(n: int) -> None:
    assert bound_of(nx.cycle_graph(n)) == aspl(nx.cycle_graph(n))
    assert bound_of(nx.complete_graph(n)) == aspl(nx.complete_graph(n)) == 1


@pytest.mark.parametrize(
    ("graph", "length"),
    [
        (nx.petersen_graph(), Fraction(5, 3)),
        (nx.hoffman_singleton_graph(), Fraction(13, 7)),
        (nx.complete_bipartite_graph(4, 4), Fraction(10, 7)),
        (nx.heawood_graph(), Fraction(27, 13)),
    ],
)
def test_moore_graphs_and_cages_attain_it(graph: nx.Graph, length: Fraction) -> None:
    assert bound_of(graph) == aspl(graph) == length


@given(st.integers(3, 24), st.integers(2, 23), st.integers(0, 2**32))
def test_no_regular_graph_is_below(n: int, k: int, seed: int) -> None:
    assume(k < n and n * k % 2 == 0)
    graph = random_regular(n, k, seed).to_networkx()
    assume(nx.is_connected(graph))
    bound = aspl_lower_bound(n, k)
    assert 1 <= bound <= aspl(graph)
    assert (bound == aspl(graph)) or nx.diameter(graph) > 2


# --- what cannot be


@pytest.mark.parametrize("function", [check_degree, moore_sizes, aspl_lower_bound])
@pytest.mark.parametrize(
    ("n", "k", "words"),
    [
        (6, 6, "^a k-regular graph needs 0 ≤ k < n, found k = 6, n = 6$"),
        (6, 9, "0 ≤ k < n, found k = 9, n = 6"),
        (6, -1, "0 ≤ k < n, found k = -1, n = 6"),
        (7, 3, r"^a k-regular graph needs n · k even \(it has .* edges\), found k = 3, n = 7$"),
        (5, 1, "n · k even.*found k = 1, n = 5"),
    ],
)
def test_degrees_without_a_graph_are_refused(
    function: Callable[[int, int], object], n: int, k: int, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        function(n, k)


@pytest.mark.parametrize("function", [check_degree, moore_sizes])
def test_no_nodes_are_refused(function: Callable[[int, int], object]) -> None:
    with pytest.raises(UserError, match="0 ≤ k < n, found k = 0, n = 0"):
        function(0, 0)


@pytest.mark.parametrize("function", [moore_sizes, aspl_lower_bound])
@pytest.mark.parametrize(
    ("n", "k", "words"),
    [
        (4, 1, "^a connected k-regular graph on n = 4 nodes needs k ≥ 2, found k = 1$"),
        (7, 0, "on n = 7 nodes needs k ≥ 2, found k = 0"),
        (2, 0, "on n = 2 nodes needs k ≥ 1, found k = 0"),
    ],
)
def test_degrees_without_a_connected_graph_are_refused(
    function: Callable[[int, int], object], n: int, k: int, words: str
) -> None:
    check_degree(n, k)
    with pytest.raises(UserError, match=words):
        function(n, k)


@pytest.mark.parametrize(("n", "k"), [(1, 0), (0, 0), (-3, 2)])
def test_a_bound_needs_two_nodes(n: int, k: int) -> None:
    words = f"^an average path length needs n ≥ 2 nodes, found n = {n}$"
    with pytest.raises(UserError, match=words):
        aspl_lower_bound(n, k)


@given(st.integers(2, 40), st.integers(1, 39))
def test_the_ring_lattices_aspl_is_networkxs(n: int, k: int) -> None:
    assume(k < n and n * k % 2 == 0 and (k > 1 or n == 2))
    graph = ring_lattice(n, k).to_networkx()
    expected = nx.average_shortest_path_length(graph)
    assert float(ring_lattice_aspl(n, k)) == pytest.approx(expected, abs=1e-12)


def test_no_ring_lattice_no_aspl() -> None:
    with pytest.raises(UserError, match="n · k even"):
        ring_lattice_aspl(9, 3)
