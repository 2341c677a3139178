"""The page of pruning by neural curvature: accuracy over cuts, areas, shares, verdicts."""

from collections.abc import Mapping

import pandas as pd

from graphprune.report import cells
from graphprune.report.curvature.labels import LABELS, TRAININGS
from graphprune.report.output import Page
from graphprune.report.verdicts import add_verdicts, as_number, in_points

MOST_CUTS = 11  # of those that were run, in a table; figures have them all


def curvature_page(
    table: pd.DataFrame,
    summary: pd.DataFrame,
    networks: pd.DataFrame,
    verdicts: Mapping[str, pd.DataFrame],
    told: str,
) -> Page:
    """table: of `tables.accuracy_table`; summary: of `tables.curve_summary`; networks: of
    `networks_table`; verdicts: claim id -> rows of its judge; told: of data and protocol."""
    page = Page("Pruning a trained network by neural curvature")
    page.text(
        f"{told} Once, after training, single weights, without retraining unless it is said. "
        "Positive first removes the most curved, hence most dispensable, weights first; negative "
        "first is the reverse of its order. Curvature, dead units and Wanda look at the same "
        "correctly classified images of the validation split. Magnitude scaled per layer takes "
        "from curvature nothing but one number a layer. Wanda and magnitude each layer alike take "
        "the same share of every layer; all others rank all layers together. Numbers are mean ± sd "
        "over seeds (n); failed runs are left out and counted."
    )
    page.heading("The networks")
    page.table(networks)
    pruned = summary[summary["block"] == "pruned"]
    _add_measures(page, pruned[pruned["most"]])
    for network, mine in table[(table["block"] == "pruned")].groupby("network", sort=False):
        most = mine[mine["per_class"] == mine["per_class"].max()]
        page.heading(f"Test accuracy in %: {network}")
        page.table(_wide(most))
    _add_examples(page, pruned[pruned["arm"] == "positive"])
    _add_retrained(page, table[table["block"] == "retrained"])
    add_verdicts(
        page,
        "nc-1",
        verdicts["nc-1"],
        "Areas between the curves of positive and of negative first over the removed share, a mean "
        "difference of accuracies, with t intervals; of networks Holm's levels.",
        in_points,
    )
    add_verdicts(
        page,
        "nc-2",
        verdicts["nc-2"],
        "Differences of removable shares, paired by seed, with t intervals.",
        as_number("+.3f"),
    )
    return page


def networks_table(agreement: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """One row a network: how it was trained, val accuracy with and without attack, failures.

    agreement: of the scores, in which each network's accuracies stand beside each layer's rows.
    """
    training = records.drop_duplicates("network").set_index("network")["training"]
    lines = []
    for network, mine in agreement.groupby("network", sort=False):
        whole = mine[mine["failure"] == ""].drop_duplicates("seed")
        failed = mine[mine["failure"] != ""].drop_duplicates("seed")
        line = {"network": network, "trained": TRAININGS[training[network]]}
        for column, what in (("accuracy", "val accuracy %"), ("robust", "the same under PGD %")):
            values = whole[column] if len(whole) else pd.Series(dtype=float)
            line[what] = cells.accuracy(values.mean(), values.std(ddof=1), len(values))
        line["examples a class"] = ", ".join(map(str, sorted(set(mine["per_class"]) - {0})))
        line["failed seeds"] = "; ".join(f"{r.seed}: {r.failure}" for r in failed.itertuples())
        lines.append(line)
    return pd.DataFrame(lines)


def _add_measures(page: Page, rows: pd.DataFrame) -> None:
    page.heading("Areas under the curves, and the share that can be removed")
    page.text(
        "Area: mean test accuracy over the removed share from 0 to 1, in %. Removable: the least "
        "share, linear between cuts, at which 1 point of test accuracy is lost. Differences are "
        "from positive first, paired by seed, with 95 % intervals."
    )
    lines = []
    for row in rows.itertuples():
        own = row.arm == "positive"
        shares = (row.removable_difference, row.removable_low, row.removable_high)
        gap = f"{cells.points(row.area_difference, '+')} "
        gap += cells.interval(row.area_low, row.area_high)
        lines.append(
            {
                "network": row.network,
                "arm": LABELS[row.arm],
                "area %": cells.accuracy(row.area, row.area_sd, row.area_n),
                "area − positive first": "" if own else gap,
                "removable": _share(row.removable, row.removable_sd, row.removable_n),
                "removable − positive first": "" if own else _interval(*shares),
            }
        )
    page.table(pd.DataFrame(lines))


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Cuts down, arms across."""
    lines = []
    shown = _some(sorted(set(rows["level"])))
    for cut, level in rows[rows["level"].isin(shown)].groupby("level"):
        by = level.set_index("arm")
        line = {"removed": f"{cut:g}"}
        for arm in [arm for arm in LABELS if arm in by.index]:
            row = by.loc[arm]
            failed = f", {row['failed']} failed" if row["failed"] else ""
            text = cells.accuracy(row["accuracy"], row["accuracy_sd"], f"{row['n']}{failed}")
            line[LABELS[arm]] = text
        lines.append(line)
    return pd.DataFrame(lines)


def _some(cuts: list[float]) -> list[float]:
    """At most MOST_CUTS of the cuts, evenly picked, the first and the last among them."""
    if len(cuts) <= MOST_CUTS:
        return cuts
    return [cuts[round(i * (len(cuts) - 1) / (MOST_CUTS - 1))] for i in range(MOST_CUTS)]


def _add_examples(page: Page, rows: pd.DataFrame) -> None:
    page.heading("How many examples: positive first")
    page.text("Differences are from the greatest number of examples a class.")
    lines = []
    for row in rows.itertuples():
        gap = f"{cells.points(row.area_difference, '+')} "
        gap += cells.interval(row.area_low, row.area_high)
        lines.append(
            {
                "network": row.network,
                "examples a class": row.per_class,
                "area %": cells.accuracy(row.area, row.area_sd, row.area_n),
                "area − that of the most": "" if row.most else gap,
                "removable": _share(row.removable, row.removable_sd, row.removable_n),
            }
        )
    page.table(pd.DataFrame(lines))


def _add_retrained(page: Page, rows: pd.DataFrame) -> None:
    for network, mine in rows.groupby("network", sort=False):
        page.heading(f"Test accuracy in % after retraining: {network}")
        page.text(
            "Trained on after pruning with the recipe it was trained with. Removed 0 is the dense "
            "network with as many epochs more, one for all arms."
        )
        page.table(_wide(mine))


def _share(mean: float, sd: float, n: int) -> str:
    value, deviation = (cells.NONE if pd.isna(v) else f"{v:.3f}" for v in (mean, sd))
    return f"{value} ± {cells.spread(deviation)} ({n})"


def _interval(middle: float, low: float, high: float) -> str:
    parts = (cells.NONE if pd.isna(v) else f"{v:+.3f}" for v in (middle, low, high))
    return "{} [{}, {}]".format(*parts)
