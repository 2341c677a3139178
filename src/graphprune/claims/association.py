"""How far one quantity of a unit follows another: rank correlations and explained variance.

Where one side does not vary there is nothing to follow, and the value is 0, not NaN: a
search that always picks the same sparsity shows *no* dependence on alpha (bogp-5).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from graphprune.claims.statistics import Effect, bootstrap, unknown
from graphprune.errors import UserError


def _correlation(x: np.ndarray, y: np.ndarray, scale_x: float, scale_y: float) -> float:
    """Pearson's r of two centred vectors; 0 if either is rounding error beside its scale."""
    size_x, size_y = np.linalg.norm(x), np.linalg.norm(y)
    if size_x <= 1e-9 * scale_x or size_y <= 1e-9 * scale_y:
        return 0.0
    return float(np.clip(x @ y / (size_x * size_y), -1, 1))


def partial_spearman(x: ArrayLike, y: ArrayLike, given: ArrayLike | None = None) -> float:
    """Spearman's rho of x and y, each freed of what is linear in the ranks of `given`.

    x, y: (n,); given: (n,), (n, k), or None for the plain rho. Pearson's r of the residuals
    of the ranks; 0 if a side is constant or fully explained by `given`. NaN for n = 0.
    """
    rank_x, rank_y = (stats.rankdata(np.asarray(side, dtype=float)) for side in (x, y))
    n = len(rank_x)
    if n == 0:
        return float("nan")
    design = np.ones((n, 1))
    if given is not None:
        columns = np.asarray(given, dtype=float).reshape(n, -1)
        design = np.hstack([design, stats.rankdata(columns, axis=0)])
    left_x, left_y = (
        rank - design @ np.linalg.lstsq(design, rank, rcond=None)[0] for rank in (rank_x, rank_y)
    )
    return _correlation(
        left_x, left_y, float(np.linalg.norm(rank_x)), float(np.linalg.norm(rank_y))
    )


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
    columns = [x, y, *(given or [])]
    means = frame[[unit, *columns]].dropna().groupby(unit)[columns].mean().reset_index()

    def rho(drawn: pd.DataFrame) -> float:
        return partial_spearman(drawn[x], drawn[y], drawn[given] if given else None)

    return bootstrap(means, unit, rho, level, draws, seed)


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
    frame = pd.DataFrame({"unit": codes, "y": target, "predicted": predicted})
    return replace(bootstrap(frame, "unit", _r2, level, draws, seed), unit=label)


def _r2(frame: pd.DataFrame) -> float:
    y, predicted = frame["y"].to_numpy(), frame["predicted"].to_numpy()
    if np.ptp(y) == 0:
        return 0.0
    return float(1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum())
