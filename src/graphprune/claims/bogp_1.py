"""Judging bogp-1: does accuracy vary with the mask, and do the graph's properties say how?

Two effects per mask source: the intraclass correlation of masks over shared seeds, and the
cross-validated R² of mask means on the properties. Both must exceed the claim's threshold.
"""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from graphprune.claims.agreement import icc_two_way
from graphprune.claims.association import cross_validated_r2
from graphprune.claims.records import claim
from graphprune.claims.statistics import Effect, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError

CRITERIA = ("icc", "r2")
BOTH = "icc and r2"
MIN_MASKS = 5
LEVEL = 0.95

_NEEDED = ["source", "sparsity", "failed"]
_NEEDED += [f"{name}{part}" for name in CRITERIA for part in ("", "_low", "_high", "_n")]


def agreement(accuracies: pd.DataFrame) -> Effect:
    """ICC(2,1) of a table of accuracies, one row a mask, one column a seed, complete.

    NaN with fewer than MIN_MASKS masks.
    """
    n = len(accuracies)
    if n < MIN_MASKS:
        return unknown("mask", n=n, level=LEVEL)
    long = accuracies.rename_axis(index="mask", columns="seed").stack().rename("accuracy")
    return icc_two_way(long.reset_index(), "mask", "seed", "accuracy", LEVEL)


def explained(means: pd.Series, properties: pd.DataFrame) -> Effect:
    """Cross-validated R² of mask means on the properties, both indexed by mask.

    Masks with a property that is not finite (the ASPL of a disconnected graph) are left out
    of it and of its n. NaN with fewer than MIN_MASKS masks left.
    """
    finite = np.isfinite(properties).all(axis=1)
    X, y = properties[finite].astype(float), means[finite]
    if len(y) < MIN_MASKS:
        return unknown("mask", n=len(y), level=LEVEL)
    # A spread at the level of rounding is none, and would only fit noise.
    varies = X.max() - X.min() > 1e-9 * X.abs().max()
    masks = pd.Series(y.index, name="mask")
    return cross_validated_r2(X.loc[:, varies], y, masks, level=LEVEL)


def bogp_1(table: pd.DataFrame) -> pd.DataFrame:
    """Rows as of `bogp_3` (its COLUMNS): per mask source the ICC, the R², and both together.

    `table` has one row per source: source, sparsity, failed (runs), and for each of icc and
    r2 the estimate, _low and _high of its 95 % interval, and _n. Effects are shares of
    variance, not accuracies. UserError if columns are missing.
    """
    lacking = [column for column in _NEEDED if column not in table]
    if lacking:
        raise UserError(
            f"the table of mask sources lacks the columns {lacking}; found {list(table.columns)}"
        )
    record, rows = claim("bogp-1"), []
    for source in table.to_dict("records"):
        effects = {name: _effect(source, name) for name in CRITERIA}
        verdicts = {name: judge(record.criterion(name), effects[name]) for name in CRITERIA}
        least = unknown("mask", n=min(effect.n for effect in effects.values()), level=LEVEL)
        rows += [_row(source, name, effects[name], verdicts[name]) for name in CRITERIA]
        rows.append(_row(source, BOTH, least, all_of(verdicts)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _effect(source: dict[Hashable, Any], name: str) -> Effect:
    estimate, low, high = (float(source[f"{name}{part}"]) for part in ("", "_low", "_high"))
    return Effect(estimate, low, high, int(source[f"{name}_n"]), LEVEL, "mask")


def _row(
    source: dict[Hashable, Any], criterion: str, effect: Effect, verdict: Verdict
) -> dict[str, object]:
    cell = f"{source['source']}, s = {source['sparsity']:.2f}"
    return verdict_row("bogp-1", criterion, cell, effect, verdict, int(source["failed"]))
