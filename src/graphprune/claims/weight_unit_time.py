"""Judging unit-3, whether sparse inference gets faster with sparsity; and break-even densities.

`latency`: one row an `arm` ("weight", "unit"), `k`, `density`, `batch`, `form` ("dense_linear",
"dense_mm", "coo", …) and `repeat` (in which all forms of a network took turns), with `seconds`.
"""

import numpy as np
import pandas as pd

from graphprune.claims.records import claim
from graphprune.claims.statistics import holm_levels, mean_interval, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row

DENSE = ("dense_linear", "dense_mm")
NOT_JUDGED = "not judged"
JUDGED_BATCH = 100  # the paper's
LEAST_K = 0.9
_CELL = ["arm", "k", "density", "batch", "form"]


def unit_3(latency: pd.DataFrame) -> pd.DataFrame:
    """COO's time over the dense one for every k from .9 on, and the step from each k to the next.

    Judged at the paper's batch, for weight and unit pruning, Holm over the values of k; other
    batches stand beside. A repeat is a unit: differences between runs on one machine at one time,
    so the intervals say nothing of other machines.
    """
    record = claim("unit-3")
    ratios = ratio_table(latency)
    coo = ratios[(ratios["form"] == "coo") & (ratios["k"] >= LEAST_K)]
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    beside = list[dict[str, object]]()
    for (arm, batch), mine in coo.groupby(["arm", "batch"], sort=False):
        by = mine.pivot(index="repeat", columns="k", values="ratio").rename_axis("timed_repeat")
        steps = {f"{a:g} to {b:g}": by[b] - by[a] for a, b in zip(by, by.columns[1:], strict=False)}
        families = {
            "ratio": {f"k = {k:g}": (by[k], 1.0) for k in by},
            "step to the next k": {f"k = {name}": (values, 0.0) for name, values in steps.items()},
        }
        for name, family in families.items():
            criterion = record.criterion(name)
            tests = [mean_interval(values - null).p_value for values, null in family.values()]
            levels = holm_levels(tests, alpha=1 - criterion.level)
            for (cell, (values, _)), level in zip(family.items(), levels, strict=True):
                effect = mean_interval(values, float(level))
                place = f"{arm} pruning, batch {batch}, {cell}"
                verdict = judge(criterion, effect)
                row = verdict_row(record.id, name, place, effect, verdict, 0)
                if batch == JUDGED_BATCH:
                    verdicts[place] = verdict
                    rows.append(row)
                else:
                    beside.append({**row, "verdict": NOT_JUDGED, "reason": "stands beside"})
    if not verdicts:
        verdicts["batch"] = Verdict("undecided", f"not run: batch {JUDGED_BATCH}, k from .9 on")
    n = min((int(str(row["n"])) for row in rows), default=0)
    where = f"all from .9 on, batch {JUDGED_BATCH}"
    least = unknown(record.unit, n=n)
    rows.append(verdict_row(record.id, "all", where, least, all_of(verdicts), 0))
    return pd.DataFrame(rows + beside, columns=list(COLUMNS))


def ratio_table(latency: pd.DataFrame) -> pd.DataFrame:
    """`latency` with `dense` (seconds) and `ratio`, the form's time over the dense one.

    Dense is, of DENSE, the form with the smaller median for that arm and batch at all k, in the
    same repeat.
    """
    medians = latency[latency["form"].isin(DENSE)].groupby(["arm", "batch", "form"])["seconds"]
    typical = medians.median().unstack("form")
    best = typical.idxmin(axis=1).rename("best").reset_index()
    chosen = latency.merge(best, on=["arm", "batch"])
    chosen = chosen[chosen["form"] == chosen["best"]]
    keys = ["arm", "k", "batch", "repeat"]
    dense = chosen[[*keys, "seconds"]].rename(columns={"seconds": "dense"})
    found = latency.merge(dense, on=keys, validate="many_to_one")
    return found.assign(ratio=found["seconds"] / found["dense"])


def latency_summary(latency: pd.DataFrame) -> pd.DataFrame:
    """One row an arm, k, density, batch and form.

    median, low and high: of the repeats' seconds, with the quartiles; ratio: the median of the
    form's time over the dense one within a repeat; n: repeats.
    """
    groups = ratio_table(latency).groupby(_CELL, sort=False)
    quartiles = groups["seconds"].quantile([0.25, 0.75]).unstack()
    found = groups.agg(median=("seconds", "median"), ratio=("ratio", "median"), n=("ratio", "size"))
    return found.assign(low=quartiles[0.25], high=quartiles[0.75]).reset_index()


def break_even(summary: pd.DataFrame) -> pd.DataFrame:
    """The density below which a form is faster than dense, per arm, batch and form.

    Columns: arm, batch, form, density, best (the least ratio of any density). From the sparsest
    network on, `density` is where the ratio first reaches 1, linear between two densities; the
    greatest measured where it never does, NaN where even the sparsest network is not faster.
    """
    rows = []
    forms = summary[~summary["form"].isin(DENSE)]
    for (arm, batch, form), mine in forms.groupby(["arm", "batch", "form"], sort=False):
        mine = mine.sort_values("density")
        density = crossing(mine["density"].to_numpy(float), mine["ratio"].to_numpy(float))
        rows.append((arm, batch, form, density, mine["ratio"].min()))
    return pd.DataFrame(rows, columns=["arm", "batch", "form", "density", "best"])


def crossing(density: np.ndarray, ratio: np.ndarray) -> float:
    """Where `ratio` first reaches 1; densities ascending. As `break_even` says."""
    if ratio[0] >= 1:
        return float("nan")
    for place in range(1, len(density)):
        if ratio[place] >= 1:
            share = (1 - ratio[place - 1]) / (ratio[place] - ratio[place - 1])
            return float(density[place - 1] + share * (density[place] - density[place - 1]))
    return float(density[-1])
