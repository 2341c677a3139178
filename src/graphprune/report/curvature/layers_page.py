"""The page of single layers: curvature beside 1/|w|, and one layer pruned at a time."""

import pandas as pd

from graphprune.report import cells
from graphprune.report.curvature.labels import LABELS, short
from graphprune.report.output import Page
from graphprune.report.verdicts import add_verdicts, as_number


def layers_page(
    agreement: pd.DataFrame, summary: pd.DataFrame, verdict: pd.DataFrame, told: str
) -> Page:
    """agreement: of `tables.agreement_table`; summary: of `tables.curve_summary`; verdict: of
    `claims.curvature.nc_3`; told: of data and protocol."""
    page = Page("Neural curvature layer by layer")
    page.text(told)
    page.heading("Curvature and 1/|w|")
    page.text(
        "Spearman's rank correlation over the weights of a layer, and over those that are not dead "
        "for all examples. Dead: the share of weights, between hidden layers, that score 2 because "
        "no example has both their units active. Not exact: the share of weights of which only "
        "bounds on the curvature are known, and how far apart they are at most. Mean ± sd over "
        "seeds (n)."
    )
    page.table(_correlations(agreement))
    layers = summary[summary["block"] == "layers"]
    if len(layers):
        page.heading("One layer pruned at a time")
        page.text(
            "Area: mean test accuracy in % over the removed share of that layer from 0 to 1, the "
            "others intact. Within a layer all scalings of magnitude are one order."
        )
        page.table(_areas(layers))
    add_verdicts(page, "nc-3", verdict, effect=as_number(".3f"))
    return page


def _correlations(agreement: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for row in agreement.itertuples():
        open_ = 1 - row.exact
        lines.append(
            {
                "network": row.network,
                "layer": f"{row.layer} ({short(row.name)})",
                "weights": row.weights,
                "examples a class": row.per_class,
                "Spearman": _number(row.spearman, row.spearman_sd, row.spearman_n),
                "of live weights": _number(
                    row.spearman_live, row.spearman_live_sd, row.spearman_live_n
                ),
                "dead": _number(row.dead, row.dead_sd, row.dead_n),
                "not exact": f"{open_:.1%}, at most {row.gap:.2g}" if open_ > 0 else "0",
            }
        )
    return pd.DataFrame(lines)


def _areas(layers: pd.DataFrame) -> pd.DataFrame:
    """A layer a row, arms across."""
    lines = []
    for (network, scope), mine in layers.groupby(["network", "scope"], sort=False):
        by, line = mine.set_index("arm"), {"network": network, "layer": short(scope)}
        for arm in [arm for arm in LABELS if arm in by.index]:
            row = by.loc[arm]
            line[LABELS[arm]] = cells.accuracy(row["area"], row["area_sd"], int(row["area_n"]))
        lines.append(line)
    return pd.DataFrame(lines)


def _number(mean: float, sd: float, n: int) -> str:
    value, deviation = (cells.NONE if pd.isna(v) else f"{v:.3f}" for v in (mean, sd))
    return f"{value} ± {cells.spread(deviation)} ({n})"
