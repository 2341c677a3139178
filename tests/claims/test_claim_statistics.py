"""Intervals against hand counts and scipy, their symmetries, and their simulated coverage."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graphprune.claims.statistics import (
    bootstrap,
    differences,
    equivalence,
    holm,
    holm_levels,
    mean_interval,
    paired_difference,
)
from graphprune.errors import UserError

numbers = st.floats(-100, 100, allow_nan=False).map(lambda x: round(x, 3))
samples = st.lists(numbers, min_size=2, max_size=12)
probabilities = st.lists(st.floats(1e-6, 1), min_size=1, max_size=9)


def units(values, name="graph"):
    return pd.Series(values, index=pd.RangeIndex(len(values), name=name), dtype=float)


def test_paired_difference_by_hand():
    """Differences 1, 2, 3: mean 2, sd 1, t(.975, 2) = 4.302653, half width 4.302653 / √3."""
    effect = paired_difference(units([5, 7, 9]), units([4, 5, 6]))
    half = 4.302653 / math.sqrt(3)
    assert (effect.estimate, effect.n, effect.level, effect.unit) == (2, 3, 0.95, "graph")
    assert effect.low == pytest.approx(2 - half, abs=1e-6)
    assert effect.high == pytest.approx(2 + half, abs=1e-6)


@given(samples, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_mean_interval_is_scipys(values, level):
    if np.std(values) < 1e-3:
        return
    effect, other = mean_interval(units(values), level), stats.ttest_1samp(values, 0)
    low, high = other.confidence_interval(level)
    assert (effect.low, effect.high) == pytest.approx((low, high))
    assert effect.p_value == pytest.approx(other.pvalue)


def test_the_pairing_is_by_unit_not_by_position():
    a = pd.Series([1.0, 2.0, 4.0], index=["x", "y", "z"])
    assert differences(a, a[::-1]).tolist() == [0, 0, 0]


def test_missing_units_are_named():
    a = pd.Series([1.0, 2.0], index=[3, 4])
    b = pd.Series([1.0, 2.0, 5.0], index=[4, 7, 8])
    with pytest.raises(UserError, match=r"first lacks \[7, 8\]; the second lacks \[3\]"):
        paired_difference(a, b)


def test_a_unit_that_occurs_twice_is_named():
    twice = pd.Series([1.0, 2.0], index=["g7", "g7"])
    with pytest.raises(UserError, match=r"second series.*g7"):
        paired_difference(twice[:1], twice)


def test_failed_units_leave_the_count():
    a = units([0.9, math.nan, 0.8, 0.7])
    effect = paired_difference(a, units([0.8, 0.5, math.nan, 0.5]))
    assert effect.n == 2
    assert effect.estimate == pytest.approx(0.15)


@given(samples, st.data())
def test_swapping_the_sides_negates_the_interval(a, data):
    b = data.draw(st.lists(numbers, min_size=len(a), max_size=len(a)))
    one, other = paired_difference(units(a), units(b)), paired_difference(units(b), units(a))
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)
    assert one.p_value == other.p_value


@given(samples, st.floats(0.1, 5), st.sampled_from([0.5, 0.9]))
def test_a_higher_level_is_wider_and_scale_scales(values, factor, level):
    narrow, wide = mean_interval(units(values), level), mean_interval(units(values), 0.99)
    assert wide.low <= narrow.low <= narrow.estimate <= narrow.high <= wide.high
    scaled = mean_interval(units(values) * factor, level)
    assert scaled.high - scaled.low == pytest.approx(factor * (narrow.high - narrow.low), abs=1e-9)


@pytest.mark.parametrize("values", [[], [0.5], [math.nan, 0.5]])
def test_fewer_than_two_units_have_no_bounds(values):
    effect = mean_interval(units(values))
    assert math.isnan(effect.low)
    assert math.isnan(effect.high)
    assert effect.n == len([v for v in values if v == v])


@pytest.mark.parametrize("value", [0.1, 0.0, -3.3])
def test_constant_input_has_width_zero(value):
    effect = mean_interval(units([value] * 7))
    assert (effect.estimate, effect.low, effect.high) == (value, value, value)


def test_the_t_interval_covers():
    """At n = 5 the true mean is inside 95 % of the intervals, within 3 standard errors."""
    draws = np.random.default_rng(0).normal(3, 2, size=(2000, 5))
    inside = [(e := mean_interval(units(row))).low < 3 < e.high for row in draws]
    assert np.mean(inside) == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 2000))


# --- equivalence and families --------------------------------------------------------------


@given(samples, st.floats(0.01, 50))
def test_equivalence_is_the_interval_within_the_margin(a, margin):
    effect = equivalence(units(a), units([0.0] * len(a)), margin)
    inside = -margin < effect.low and effect.high < margin
    assert effect.level == pytest.approx(0.9)
    if abs(effect.p_value - 0.05) > 1e-9:
        assert inside == (effect.p_value < 0.05)


def test_equivalence_by_hand():
    """Differences −1, 0, 1: sd/√3 = .577350, t = 2/.577350 = 3.4641 on 2 degrees: p = .0371."""
    effect = equivalence(units([-1, 0, 1]), units([0, 0, 0]), margin=2)
    assert effect.p_value == pytest.approx(0.0371, abs=1e-4)


def test_holm_by_hand():
    """Sorted .01, .02, .04, .05 times 4, 3, 2, 1, made monotone: .04, .06, .08, .08."""
    assert holm([0.04, 0.01, 0.05, 0.02]) == pytest.approx([0.08, 0.04, 0.08, 0.06])
    assert holm([0.01, math.nan]) == pytest.approx([0.02, 1])
    assert len(holm([])) == 0


@settings(max_examples=30, deadline=None)
@given(probabilities)
def test_holm_never_lowers_and_keeps_the_order(p):
    adjusted = holm(p)
    assert (adjusted >= np.array(p) - 1e-12).all()
    assert (adjusted <= np.minimum(1, len(p) * np.array(p)) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()


@settings(max_examples=30, deadline=None)
@given(probabilities)
def test_a_holm_level_rejects_exactly_where_holm_does(p):
    """An interval of level 1 − a excludes the null exactly when p < a."""
    adjusted, alphas = holm(p), 1 - holm_levels(p)
    clear = np.abs(adjusted - 0.05) > 1e-9
    assert ((np.array(p) < alphas) == (adjusted < 0.05))[clear].all()
    assert (alphas >= 0.05 / len(p) - 1e-12).all()


# --- bootstrap -----------------------------------------------------------------------------


def nested(n, rows, seed=0):
    """`n` graphs with `rows` equal rows each: the rows carry no information of their own."""
    values = np.random.default_rng(seed).normal(size=n)
    return pd.DataFrame({"graph": np.repeat(np.arange(n), rows), "y": np.repeat(values, rows)})


def test_bootstrap_resamples_units_and_never_rows():
    """Copying every row ten times must not narrow the interval."""
    one, ten = (
        bootstrap(nested(12, rows), "graph", lambda f: f["y"].mean(), draws=300) for rows in (1, 10)
    )
    assert (one.low, one.high) == pytest.approx((ten.low, ten.high))
    assert (one.n, one.unit) == (12, "graph")


def test_a_unit_drawn_twice_counts_as_two():
    sizes = []
    frame = nested(6, 2)

    def size(drawn):
        sizes.append((drawn["graph"].nunique(), len(drawn)))
        return 0.0

    bootstrap(frame, "graph", size, draws=20)
    assert set(sizes) == {(6, 12)}


def test_bootstrap_is_fixed_by_its_seed_and_leaves_the_frame_alone():
    frame = nested(8, 3)
    before = frame.copy()
    a, b, c = (
        bootstrap(frame, "graph", lambda f: f["y"].mean(), draws=100, seed=s) for s in (1, 1, 2)
    )
    assert a == b or (a.low, a.high) == (b.low, b.high)
    assert (a.low, a.high) != (c.low, c.high)
    pd.testing.assert_frame_equal(frame, before)


def test_bootstrap_of_one_unit_or_of_constants():
    single = bootstrap(nested(1, 4), "graph", lambda f: f["y"].mean(), draws=10)
    assert math.isnan(single.low)
    assert single.n == 1
    flat = nested(6, 2).assign(y=0.25)
    effect = bootstrap(flat, "graph", lambda f: f["y"].mean(), draws=50)
    assert (effect.estimate, effect.low, effect.high) == (0.25, 0.25, 0.25)


def test_an_undefined_draw_makes_the_bounds_nan():
    effect = bootstrap(nested(3, 1), "graph", lambda f: math.nan, draws=5)
    assert math.isnan(effect.low)


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_the_bootstrap_interval_holds_the_mean(seed):
    effect = bootstrap(nested(10, 2, seed), "graph", lambda f: f["y"].mean(), draws=60, seed=seed)
    assert effect.low <= effect.estimate <= effect.high


def test_the_bootstrap_covers():
    """25 units of 4 correlated rows: near 95 % (percentile intervals are a little narrow)."""
    rng, inside = np.random.default_rng(5), 0
    for trial in range(60):
        centre = np.repeat(rng.normal(size=25), 4)
        graph = np.repeat(np.arange(25), 4)
        frame = pd.DataFrame({"graph": graph, "y": centre + 0.1 * rng.normal(size=100)})
        effect = bootstrap(frame, "graph", lambda f: f["y"].mean(), draws=150, seed=trial)
        inside += effect.low < 0 < effect.high
    assert inside >= 51  # rows instead of units would cover about 67 %, that is 40
