"""Intraclass correlation: how much of the spread lies between masks rather than seeds."""

import numpy as np
import pandas as pd
from scipy import stats

from graphprune.claims.statistics import Effect, unknown
from graphprune.errors import UserError


def icc_two_way(
    frame: pd.DataFrame,
    unit: str,
    rater: str,
    value: str,
    level: float = 0.95,
    consistency: bool = False,
) -> Effect:
    """ICC of single values in a crossed design: every unit (mask) with every rater (shared seed).

    Default ICC(2,1), both effects random: σ²_unit / (σ²_unit + σ²_rater + σ²_error). With
    `consistency` ICC(3,1), which leaves the raters' own differences out. n counts units; units
    that lack a value for some rater (a failed run) are left out. The p-value is that of
    F = MS_unit / MS_error against "units do not differ". Units that do not differ at all give 0.

    Source: Shrout and Fleiss 1979, p. 423-424; interval of ICC(2,1): McGraw and Wong 1996,
    table 7, case 2A. UserError if a unit-rater pair occurs twice.
    """
    label = unit.replace("_", " ")
    twice = frame.duplicated([unit, rater])
    if twice.any():
        pairs = frame.loc[twice, [unit, rater]].to_records(index=False).tolist()
        raise UserError(
            f"the intraclass correlation needs one '{value}' for each pair of '{unit}' and "
            f"'{rater}', but these occur more than once: {pairs[:5]}. Average or select them first."
        )
    table = frame.pivot(index=unit, columns=rater, values=value).dropna().to_numpy(dtype=float)
    n, k = table.shape
    if n < 2 or k < 2:
        return unknown(label, n=n, level=level)
    squares = between, raters, error = _mean_squares(table)
    if between == error == 0:  # units do not differ
        return Effect(0.0, 0.0, 0.0, n, level, label)
    if raters == error == 0:  # units differ, and every rater says the same
        return Effect(1.0, 1.0, 1.0, n, level, label, 0.0)
    f = between / error if error > 0 else np.inf
    p_value = float(stats.f.sf(f, n - 1, (n - 1) * (k - 1)))
    interval = _consistency if consistency else _absolute
    return Effect(*interval(squares, n, k, level), n, level, label, p_value)


def _mean_squares(table: np.ndarray) -> tuple[float, float, float]:
    """Mean squares of units (rows), raters (columns) and error of an (n, k) table."""
    n, k = table.shape
    centred = table - table.mean()
    rows, columns = centred.mean(axis=1), centred.mean(axis=0)
    left = centred - rows[:, None] - columns
    squares = np.array([k * (rows**2).sum(), n * (columns**2).sum(), (left**2).sum()])
    squares[squares < 1e-20 * max(squares.sum(), (table**2).sum())] = 0  # rounding
    between, raters, error = squares / [n - 1, k - 1, (n - 1) * (k - 1)]
    return float(between), float(raters), float(error)


def _absolute(
    squares: tuple[float, float, float], n: int, k: int, level: float
) -> tuple[float, float, float]:
    between, raters, error = squares
    spread = k * raters + (k * n - k - n) * error
    icc = (between - error) / (between + (k - 1) * error + k * (raters - error) / n)
    # Satterthwaite's degrees of freedom; a and b of the source times n (1 - icc)
    a, b = k * icc * raters, (n * (1 - icc) + k * icc * (n - 1)) * error
    freedom = (a + b) ** 2 / (a**2 / (k - 1) + b**2 / ((n - 1) * (k - 1)))
    f_low = stats.f.ppf((1 + level) / 2, n - 1, freedom)
    f_high = stats.f.ppf((1 + level) / 2, freedom, n - 1)
    low = n * (between - f_low * error) / (f_low * spread + n * between)
    high = n * (f_high * between - error) / (spread + n * f_high * between)
    return float(icc), float(low), float(high)


def _consistency(
    squares: tuple[float, float, float], n: int, k: int, level: float
) -> tuple[float, float, float]:
    between, _, error = squares
    freedom = (n - 1) * (k - 1)
    f_low = stats.f.ppf((1 + level) / 2, n - 1, freedom)
    f_high = stats.f.ppf((1 + level) / 2, freedom, n - 1)

    def icc(row: float) -> float:
        return float((row - error) / (row + (k - 1) * error))

    return icc(between), icc(between / f_low), icc(between * f_high)
