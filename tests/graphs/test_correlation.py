"""The correlation filter on frames whose correlations are known by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from graphprune.errors import UserError
from graphprune.graphs.correlation import correlations, kept_properties, mean_correlation


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    return pd.DataFrame(
        {
            "degree": x,
            "constant": 0.3,
            "twice": 2 * x + 1,
            "against": -x,
            "other": rng.normal(size=200),
            "count": rng.integers(3, 9, size=200),
        }
    )


def matrix(**columns):
    """A correlation matrix by its upper rows, e.g. a=[1, r_ab], b=[None, 1]."""
    values = np.array([[np.nan if v is None else v for v in row] for row in columns.values()])
    values = np.where(np.isnan(values), values.T, values)
    return pd.DataFrame(values, index=list(columns), columns=list(columns))


def test_pearsons_r_by_scipy(frame):
    r = correlations(frame)
    for a, b in [("degree", "other"), ("other", "count"), ("degree", "against")]:
        assert r.loc[a, b] == pytest.approx(stats.pearsonr(frame[a], frame[b]).statistic)
    assert list(r.columns) == list(r.index) == list(frame.columns)


def test_what_is_constant_correlates_with_nothing_not_even_itself(frame):
    r = correlations(frame)
    assert r["constant"].isna().all()
    assert r.loc["constant"].isna().all()
    assert r.drop(index="constant", columns="constant").notna().all(axis=None)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e6, -3.0])
def test_a_spread_of_rounding_is_constant(frame, value):
    noise = value * (1 + 1e-15 * np.arange(200))
    assert correlations(frame.assign(noise=noise))["noise"].isna().all()


def test_a_small_property_that_varies_is_not_constant(frame):
    small = frame.assign(small=1e-12 * frame["other"])
    assert correlations(small).loc["small", "other"] == pytest.approx(1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_left_out(frame, bad):
    with_bad = frame.copy()
    with_bad.loc[[3, 77], "other"] = bad
    expected = correlations(frame.drop(index=[3, 77]))
    pd.testing.assert_frame_equal(correlations(with_bad), expected)


def test_what_varies_only_where_another_is_infinite_is_constant():
    frame = pd.DataFrame({"aspl": [1.5, 2.0, np.inf, 3.0], "bridges": [0, 0, 5, 0]})
    assert np.isnan(correlations(frame).loc["bridges", "bridges"])
    assert kept_properties(correlations(frame), 0.9) == ["aspl"]


def test_the_first_of_what_is_the_same_is_kept(frame):
    assert kept_properties(correlations(frame), 0.9) == ["degree", "other", "count"]
    turned = frame[["against", "constant", "twice", "degree", "count", "other"]]
    assert kept_properties(correlations(turned), 0.9) == ["against", "count", "other"]


def test_a_property_is_compared_with_the_kept_ones_only():
    # b goes because of a; c is close to b alone, so c stays.
    r = matrix(a=[1, 0.95, 0.5], b=[None, 1, 0.95], c=[None, None, 1])
    assert kept_properties(r, 0.9) == ["a", "c"]


@pytest.mark.parametrize(
    ("r", "threshold", "kept"),
    [(0.9, 0.9, 2), (-0.9, 0.9, 2), (0.9001, 0.9, 1), (-0.9001, 0.9, 1), (1.0, 1.0, 2)],
)
def test_only_what_exceeds_the_threshold_is_dropped(r, threshold, kept):
    assert len(kept_properties(matrix(a=[1, r], b=[None, 1]), threshold)) == kept


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.0, 1.0], "b": [2.0, 2.0]}),
        pd.DataFrame({"a": [1.0, 2.0], "b": [np.inf, np.inf]}),
        pd.DataFrame({"a": [1.0]}),
        pd.DataFrame({"a": np.array([])}),
    ],
    ids=["constant", "all disconnected", "one mask", "no mask"],
)
def test_an_error_says_so_when_nothing_varies(frame):
    with pytest.raises(UserError, match="no property varies over the connected graphs"):
        kept_properties(correlations(frame), 0.9)


def test_the_mean_is_over_the_sparsities_where_both_vary():
    nan = None
    first = matrix(a=[1, 0.2, nan], b=[None, 1, nan], c=[nan, nan, nan])
    second = matrix(a=[1, 0.6, -0.4], b=[None, 1, 0.5], c=[None, None, 1])
    mean = mean_correlation({0.5: first, 0.9: second})
    expected = matrix(a=[1, 0.4, -0.4], b=[None, 1, 0.5], c=[None, None, 1])
    pd.testing.assert_frame_equal(mean, expected)


def test_the_mean_is_empty_where_a_property_never_varies():
    never = matrix(a=[1, None], b=[None, None])
    mean = mean_correlation({0.5: never, 0.9: never})
    assert mean.loc["a", "a"] == 1
    assert mean["b"].isna().all()
