import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphprune.graphs.properties import graph_properties
from graphprune.graphs.property_names import PROPERTIES
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks.controls import nodes_relabelled, rows_permuted


def random_mask(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((n, n)) < 0.4


@given(st.integers(1, 12), st.integers(0, 2**32))
def test_permuting_rows_keeps_each_row(n: int, seed: int) -> None:
    psi = random_mask(n, seed)
    permuted = rows_permuted(psi, np.random.default_rng(seed))
    assert sorted(map(tuple, permuted.tolist())) == sorted(map(tuple, psi.tolist()))


@pytest.mark.parametrize("n", [2, 3, 8])
def test_rows_never_stay_where_they_were(n: int) -> None:
    psi = np.tri(n, dtype=bool)  # all rows differ
    for seed in range(30):
        assert (rows_permuted(psi, np.random.default_rng(seed)) != psi).any()


def test_permuting_rows_changes_the_graph() -> None:
    psi = random_mask(16, 0)
    both = mask_to_adjacency(np.stack([psi, rows_permuted(psi, np.random.default_rng(0))]))
    table = graph_properties(both)
    assert table["average_clustering"].nunique() == 2


@given(st.integers(1, 12), st.integers(0, 2**32))
def test_relabelling_keeps_every_property_but_the_cycle_length(n: int, seed: int) -> None:
    psi = random_mask(n, seed)
    renamed = nodes_relabelled(psi, np.random.default_rng(seed))
    assert renamed.diagonal().sum() == psi.diagonal().sum()
    names = [name for name in PROPERTIES if name != "cycle_length"]
    table = graph_properties(mask_to_adjacency(np.stack([psi, renamed])), names)
    np.testing.assert_allclose(table.iloc[0], table.iloc[1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("control", [rows_permuted, nodes_relabelled])
def test_controls_are_decided_by_their_generator_and_leave_psi_alone(control) -> None:
    psi = random_mask(10, 1)
    kept = psi.copy()
    first, again = (control(psi, np.random.default_rng(5)) for _ in range(2))
    assert (first == again).all()
    assert (psi == kept).all()
    assert (control(np.ones((1, 1), bool), np.random.default_rng(0)) == [[True]]).all()
