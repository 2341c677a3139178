"""Every entry of the catalogue, checked with networkx."""

from fractions import Fraction
from pathlib import Path

import networkx as nx
import pytest

from graphprune.errors import UserError
from graphprune.graphs import build_catalogue, catalogue
from graphprune.graphs.bounds import aspl_lower_bound
from graphprune.graphs.catalogue import best_regular_graph, entries, entry

ENTRIES = list(entries().values())


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: f"{one.n},{one.k}")
def test_every_entry_is_a_connected_regular_graph_with_the_aspl_it_says(one) -> None:
    graph = nx.from_graph6_bytes(one.graph6.encode())
    assert len(graph) == one.n
    assert {degree for _, degree in graph.degree} == {one.k}
    assert nx.number_of_selfloops(graph) == 0
    sums = sum(sum(nx.single_source_shortest_path_length(graph, v).values()) for v in graph)
    assert nx.is_connected(graph)
    exact = Fraction(sums, one.n * (one.n - 1))
    assert one.aspl == pytest.approx(float(exact), abs=1e-12)
    assert one.bound == aspl_lower_bound(one.n, one.k)
    assert one.optimal == (exact == one.bound)
    assert exact >= one.bound
    found = best_regular_graph(one.n, one.k)
    assert nx.utils.graphs_equal(found.to_networkx(), graph)


def test_what_the_catalogue_holds() -> None:
    held = set(entries())
    for n in (16, 32, 64):
        assert {k for m, k in held if m == n} >= {k for k in range(3, 37) if k < n}
    for n in (128, 256):
        assert len([k for m, k in held if m == n]) >= 4


def test_the_catalogue_is_as_good_as_it_should_be() -> None:
    assert entry(64, 4).aspl <= 2.8691
    assert entry(64, 8).aspl <= 1.951
    assert entry(256, 5).aspl <= 3.514
    assert entry(16, 4).aspl == 1.75
    for k in (6, 10, 11, 12, *range(14, 37, 2)):
        assert entry(64, k).optimal


@pytest.mark.parametrize(("n", "k"), [(16, 3), (16, 12), (32, 6), (64, 20)])
def test_an_entry_can_be_found_again(n: int, k: int) -> None:
    one = entry(n, k)
    how = {key: getattr(one, key) for key in ("method", "folds", "hot", "cold", "steps", "seed")}
    assert build_catalogue.repeated(n, k, how).graph == one.graph


@pytest.mark.parametrize(
    ("n", "k", "words"),
    [
        (16, 16, "0 ≤ k < n, found k = 16"),
        (15, 3, "n · k even"),
        (20, 4, r"none with n = 20, k = 4; it has n = 16: k = 3–15; .*minimise_aspl"),
        (64, 2, "none with n = 64, k = 2"),
    ],
)
def test_what_there_is_not_is_said(n: int, k: int, words: str) -> None:
    with pytest.raises(UserError, match=words):
        best_regular_graph(n, k)


def test_how_an_entry_was_found_in_words() -> None:
    words = {one.found.partition(",")[0] for one in ENTRIES}
    assert "hill climb" in words
    assert any("under a" in word for word in words)


# --- building


def test_building_keeps_the_better_graph(tmp_path: Path, monkeypatch, capsys) -> None:
    file = tmp_path / "catalogue.csv"

    def run(*arguments: str) -> catalogue.Entry:
        given = ["build", "--nodes", "20", "--degrees", "4", "--file", str(file), *arguments]
        monkeypatch.setattr("sys.argv", given)
        build_catalogue.main()
        return catalogue.read(file)[20, 4]

    first = run()
    assert (first.method, first.steps) == ("hill_climb", 10_000)
    better = run("--rotated", "2000", "--steps", "5000", "--seeds", "0", "2")
    assert better.aspl <= first.aspl
    assert "above the bound" in capsys.readouterr().out
    worse = run("--rotated", "10")
    assert worse == better


def test_a_search_ends_at_the_bound() -> None:
    one = build_catalogue.improve(
        None, 10, 3, build_catalogue.searches([2, 5], 10**6, 10**6, (2, 0.3), range(5))
    )
    assert one.optimal
    assert one.method == "hill_climb"
