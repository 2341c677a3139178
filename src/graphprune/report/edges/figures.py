"""Figures of edge pruning: heat maps, Pareto front, the graph along training, accuracy over it."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from graphprune.report.cells import POINTS
from graphprune.report.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from graphprune.report.edges.tables import DENSE, LABELS, networks, pareto

GRID = "grid"
HEAT = {
    "accuracy": "test accuracy, %",
    "val_accuracy": "val accuracy, %",
    "sparsity": "sparsity, %",
}
TRAIL = {"aspl": "path length L", "clustering": "clustering C", "density": "density"}
OVER = {"clustering": "clustering C", "aspl": "path length L", "density": "density"}
# The end of viridis is a yellow that cannot be seen on white.
SHADES = ListedColormap(colormaps["viridis"](np.linspace(0, 0.88, 256)))
_MARKERS = {
    "edges": (BLUE, "o"),
    "edges_per_layer": (SKY, "D"),
    "at_init": (GREEN, "s"),
    "edges_random": (VERMILION, "^"),
    "random_at_init": (ORANGE, "v"),
    "weights": ("black", "x"),
    "rgp": (PURPLE, "*"),
    "random_regular": (GREY, "P"),
}


def heat_figure(table: pd.DataFrame) -> Figure:
    """Test accuracy, val accuracy and sparsity (means, %) over P and K; a row a network."""
    grid = table[table["block"] == GRID]
    names = networks(grid)
    if not names:
        return _nothing("no network runs part grid")
    figure = Figure(figsize=(11, 3.1 * len(names) + 0.3), layout="constrained")
    panels = figure.subplots(len(names), len(HEAT), squeeze=False)
    for row, network in zip(panels, names, strict=True):
        for axes, (column, title) in zip(row, HEAT.items(), strict=True):
            cells = grid[grid["network"] == network].pivot(index="k", columns="p", values=column)
            cells = POINTS * cells.sort_index(ascending=False)
            drawn = axes.imshow(cells, cmap=SHADES, aspect="auto")
            figure.colorbar(drawn, ax=axes)
            _label(axes, cells)
            axes.set_title(f"{network}: {title}", fontsize=10)
            axes.set_xlabel("P, share of the remaining edges")
        row[0].set_ylabel("K, iterations between prunings")
    return figure


def _label(axes: Axes, cells: pd.DataFrame) -> None:
    axes.set_xticks(range(len(cells.columns)), [f"{p:g}" for p in cells.columns])
    axes.set_yticks(range(len(cells.index)), [str(k) for k in cells.index])
    for i, row in enumerate(cells.to_numpy()):
        for j, value in enumerate(row):
            text = "–" if np.isnan(value) else f"{value:.1f}"
            light = value > (cells.min().min() + 2 * cells.max().max()) / 3
            colour = "black" if light else "white"
            axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=9)


def pareto_figure(table: pd.DataFrame) -> Figure:
    """Mean accuracy ± sd over mean sparsity of every arm, and the grid's Pareto front."""
    names = networks(table)
    figure = Figure(figsize=(5.2 * len(names) + 0.6, 4.8), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for axes, network in zip(panels, names, strict=True):
        mine = table[(table["network"] == network) & (table["n"] > 0)]
        for arm in _MARKERS:
            rows = mine[mine["arm"] == arm]
            on_grid = rows["block"] == GRID
            if arm == "edges":
                _points(axes, rows[on_grid], arm, f"{LABELS[arm]}, grid")
                _points(axes, rows[~on_grid], arm, f"{LABELS[arm]}, other schedules, norms", "none")
            else:
                _points(axes, rows, arm, LABELS[arm])
        front = pareto(mine[mine["block"] == GRID])
        axes.plot(
            POINTS * front["sparsity"],
            POINTS * front["accuracy"],
            color=_MARKERS["edges"][0],
            linewidth=1.2,
            label="Pareto front of the grid",
        )
        for _, row in mine[mine["arm"] == DENSE].iterrows():
            axes.axhline(
                POINTS * row["accuracy"], color="0.4", linestyle="--", linewidth=1, label="dense"
            )
        axes.set_title(network)
        axes.set_xlabel("sparsity of the pruned layers, %")
    panels[0].set_ylabel("test accuracy, %")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _points(axes: Axes, rows: pd.DataFrame, arm: str, label: str, fill: str | None = None) -> None:
    colour, marker = _MARKERS[arm]
    axes.errorbar(
        POINTS * rows["sparsity"],
        POINTS * rows["accuracy"],
        yerr=np.nan_to_num(POINTS * rows["sd"]),
        fmt=marker,
        color=colour,
        markerfacecolor=fill or colour,
        markersize=6,
        elinewidth=0.6,
        label=label,
    )


def trail_figure(trail: pd.DataFrame) -> Figure:
    """L, C and density over steps, means over seeds, a line a P at the smallest K of the grid."""
    grid = trail[(trail["block"] == GRID) & (trail["event"] == "masks")]
    names = networks(grid)
    if not names:
        return _nothing("no network runs part grid")
    figure = Figure(figsize=(11, 3 * len(names) + 0.5), layout="constrained")
    panels = figure.subplots(len(names), len(TRAIL), squeeze=False)
    for row, network in zip(panels, names, strict=True):
        mine = grid[grid["network"] == network]
        k = mine["k"].min()
        shares = sorted(set(mine["p"]))
        for axes, (column, title) in zip(row, TRAIL.items(), strict=True):
            for place, p in enumerate(shares):
                colour = SHADES(place / max(1, len(shares) - 1))
                _line(axes, mine[(mine["k"] == k) & (mine["p"] == p)], column, colour, f"P = {p:g}")
            axes.set_title(f"{network}, K = {k}: {title}", fontsize=10)
            axes.set_xlabel("step")
        row[-1].legend(fontsize=8, frameon=False)
    return figure


def _line(axes: Axes, rows: pd.DataFrame, column: str, colour: object, label: str) -> None:
    """Up to the first step at which a seed's graph is in pieces where L is drawn: a cross."""
    apart = rows.loc[~rows["whole"].astype(bool), "iteration"]
    until = apart.min() if len(apart) else np.inf
    if column == "aspl":
        rows = rows[rows["iteration"] < until]
    means = rows.groupby("iteration")[column].mean()
    axes.plot(means.index, means, color=colour, marker=".", markersize=4, label=label)
    if len(apart) and len(means):
        at = means.index[means.index <= until][-1]
        axes.plot([at], [means[at]], "x", color=colour, markersize=8, markeredgewidth=2)


def graph_figure(runs: pd.DataFrame) -> Figure:
    """Final test accuracy over C, L and density of the surviving graph; a dot a training."""
    grid = runs[(runs["block"] == GRID) & (runs["failure"] == "")]
    names = networks(grid)
    if not names:
        return _nothing("no network runs part grid")
    figure = Figure(figsize=(11, 3 * len(names) + 0.3), layout="constrained")
    panels = figure.subplots(len(names), len(OVER), squeeze=False)
    for row, network in zip(panels, names, strict=True):
        mine = grid[grid["network"] == network]
        for axes, (column, title) in zip(row, OVER.items(), strict=True):
            known = mine[np.isfinite(mine[column])]
            drawn = axes.scatter(
                known[column],
                POINTS * known["test_accuracy"],
                c=known["density"],
                cmap=SHADES,
                vmin=mine["density"].min(),
                vmax=mine["density"].max(),
                s=22,
                edgecolors="white",
                linewidths=0.4,
            )
            axes.set_xlabel(f"{title} ({len(known)} of {len(mine)} graphs)")
        row[0].set_ylabel(f"{network}\ntest accuracy, %")
        figure.colorbar(drawn, ax=row[-1], label="density")
    return figure


def _nothing(why: str) -> Figure:
    figure = Figure(figsize=(5, 2))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.text(0.5, 0.5, why, ha="center", va="center")
    return figure
