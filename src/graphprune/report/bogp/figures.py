"""BoGP's figures: convergence of the searches, accuracy against properties, Table 1 drawn."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from graphprune.report.bogp.arms import Row, rows_of
from graphprune.report.colours import BLUE, GREEN, GREY, PURPLE, VERMILION
from graphprune.report.labels import SHORT

COLOURS = {"bayesian": BLUE, "random": VERMILION}
NAMES = {"bayesian": "Bayesian optimisation", "random": "random search"}
POINTS = 100

# arm -> colour (Okabe and Ito's, told apart by colour-blind readers), marker, line
_GLOB, _UNIF = BLUE, VERMILION
_STYLES = {
    "bogp": ("black", "o", "-"),
    "random_search": (VERMILION, "s", "--"),
    "fresh_mask": (GREEN, "^", "--"),
    "rows_permuted": (BLUE, "v", "--"),
    "nodes_relabelled": (PURPLE, "D", "--"),
    "random_unstructured": (GREY, "x", "--"),
    "glob_1": (_GLOB, "s", "-"),
    "glob_5": (_GLOB, "^", "--"),
    "glob_5_rewind": (_GLOB, "v", ":"),
    "unif_1": (_UNIF, "s", "-"),
    "unif_5": (_UNIF, "^", "--"),
    "unif_5_rewind": (_UNIF, "v", ":"),
}
# Arms of the block "equal" that choose single weights, not the blocks of a graph.
_WEIGHT_ARMS = ("random_unstructured", "glob_", "unif_")


def convergence(searches: pd.DataFrame, title: str = "") -> Figure:
    """Best val accuracy so far (%) against the number of masks asked for, one panel a sparsity.

    Thin lines are single searches, the thick one is their mean; it begins where all of them
    have a training that did not fail.
    """
    levels = sorted(searches["sparsity"].unique())
    figure, panels = _panels(len(levels), width=3.5, height=2.7)
    for axes, level in zip(panels, levels, strict=False):
        for strategy, log in searches[searches["sparsity"] == level].groupby("strategy"):
            best = POINTS * log.pivot(index="step", columns="search_seed", values="best")
            colour = COLOURS.get(str(strategy), "grey")
            axes.plot(best.index + 1, best, color=colour, alpha=0.25, linewidth=0.8)
            name = NAMES.get(str(strategy), str(strategy))
            axes.plot(best.index + 1, best.mean(axis=1, skipna=False), color=colour, label=name)
        axes.set_title(f"s = {level:g}", fontsize=10)
    panels[0].legend(fontsize=8, frameon=False, loc="lower right")
    figure.supxlabel("masks asked for", fontsize=10)
    figure.supylabel("best val accuracy so far (%)", fontsize=10)
    return _titled(figure, title)


def accuracy_against_properties(
    searches: pd.DataFrame,
    properties: Mapping[float, pd.DataFrame],
    names: Sequence[str],
    title: str = "",
) -> Figure:
    """Val accuracy of every mask that a search trained, against each property of its graph.

    searches: their logs. properties: sparsity -> the database's table. Both axes are
    centred within a sparsity, so that the panels show what remains at equal density. A graph
    whose property is infinite has no point; where a property is constant, all lie at 0.
    """
    trained = searches.drop_duplicates(["sparsity", "search_seed", "mask"])
    figure, panels = _panels(len(names), width=3.1, height=2.7)
    levels = sorted(trained["sparsity"].unique())
    for axes, name in zip(panels, names, strict=False):
        for number, level in enumerate(levels):
            rows = trained[trained["sparsity"] == level]
            values = properties[level][name].astype(float).to_numpy()
            # Accuracy is centred per search seed too: its networks share initial weights.
            y = POINTS * (rows["score"] - rows.groupby("search_seed")["score"].transform("mean"))
            z = _standardised(values)[rows["mask"].to_numpy()]
            axes.plot(z, y, ".", markersize=3, alpha=0.5, color=_shade(number, len(levels)))
        axes.set_title(SHORT.get(name, name), fontsize=10)
        axes.axhline(0, color="#999", linewidth=0.6)
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=4, color=_shade(i, len(levels)))
        for i in range(len(levels))
    ]
    labels = [f"s = {level:g}" for level in levels]
    figure.legend(handles, labels, loc="outside right center", fontsize=8, frameon=False)
    figure.supxlabel("property, in sd over the database of its sparsity", fontsize=10)
    figure.supylabel("val accuracy − mean of its search (points)", fontsize=10)
    return _titled(figure, title)


def drops(table: pd.DataFrame, title: str = "") -> Figure:
    """Table 1 as a picture: drop from the dense network against sparsity, with 95 % intervals.

    One panel each for the masks of graphs and for single weights at BoGP's scope and count, and
    for the printed scope, as far as they were run; BoGP is in all of them.
    """
    shown = _panel_rows(table)
    figure = Figure(figsize=(4.6 * max(1, len(shown)), 5.4), layout="constrained")
    panels = figure.subplots(1, max(1, len(shown)), squeeze=False)[0]
    for axes, (name, rows) in zip(panels, shown.items(), strict=False):
        for number, row in enumerate(rows):
            shift = 0.008 * (number - (len(rows) - 1) / 2)  # so that bars do not hide each other
            _draw(axes, table, row, shift)
        axes.set_title(name, fontsize=10)
        axes.axhline(0, color="#999", linewidth=0.6)
        axes.set_xlabel("sparsity s")
        axes.set_xticks(sorted(table.loc[table["arm"] != "dense", "sparsity"].unique()))
        axes.legend(
            fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2
        )
    panels[0].set_ylabel("accuracy lost against dense (points)")
    return _titled(figure, title)


def _panel_rows(table: pd.DataFrame) -> dict[str, list[Row]]:
    """Title of a panel -> its arms, BoGP first; a panel of BoGP alone only where that is all."""
    run = set(zip(table["block"], table["arm"], strict=True))
    rows = [row for row in rows_of(table) if (row.block, row.arm) in run]
    bogp = [row for row in rows if (row.block, row.arm) == ("equal", "bogp")]
    equal = [row for row in rows if row.block == "equal" and row not in bogp]
    weights = [row for row in equal if row.arm.startswith(_WEIGHT_ARMS)]
    others = {
        "equal weights: masks of graphs": [row for row in equal if row not in weights],
        "equal weights: magnitude and random weights": weights,
        "printed scope: all weight matrices": [row for row in rows if row.block == "printed"],
    }
    shown = {name: bogp + arms for name, arms in others.items() if arms}
    return shown or ({next(iter(others)): bogp} if bogp else {})


def _draw(axes: Axes, table: pd.DataFrame, row: Row, shift: float) -> None:
    runs = table[(table["arm"] == row.arm) & (table["block"] == row.block)]
    runs = runs.sort_values("sparsity")
    bounds = runs[["drop_low", "drop_high"]].T.to_numpy()
    colour, marker, line = _STYLES.get(row.arm, (None, "*", "--"))
    axes.errorbar(
        runs["sparsity"] + shift,
        POINTS * runs["drop"],
        yerr=POINTS * np.abs(bounds - runs["drop"].to_numpy()),
        marker=marker,
        linestyle=line,
        linewidth=2 if row.arm == "bogp" else 1.1,
        elinewidth=0.8,
        markersize=4.5,
        capsize=1.5,
        label=row.label,
        color=colour,
    )


def _titled(figure: Figure, title: str) -> Figure:
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def _standardised(values: np.ndarray) -> np.ndarray:
    """In standard deviations from the mean, both over the finite values."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return values
    # A spread at the level of rounding is none.
    varies = np.ptp(finite) > 1e-9 * np.abs(finite).max()
    return (values - finite.mean()) / finite.std() if varies else 0 * values


def _panels(count: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    columns = min(3, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    panels = list(np.atleast_1d(figure.subplots(rows, columns)).ravel())
    for axes in panels[count:]:
        axes.set_axis_off()
    return figure, panels


def _shade(number: int, count: int) -> tuple[float, float, float, float]:
    return colormaps["viridis"](0.9 * number / max(1, count - 1))
