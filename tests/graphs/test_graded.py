import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphprune.errors import UserError
from graphprune.graphs.aspl import aspl, minimise_aspl
from graphprune.graphs.generators import ring_lattice
from graphprune.graphs.graded import swap_chain, with_aspl_between


@pytest.mark.parametrize(("n", "k", "graphs"), [(64, 4, 45), (64, 12, 20), (16, 4, 5), (32, 3, 9)])
def test_a_chain_falls_evenly_from_the_ring_to_the_optimum(n: int, k: int, graphs: int) -> None:
    chain = swap_chain(n, k, graphs, seed=1)
    assert len(chain) == graphs
    assert chain[0] == ring_lattice(n, k)
    assert chain[-1] == minimise_aspl(chain[0], seed=1).graph
    lengths = [nx.average_shortest_path_length(graph.to_networkx()) for graph in chain]
    grade = (lengths[0] - lengths[-1]) / (graphs - 1)
    above = np.array(lengths) - np.linspace(lengths[0], lengths[-1], graphs)
    assert (above >= -1e-9).all()
    assert (above <= grade / 2 + 1e-9).all()
    assert all((graph.adjacency.sum(axis=1) == k).all() for graph in chain)


def test_chains_of_one_seed_are_equal_and_of_another_differ() -> None:
    one, again, other = (swap_chain(32, 4, 6, seed) for seed in (3, 3, 4))
    assert one == again
    assert one[1:] != other[1:]


@given(st.floats(2.4, 3.9), st.integers(0, 3000), st.integers(0, 2**63 - 1))
@settings(max_examples=30, deadline=None)
def test_a_graph_in_a_band_lies_in_the_band(low: float, steps: int, seed: int) -> None:
    graph = with_aspl_between(ring_lattice(32, 4), low, low + 0.1, steps, seed)
    assert low - 1e-9 <= nx.average_shortest_path_length(graph.to_networkx()) <= low + 0.1 + 1e-9
    assert (graph.adjacency.sum(axis=1) == 4).all()
    assert graph == with_aspl_between(ring_lattice(32, 4), low, low + 0.1, steps, seed)


def test_swaps_within_a_band_make_another_graph() -> None:
    near, far = (with_aspl_between(ring_lattice(64, 4), 4, 4.1, steps, 0) for steps in (0, 5000))
    common = (near.adjacency & far.adjacency).sum() / near.adjacency.sum()
    assert common < 0.5


def test_bands_that_cannot_be_reached_are_refused() -> None:
    with pytest.raises(UserError, match="is below the band from 5 to 6"):
        with_aspl_between(minimise_aspl(ring_lattice(64, 4)).graph, 5, 6, 0, 0)
    with pytest.raises(UserError, match=r"no graph with an ASPL from 1.7 to 1.74 was met"):
        with_aspl_between(ring_lattice(16, 4), 1.7, 1.74, 0, 0)
    with pytest.raises(UserError, match="at least 2 graphs, found 1"):
        swap_chain(16, 4, 1, 0)
    with pytest.raises(UserError, match="n · k even"):
        swap_chain(15, 3, 4, 0)


def test_a_band_may_be_a_single_value() -> None:
    assert aspl(with_aspl_between(ring_lattice(16, 4), 1.75, 1.75, 100, 0)) == 1.75
