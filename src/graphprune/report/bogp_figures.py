"""BoGP's figures: convergence of the searches, accuracy against properties, Table 1 drawn."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from graphprune.report.arms import rows_of
from graphprune.report.labels import SHORT

COLOURS = {"bayesian": "#1b6ca8", "random": "#d1793b"}
NAMES = {"bayesian": "Bayesian optimisation", "random": "random search"}
POINTS = 100


def convergence(searches: pd.DataFrame) -> Figure:
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
    return figure


def accuracy_against_properties(
    searches: pd.DataFrame, properties: Mapping[float, pd.DataFrame], names: Sequence[str]
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
    return figure


def drops(table: pd.DataFrame) -> Figure:
    """Table 1 as a picture: drop from the dense network against sparsity, with 95 % intervals."""
    figure = Figure(figsize=(10.5, 4.4), layout="constrained")
    both = figure.subplots(1, 2, sharey=False)
    titles = {
        "equal": "equal weights: BoGP's scope and count",
        "printed": "printed scope: all weight matrices",
    }
    for axes, (block, title) in zip(both, titles.items(), strict=True):
        known = rows_of(table)
        rows = [r for r in known if r.block == block or (block == "printed" and r.arm == "bogp")]
        for number, row in enumerate(rows):
            cells = table[(table["arm"] == row.arm) & (table["block"] == row.block)]
            cells = cells.sort_values("sparsity")
            if not len(cells):
                continue
            shift = 0.006 * (number - len(rows) / 2)  # so that bars do not hide each other
            bounds = cells[["drop_low", "drop_high"]].T.to_numpy()
            axes.errorbar(
                cells["sparsity"] + shift,
                POINTS * cells["drop"],
                yerr=POINTS * np.abs(bounds - cells["drop"].to_numpy()),
                fmt="o-" if row.arm == "bogp" else "o--",
                linewidth=2 if row.arm == "bogp" else 1,
                markersize=4,
                capsize=2,
                label=row.label,
                color="black" if row.arm == "bogp" else None,
            )
        axes.set_title(title, fontsize=10)
        axes.axhline(0, color="#999", linewidth=0.6)
        if axes.containers:
            axes.legend(fontsize=7.5, frameon=False, loc="upper left")
        axes.set_xlabel("sparsity s")
    both[0].set_ylabel("accuracy lost against dense (points)")
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
