"""The intraclass correlation against its textbook table and its symmetries."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphprune.claims.agreement import icc_two_way
from graphprune.errors import UserError

# Shrout and Fleiss 1979, table 2: 6 targets (rows) rated by 4 judges
SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]


def long(table):
    table = np.asarray(table, dtype=float)
    n, k = table.shape
    mask, seed = np.divmod(np.arange(n * k), k)
    return pd.DataFrame({"mask": mask, "seed": seed, "accuracy": table.ravel()})


def icc(table, **options):
    return icc_two_way(long(table), "mask", "seed", "accuracy", **options)


def test_shrout_and_fleiss():
    """ICC(2,1) = .29 and ICC(3,1) = .71; intervals as published: .019-.761 and .342-.946."""
    absolute, consistent = icc(SHROUT_FLEISS), icc(SHROUT_FLEISS, consistency=True)
    assert absolute.estimate == pytest.approx(0.29, abs=0.005)
    assert (absolute.low, absolute.high) == pytest.approx((0.019, 0.761), abs=0.001)
    assert consistent.estimate == pytest.approx(0.71, abs=0.005)
    assert (consistent.low, consistent.high) == pytest.approx((0.342, 0.946), abs=0.001)
    assert (absolute.n, absolute.unit) == (6, "mask")
    assert absolute.p_value == pytest.approx(0.000135, abs=2e-6)  # F(5, 15) = 11.03


tables = st.integers(0, 10_000).map(
    lambda seed: (
        np.random.default_rng(seed).normal(size=(6, 3))
        + np.random.default_rng(seed + 1).normal(size=(6, 1))
    )
)


@given(tables, st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_shift_change_nothing(table, scale, shift):
    one, other = icc(table), icc(table * scale + shift)
    assert (one.estimate, one.low, one.high) == pytest.approx(
        (other.estimate, other.low, other.high), abs=1e-6
    )


@given(tables, st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_consistency_ignores_what_a_seed_adds_to_all(table, offsets):
    one, other = icc(table, consistency=True), icc(table + offsets, consistency=True)
    assert one.estimate == pytest.approx(other.estimate, abs=1e-9)
    assert one.low == pytest.approx(other.low, abs=1e-9)


@given(tables)
def test_the_interval_holds_the_estimate(table):
    for consistency in (False, True):
        effect = icc(table, consistency=consistency)
        assert effect.low <= effect.estimate <= effect.high <= 1 + 1e-12


def test_known_variances_are_found():
    """σ² of masks 4, of seeds 1, of error 3: ICC(2,1) = 4/8, ICC(3,1) = 4/7."""
    rng = np.random.default_rng(0)
    table = (
        rng.normal(0, 2, (300, 1)) + rng.normal(0, 1, (1, 60)) + rng.normal(0, 3**0.5, (300, 60))
    )
    assert icc(table).estimate == pytest.approx(4 / 8, abs=0.05)
    assert icc(table, consistency=True).estimate == pytest.approx(4 / 7, abs=0.05)


def test_the_interval_covers():
    """300 tables of 20 masks × 5 seeds with σ² of 1, .25, 1: near 95 % hold 1/2.25."""
    rng, inside = np.random.default_rng(7), 0
    for _ in range(300):
        noise = rng.normal(size=(20, 5))
        effect = icc(rng.normal(size=(20, 1)) + rng.normal(0, 0.5, size=(1, 5)) + noise)
        inside += effect.low < 1 / 2.25 < effect.high
    assert 0.91 <= inside / 300 <= 0.99


def test_tables_without_one_of_the_spreads():
    same = np.full((6, 3), 0.97)
    columns = np.array([0.1, 0.2, 0.3])
    assert (icc(same).estimate, icc(same).low, icc(same).high) == (0, 0, 0)
    assert icc(same + columns).estimate == 0  # only the seeds differ
    only_masks = icc(np.arange(6.0)[:, None] + np.zeros((6, 3)))
    assert (only_masks.estimate, only_masks.low, only_masks.high) == (1, 1, 1)


def test_a_mask_with_a_failed_run_is_left_out():
    frame = long(SHROUT_FLEISS)
    holed = frame.copy()
    holed.loc[holed["mask"] == 2, "accuracy"] = [0.1, math.nan, 0.1, 0.1]
    whole = icc_two_way(frame[frame["mask"] != 2], "mask", "seed", "accuracy")
    assert icc_two_way(holed, "mask", "seed", "accuracy") == whole
    assert icc_two_way(holed.dropna(), "mask", "seed", "accuracy") == whole


def test_too_few_have_no_bounds():
    assert math.isnan(icc([[1.0, 2.0]]).low)
    assert math.isnan(icc([[1.0], [2.0]]).estimate)


def test_a_pair_that_occurs_twice_is_named():
    frame = long(SHROUT_FLEISS)
    with pytest.raises(UserError, match=r"\(3, 1\)"):
        icc_two_way(
            pd.concat([frame, frame[(frame["mask"] == 3) & (frame["seed"] == 1)]]),
            "mask",
            "seed",
            "accuracy",
        )
