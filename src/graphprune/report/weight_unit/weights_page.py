"""The page of what is removed: Theorem 1's statistic beside its null, with the verdict."""

import pandas as pd

from graphprune.report import cells
from graphprune.report.output import Page
from graphprune.report.verdicts import add_verdicts


def weights_page(summary: pd.DataFrame, verdict: pd.DataFrame) -> Page:
    """summary: of `tables.auc_summary`; verdict: of `claims.weight_unit.unit_2`."""
    page = Page("Which weights unit pruning removes (Theorem 1)")
    page.text(
        "AUC: the share of pairs of a removed and a kept weight of a layer in which the removed "
        "one is smaller. Pruning weights by magnitude has 1, removing units at random .5. Rows of "
        "equal scale already give a little more than .5, since the rows of least norm are picked "
        "after the fact: the null is the AUC after dealing the layer's weights to its rows anew. "
        "Above the null, rows differ in scale, and a unit's norm says something of its weights."
    )
    page.heading("By layer, a mean over k")
    page.text(
        "AUC of unit pruning, null, difference, and the AUC of units removed at random. Within: "
        "half the 95 % bootstrap interval of the AUC over the units of one network, at most over "
        "seeds and k: what the choice of units alone would do to it."
    )
    page.table(_by_layer(summary))
    page.heading("AUC − null at every k, mean ± sd over seeds (n)")
    page.table(_by_k(summary))
    add_verdicts(page, "unit-2", verdict)
    return page


def _by_layer(summary: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for (layer, units), rows in summary.groupby(["layer", "units"]):
        unit = rows[rows["arm"] == "unit"]
        lines.append(
            {
                "layer": layer,
                "units": units,
                "AUC": f"{unit['auc_mean'].mean():.3f}",
                "within": f"± {unit['half_max'].max():.3f}",
                "null": f"{unit['null_mean'].mean():.3f}",
                "AUC − null": f"{unit['excess_mean'].mean():+.3f}",
                "at most": f"{unit['excess_mean'].max():+.3f}",
                "random units": f"{rows.loc[rows['arm'] != 'unit', 'auc_mean'].mean():.3f}",
                "n (seeds)": int(unit["auc_count"].max()),
            }
        )
    return pd.DataFrame(lines)


def _by_k(summary: pd.DataFrame) -> pd.DataFrame:
    """k down, layers across."""
    lines = []
    for k, rows in summary[summary["arm"] == "unit"].groupby("k"):
        line = {"k": f"{k:g}"}
        for _, row in rows.iterrows():
            line[f"layer {row['layer']}"] = _excess(row)
        lines.append(line)
    return pd.DataFrame(lines)


def _excess(row: pd.Series) -> str:
    """A dash where rounding leaves no unit to remove or to keep."""
    if not row["excess_count"]:
        return cells.NONE
    sd = cells.NONE if pd.isna(row["excess_std"]) else f"{row['excess_std']:.3f}"
    return f"{row['excess_mean']:+.3f} ± {sd} ({int(row['excess_count'])})"
