import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphprune.errors import UserError
from graphprune.graphs.layout import expand, node_of, node_sizes

widths = st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(n, 200), st.just(n)))


def test_mnist_input_on_128_nodes_holds_6_or_7_pixels() -> None:
    sizes = node_sizes(784, 128)
    assert sizes.tolist() == [7] * 16 + [6] * 112


@given(widths)
def test_groups_are_contiguous_complete_and_differ_by_at_most_one(case: tuple[int, int]) -> None:
    width, n = case
    sizes = node_sizes(width, n)
    assert sizes.sum() == width
    assert len(sizes) == n
    assert sizes.max() - sizes.min() == (width % n != 0)
    assert (np.diff(sizes) <= 0).all()
    nodes = node_of(width, n)
    assert (np.diff(nodes) >= 0).all()
    assert (np.bincount(nodes, minlength=n) == sizes).all()


def test_rows_of_the_expanded_mask_are_output_nodes() -> None:
    psi = np.array([[1, 0], [1, 1]], dtype=bool)
    expected = [[1, 1, 0], [1, 1, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]
    assert expand(psi, 5, 3).tolist() == np.array(expected, dtype=bool).tolist()


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_expanding_to_the_graphs_own_size_changes_nothing(seed: int, n: int) -> None:
    psi = np.random.default_rng(seed).random((n, n)) < 0.5
    assert (expand(psi, n, n) == psi).all()
    assert (expand(psi, 2 * n, 3 * n) == np.kron(psi, np.ones((2, 3), bool))).all()


@pytest.mark.parametrize("make", [node_sizes, node_of])
def test_too_narrow_layer_is_named(make) -> None:
    with pytest.raises(UserError, match=r"layer 'head'.*width 10.*n = 16"):
        make(10, 16, "head")


def test_too_narrow_layer_is_named_when_expanding() -> None:
    with pytest.raises(UserError, match="'fc1'"):
        expand(np.ones((4, 4), dtype=bool), 8, 3, "fc1")


def test_a_graph_without_nodes_is_refused() -> None:
    with pytest.raises(UserError, match="n = 0"):
        node_sizes(4, 0)
