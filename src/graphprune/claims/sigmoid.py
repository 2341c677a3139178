"""Does accuracy over k fall along a logistic curve? Three curves, fitted, and their AIC."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

ARMS = ("weight", "unit")
CURVES = ("linear", "piecewise", "logistic")
# Mean squared error that counts as a perfect fit: an accuracy is not known better than this.
_PERFECT = 1e-8
_LEAST_WIDTH = 1e-3
LEAST_POINTS = 8  # twice the parameters: with fewer, any curve of four fits

Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]


def logistic(parameters: np.ndarray, k: np.ndarray) -> np.ndarray:
    """low + (high − low) / (1 + exp((k − middle) / width)); parameters in this order."""
    low, high, middle, width = parameters
    return low + (high - low) / (1 + np.exp(np.clip((k - middle) / width, -500, 500)))


def piecewise(parameters: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Two lines that meet: at_knot + slope · (k − knot), with a slope before and one after it."""
    at_knot, knot, before, after = parameters
    return at_knot + np.where(k < knot, before, after) * (k - knot)


def aics(k: np.ndarray, accuracy: np.ndarray) -> dict[str, float]:
    """AIC of each of CURVES fitted to accuracies at k: n ln(RSS/n) + 2 (parameters + 1).

    The one more parameter is the error's variance. NaN for all with a NaN, or with fewer than
    LEAST_POINTS. Source: Burnham and Anderson 2002, section 2.2.
    """
    if len(k) < LEAST_POINTS or not np.isfinite(accuracy).all():
        return dict.fromkeys(CURVES, float("nan"))
    design = np.column_stack([np.ones_like(k), k])
    line = design @ np.linalg.lstsq(design, accuracy, rcond=None)[0]
    squares = {
        "linear": (float(((accuracy - line) ** 2).mean()), 2),
        "piecewise": (_least_piecewise(k, accuracy), 4),
        "logistic": (_least_logistic(k, accuracy), 4),
    }
    n = len(k)
    return {
        name: n * np.log(max(error, _PERFECT)) + 2 * (parameters + 1)
        for name, (error, parameters) in squares.items()
    }


def _least_logistic(k: np.ndarray, accuracy: np.ndarray) -> float:
    low, high = float(accuracy.min()), float(accuracy.max())
    bounds = ([-1, -1, k.min() - 1, _LEAST_WIDTH], [2, 2, k.max() + 1, 10])
    starts = [
        [low, high, middle, width]
        for middle in np.quantile(k, [0.1, 0.3, 0.5, 0.7, 0.9])
        for width in (0.01, 0.05, 0.2)
    ]
    return min(_error(logistic, start, bounds, k, accuracy) for start in starts)


def _least_piecewise(k: np.ndarray, accuracy: np.ndarray) -> float:
    bounds = ([-9, k.min(), -1e3, -1e3], [9, k.max(), 1e3, 1e3])
    # A start in every gap: the error is smooth in the knot only between two points.
    knots = (k[1:] + k[:-1]) / 2
    starts = [[float(np.interp(knot, k, accuracy)), knot, 0.0, -1.0] for knot in knots]
    return min(_error(piecewise, start, bounds, k, accuracy) for start in starts)


def _error(
    curve: Curve,
    start: list[float],
    bounds: tuple[list[float], list[float]],
    k: np.ndarray,
    accuracy: np.ndarray,
) -> float:
    found = least_squares(lambda p: curve(p, k) - accuracy, start, bounds=bounds, x_scale="jac")
    return float(2 * found.cost / len(k))


def aic_table(records: pd.DataFrame) -> pd.DataFrame:
    """One row a block, arm (of ARMS) and seed with the AIC of each of CURVES.

    records: columns block, arm, seed, level (k), test_accuracy, failure ("" if none); of a failed
    run the accuracy is taken as NaN, and so is every AIC of its seed. `over_linear` and
    `over_piecewise`: their AIC minus that of the logistic curve, above 0 where the logistic one is
    the better.
    """
    rows = []
    accuracy = records["test_accuracy"].mask(records["failure"] != "")
    known = records.assign(test_accuracy=accuracy).sort_values("level")
    for block in dict.fromkeys(records["block"]):
        for arm in ARMS:
            mine = known[(known["block"] == block) & (known["arm"] == arm)]
            for seed, curve in mine.groupby("seed"):
                k, values = (curve[c].to_numpy(float) for c in ("level", "test_accuracy"))
                found = aics(k, values)
                over = {f"over_{name}": found[name] - found["logistic"] for name in CURVES[:2]}
                rows.append({"block": block, "arm": arm, "seed": seed, **found, **over})
    columns = ["block", "arm", "seed", *CURVES, "over_linear", "over_piecewise"]
    return pd.DataFrame(rows, columns=columns)
