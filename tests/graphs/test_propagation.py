from collections.abc import Callable
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from graph_oracle import NAMED, adjacency
from hypothesis import given
from hypothesis import strategies as st

from graphprune.errors import UserError
from graphprune.graphs.generators import ring_lattice, swapped, ws_flex
from graphprune.graphs.propagation import (
    gradient_resistance,
    output_neuron_usage,
    output_parameter_usage,
    reach_sizes,
)
from graphprune.graphs.relational import RelationalGraph

# RGP Figure 2, nodes 1 … 5
CASE_1 = nx.Graph([(1, 2), (2, 3), (3, 4), (4, 5), (5, 1)])
CASE_2 = nx.Graph([(1, 2), (2, 3), (1, 3), (3, 4), (1, 5)])


def of_networkx(graph: nx.Graph) -> RelationalGraph:
    return RelationalGraph(adjacency(graph), np.zeros(len(graph), dtype=bool))


@st.composite
def graphs(draw: st.DrawFn, most: int = 10) -> RelationalGraph:
    """Sparse and dense, often bipartite or disconnected, with any self-loops."""
    n = draw(st.integers(1, most))
    edges = draw(st.integers(0, n * (n - 1) // 2))
    seed = draw(st.integers(0, 2**32))
    graph = ws_flex(n, 2 * edges / n, draw(st.floats(0, 1)), seed, connected=False)
    rng = np.random.default_rng(seed)
    kept = graph.adjacency
    if draw(st.booleans()):
        sides = rng.random(n) < 0.5
        kept = kept & (sides[:, None] != sides)
    return RelationalGraph(kept, rng.random(n) < 0.5)


def walks(graph: RelationalGraph, rounds: int, self_loops: bool) -> list[np.ndarray]:
    """For each r: which nodes a walk of exactly r steps joins, from whole numbers of walks."""
    step = graph.adjacency.astype(object) + np.eye(graph.n, dtype=int) * int(self_loops)
    powers = [np.eye(graph.n, dtype=int).astype(object)]
    for _ in range(rounds):
        powers.append(powers[-1] @ step)
    return [power > 0 for power in powers]


# --- test vectors


def test_case_1_of_figure_2() -> None:
    graph = of_networkx(CASE_1)
    assert reach_sizes(graph, 4).T.tolist() == [[1, 2, 3, 4, 5]] * 5
    assert gradient_resistance(graph).tolist() == [4] * 5
    assert output_neuron_usage(graph, 5).tolist() == [14] * 5
    assert output_parameter_usage(graph, 5).tolist() == [20] * 5


def test_case_2_of_figure_2() -> None:
    graph = of_networkx(CASE_2)
    assert reach_sizes(graph, 4)[:, 2].tolist() == [1, 3, 4, 5, 5]
    assert gradient_resistance(graph).tolist() == [3, 2, 3, 4, 4]
    assert output_neuron_usage(graph, 5).tolist() == [17, 17, 17, 13, 13]
    assert output_parameter_usage(graph, 5).tolist() == [28, 28, 28, 19, 19]


def test_the_papers_own_cases_have_longer_paths_with_less_resistance() -> None:
    paths = [nx.average_shortest_path_length(case) for case in (CASE_1, CASE_2)]
    resistance = [gradient_resistance(of_networkx(case)).mean() for case in (CASE_1, CASE_2)]
    assert paths == [1.5, 1.6]
    assert resistance == [4, 3.2]
    neurons, parameters = (
        usage(of_networkx(CASE_2), 5).mean()
        for usage in (output_neuron_usage, output_parameter_usage)
    )
    assert (neurons, parameters) == (15.4, 24.4)


@pytest.mark.parametrize(
    ("graph", "sizes", "resistance"),
    [
        (nx.petersen_graph(), [1, 3, 7, 9, 10, 10], 4),
        (nx.complete_graph(5), [1, 4, 5, 5], 2),
        (nx.complete_graph(2), [1, 1, 1], np.inf),
        (nx.cycle_graph(3), [1, 2, 3, 3], 2),
        (nx.cycle_graph(6), [1, 2, 3, 3, 3], np.inf),
        (nx.complete_bipartite_graph(3, 3), [1, 3, 3, 3], np.inf),
        (nx.empty_graph(1), [1, 0, 0], np.inf),
        (nx.empty_graph(3), [1, 0, 0], np.inf),
    ],
)
def test_graphs_whose_nodes_are_all_alike(
    graph: nx.Graph, sizes: list[int], resistance: float
) -> None:
    ours = of_networkx(graph)
    assert reach_sizes(ours, len(sizes) - 1).T.tolist() == [sizes] * len(graph)
    assert gradient_resistance(ours).tolist() == [resistance] * len(graph)


@pytest.mark.parametrize(
    ("n", "k", "path", "resistance", "neurons"),
    [
        (64, 4, Fraction(176, 21), 16, 433),
        (64, 6, None, 11, 595),
        (64, 20, None, 4, 826),
        (16, 4, Fraction(12, 5), 4, 202),
    ],
)
def test_ring_lattices_in_15_layers(
    n: int, k: int, path: Fraction | None, resistance: int, neurons: int
) -> None:
    graph = ring_lattice(n, k)
    if path is not None:
        length = nx.average_shortest_path_length(graph.to_networkx())
        assert length == pytest.approx(float(path), abs=1e-12)
    assert gradient_resistance(graph).tolist() == [resistance] * n
    assert output_neuron_usage(graph, 15).tolist() == [neurons] * n


def test_the_sparsest_ring_lattice_in_detail() -> None:
    graph = ring_lattice(64, 4)
    sizes = [1, 4, *(4 * r + 1 for r in range(2, 16)), 64, 64]
    assert reach_sizes(graph, 17).T.tolist() == [sizes] * 64
    assert output_parameter_usage(graph, 15).tolist() == [1508] * 64


def test_no_node_of_64_in_15_layers_uses_more_than_the_complete_graphs() -> None:
    usage = output_neuron_usage(ring_lattice(64, 63), 15, self_loops=True)
    assert usage.tolist() == [14 * 64] * 64
    assert output_neuron_usage(ring_lattice(64, 63), 15).tolist() == [14 * 64 - 1] * 64


@pytest.mark.parametrize("n", range(4, 40))
def test_a_triangle_at_the_end_of_a_path_resists_most(n: int) -> None:
    # From the far end the neighbour is reached in an even round only by way of the triangle.
    resistance = gradient_resistance(of_networkx(nx.lollipop_graph(3, n - 3)))
    assert resistance.max() == resistance[-1] == 2 * n - 4


def test_resistance_beyond_the_101_rounds_of_the_released_code() -> None:
    assert gradient_resistance(of_networkx(nx.cycle_graph(105))).tolist() == [104] * 105


@pytest.mark.parametrize(("n", "k", "layers"), [(64, 6, 15), (64, 4, 15), (64, 4, 16), (16, 4, 4)])
def test_the_released_formula_holds_up_to_as_many_rounds_as_layers(
    n: int, k: int, layers: int
) -> None:
    graph = ring_lattice(n, k)
    resistance = int(gradient_resistance(graph)[0])
    sizes = reach_sizes(graph, resistance)[:, 0]
    released = (layers - resistance) * n + sizes[1:resistance].sum()
    ours = output_neuron_usage(graph, layers)[0]
    assert (released == ours) == (resistance <= layers)
    if (n, k, layers) == (64, 4, 15):
        assert (released, ours) == (430, 433)


def test_two_layers_use_the_neighbours() -> None:
    graph = of_networkx(CASE_2)
    for loops in (False, True):
        degrees = [degree + loops for degree in (3, 2, 3, 1, 1)]
        assert output_neuron_usage(graph, 2, loops).tolist() == degrees
        assert output_parameter_usage(graph, 2, loops).tolist() == degrees


# --- against oracles


@given(graphs(), st.booleans(), st.integers(0, 9))
def test_sizes_and_usage_count_walks(graph: RelationalGraph, loops: bool, rounds: int) -> None:
    sets = walks(graph, rounds + 1, loops)
    sizes = reach_sizes(graph, rounds, loops)
    assert sizes.dtype == np.int64
    assert sizes.tolist() == [reached.sum(axis=1).tolist() for reached in sets[:-1]]

    layers = rounds + 2
    neurons = output_neuron_usage(graph, layers, loops)
    assert neurons.tolist() == sum(reached.sum(axis=1) for reached in sets[1:]).tolist()
    # Layer by layer, the weights whose upper end is a neuron in use.
    parameters = [
        sum(int(sets[1][reached[v]].sum()) for reached in sets[:-1]) for v in range(graph.n)
    ]
    assert output_parameter_usage(graph, layers, loops).tolist() == parameters


@given(graphs(), st.booleans())
def test_resistance_is_the_first_positive_row_of_a_power(
    graph: RelationalGraph, loops: bool
) -> None:
    cap = max(2 * graph.n - 2, 1)
    full = [reached.all(axis=1) for reached in walks(graph, cap, loops)[1:]]
    expected = [
        next((r for r, rows in enumerate(full, start=1) if rows[v]), np.inf) for v in range(graph.n)
    ]
    assert gradient_resistance(graph, loops).tolist() == expected


def finite_as_it_should_be(graph: RelationalGraph) -> None:
    simple = graph.to_networkx()
    finite = np.isfinite(gradient_resistance(graph))
    primitive = nx.is_connected(simple) and not nx.is_bipartite(simple)
    assert finite.tolist() == [primitive] * graph.n
    finite = np.isfinite(gradient_resistance(graph, self_loops=True))
    assert finite.tolist() == [nx.is_connected(simple)] * graph.n
    if not nx.is_connected(simple) or graph.n == 1:
        return
    distances = nx.eccentricity(simple)
    eccentricity = np.array([distances[v] for v in range(graph.n)])
    assert (gradient_resistance(graph, self_loops=True) == eccentricity).all()
    assert (gradient_resistance(graph) >= eccentricity).all()


@given(graphs(16))
def test_resistance_is_finite_where_networkx_says(graph: RelationalGraph) -> None:
    finite_as_it_should_be(graph)


@pytest.mark.parametrize("name", NAMED)
def test_resistance_of_named_graphs_is_finite_where_networkx_says(name: str) -> None:
    finite_as_it_should_be(of_networkx(NAMED[name]))


@pytest.mark.parametrize("name", NAMED)
def test_reach_of_named_graphs_with_self_loops_is_a_ball(name: str) -> None:
    sizes = reach_sizes(of_networkx(NAMED[name]), 4, self_loops=True)
    for node, distances in nx.all_pairs_shortest_path_length(NAMED[name]):
        within = [sum(d <= r for d in distances.values()) for r in range(5)]
        assert sizes[:, node].tolist() == within


@given(graphs(16))
def test_sets_grow_every_second_round_and_with_self_loops_every_round(
    graph: RelationalGraph,
) -> None:
    sizes = reach_sizes(graph, 20)
    has_neighbour = graph.adjacency.any(axis=1)
    assert (sizes[2:] >= sizes[:-2])[:, has_neighbour].all()
    assert (sizes[1:, ~has_neighbour] == 0).all()
    assert (np.diff(reach_sizes(graph, 20, self_loops=True), axis=0) >= 0).all()


@given(graphs(16), st.booleans(), st.integers(0, 2**32))
def test_a_node_keeps_its_values_under_another_number(
    graph: RelationalGraph, loops: bool, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(graph.n)
    other = RelationalGraph(graph.adjacency[np.ix_(order, order)], graph.self_loops[order])
    assert (reach_sizes(other, 7, loops) == reach_sizes(graph, 7, loops)[:, order]).all()
    moved = gradient_resistance(other, loops)
    assert (moved == gradient_resistance(graph, loops)[order]).all()
    for usage in (output_neuron_usage, output_parameter_usage):
        assert (usage(other, 7, loops) == usage(graph, 7, loops)[order]).all()


@given(graphs(), st.booleans())
def test_the_graphs_own_self_loops_do_not_matter(graph: RelationalGraph, loops: bool) -> None:
    bare = RelationalGraph(graph.adjacency, np.zeros(graph.n, dtype=bool))
    assert (reach_sizes(bare, 5, loops) == reach_sizes(graph, 5, loops)).all()
    assert (gradient_resistance(bare, loops) == gradient_resistance(graph, loops)).all()
    for usage in (output_neuron_usage, output_parameter_usage):
        assert (usage(bare, 5, loops) == usage(graph, 5, loops)).all()


@pytest.mark.parametrize("loops", [False, True])
def test_parameters_of_a_regular_graph_follow_from_neurons(loops: bool) -> None:
    graph = swapped(ring_lattice(64, 6), 500, seed=0)
    neurons = output_neuron_usage(graph, 14, loops)
    assert (output_parameter_usage(graph, 15, loops) == (6 + loops) * (1 + neurons)).all()


def test_counts_of_a_large_graph_are_exact() -> None:
    graph = ring_lattice(256, 255)
    assert output_parameter_usage(graph, 15, self_loops=True).tolist() == [256 + 13 * 256**2] * 256


# --- what cannot be


def test_a_negative_number_of_rounds_is_refused() -> None:
    words = "^reach_sizes: the number of rounds must be 0 or more, found -1$"
    with pytest.raises(UserError, match=words):
        reach_sizes(ring_lattice(6, 2), -1)


@pytest.mark.parametrize("usage", [output_neuron_usage, output_parameter_usage])
@pytest.mark.parametrize("layers", [1, 0, -4])
def test_an_mlp_without_weights_is_refused(
    usage: Callable[[RelationalGraph, int], np.ndarray], layers: int
) -> None:
    words = rf"^a masked MLP needs at least 2 layers of neurons \(one of weights\), found {layers}$"
    with pytest.raises(UserError, match=words):
        usage(ring_lattice(6, 2), layers)


def test_a_boolean_adjacency_will_do() -> None:
    graph = ring_lattice(16, 4)
    for value in (
        lambda g: gradient_resistance(g),
        lambda g: output_neuron_usage(g, 6),
        lambda g: output_parameter_usage(g, 6),
        lambda g: reach_sizes(g, 3),
    ):
        assert (value(graph) == value(graph.adjacency)).all()
    with pytest.raises(UserError, match="symmetric"):
        gradient_resistance(np.triu(graph.adjacency))
