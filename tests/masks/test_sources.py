import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.graphs.properties import connected, graph_properties
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks import source_mixture, symmetric
from graphprune.masks.names import COUNTS, SOURCES
from graphprune.masks.source_random_regular import degree_and_loops
from graphprune.masks.sources import number_of_masks
from graphprune.registry import resolve

sizes = st.integers(1, 20)
sparsities = st.floats(0, 0.99)
seeds = st.integers(0, 2**32)
EXACT_FAMILIES = ["ws_flex", "ring_swaps", "barabasi_albert", "stochastic_block"]
FAMILIES = [*EXACT_FAMILIES, "random_regular"]


def draw(source: str, n: int, sparsity: float, seed: int) -> np.ndarray:
    return resolve(SOURCES, source, "mask source")(n, sparsity, np.random.default_rng(seed))


@pytest.mark.parametrize("source", SOURCES)
@given(n=sizes, sparsity=sparsities, seed=seeds)
def test_every_source_gives_a_block_mask_that_its_generator_decides(
    source: str, n: int, sparsity: float, seed: int
) -> None:
    mask = draw(source, n, sparsity, seed)
    assert mask.shape == (n, n)
    assert mask.dtype == bool
    assert (draw(source, n, sparsity, seed) == mask).all()


@given(sizes, sparsities, seeds)
def test_random_keeps_exactly_the_count(n: int, sparsity: float, seed: int) -> None:
    assert draw("random", n, sparsity, seed).sum() == kept_count(n * n, sparsity)


@pytest.mark.parametrize("sparsity", [0.15, 0.3, 0.45, 0.6, 0.75, 0.9])
def test_random_has_the_papers_number_of_zeros(sparsity: float) -> None:
    assert (~draw("random", 128, sparsity, 0)).sum() == round(sparsity * 128**2)


def test_random_is_uniform_and_directed() -> None:
    masks = np.array([draw("random", 8, 0.75, seed) for seed in range(3000)])
    standard_error = math.sqrt(0.25 * 0.75 / 3000)
    assert np.abs(masks.mean(axis=0) - 0.25).max() < 4.5 * standard_error  # diagonal too
    upper, lower = masks[:, 0, 1], masks[:, 1, 0]
    assert abs((upper & lower).mean() - 0.25 * 15 / 63) < 4.5 * standard_error


@given(sizes, sparsities, seeds)
def test_undirected_is_symmetric_with_exact_edges_and_loops(
    n: int, sparsity: float, seed: int
) -> None:
    mask = draw("undirected", n, sparsity, seed)
    assert (mask == mask.T).all()
    assert np.triu(mask, 1).sum() == kept_count(n * (n - 1) // 2, sparsity)
    assert mask.diagonal().sum() == kept_count(n, sparsity)


@given(sizes, sparsities)
def test_symmetric_counts_are_exact_and_the_diagonal_gets_its_share(
    n: int, sparsity: float
) -> None:
    edges, loops = symmetric.edges_and_loops(n, sparsity)
    kept = kept_count(n * n, sparsity)
    assert 2 * edges + loops == kept
    assert 0 <= edges <= n * (n - 1) // 2
    assert 0 <= loops <= n
    assert abs(loops - kept / n) <= 1  # loops are odd or even as the kept count is


@pytest.mark.parametrize("source", EXACT_FAMILIES)
@given(n=sizes, sparsity=sparsities, seed=seeds)
def test_families_are_symmetric_and_keep_exactly_the_count(
    source: str, n: int, sparsity: float, seed: int
) -> None:
    mask = draw(source, n, sparsity, seed)
    assert (mask == mask.T).all()
    assert mask.sum() == kept_count(n * n, sparsity)
    assert mask.diagonal().sum() == symmetric.edges_and_loops(n, sparsity)[1]


@given(sizes, sparsities, seeds)
def test_random_regular_is_regular_and_as_near_the_count_as_it_can_be(
    n: int, sparsity: float, seed: int
) -> None:
    mask = draw("random_regular", n, sparsity, seed)
    assert (mask == mask.T).all()
    assert len(set(mask_to_adjacency(mask).sum(axis=1))) == 1
    kept = kept_count(n * n, sparsity)
    feasible = [n * k + loops for k in range(n) if n * k % 2 == 0 for loops in range(n + 1)]
    assert abs(mask.sum() - kept) == min(abs(count - kept) for count in feasible)


@given(st.integers(1, 10).map(lambda half: 2 * half), sparsities)
def test_random_regular_is_exact_on_an_even_number_of_nodes(n: int, sparsity: float) -> None:
    degree, loops = degree_and_loops(n, sparsity)
    assert n * degree + loops == kept_count(n * n, sparsity)


def test_of_equally_near_degrees_the_loops_nearest_their_share_win() -> None:
    # 4 of 16 entries: no edge and 4 loops, or degree 1 and no loop; the share is 1 loop.
    assert degree_and_loops(4, 0.75) == (1, 0)


@pytest.mark.parametrize("sparsity", [0.15, 0.5, 0.9])
def test_ring_swaps_keep_the_lattices_degrees_and_connect_it(sparsity: float) -> None:
    masks = np.array([draw("ring_swaps", 24, sparsity, seed) for seed in range(20)])
    graphs = mask_to_adjacency(masks)
    degrees = np.sort(graphs.sum(axis=2), axis=1)
    assert (degrees == degrees[0]).all()
    assert np.ptp(degrees[0]) <= 2
    assert connected(graphs).all()


@pytest.mark.parametrize("source", FAMILIES)
def test_no_label_plays_a_part(source: str) -> None:
    masks = np.array([draw(source, 12, 0.75, seed) for seed in range(500)])
    kept = masks.sum(axis=2)  # of each node, in each mask
    standard_error = kept.std() / math.sqrt(500)
    assert np.abs(kept.mean(axis=0) - kept.mean()).max() < 4 * standard_error + 1e-9
    beside = masks[:, np.arange(12), np.arange(12) - 1].mean()
    pairs = mask_to_adjacency(masks).sum() / (500 * 12 * 11)
    assert abs(beside - pairs) < 4 * math.sqrt(pairs * (1 - pairs) / 6000)


@pytest.mark.parametrize("source", ["ws_flex", "ring_swaps", "stochastic_block", "mixture"])
@pytest.mark.parametrize(("n", "sparsity"), [(32, 0.75), (64, 0.9)])
def test_families_spread_over_clustering_where_random_masks_do_not(
    source: str, n: int, sparsity: float
) -> None:
    def spread(source: str) -> float:
        masks = np.array([draw(source, n, sparsity, seed) for seed in range(60)])
        graphs = mask_to_adjacency(masks)
        return graph_properties(graphs, ["average_clustering"]).to_numpy().std()

    assert spread(source) > 5 * spread("random")


def test_ws_flex_and_ring_swaps_spread_over_path_length() -> None:
    for source in ("ws_flex", "ring_swaps"):
        graphs = mask_to_adjacency(np.array([draw(source, 64, 0.9, seed) for seed in range(60)]))
        lengths = graph_properties(graphs, ["aspl"])["aspl"]
        # A random 6-regular graph on 64 nodes has 2.47, the ring lattice 5.76.
        assert lengths.min() < 2.7
        assert lengths.max() > 4.5


def test_mixture_draws_from_every_other_source_alike() -> None:
    drawn = [source_mixture.drawn_source(np.random.default_rng(seed)) for seed in range(1400)]
    assert set(drawn) == set(SOURCES) - {"mixture"}
    expected = 1400 / len(set(drawn))
    assert all(abs(drawn.count(name) - expected) < 4 * math.sqrt(expected) for name in set(drawn))


def test_a_mixture_mask_is_one_of_the_source_it_names() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        source = source_mixture.drawn_source(rng)  # leaves rng as the mixture hands it on
        mask = resolve(SOURCES, source, "mask source")(10, 0.6, rng)
        assert (mask == draw("mixture", 10, 0.6, seed)).all()


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("sparsity", [0, 0.3, 0.5, 0.75])
def test_number_of_masks_is_how_many_there_are(source: str, sparsity: float) -> None:
    n = 3
    possible = number_of_masks(source, n, sparsity)
    shares = len(SOURCES) - 1 if source == "mixture" else 1
    draws = range(20 * shares * possible)
    seen = {draw(source, n, sparsity, seed).tobytes() for seed in draws}
    assert len(seen) == possible


@pytest.mark.parametrize("source", FAMILIES)
@pytest.mark.parametrize("sparsity", [0.4, 0.7])
def test_number_of_masks_of_a_family_is_an_upper_bound(source: str, sparsity: float) -> None:
    seen = {draw(source, 4, sparsity, seed).tobytes() for seed in range(500)}
    assert 1 < len(seen) <= number_of_masks(source, 4, sparsity)


def test_number_of_directed_masks_by_enumeration() -> None:
    kept = kept_count(9, 0.6)
    all_masks = itertools.product([False, True], repeat=9)
    assert number_of_masks("random", 3, 0.6) == sum(sum(mask) == kept for mask in all_masks)


def test_number_of_masks_is_exact_where_floats_are_not() -> None:
    assert number_of_masks("random", 128, 0.5) == math.comb(16384, 8192)


def test_every_source_can_be_counted() -> None:
    assert list(COUNTS) == list(SOURCES)


def test_unknown_source_is_refused() -> None:
    with pytest.raises(UserError, match=r"unknown mask source 'rndom'.*did you mean 'random'"):
        number_of_masks("rndom", 4, 0.5)


def test_counting_masks_loads_nothing_heavy() -> None:
    code = (
        "import sys; from graphprune.masks.names import SOURCES\n"
        "from graphprune.masks.sources import number_of_masks\n"
        "for source in SOURCES: number_of_masks(source, 8, 0.5)\n"
        "print(*sorted({'torch', 'igraph', 'numba', 'networkx', 'pandas'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
