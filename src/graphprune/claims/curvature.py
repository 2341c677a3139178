"""Judging nc-1, nc-2 and nc-3: pruning by neural curvature beside its controls.

`records`: one row a pruned network, with `network`, `block` ("pruned", "layers" or "retrained"),
`scope` ("all" or the layer), `arm` ("positive", "negative", "magnitude", …), `per_class`, `level`
(the removed share), `seed`, `test_accuracy` (a fraction), `failure` ("" if none). A seed of which a
cut failed is left out of what it is needed for, and counted.
"""

import numpy as np
import pandas as pd

from graphprune.claims.records import claim
from graphprune.claims.statistics import holm_levels, mean_interval
from graphprune.claims.verdict import (
    Verdict,
    judge,
    not_judged,
    together,
    verdict_row,
    verdict_table,
)
from graphprune.claims.weight_unit import first_crossing
from graphprune.errors import UserError

POSITIVE, NEGATIVE = "positive", "negative"
LOSS = 0.01
# Criterion of nc-2 -> the arm it compares curvature with.
RIVALS = {
    "magnitude": "magnitude",
    "scaled magnitude": "magnitude_scaled",
    "dead first": "dead_first",
}
_NEEDED = ["network", "block", "scope", "arm", "per_class", "level", "seed"]
_NEEDED += ["test_accuracy", "failure"]
_CURVE = ["network", "block", "scope", "arm", "per_class", "seed"]


def curve_table(records: pd.DataFrame) -> pd.DataFrame:
    """One row a curve (network, block, scope, arm, per_class, seed): `area` and `removable`.

    area: under test accuracy over the removed share from the first cut to the last, by trapezoids,
    divided by their distance: a mean accuracy. removable: the least share, linear between cuts, at
    which a point of accuracy is lost against cut 0, so that a little less can be removed; 1 if
    none is ever lost. Both NaN where a cut failed. The greatest `per_class` of a network is `most`.
    """
    lacking = [column for column in _NEEDED if column not in records]
    if lacking:
        raise UserError(f"the records of curvature lack the columns {lacking}; run it again")
    rows = []
    for key, mine in records.groupby(_CURVE, sort=False):
        mine = mine.sort_values("level")
        cuts = mine["level"].to_numpy(float)
        accuracy = mine["test_accuracy"].mask(mine["failure"] != "").to_numpy(float)
        row = dict(zip(_CURVE, key, strict=True))
        rows.append({**row, "area": _area(cuts, accuracy), "removable": _removable(cuts, accuracy)})
    table = pd.DataFrame(rows, columns=[*_CURVE, "area", "removable"])
    most = table.groupby("network")["per_class"].transform("max")
    return table.assign(most=table["per_class"] == most)


def _area(cuts: np.ndarray, accuracy: np.ndarray) -> float:
    if len(cuts) < 2:
        return float("nan")
    return float(np.trapezoid(accuracy, cuts) / (cuts[-1] - cuts[0]))


def _removable(cuts: np.ndarray, accuracy: np.ndarray) -> float:
    if np.isnan(accuracy).any():
        return float("nan")
    found = first_crossing(cuts, accuracy[0] - accuracy, LOSS)
    return 1.0 if np.isnan(found) else found


def paired(curves: pd.DataFrame, measure: str, arm: str, other: str) -> pd.Series:
    """`measure` of `arm` minus that of `other` by seed, of the curves of one network and scope."""
    by = curves[curves["most"]].pivot(index="seed", columns="arm", values=measure)
    if not {arm, other} <= {*by.columns}:
        return pd.Series(dtype=float, index=pd.Index([], name="seed"))
    return by[arm] - by[other]


def nc_1(curves: pd.DataFrame) -> pd.DataFrame:
    """Area of positive first minus that of negative first, of all weights together.

    curves: of `curve_table`. Judged for each network, Holm over the networks; layer by layer and
    with retraining beside it.
    """
    record = claim("nc-1")
    (criterion,) = record.criteria
    pairs = {
        str(network): paired(mine, "area", POSITIVE, NEGATIVE)
        for network, mine in curves[curves["block"] == "pruned"].groupby("network", sort=False)
    }
    tests = [mean_interval(pair, criterion.level).p_value for pair in pairs.values()]
    levels = holm_levels(tests, alpha=1 - criterion.level)
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    for (network, pair), level in zip(pairs.items(), levels, strict=True):
        effect = mean_interval(pair, float(level))
        verdicts[network] = judge(criterion, effect)
        failed = int(pair.isna().sum())
        rows.append(
            verdict_row(record.id, criterion.name, network, effect, verdicts[network], failed)
        )
    rows.append(together(record, "every network", rows, verdicts))
    for (network, block, scope), mine in curves.groupby(["network", "block", "scope"], sort=False):
        if block == "pruned":
            continue
        pair = paired(mine, "area", POSITIVE, NEGATIVE)
        where = f"{network}, {scope if block == 'layers' else block}"
        rows.append(not_judged(record.id, criterion.name, where, mean_interval(pair), pair))
    return verdict_table(rows)


def nc_2(curves: pd.DataFrame) -> pd.DataFrame:
    """Share removable at −1 point by positive first, minus that of each rival, by seed.

    Every network's every rival is judged; one that is not supported speaks against the claim, so
    there is no correction (Berger 1982). Beside it the other arms.
    """
    record = claim("nc-2")
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    beside = list[dict[str, object]]()
    pruned = curves[curves["block"] == "pruned"]
    for network, mine in pruned.groupby("network", sort=False):
        for criterion in record.criteria:
            pair = paired(mine, "removable", POSITIVE, RIVALS[criterion.name])
            effect = mean_interval(pair, criterion.level)
            cell = f"{network}, {criterion.name}"
            verdicts[cell] = judge(criterion, effect)
            failed = int(pair.isna().sum())
            row = verdict_row(
                record.id, criterion.name, f"{network}", effect, verdicts[cell], failed
            )
            rows.append(row)
        others = dict.fromkeys(mine["arm"])
        for arm in (a for a in others if a not in (POSITIVE, *RIVALS.values())):
            pair = paired(mine, "removable", POSITIVE, arm)
            beside.append(not_judged(record.id, arm, f"{network}", mean_interval(pair), pair))
    rows.append(together(record, "every network", rows, verdicts))
    return verdict_table(rows + beside)


def nc_3(agreement: pd.DataFrame) -> pd.DataFrame:
    """Spearman of curvature with 1/|w| in each layer, a mean over seeds.

    agreement: of `studies.curvature.score_nets`, with `network`; of the most examples a class.
    Judged over all weights of a layer; over those that are not dead for all examples beside it.
    """
    record = claim("nc-3")
    (criterion,) = record.criteria
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    beside = list[dict[str, object]]()
    whole = agreement[agreement["failure"] == ""]
    failed = agreement[agreement["failure"] != ""].groupby("network")["seed"].nunique()
    for network, mine in whole.groupby("network", sort=False):
        mine = mine[mine["per_class"] == mine["per_class"].max()]
        for (layer, name), found in mine.groupby(["layer", "name"]):
            cell = f"{network}, layer {layer} ({name.removesuffix('.weight')})"
            values = found.set_index("seed")
            lost = int(failed.get(network, 0))
            effect = mean_interval(values["spearman"], criterion.level)
            verdicts[cell] = judge(criterion, effect)
            rows.append(verdict_row(record.id, criterion.name, cell, effect, verdicts[cell], lost))
            live = values["spearman_live"]
            beside.append(not_judged(record.id, "live weights", cell, mean_interval(live), live))
    rows.append(together(record, "every layer", rows, verdicts))
    return verdict_table(rows + beside)
