"""Rank correlations and explained variance against scipy, formulas and known mixtures."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphprune.claims.association import (
    cross_validated_r2,
    partial_spearman,
    partial_spearmans,
    spearman_interval,
)
from graphprune.claims.statistics import bootstrap
from graphprune.errors import UserError

pairs = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=20)


@given(pairs)
def test_without_a_third_variable_it_is_spearmans(values):
    x, y = np.array(values).T
    rho = partial_spearman(x, y)
    expected = 0.0 if np.ptp(x) == 0 or np.ptp(y) == 0 else stats.spearmanr(x, y).statistic
    assert rho == pytest.approx(expected, abs=1e-9)
    assert partial_spearman(y, x) == pytest.approx(rho, abs=1e-9)
    assert partial_spearman(-x, y) == pytest.approx(-rho, abs=1e-9)


def test_partial_is_the_formula_of_three_correlations():
    """r_xy.z = (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)), on Spearman's rhos."""
    x, y, z = np.random.default_rng(0).normal(size=(3, 40)) + np.random.default_rng(1).normal(
        size=40
    )
    xy, xz, yz = (stats.spearmanr(a, b).statistic for a, b in ((x, y), (x, z), (y, z)))
    expected = (xy - xz * yz) / math.sqrt((1 - xz**2) * (1 - yz**2))
    assert partial_spearman(x, y, z) == pytest.approx(expected)


def test_a_correlation_that_density_explains_vanishes():
    rng = np.random.default_rng(3)
    density = rng.normal(size=400)
    clustering, accuracy = density + 0.3 * rng.normal(size=(2, 400))
    assert partial_spearman(clustering, accuracy) > 0.8
    assert abs(partial_spearman(clustering, accuracy, density)) < 0.15
    assert partial_spearman(density, accuracy, density) == 0  # nothing is left of density


def test_rank_correlation_ignores_monotone_scales():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 30))
    assert partial_spearman(x, y) == pytest.approx(partial_spearman(np.exp(x), y**3))


def by_least_squares(x, y, given):
    """Textbook partial correlation of ranks: Pearson's r of the residuals of two regressions."""
    ranks = [stats.rankdata(side) for side in (x, y)]
    design = np.column_stack([np.ones(len(x)), stats.rankdata(given, axis=0)])
    left = [rank - design @ np.linalg.lstsq(design, rank)[0] for rank in ranks]
    if min(np.linalg.norm(side) for side in left) < 1e-9 * np.linalg.norm(ranks[0]):
        return 0.0
    return float(np.corrcoef(*left)[0, 1])


@given(st.integers(3, 12), st.integers(1, 3), st.integers(1, 4), st.integers(0, 99))
def test_many_samples_at_once_are_the_same_as_one_by_one(n, columns, values, seed):
    """Few values: many ties, constant sides, columns that repeat each other."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(values, size=(2, 5, n)).astype(float)
    held = rng.integers(values, size=(5, n, columns)).astype(float)
    together = partial_spearmans(x, y, held)
    for sample, value in enumerate(together):
        expected = by_least_squares(x[sample], y[sample], held[sample])
        assert value == pytest.approx(expected, abs=1e-7)
        alone = partial_spearman(x[sample], y[sample], held[sample])
        assert value == pytest.approx(alone, abs=1e-12)


def test_nothing_has_no_correlation():
    assert math.isnan(partial_spearman([], []))
    assert math.isnan(partial_spearman([], [], []))
    assert np.isnan(partial_spearmans(np.ones((4, 0)), np.ones((4, 0)))).all()


def graphs(n, seeds, slope, seed=0):
    rng = np.random.default_rng(seed)
    aspl = np.repeat(rng.permutation(n).astype(float), seeds)
    noise = rng.normal(size=n * seeds)
    names = np.repeat(np.arange(n), seeds)
    return pd.DataFrame({"graph": names, "aspl": aspl, "accuracy": slope * aspl + noise})


def test_spearman_interval_of_a_perfect_order():
    effect = spearman_interval(graphs(15, 3, slope=-50), "graph", "aspl", "accuracy", draws=200)
    assert (effect.estimate, effect.low, effect.high) == pytest.approx((-1, -1, -1))
    assert (effect.n, effect.unit) == (15, "graph")


def test_spearman_interval_of_no_order_holds_zero():
    effect = spearman_interval(graphs(30, 2, slope=0), "graph", "aspl", "accuracy", draws=300)
    assert effect.low < 0 < effect.high


def test_seeds_are_averaged_within_their_graph():
    frame = graphs(12, 4, slope=0.3)
    means = frame.groupby("graph")[["aspl", "accuracy"]].mean()
    effect = spearman_interval(frame, "graph", "aspl", "accuracy", draws=50)
    assert effect.estimate == pytest.approx(
        stats.spearmanr(means["aspl"], means["accuracy"]).statistic
    )


def test_a_constant_side_is_no_association():
    frame = graphs(8, 2, slope=1).assign(accuracy=0.9)
    effect = spearman_interval(frame, "graph", "aspl", "accuracy", draws=50)
    assert (effect.estimate, effect.low, effect.high) == (0, 0, 0)


def test_partial_spearman_interval_is_the_bootstrapped_partial():
    frame = graphs(20, 1, slope=0.2).assign(density=lambda f: f["aspl"] ** 2)
    effect = spearman_interval(frame, "graph", "aspl", "accuracy", ["density"], draws=50)
    assert (effect.estimate, effect.low, effect.high) == (0, 0, 0)  # same ranks as aspl


@pytest.mark.parametrize("given", [None, ["density"]])
def test_the_interval_is_that_of_the_general_bootstrap(given):
    frame = graphs(12, 1, slope=0.1).assign(density=np.arange(12) % 4)

    def rho(drawn):
        return partial_spearman(drawn["aspl"], drawn["accuracy"], drawn[given] if given else None)

    expected = bootstrap(frame, "graph", rho, 0.9, 60, 3)
    found = spearman_interval(frame, "graph", "aspl", "accuracy", given, 0.9, 60, 3)
    assert found.low < found.estimate < found.high
    for end in ("estimate", "low", "high"):
        assert getattr(found, end) == pytest.approx(getattr(expected, end), abs=1e-12)


# --- cross-validated R² --------------------------------------------------------------------


def table(n=60, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)) * [1, 100, 0.01], columns=list("abc"))
    signal = X["a"] + X["b"] / 100 - 100 * X["c"]
    return X, signal + noise * rng.normal(size=n)


def test_r2_of_an_exact_line_is_one():
    X, y = table()
    effect = cross_validated_r2(X, y, draws=100)
    assert (effect.estimate, effect.low, effect.high) == pytest.approx((1, 1, 1))


def test_r2_of_a_known_mixture():
    """Signal variance 3, noise variance 3: R² = .5 for many masks."""
    X, y = table(n=1500, noise=math.sqrt(3))
    effect = cross_validated_r2(X, y, draws=100)
    assert effect.estimate == pytest.approx(0.5, abs=0.06)
    assert effect.low < 0.5 < effect.high


def test_r2_of_noise_is_not_above_zero():
    X, _ = table()
    y = pd.Series(np.random.default_rng(9).normal(size=len(X)))
    effect = cross_validated_r2(X, y, draws=200)
    assert effect.estimate < 0.1
    assert effect.low < 0


def test_copies_of_a_mask_stay_in_one_fold():
    """Random features identify each of 20 masks: copies in other folds would give them away."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(np.repeat(rng.normal(size=(20, 25)), 6, axis=0))
    y = pd.Series(np.repeat(rng.normal(size=20), 6))
    mask = pd.Series(np.repeat(np.arange(20), 6), name="mask")
    assert cross_validated_r2(X, y, draws=20).estimate > 0.9
    kept = cross_validated_r2(X, y, groups=mask, draws=20)
    assert kept.estimate < 0.5
    assert (kept.n, kept.unit) == (20, "mask")


@pytest.mark.parametrize("masks", [40, 9])
def test_the_interval_of_r2_is_that_of_the_general_bootstrap(masks):
    """On predictions that are known: the mean of the other fold, one property that is constant."""
    rng = np.random.default_rng(masks)
    y, mask = pd.Series(rng.normal(size=40)), pd.Series(np.arange(40) % masks, name="mask")
    X = pd.DataFrame({"constant": np.ones(40)})
    fold = (np.random.default_rng(1).permutation(masks) % 2)[mask]
    predicted = np.where(fold == 0, y[fold == 1].mean(), y[fold == 0].mean())

    def r2(drawn):
        left, spread = drawn["y"] - drawn["predicted"], drawn["y"] - drawn["y"].mean()
        return 1 - (left**2).sum() / (spread**2).sum()

    frame = pd.DataFrame({"mask": mask, "y": y, "predicted": predicted})
    expected = bootstrap(frame, "mask", r2, 0.9, 60, 1)
    found = cross_validated_r2(X, y, mask, folds=2, seed=1, level=0.9, draws=60)
    assert (found.n, found.unit) == (masks, "mask")
    for end in ("estimate", "low", "high"):
        assert getattr(found, end) == pytest.approx(getattr(expected, end), abs=1e-12)


def test_r2_without_spread_or_units():
    X, y = table(n=10)
    assert cross_validated_r2(X, y * 0, draws=20).estimate == 0
    assert math.isnan(cross_validated_r2(X[:1], y[:1]).low)


def test_an_infinite_property_is_refused():
    X, y = table(n=10)
    with pytest.raises(UserError, match="infinite"):
        cross_validated_r2(X.assign(a=math.inf), y)
