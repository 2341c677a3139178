import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphprune.counts import kept_count


@pytest.mark.parametrize(
    ("total", "sparsity", "kept"),
    [
        (100, 0.15, 85),
        (16384, 0.9, 1638),  # 14745.6 removed
        (16384, 0.15, 13926),  # 2457.6 removed
        (10, 0.25, 7),  # a half removed is rounded up
        (10, 0.15, 8),
        (100, 0.145, 85),  # the product in floats is 14.499999999999998
        (5, 1 - 0.9, 4),  # and here 0.4999999999999999
        (7, 0.0, 7),
        (7, 1.0, 0),
        (0, 0.5, 0),
    ],
)
def test_hand_counts(total: int, sparsity: float, kept: int) -> None:
    assert kept_count(total, sparsity) == kept


@given(st.integers(0, 10**6), st.integers(0, 1000))
def test_is_the_exact_decimal_rounded_half_up(total: int, thousandths: int) -> None:
    exact = Fraction(thousandths, 1000) * total
    assert kept_count(total, thousandths / 1000) == total - math.floor(exact + Fraction(1, 2))


@given(st.integers(0, 10**8), st.floats(0, 1), st.floats(0, 1))
def test_never_grows_with_sparsity_and_stays_in_range(total: int, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= kept_count(total, high) <= kept_count(total, low) <= total
