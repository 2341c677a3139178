"""How far one quantity of a unit follows another: correlations and explained variance.

Where one side does not vary there is nothing to follow, and the value is 0, not NaN: a
search that always picks the same sparsity shows *no* dependence on alpha (bogp-5).

Intervals are the percentile bootstrap over units of `claims.statistics.bootstrap`, here with
all draws at once as arrays, because a statistic of a table a draw takes seconds.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from graphprune.claims.statistics import Effect, unknown
from graphprune.errors import UserError


def partial_spearman(x: ArrayLike, y: ArrayLike, given: ArrayLike | None = None) -> float:
    """Spearman's rho of x and y, each freed of what is linear in the ranks of `given`.

    x, y: (n,); given: (n,), (n, k), or None for the plain rho. Pearson's r of the residuals
    of the ranks; 0 if a side is constant or fully explained by `given`. NaN for n = 0.
    """
    left, right = (np.asarray(side, dtype=float) for side in (x, y))
    columns = None if given is None else np.asarray(given, dtype=float)
    if columns is not None and columns.ndim == 1:
        columns = columns[:, None]
    return float(partial_spearmans(left, right, columns))


def partial_spearmans(x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
    """`partial_spearman` of many samples at once.

    x, y: (..., n); given: (..., n, k) or None. Returns one value a sample: (...).
    """
    n = x.shape[-1]
    if n == 0:
        return np.full(x.shape[:-1], np.nan)
    design = np.ones((*x.shape, 1))
    if given is not None:
        design = np.concatenate([design, stats.rankdata(given, axis=-2)], axis=-1)
    # Singular values that least squares would count as 0.
    inverse = np.linalg.pinv(design, rcond=np.finfo(float).eps * max(design.shape[-2:]))
    ranks = [stats.rankdata(side, axis=-1)[..., None] for side in (x, y)]
    residuals = [(rank - design @ (inverse @ rank))[..., 0] for rank in ranks]
    return _cosines(residuals, [rank[..., 0] for rank in ranks])


def pearsons(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's r of many samples at once: x, y (..., n), one value a sample (...).

    0 where a side is constant. NaN for n = 0.
    """
    if x.shape[-1] == 0:
        return np.full(x.shape[:-1], np.nan)
    return _cosines([side - side.mean(axis=-1, keepdims=True) for side in (x, y)], [x, y])


def _cosines(residuals: Sequence[np.ndarray], sides: Sequence[np.ndarray]) -> np.ndarray:
    """Of the angle between both residuals (..., n); 0 where nothing of its side is left in one."""
    sizes = [np.linalg.norm(residual, axis=-1) for residual in residuals]
    # What is rounding error beside the numbers themselves is nothing.
    varies = [
        size > 1e-9 * np.linalg.norm(side, axis=-1) for size, side in zip(sizes, sides, strict=True)
    ]
    product, scale = (residuals[0] * residuals[1]).sum(axis=-1), sizes[0] * sizes[1]
    cosines = np.divide(product, scale, out=np.zeros(scale.shape), where=varies[0] & varies[1])
    return np.clip(cosines, -1, 1)


def spearman_interval(
    frame: pd.DataFrame,
    unit: str,
    x: str,
    y: str,
    given: list[str] | None = None,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Effect:
    """(Partial) Spearman's rho between the columns `x` and `y`, bootstrapped over units.

    Rows of one unit (seeds nested in a graph) are averaged first; a row with a NaN in any of
    the columns is left out.
    """
    columns = list(dict.fromkeys([x, y, *(given or [])]))
    means = frame[[unit, *columns]].dropna().groupby(unit)[columns].mean()
    n, label = len(means), unit.replace("_", " ")
    sides = means[x].to_numpy(float), means[y].to_numpy(float)
    held = means[given].to_numpy(float) if given else None
    estimate = partial_spearman(*sides, held)
    if n < 2:
        return unknown(label, estimate, n, level)
    rows = _resampled(n, draws, seed)
    left, right = (side[rows] for side in sides)
    values = partial_spearmans(left, right, None if held is None else held[rows])
    return _percentile(estimate, values, n, level, label)


def pearson_interval(
    frame: pd.DataFrame,
    unit: str,
    x: str,
    y: str,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Effect:
    """Pearson's r between the columns `x` and `y`, bootstrapped over units.

    Rows of one unit are averaged first; a row with a NaN in either column is left out.
    """
    means = frame[[unit, x, y]].dropna().groupby(unit)[[x, y]].mean()
    n, label = len(means), unit.replace("_", " ")
    left, right = means[x].to_numpy(float), means[y].to_numpy(float)
    estimate = float(pearsons(left, right))
    if n < 2:
        return unknown(label, estimate, n, level)
    rows = _resampled(n, draws, seed)
    return _percentile(estimate, pearsons(left[rows], right[rows]), n, level, label)


def slope_interval(
    frame: pd.DataFrame,
    unit: str,
    x: str,
    y: str,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Effect:
    """Slope of the least-squares line of `y` on `x`, bootstrapped over units.

    Rows of one unit are averaged first; a row with a NaN in either column is left out. 0 where
    `x` is constant: there is nothing to follow.
    """
    means = frame[[unit, x, y]].dropna().groupby(unit)[[x, y]].mean()
    n, label = len(means), unit.replace("_", " ")
    left, right = means[x].to_numpy(float), means[y].to_numpy(float)
    if n < 2:
        return unknown(label, n=n, level=level)
    rows = _resampled(n, draws, seed)
    estimate = float(_slopes(left[None], right[None])[0])
    return _percentile(estimate, _slopes(left[rows], right[rows]), n, level, label)


def _slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of many samples at once: x, y (..., n), one slope a sample (...)."""
    left = x - x.mean(axis=-1, keepdims=True)
    squares = (left**2).sum(axis=-1)
    varies = squares > 1e-18 * (x**2).sum(axis=-1)
    product = (left * y).sum(axis=-1)
    return np.divide(product, squares, out=np.zeros(squares.shape), where=varies)


def _resampled(n: int, draws: int, seed: int) -> np.ndarray:
    """(draws, n) places of the units that each bootstrap sample draws."""
    return np.random.default_rng(seed).integers(n, size=(draws, n))


def _percentile(estimate: float, values: np.ndarray, n: int, level: float, unit: str) -> Effect:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Effect(estimate, float(low), float(high), n, level, unit)


def cross_validated_r2(
    X: pd.DataFrame,
    y: pd.Series,
    groups: pd.Series | None = None,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    draws: int = 2000,
) -> Effect:
    """Share of the variance of `y` that least squares on `X` predicts out of fold.

    1 − Σ(y − ŷ)² / Σ(y − ȳ)²: at most 1, and below 0 where the prediction is worse than the
    mean. X: (n, k), y: (n,); rows of one group (default: each row its own) stay in one fold.
    The interval resamples groups with their out-of-fold predictions as they are, so it does
    not contain the spread of refitting. Constant `y` gives 0. UserError if the lengths differ
    or a value is not finite.
    """
    features, target = X.to_numpy(dtype=float), y.to_numpy(dtype=float)
    if len(features) != len(target) or not (
        np.isfinite(features).all() and np.isfinite(target).all()
    ):
        raise UserError(
            f"R² needs finite properties and outcomes of equal length; found {len(features)} and "
            f"{len(target)} rows, or values that are NaN or infinite (the ASPL of a disconnected "
            "graph is). Leave such rows or such a column out."
        )
    label = "row" if groups is None else str(groups.name or "group").replace("_", " ")
    codes = np.arange(len(target)) if groups is None else pd.factorize(groups)[0]
    n = len(np.unique(codes))
    if n < 2:
        return unknown(label, n=n, level=level)
    fold = (np.random.default_rng(seed).permutation(n) % min(folds, n))[codes]
    design = np.column_stack([np.ones(len(target)), features])
    predicted = np.empty(len(target))
    for held_out in (fold == k for k in np.unique(fold)):
        weights = np.linalg.lstsq(design[~held_out], target[~held_out], rcond=None)[0]
        predicted[held_out] = design[held_out] @ weights
    squares = (target - predicted) ** 2
    estimate = _r2(target, squares, np.ones((1, len(target))))[0]
    rows = _resampled(n, draws, seed) + n * np.arange(draws)[:, None]
    drawn = np.bincount(rows.ravel(), minlength=draws * n).reshape(draws, n)
    values = _r2(target, squares, drawn[:, codes].astype(float))
    return _percentile(float(estimate), values, n, level, label)


def _r2(y: np.ndarray, squares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """R² of each sample. y, squares (of the errors): (rows,); weights: (samples, rows), how
    often each row is in a sample; returns (samples,)."""
    means = weights @ y / weights.sum(axis=1)
    spread = (weights * (y - means[:, None]) ** 2).sum(axis=1)
    highest = np.where(weights > 0, y, -np.inf).max(axis=1)
    varies = highest > np.where(weights > 0, y, np.inf).min(axis=1)
    return 1 - np.divide(weights @ squares, spread, out=np.ones(len(spread)), where=varies)
