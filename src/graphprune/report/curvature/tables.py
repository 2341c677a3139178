"""Neural curvature, from run records to numbers: accuracy over cuts, areas, removable shares."""

import pandas as pd

from graphprune.claims.curvature import POSITIVE
from graphprune.claims.statistics import mean_interval
from graphprune.report.curvature.labels import LABELS

_CELL = ["network", "training", "block", "scope", "arm", "per_class", "level"]
MEASURES = ("area", "removable")


def accuracy_table(records: pd.DataFrame) -> pd.DataFrame:
    """One row a network, block, scope, arm, number of examples a class and cut.

    accuracy, loss: means on the test set over the n seeds that did not fail (`failed` did), with
    _sd (ddof 1); sparsity: the share of the weights in scope that is gone.
    """
    rows = []
    for key, cell in records.groupby(_CELL, sort=False):
        whole = cell[cell["failure"] == ""]
        row = dict(zip(_CELL, key, strict=True))
        row |= {"n": len(whole), "failed": len(cell) - len(whole)}
        for name in ("accuracy", "loss"):
            values = whole[f"test_{name}"]
            row |= {name: values.mean(), f"{name}_sd": values.std(ddof=1)}
        rows.append(row | {"sparsity": whole["sparsity"].mean()})
    return pd.DataFrame(rows)


def curve_summary(curves: pd.DataFrame) -> pd.DataFrame:
    """One row a network, block, scope, arm and number of examples: means over seeds.

    For each measure (`area`, `removable`) its mean, _sd, _n, and less that of positive first by
    the most examples _difference with its 95 % interval _low, _high, paired by seed.
    curves: of `claims.curvature.curve_table`.
    """
    rows = []
    for key, group in curves.groupby(["network", "block", "scope"], sort=False):
        first = group[(group["arm"] == POSITIVE) & group["most"]].set_index("seed")
        for (arm, count), mine in group.groupby(["arm", "per_class"], sort=False):
            by = mine.set_index("seed")
            row = dict(zip(("network", "block", "scope"), key, strict=True))
            row |= {"arm": arm, "per_class": count, "most": bool(mine["most"].all())}
            for measure in MEASURES:
                values = by[measure]
                row |= {measure: values.mean(), f"{measure}_sd": values.std(ddof=1)}
                row[f"{measure}_n"] = int(values.notna().sum())
                effect = mean_interval(values - first[measure])
                row |= {
                    f"{measure}_difference": effect.estimate,
                    f"{measure}_low": effect.low,
                    f"{measure}_high": effect.high,
                }
            rows.append(row)
    table = pd.DataFrame(rows)
    places = {arm: place for place, arm in enumerate(LABELS)}
    order = table.assign(place=table["arm"].map(places)).groupby(
        ["network", "block", "scope"], sort=False
    )
    kept = [found.sort_values(["place", "per_class"], kind="stable") for _, found in order]
    return pd.concat(kept, ignore_index=True).drop(columns="place")


def agreement_table(agreement: pd.DataFrame) -> pd.DataFrame:
    """One row a network, layer and number of examples: means over seeds, with _sd, and n.

    Of spearman, spearman_live and dead; gap: the greatest of any seed; exact: a mean.
    """
    whole = agreement[agreement["failure"] == ""]
    rows = []
    keys = ["network", "layer", "name", "per_class", "weights"]
    for key, mine in whole.groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True))
        for name in ("spearman", "spearman_live", "dead"):
            row |= {name: mine[name].mean(), f"{name}_sd": mine[name].std(ddof=1)}
            row[f"{name}_n"] = int(mine[name].notna().sum())
        rows.append(row | {"gap": mine["gap"].max(), "exact": mine["exact"].mean()})
    return pd.DataFrame(rows)
