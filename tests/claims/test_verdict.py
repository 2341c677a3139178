"""Where an interval lies decides the verdict; too few units never do."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphprune.claims.records import Criterion, claim
from graphprune.claims.statistics import Effect, t_width
from graphprune.claims.verdict import Verdict, all_of, judge, n_to_decide
from graphprune.errors import UserError

ABOVE = Criterion("gain", "above", 0.0)
WITHIN = Criterion("on par", "within", 0.005, level=0.9)
BEST = Criterion("best", "above", 0.0, no_effect=(-0.005, 0.005))


def interval(low, high, n=8, level=0.95):
    return Effect((low + high) / 2, low, high, n, level, "fresh seed")


@pytest.mark.parametrize(
    ("criterion", "low", "high", "outcome"),
    [
        (ABOVE, 0.001, 0.002, "supported"),
        (ABOVE, -0.001, 0.002, "undecided"),
        (ABOVE, -0.002, -0.001, "not supported"),
        (ABOVE, 0.0, 0.0, "not supported"),
        (Criterion("icc", "above", 0.1), 0.05, 0.2, "undecided"),
        (Criterion("icc", "above", 0.1), 0.0, 0.09, "not supported"),
        (Criterion("slope", "below", 0.0), -0.2, -0.1, "supported"),
        (Criterion("slope", "below", 0.0), 0.1, 0.2, "not supported"),
        (Criterion("share", "at least", 0.8), 0.8, 0.8, "supported"),
        (Criterion("share", "at least", 0.8), 0.6, 0.6, "not supported"),
        (Criterion("rho", "either", 0.0), -0.9, -0.1, "supported"),
        (Criterion("rho", "either", 0.0), 0.1, 0.9, "supported"),
        (Criterion("rho", "either", 0.0), -0.1, 0.9, "undecided"),
        (Criterion("rho", "either", 0.0), 0.0, 0.0, "not supported"),
        (WITHIN, -0.004, 0.004, "supported"),
        (WITHIN, -0.004, 0.006, "undecided"),
        (WITHIN, 0.006, 0.009, "not supported"),
        (WITHIN, -0.009, -0.006, "not supported"),
        (BEST, -0.004, 0.004, "not supported"),
        (BEST, -0.004, 0.006, "undecided"),
        (BEST, 0.001, 0.004, "supported"),
    ],
)
def test_the_position_decides(criterion, low, high, outcome):
    assert judge(criterion, interval(low, high)).outcome == outcome


@given(st.integers(0, 4), st.floats(-1, 1), st.floats(0, 1))
def test_no_verdict_under_five(n, low, width):
    for criterion in (ABOVE, WITHIN, BEST):
        assert judge(criterion, interval(low, low + width, n=max(n, 2))).outcome == "undecided"


def test_without_an_interval_nothing_is_decided():
    nothing = Effect(math.nan, math.nan, math.nan, 0, 0.95, "fresh seed")
    verdict = judge(ABOVE, nothing)
    assert (verdict.outcome, verdict.n_needed) == ("undecided", None)
    assert "n = 0 (fresh seed), fewer than 5" in verdict.reason


@given(st.floats(-1, 1), st.floats(0, 1), st.integers(5, 40))
def test_below_is_above_mirrored(low, width, n):
    effect = interval(low, low + width, n)
    mirrored = replace(effect, estimate=-effect.estimate, low=-effect.high, high=-effect.low)
    below = Criterion("loss", "below", 0.0)
    one, other = judge(ABOVE, effect), judge(below, mirrored)
    assert (one.outcome, one.n_needed) == (other.outcome, other.n_needed)


def test_the_reason_says_where_and_why():
    assert judge(ABOVE, interval(0.001, 0.002)).reason == (
        "the 95 % interval [+0.001, +0.002] of n = 8 (fresh seed) lies above 0"
    )
    assert "lies at or below 0, not above 0" in judge(ABOVE, interval(-0.2, -0.1)).reason
    assert "at or above 0.005, not within ±0.005" in judge(WITHIN, interval(0.006, 0.009)).reason
    assert "though in the region of no effect" in judge(BEST, interval(0.001, 0.002)).reason
    assert "region of no effect [-0.005, 0.005]" in judge(BEST, interval(-0.001, 0.002)).reason
    assert "leaves open" in judge(ABOVE, interval(-0.1, 0.2)).reason


# --- planning ------------------------------------------------------------------------------


def t_effect(mean, sd, n, level=0.95):
    half = t_width(n, level) * sd
    return Effect(mean, mean - half, mean + half, n, level, "search seed")


def test_the_n_that_would_decide_by_hand():
    """Mean 1, sd 2: t(.975, n−1) · 2/√n < 1 first at n = 18 (t = 2.1098, half width .9946)."""
    assert stats.t.ppf(0.975, 16) * 2 / math.sqrt(17) > 1 > stats.t.ppf(0.975, 17) * 2 / 18**0.5
    for n in (2, 3, 6, 10):
        assert n_to_decide(ABOVE, t_effect(1, 2, n)) == 18
    verdict = judge(ABOVE, t_effect(1, 2, 6))
    assert verdict.n_needed == 18
    assert "about n = 18 would decide" in verdict.reason


def test_few_but_clear_units_need_the_minimum():
    assert judge(ABOVE, t_effect(1, 0.01, 3)).n_needed == 5


def test_an_effect_on_the_threshold_is_never_decided():
    verdict = judge(ABOVE, t_effect(0, 1, 9))
    assert verdict.n_needed is None
    assert "no n can be named" in verdict.reason


def test_a_tiny_effect_is_decided_by_the_region_of_no_effect():
    wide = t_effect(0.0001, 0.01, 6)
    needed = n_to_decide(BEST, wide)
    assert needed is not None
    assert needed < 40
    assert n_to_decide(ABOVE, wide) is None  # (1.96 · .01 / .0001)² = 38,416 is beyond planning


@given(st.floats(-0.02, 0.02), st.floats(0.001, 0.02), st.integers(5, 9))
def test_the_planned_n_is_the_first_that_decides(mean, sd, n):
    for criterion in (ABOVE, WITHIN, BEST):
        verdict = judge(criterion, t_effect(mean, sd, n, criterion.level))
        if verdict.n_needed is None:
            continue
        at = t_effect(mean, sd, verdict.n_needed, criterion.level)
        assert judge(criterion, at).outcome != "undecided"
        if verdict.n_needed - 1 > n:
            before = t_effect(mean, sd, verdict.n_needed - 1, criterion.level)
            assert judge(criterion, before).outcome == "undecided"


# --- claims and conjunctions ---------------------------------------------------------------


def test_a_claim_with_one_criterion_can_judge():
    assert judge(claim("rgp-9"), interval(0.01, 0.02)).outcome == "supported"


def test_a_claim_with_several_criteria_asks_which():
    with pytest.raises(UserError, match="on par, best"):
        judge(claim("bogp-3"), interval(0.01, 0.02))


def test_too_low_a_level_is_refused_and_a_higher_one_is_not():
    with pytest.raises(UserError, match=r"level 0\.9;"):
        judge(ABOVE, interval(0.01, 0.02, level=0.9))
    assert judge(ABOVE, interval(0.01, 0.02, level=0.99)).outcome == "supported"


YES, NO = Verdict("supported", ""), Verdict("not supported", "")
OPEN, NEVER = Verdict("undecided", "", 12), Verdict("undecided", "", None)


@pytest.mark.parametrize(
    ("parts", "outcome", "needed"),
    [
        ([YES, YES], "supported", None),
        ([YES, NO, OPEN], "not supported", None),
        ([YES, OPEN, Verdict("undecided", "", 30)], "undecided", 30),
        ([OPEN, NEVER], "undecided", None),
        ([], "undecided", None),
    ],
)
def test_all_of(parts, outcome, needed):
    verdict = all_of({f"cell {i}": part for i, part in enumerate(parts)})
    assert (verdict.outcome, verdict.n_needed) == (outcome, needed)


def test_all_of_names_what_failed():
    reason = all_of({"Glob_1": YES, "Glob_5": NO, "Unif_1": OPEN}).reason
    assert reason == "1 of 3 supported; not supported: Glob_5"
