"""The search for a small ASPL, with networkx as judge of every graph it hands out."""

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from graph_oracle import NAMED, adjacency
from hypothesis import given, settings
from hypothesis import strategies as st

from graphprune.errors import UserError
from graphprune.graphs import swap_kernel
from graphprune.graphs.aspl import METHODS, AsplSearch, aspl, minimise_aspl
from graphprune.graphs.bounds import aspl_lower_bound
from graphprune.graphs.engines import HILL_CLIMB, NO_TRACE, Rotations, Swaps
from graphprune.graphs.generators import random_regular, ring_lattice
from graphprune.graphs.relational import RelationalGraph

SEARCHES = [*METHODS]
seeds = st.integers(0, 2**63 - 1)


def networkx_aspl(graph: RelationalGraph) -> float:
    return nx.average_shortest_path_length(graph.to_networkx())


def check(found: AsplSearch, start: RelationalGraph) -> None:
    """A simple connected graph of the start's degrees, with the ASPL that is said of it."""
    k = int(start.adjacency[0].sum())
    assert (found.graph.adjacency.sum(axis=1) == k).all()
    assert found.aspl == pytest.approx(networkx_aspl(found.graph), abs=1e-12)
    assert found.start_aspl == pytest.approx(networkx_aspl(start), abs=1e-12)
    assert found.bound == aspl_lower_bound(start.n, k)
    assert found.bound <= Fraction(found.aspl).limit_denominator(10**6)
    assert found.aspl <= found.start_aspl


def search(start: RelationalGraph, method: str, **options: object) -> AsplSearch:
    if method == "symmetric":
        options = {"folds": 2 if start.n % 2 == 0 else start.n, **options}
    return minimise_aspl(start, method=method, **options)  # type: ignore[arg-type]


# --- the ASPL itself


@pytest.mark.parametrize("name", NAMED)
def test_aspl_is_networkxs(name: str) -> None:
    graph = NAMED[name]
    expected = nx.average_shortest_path_length(graph) if nx.is_connected(graph) else np.inf
    assert aspl(adjacency(graph)) == pytest.approx(expected, abs=1e-12)


def test_aspl_of_a_relational_graph_leaves_self_loops_out() -> None:
    graph = RelationalGraph(adjacency(nx.petersen_graph()), np.ones(10, dtype=bool))
    assert aspl(graph) == pytest.approx(5 / 3, abs=1e-15)


# --- every method


@st.composite
def starts(draw: st.DrawFn) -> RelationalGraph:
    n = draw(st.integers(3, 20))
    k = draw(st.integers(2, n - 1).filter(lambda k: n * k % 2 == 0))
    return ring_lattice(n, k)


@pytest.mark.parametrize("method", SEARCHES)
@given(start=starts(), steps=st.integers(0, 300), seed=seeds)
@settings(max_examples=40, deadline=None)  # the first example compiles
def test_a_search_keeps_degrees_and_connection_and_is_never_worse(
    method: str, start: RelationalGraph, steps: int, seed: int
) -> None:
    found = search(start, method, steps=steps, seed=seed)
    check(found, start)
    assert found.accepted <= found.steps <= steps
    again = search(start, method, steps=steps, seed=seed)
    assert again.graph == found.graph
    assert (again.steps, again.accepted) == (found.steps, found.accepted)


@pytest.mark.parametrize("method", SEARCHES)
@pytest.mark.parametrize(("n", "k"), [(64, 4), (65, 6), (100, 5), (128, 4), (140, 3), (200, 4)])
def test_sizes_of_one_word_and_of_several(method: str, n: int, k: int) -> None:
    start = ring_lattice(n, k)
    found = search(start, method, steps=300, seed=1, window=(0.1, 3))
    check(found, start)
    assert found.aspl < found.start_aspl


@pytest.mark.parametrize("method", SEARCHES)
def test_another_seed_finds_another_graph(method: str) -> None:
    start = ring_lattice(32, 4)
    assert search(start, method, seed=0).graph != search(start, method, seed=1).graph


@pytest.mark.parametrize("method", SEARCHES)
def test_self_loops_stay_where_they_are(method: str) -> None:
    loops = np.arange(16) % 3 == 0
    start = RelationalGraph(ring_lattice(16, 4).adjacency, loops)
    assert (search(start, method, steps=50).graph.self_loops == loops).all()


@pytest.mark.parametrize("method", SEARCHES)
@pytest.mark.parametrize(("n", "k"), [(9, 2), (8, 7), (16, 10), (64, 40), (3, 2), (2, 1)])
def test_a_start_at_the_bound_is_not_touched(method: str, n: int, k: int) -> None:
    start = ring_lattice(n, k)
    found = search(start, method, steps=1000)
    assert (found.steps, found.graph, found.optimal) == (0, start, True)


@pytest.mark.parametrize("method", ["hill_climb", "anneal"])
def test_a_search_stops_at_the_bound(method: str) -> None:
    found = minimise_aspl(ring_lattice(10, 3), 100_000, seed=0, method=method)
    assert found.optimal
    assert found.steps < 100_000
    assert nx.is_isomorphic(found.graph.to_networkx(), nx.petersen_graph())


def test_a_boolean_matrix_will_do() -> None:
    start = ring_lattice(20, 4)
    assert minimise_aspl(start.adjacency, 100).graph == minimise_aspl(start, 100).graph


# --- the rules


def test_the_trace_of_a_hill_climb_never_rises_and_ends_at_the_result() -> None:
    found = minimise_aspl(ring_lattice(64, 4), 2000, seed=3, trace=True)
    assert found.trace is not None
    assert found.trace["step"].tolist() == list(range(1, 2001))
    before = np.concatenate([[found.start_aspl], found.trace["aspl"][:-1]])
    assert (found.trace["aspl"] <= before).all()
    assert (found.trace["aspl"][~found.trace["accepted"]] == before[~found.trace["accepted"]]).all()
    assert found.trace["accepted"].sum() == found.accepted
    assert found.trace["aspl"][-1] == found.aspl
    assert minimise_aspl(ring_lattice(64, 4), 2000, seed=3).graph == found.graph


def test_annealing_takes_swaps_for_the_worse_and_hands_out_the_best() -> None:
    found = minimise_aspl(
        ring_lattice(32, 4), 5000, seed=0, method="anneal", temperatures=(60, 20), trace=True
    )
    assert found.trace is not None
    assert (np.diff(found.trace["aspl"]) > 0).sum() > 100
    assert found.aspl == min(found.start_aspl, found.trace["aspl"].min())
    assert found.aspl < found.trace["aspl"][-1]
    check(found, ring_lattice(32, 4))


def test_annealing_accepts_as_often_as_its_temperature_says() -> None:
    """Metropolis: the time spent at each ASPL is in proportion to exp(−sum/T)."""
    steps, temperature = 400_000, 4.0
    engine = Swaps(ring_lattice(8, 3), 3, seed=0)
    sums, taken = np.zeros(steps, np.int64), np.zeros(steps, np.bool_)
    endless = swap_kernel.Rule(False, 0, -1, False, temperature, 1.0)  # not ended by the bound
    engine.run(endless, engine.begin(), steps, sums, taken)
    sums += round(aspl_lower_bound(8, 3) * 56)
    graphs = all_cubic_sums()
    levels = sorted(set(graphs))
    weights = np.array([graphs.count(s) * np.exp(-s / temperature) for s in levels])
    seen = np.array([(sums == s).mean() for s in levels])
    assert seen == pytest.approx(weights / weights.sum(), abs=0.02)


def all_cubic_sums() -> list[int]:
    """Sums of distances of all labelled connected cubic graphs on 8 nodes, by enumeration."""
    found: list[int] = []
    pairs = [(i, j) for i in range(8) for j in range(i + 1, 8)]

    def extend(at: int, degrees: tuple[int, ...], edges: list[tuple[int, int]]) -> None:
        if len(edges) == 12:
            graph = nx.Graph(edges)
            if nx.is_connected(graph):
                found.append(round(nx.average_shortest_path_length(graph) * 56))
            return
        if at == len(pairs):
            return
        i, j = pairs[at]
        if any(degrees[node] < 3 for node in range(i)):
            return  # a node whose pairs have all been looked at lacks an edge
        if degrees[i] < 3 and degrees[j] < 3:
            more = list(degrees)
            more[i] += 1
            more[j] += 1
            extend(at + 1, tuple(more), [*edges, (i, j)])
        extend(at + 1, degrees, edges)

    extend(0, (0,) * 8, [])
    return found


def test_the_released_code_compares_with_the_start_and_ends_at_the_first_gain() -> None:
    start = ring_lattice(64, 4)
    found = minimise_aspl(start, seed=0, method="released_code", window=(0.05, 0.2), trace=True)
    assert found.trace is not None
    gains = found.start_aspl - found.trace["aspl"]
    assert (gains[:-1] >= 0).all()
    assert (gains[:-1] <= 0.05 + 1e-12).all()
    assert 0.05 < gains[-1] <= 0.2
    assert found.aspl == found.trace["aspl"][-1]


def test_the_released_code_wanders_below_its_start_where_there_is_no_gain() -> None:
    start = minimise_aspl(ring_lattice(64, 4), 200_000).graph
    found = minimise_aspl(start, 4032, seed=0, method="released_code", trace=True)
    assert found.steps == 4032  # draws that are no swap count
    assert minimise_aspl(start, seed=0, method="released_code").steps == 4032
    assert found.aspl <= found.start_aspl


def test_a_symmetric_search_keeps_the_rotation() -> None:
    for folds in (2, 4, 8, 16):
        found = minimise_aspl(ring_lattice(64, 5), 2000, seed=1, method="symmetric", folds=folds)
        matrix = found.graph.adjacency
        assert (np.roll(matrix, 64 // folds, axis=(0, 1)) == matrix).all()
        assert found.aspl < found.start_aspl


def test_a_symmetric_search_under_no_rotation_is_free() -> None:
    found = minimise_aspl(ring_lattice(64, 4), 20_000, seed=0, method="symmetric", folds=1)
    assert found.aspl < 2.95


# --- the compiled judge against networkx, on the way


@pytest.mark.parametrize(("n", "k"), [(20, 3), (64, 4), (64, 10), (90, 5), (130, 4)])
def test_the_judgement_of_every_accepted_swap_is_exact(n: int, k: int) -> None:
    start = random_regular(n, k, seed=2)
    found = minimise_aspl(start, 400, seed=2, method="anneal", temperatures=(200, 50), trace=True)
    assert found.trace is not None
    for stop in (1, 40, 400):
        part = Swaps(start, k, seed=2)
        tally = part.begin()
        hot = swap_kernel.Rule(False, 0, 0, False, 200.0, (50 / 200) ** (1 / 400))
        tally = part.run(hot, tally, stop, *NO_TRACE)
        now = RelationalGraph(part.adjacency(last=True), start.self_loops)
        assert networkx_aspl(now) == pytest.approx(found.trace["aspl"][stop - 1], abs=1e-12)


@pytest.mark.parametrize(("n", "k"), [(12, 3), (16, 4), (24, 3)])
def test_no_swap_is_rejected_that_a_full_judgement_would_take(n: int, k: int) -> None:
    """A hill climb ends in a local minimum: networkx agrees that no swap improves it."""
    found = minimise_aspl(ring_lattice(n, k), 60_000, seed=0)
    graph = found.graph.to_networkx()
    edges = list(graph.edges)
    for a, b in edges:
        for c, d in [*edges, *((v, u) for u, v in edges)]:
            if len({a, b, c, d}) < 4 or graph.has_edge(a, d) or graph.has_edge(c, b):
                continue
            other = graph.copy()
            other.remove_edges_from([(a, b), (c, d)])
            other.add_edges_from([(a, d), (c, b)])
            if nx.is_connected(other):
                assert nx.average_shortest_path_length(other) >= found.aspl - 1e-12


def test_engines_go_on_where_they_stopped() -> None:
    start = ring_lattice(32, 4)
    for engine in (lambda: Swaps(start, 4, 7), lambda: Rotations(start, 4, 2, 7)):
        whole, parts = engine(), engine()
        at_once = whole.run(HILL_CLIMB, whole.begin(), 900, *NO_TRACE)
        tally = parts.begin()
        for until in (1, 256, 300, 900):
            tally = parts.run(HILL_CLIMB, tally, until, *NO_TRACE)
        assert tally == at_once
        assert (parts.adjacency(last=True) == whole.adjacency(last=True)).all()


# --- quality (median of 7 seeds after 10,000 steps)


@pytest.mark.parametrize(
    ("n", "k", "most"),
    [
        (64, 4, 2.926),
        (64, 6, 2.342),
        (64, 8, 2.036),
        (64, 10, 1.872),
        (16, 4, 1.75),
        (256, 5, 3.572),
        *((64, k, 2 - k / 63) for k in (12, 13, 14, 16, 18, 20, 22, 28, 36)),
    ],
)
def test_quality_of_a_hill_climb(n: int, k: int, most: float) -> None:
    found = [minimise_aspl(ring_lattice(n, k), seed=seed).aspl for seed in range(7)]
    assert np.median(found) <= most + 1e-9


# --- bad input


@pytest.mark.parametrize(
    ("start", "options", "words"),
    [
        (adjacency(nx.path_graph(5)), {}, "regular graph.*degrees from 1 to 2"),
        (adjacency(nx.disjoint_union(nx.cycle_graph(4), nx.cycle_graph(4))), {}, "connected"),
        (np.triu(adjacency(nx.cycle_graph(6))), {}, "symmetric"),
        (adjacency(nx.cycle_graph(6)).astype(int), {}, "boolean"),
        (np.ones((4, 4), dtype=bool), {}, "zero diagonal"),
        (adjacency(nx.cycle_graph(6)), {"steps": -1}, "steps must be 0 or more, found -1"),
        (adjacency(nx.cycle_graph(6)), {"method": "hill_clim"}, "did you mean 'hill_climb'"),
        (adjacency(nx.cycle_graph(6)), {"method": "symmetric"}, "needs folds.*found None"),
        (adjacency(nx.cycle_graph(6)), {"method": "symmetric", "folds": 4}, "divisor.*found 4"),
        (
            adjacency(nx.random_regular_graph(3, 20, seed=0)),
            {"method": "symmetric", "folds": 2},
            "no 2-fold rotation",
        ),
        (
            adjacency(nx.cycle_graph(6)),
            {"method": "anneal", "temperatures": (0.3, 2.0)},
            "fall from the first to the second",
        ),
        (
            adjacency(nx.cycle_graph(6)),
            {"method": "anneal", "temperatures": (2.0, 0.0)},
            "both above 0",
        ),
        (
            adjacency(nx.cycle_graph(6)),
            {"method": "released_code", "window": (0.2, 0.1)},
            "window",
        ),
        (np.zeros((1, 1), dtype=bool), {}, "n ≥ 2|n = 1"),
    ],
)
def test_bad_input_is_named(start: np.ndarray, options: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        minimise_aspl(start, **options)


def test_an_asymmetric_matrix_has_no_aspl() -> None:
    with pytest.raises(UserError, match="symmetric"):
        aspl(np.triu(adjacency(nx.cycle_graph(6))))


def test_long_searches_show_progress(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("graphprune.graphs.aspl.CHUNK", 256)
    monkeypatch.setattr("graphprune.graphs.aspl.LONG", 1000)
    start = ring_lattice(32, 4)
    found = minimise_aspl(start, 2000, seed=5)
    assert "hill_climb on 32 nodes of degree 4: 8 of 8" in capsys.readouterr().out
    monkeypatch.undo()
    assert minimise_aspl(start, 2000, seed=5).graph == found.graph
    assert capsys.readouterr().out == ""
