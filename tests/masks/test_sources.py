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
from graphprune.masks.names import COUNTS, SOURCES
from graphprune.masks.sources import number_of_masks
from graphprune.registry import resolve

sizes = st.integers(1, 20)
sparsities = st.floats(0, 0.99)
seeds = st.integers(0, 2**32)


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


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("sparsity", [0, 0.3, 0.5, 0.75])
def test_number_of_masks_is_how_many_there_are(source: str, sparsity: float) -> None:
    n = 3
    possible = number_of_masks(source, n, sparsity)
    seen = {draw(source, n, sparsity, seed).tobytes() for seed in range(20 * possible)}
    assert len(seen) == possible


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
