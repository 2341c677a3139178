"""BoGP's figures: how the searches converge, what accuracy owes to properties, Table 1 as a picture."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.report.arms import ROWS
from graphprune.report.correlation import SHORT

COLOURS = {"bayesian": "#1b6ca8", "random": "#d1793b"}
NAMES = {"bayesian": "Bayesian optimisation", "random": "random search"}
POINTS = 100


def convergence(searches: pd.DataFrame) -> Figure:
    """Best val accuracy so far against the training number, one panel a sparsity."""
    levels = sorted(searches["sparsity"].unique())
    figure, panels = _panels(len(levels), width=3.5, height=2.7)
    for axes, level in zip(panels, levels, strict=False):
        for strategy, log in searches[searches["sparsity"] == level].groupby("strategy"):
            best = POINTS * log.pivot(index="step", columns="search_seed", values="best")
            colour = COLOURS.get(str(strategy), "grey")
            axes.plot(best.index + 1, best, color=colour, alpha=0.25, linewidth=0.8)
            axes.plot(
                best.index + 1, best.mean(axis=1), color=colour, label=NAMES.get(str(strategy))
            )
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
    centred within a sparsity, so that the panels show what remains at equal density.
    """
    trained = searches.drop_duplicates(["sparsity", "search_seed", "mask"])
    figure, panels = _panels(len(names), width=3.1, height=2.7)
    levels = sorted(trained["sparsity"].unique())
    for axes, name in zip(panels, names, strict=False):
        for number, level in enumerate(levels):
            rows = trained[trained["sparsity"] == level]
            values = properties[level][name].astype(float).to_numpy()
            x = values[rows["mask"].to_numpy()]
            # Accuracy is centred per search seed too: its networks share initial weights.
            y = POINTS * (rows["score"] - rows.groupby("search_seed")["score"].transform("mean"))
            spread = np.std(values[np.isfinite(values)])
            z = (x - np.mean(values[np.isfinite(values)])) / (spread if spread > 0 else 1)
            axes.plot(z, y, ".", markersize=3, alpha=0.5, color=_shade(number, len(levels)))
        axes.set_title(SHORT.get(name, name), fontsize=10)
        axes.axhline(0, color="#999", linewidth=0.6)
    handles = [
        panels[0].plot([], [], "o", markersize=4, color=_shade(i, len(levels)), label=f"s = {level:g}")[0]
        for i, level in enumerate(levels)
    ]
    figure.legend(handles=handles, loc="outside right center", fontsize=8, frameon=False)
    figure.supxlabel("property, in sd over the database of its sparsity", fontsize=10)
    figure.supylabel("val accuracy − mean of its search (points)", fontsize=10)
    return figure


def drops(table: pd.DataFrame) -> Figure:
    """Table 1 as a picture: drop from the dense network against sparsity, with 95 % intervals."""
    figure = Figure(figsize=(10.5, 4.4), layout="constrained")
    both = figure.subplots(1, 2, sharey=True)
    titles = {
        "equal": "equal weights: BoGP's scope and count",
        "printed": "printed scope: all weight matrices",
    }
    for axes, (block, title) in zip(both, titles.items(), strict=True):
        rows = [r for r in ROWS if r.block == block or (block == "printed" and r.arm == "bogp")]
        for number, row in enumerate(rows):
            cells = table[(table["arm"] == row.arm) & (table["block"] == row.block)]
            cells = cells.sort_values("sparsity")
            if not len(cells):
                continue
            shift = 0.006 * (number - len(rows) / 2)
            axes.errorbar(
                cells["sparsity"] + shift,
                POINTS * cells["drop"],
                yerr=POINTS * np.abs(cells[["drop_low", "drop_high"]].T.to_numpy() - cells["drop"].to_numpy()),
                fmt="o-" if row.arm == "bogp" else "o--",
                linewidth=2 if row.arm == "bogp" else 1,
                markersize=4,
                capsize=2,
                label=row.label,
                color="black" if row.arm == "bogp" else None,
            )
        axes.set_title(title, fontsize=10)
        axes.axhline(0, color="#999", linewidth=0.6)
        axes.legend(fontsize=7.5, frameon=False, loc="upper left")
        axes.set_xlabel("sparsity s")
    both[0].set_ylabel("accuracy lost against dense (points)")
    return figure


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
