"""Judging unit-1, unit-2 and unit-4: weight against unit pruning, Theorem 1, the sigmoid.

`records`: one row a pruned network, with `block` ("pruned" or "retrained"), `arm` ("weight",
"unit", …), `level` (k), `seed`, `test_accuracy` (a fraction), `failure` ("" if none). A seed of
which a run failed is left out of what that run is needed for, and counted.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graphprune.claims.records import Criterion, claim
from graphprune.claims.statistics import (
    Effect,
    equivalence,
    holm_levels,
    mean_interval,
)
from graphprune.claims.verdict import (
    Verdict,
    judge,
    not_judged,
    together,
    verdict_row,
    verdict_table,
)
from graphprune.errors import UserError

LOSSES = {"1 point": 0.01, "5 points": 0.05, "50 points": 0.5}
_NEEDED = ["block", "arm", "level", "seed", "test_accuracy", "failure"]


def unit_1(records: pd.DataFrame) -> pd.DataFrame:
    """Weight minus unit pruning: the k at which 1, 5 and 50 points are lost, paired by seed.

    Without retraining judged, Holm over the losses; with retraining beside it.
    """
    record = claim("unit-1")
    lost = loss_table(_checked(records))
    pairs = {name: _later(lost, "pruned", name) for name in LOSSES}
    levels = _holm(pairs, record.criteria[0])
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    for name, pair in pairs.items():
        effect = mean_interval(pair, levels[name])
        verdicts[name] = judge(record.criterion(name), effect)
        rows.append(
            verdict_row(
                record.id, name, "no retraining", effect, verdicts[name], int(pair.isna().sum())
            )
        )
    rows.append(together(record, record.primary_cell, rows, verdicts))
    for name in LOSSES:
        pair = _later(lost, "retrained", name)
        if len(pair):
            rows.append(not_judged(record.id, name, "retrained", mean_interval(pair), pair))
    return verdict_table(rows)


def loss_table(records: pd.DataFrame) -> pd.DataFrame:
    """One row a block, arm, seed and loss: the least k at which so much accuracy is lost.

    Columns: block, arm, seed, loss (a key of LOSSES), k. Accuracy is taken as linear between
    two k, and as lost from the first crossing on. Against the network at k = 0 of the same block.
    NaN where that much is never lost, or a run up to that k failed.
    """
    rows = []
    for (block, arm, seed), mine in records.groupby(["block", "arm", "seed"], sort=False):
        mine = mine.sort_values("level")
        accuracy = mine["test_accuracy"].mask(mine["failure"] != "").to_numpy(float)
        for name, loss in LOSSES.items():
            k = first_crossing(mine["level"].to_numpy(float), accuracy[0] - accuracy, loss)
            rows.append({"block": block, "arm": arm, "seed": seed, "loss": name, "k": k})
    return pd.DataFrame(rows, columns=["block", "arm", "seed", "loss", "k"])


def first_crossing(k: np.ndarray, lost: np.ndarray, loss: float) -> float:
    """The least k, linear between points, at which `lost` (0 at the first) reaches `loss`."""
    for place in range(1, len(k)):
        here, before = lost[place], lost[place - 1]
        if np.isnan(here) or np.isnan(before):
            return float("nan")
        if here >= loss:
            return float(
                k[place - 1] + (loss - before) / (here - before) * (k[place] - k[place - 1])
            )
    return float("nan")


def _later(lost: pd.DataFrame, block: str, name: str) -> pd.Series:
    """k of weight minus k of unit pruning by seed, NaN where either is."""
    mine = lost[(lost["block"] == block) & (lost["loss"] == name)]
    by = mine.pivot(index="seed", columns="arm", values="k")
    if not {"weight", "unit"} <= {*by.columns}:
        return pd.Series(dtype=float, index=pd.Index([], name="seed"))
    return by["weight"] - by["unit"]


def unit_2(auc: pd.DataFrame) -> pd.DataFrame:
    """Theorem 1: AUC of unit pruning minus its shuffled null, a mean over k per layer and seed.

    auc: of `studies.weight_unit_weights`, columns seed, layer, k, arm ("unit"), auc, null, failure.
    Every layer must lie within the margin, by two one-sided tests; each of an intersection keeps
    its level, so there is no correction (Berger 1982).
    """
    record = claim("unit-2")
    (criterion,) = record.criteria
    whole = auc[(auc["arm"] == "unit") & (auc["failure"] == "")]
    failed = auc.loc[auc["failure"] != "", "seed"].nunique()
    excess = whole.assign(excess=whole["auc"] - whole["null"])
    means = excess.groupby(["layer", "seed"])["excess"].mean()
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    for layer, values in means.groupby(level="layer"):
        effect = _within(values.droplevel("layer"), criterion)
        cell = f"layer {layer}"
        verdicts[cell] = judge(criterion, effect)
        rows.append(verdict_row(record.id, criterion.name, cell, effect, verdicts[cell], failed))
    rows.append(together(record, record.primary_cell, rows, verdicts))
    return verdict_table(rows)


def _within(values: pd.Series, criterion: Criterion) -> Effect:
    """The equivalence test of `values` with 0; its interval has the level of the criterion."""
    zero = pd.Series(0.0, index=values.index)
    return equivalence(values, zero, criterion.threshold, (1 - criterion.level) / 2)


def unit_4(aics: pd.DataFrame) -> pd.DataFrame:
    """AIC of the linear minus that of the logistic curve, for weight and for unit pruning.

    aics: of `claims.sigmoid.aic_table`. Supported for an arm when the difference exceeds the
    threshold in every seed; the mean over seeds with its interval is shown. Against a
    piecewise-linear curve of as many parameters as the logistic one, and with retraining, it
    stands beside.
    """
    record = claim("unit-4")
    (criterion,) = record.criteria
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    beside = list[dict[str, object]]()
    for (block, arm), mine in aics.set_index("seed").groupby(["block", "arm"], sort=False):
        linear, broken = mine["over_linear"], mine["over_piecewise"]
        cell, effect = f"{arm} pruning, {block}", mean_interval(linear, criterion.level)
        if block == "pruned":
            verdicts[cell] = _in_each(criterion, linear)
            failed = int(linear.isna().sum())
            rows.append(
                verdict_row(record.id, criterion.name, cell, effect, verdicts[cell], failed)
            )
        elif effect.n:
            beside.append(not_judged(record.id, criterion.name, cell, effect, linear))
        if effect.n:
            minus = mean_interval(broken)
            beside.append(not_judged(record.id, "piecewise minus logistic", cell, minus, broken))
    rows.append(together(record, "both, in each seed", rows, verdicts))
    return verdict_table(rows + beside)


def _in_each(criterion: Criterion, values: pd.Series) -> Verdict:
    known = values.dropna()
    above = int((known > criterion.threshold).sum())
    told = f"above {criterion.threshold:g} in {above} of {len(known)} seeds"
    if len(known) < criterion.min_n:
        return Verdict("undecided", f"{told}; fewer than {criterion.min_n}", criterion.min_n)
    return Verdict("supported" if above == len(known) else "not supported", told)


def _holm(pairs: Mapping[str, pd.Series], criterion: Criterion) -> dict[str, float]:
    """The level of each member's interval, as Holm's procedure decides it."""
    p_values = [mean_interval(pair, criterion.level).p_value for pair in pairs.values()]
    levels = holm_levels(p_values, alpha=1 - criterion.level)
    return {name: float(level) for name, level in zip(pairs, levels, strict=True)}


def _checked(records: pd.DataFrame) -> pd.DataFrame:
    lacking = [column for column in _NEEDED if column not in records]
    if lacking:
        raise UserError(f"the records of weight_unit lack the columns {lacking}; run it again")
    return records
