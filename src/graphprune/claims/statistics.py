"""Effects with intervals: the statistics that the claims are judged by.

A *unit* is what was drawn independently (a graph, a mask, a search seed, a fresh seed).
Every function pairs or resamples units, never single runs. Fewer than two units give NaN
bounds; constant input gives an interval of width zero. Accuracies are fractions, not points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from graphprune.errors import UserError


@dataclass(frozen=True)
class Effect:
    """An estimate with its interval, in the unit of measurement of what went in.

    `n` counts the units named by `unit`; `level` is the coverage asked of [`low`, `high`];
    `p_value` belongs to the test that the function names, NaN where it names none.
    """

    estimate: float
    low: float
    high: float
    n: int
    level: float
    unit: str
    p_value: float = float("nan")


def unknown(unit: str, estimate: float = float("nan"), n: int = 0, level: float = 0.95) -> Effect:
    """An effect without bounds: too few units (by default none) to say how sure it is."""
    return Effect(float(estimate), float("nan"), float("nan"), n, level, unit)


def t_width(n: int, level: float) -> float:
    """Half the width of a t interval for a mean of `n` units, in standard deviations."""
    return float(stats.t.ppf((1 + level) / 2, n - 1) / np.sqrt(n))


def mean_interval(values: pd.Series, level: float = 0.95) -> Effect:
    """Mean of `values` (one per unit; NaN left out) with its t interval.

    The p-value is that of the two-sided t test of "the mean is 0".
    """
    unit = str(values.index.name or "unit").replace("_", " ")
    numbers = values.dropna().to_numpy(dtype=float)
    n = len(numbers)
    if n < 2:
        return unknown(unit, numbers.sum() if n else float("nan"), n, level)
    if np.ptp(numbers) == 0:  # else rounding in the mean would leave a width of about 1e-17
        same = float(numbers[0])
        return Effect(same, same, same, n, level, unit, float(same == 0))
    mean, sd = float(numbers.mean()), float(numbers.std(ddof=1))
    half = t_width(n, level) * sd
    p_value = 2 * stats.t.sf(abs(mean) / (sd / np.sqrt(n)), n - 1)
    return Effect(mean, mean - half, mean + half, n, level, unit, float(p_value))


def differences(a: pd.Series, b: pd.Series) -> pd.Series:
    """a − b per unit (the index), in the order of `a`; NaN where either is NaN (a failed run).

    Raises UserError, naming them, when a unit is in one series only or occurs twice.
    """
    for which, series in (("first", a), ("second", b)):
        if series.index.has_duplicates:
            twice = list(series.index[series.index.duplicated()].unique())
            raise UserError(
                f"a paired difference needs one value per unit, but in the {which} series these "
                f"occur more than once: {twice}. Average or select them first."
            )
    lacking = {
        "first": list(b.index.difference(a.index)),
        "second": list(a.index.difference(b.index)),
    }
    if any(lacking.values()):
        found = "; ".join(f"the {which} lacks {units}" for which, units in lacking.items() if units)
        raise UserError(
            f"a paired difference needs the same units on both sides, but {found}. "
            "Run what is missing, or leave these units out of both."
        )
    return a - b.reindex(a.index)


def paired_difference(a: pd.Series, b: pd.Series, level: float = 0.95) -> Effect:
    """Mean of a − b over units (the common index) with its t interval and two-sided t test.

    Errors as in `differences`; units with a NaN on either side are left out of n.
    """
    return mean_interval(differences(a, b), level)


def equivalence(a: pd.Series, b: pd.Series, margin: float, alpha: float = 0.05) -> Effect:
    """Mean of a − b with its (1 − 2 alpha) t interval; p-value of the two one-sided tests.

    p < `alpha` exactly when the interval lies strictly within ±`margin` (Schuirmann 1987).
    """
    pairs = differences(a, b)
    effect = mean_interval(pairs, 1 - 2 * alpha)
    if effect.n < 2:
        return effect
    distance = margin - abs(effect.estimate)
    if effect.low == effect.high:
        return replace(effect, p_value=float(distance <= 0))
    error = pairs.std(ddof=1) / np.sqrt(effect.n)
    return replace(effect, p_value=float(stats.t.sf(distance / error, effect.n - 1)))


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's adjusted p-values, in the order given; a NaN counts as 1 (never rejected)."""
    if len(p_values) == 0:
        return np.empty(0)
    return multipletests(np.nan_to_num(p_values, nan=1.0), method="holm")[1]


def holm_levels(p_values: Sequence[float], alpha: float = 0.05) -> np.ndarray:
    """Level of each two-sided interval that excludes its null exactly when Holm rejects it.

    The k-th smallest of m p-values is compared with alpha / (m − k + 1); from the first that
    is not rejected on, all are compared with the one at which the procedure stopped.
    """
    p = np.nan_to_num(np.asarray(p_values, dtype=float), nan=1.0)
    m, order = len(p), np.argsort(p, kind="stable")
    steps = alpha / (m - np.arange(m))
    kept = p[order] >= steps
    stop = int(np.argmax(kept)) if kept.any() else m
    levels = np.empty(m)
    levels[order] = 1 - steps[np.minimum(np.arange(m), stop)]
    return levels


def bootstrap(
    frame: pd.DataFrame,
    unit: str,
    statistic: Callable[[pd.DataFrame], float],
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Effect:
    """`statistic(frame)` with the percentile interval of resampling the units, never the rows.

    All rows of a drawn unit come along, and a unit drawn twice counts as two: the column
    `unit` is renumbered in each draw. A draw on which the statistic is NaN makes the bounds
    NaN. Source: Efron and Tibshirani 1993, chapter 13; units as in its section 8.3.
    """
    rows = [np.asarray(where) for where in frame.groupby(unit).indices.values()]
    n, label = len(rows), unit.replace("_", " ")
    estimate = float(statistic(frame)) if n else float("nan")
    if n < 2:
        return unknown(label, estimate, n, level)
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = [rows[i] for i in rng.integers(n, size=n)]
        number = np.repeat(np.arange(n), [len(where) for where in drawn])
        values.append(statistic(frame.iloc[np.concatenate(drawn)].assign(**{unit: number})))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Effect(estimate, float(low), float(high), n, level, label)
