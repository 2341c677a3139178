"""Accuracy over the plane of clustering and path length, and over density."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle as Patch
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from graphprune.claims.sweet_spot import QUOTED, Rectangle, against_best, rectangle
from graphprune.claims.ws_flex import COMPLETE, swept
from graphprune.report.colours import VERMILION

POINTS = 100
_TICKS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)


def plane_figure(table: pd.DataFrame, records: pd.DataFrame) -> Figure:
    """Mean test accuracy (%) of each graph: left as colour over C and L, right over density.

    The star is the complete graph, the dense network, which the arrow marks in the colour bar.
    Crosses: graphs significantly worse than the best. Rectangles: the sweet spot here (solid),
    which holds all others, and the one that graph2nn published (dashed). Right: bars are ± sd over
    seeds, the colour is L, the grey band is the complete graph's mean ± sd.
    """
    figure = Figure(figsize=(11.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    known = swept(table)
    dense = table[table["kind"] == COMPLETE].iloc[0]
    if len(known):
        tests = against_best(table, records)
        _plane(figure, left, known, dense, set(tests.loc[tests["kept"], "graph"]))
    _over_density(figure, right, known, dense)
    return figure


def _plane(
    figure: Figure, axes: Axes, known: pd.DataFrame, dense: pd.Series, kept: set[str]
) -> None:
    both = pd.concat([known["accuracy"], pd.Series([dense["accuracy"]])]).dropna()
    colours = _shades(POINTS * both)
    bar = figure.colorbar(colours, ax=axes, label="test accuracy (%), mean over seeds")
    stays = known["graph"].isin(kept)
    for part, marker, label in (
        (known[stays], "o", "not worse than the best"),
        (known[~stays], "X", "significantly worse (p < .05)"),
    ):
        _points(axes, part, colours, marker, 70, label)
    if not pd.isna(dense["accuracy"]):
        _points(axes, dense.to_frame().T, colours, "*", 260, "complete graph (dense)")
        level = POINTS * dense["accuracy"]
        bar.ax.plot([0], [level], ">", color="black", markersize=8, clip_on=False)
    ours = rectangle(known, pd.Series(sorted(kept)))
    axes.add_patch(_patch(ours, "black", "-", "sweet spot here"))
    label = "sweet spot as published (n = 64, CIFAR-10)"
    axes.add_patch(_patch(QUOTED, VERMILION, "--", label))
    axes.autoscale_view()
    axes.set_xlabel("clustering C")
    axes.set_ylabel("average shortest path length L")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", ncols=5, fontsize=8)


def _points(
    axes: Axes, part: pd.DataFrame, colours: ScalarMappable, marker: str, size: int, label: str
) -> None:
    axes.scatter(
        part["clustering"],
        part["aspl"],
        c=colours.to_rgba(POINTS * part["accuracy"].astype(float)),
        s=size,
        marker=marker,
        edgecolors="black",
        linewidths=0.5,
        zorder=3,
        clip_on=False,
        label=label,
    )


def _patch(where: Rectangle, colour: str, style: str, label: str) -> Patch:
    size = where.c_high - where.c_low, where.l_high - where.l_low
    corner = (where.c_low, where.l_low)
    return Patch(
        corner, *size, fill=False, edgecolor=colour, linestyle=style, linewidth=1.3, label=label
    )


def _over_density(figure: Figure, axes: Axes, known: pd.DataFrame, dense: pd.Series) -> None:
    colours = _shades(known["aspl"])
    for _, row in known.iterrows():
        axes.errorbar(
            row["density"],
            POINTS * row["accuracy"],
            yerr=POINTS * row["sd"] if row["n"] > 1 else None,
            fmt="o",
            markersize=6.5,
            elinewidth=0.9,
            capsize=2,
            color=colours.to_rgba(row["aspl"]),
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
    mean, sd = POINTS * dense["accuracy"], POINTS * dense["sd"]
    if not pd.isna(mean):
        axes.axhline(mean, color="0.35", linewidth=1, linestyle="--", zorder=1)
        half = 0 if pd.isna(sd) else sd
        axes.axhspan(mean - half, mean + half, color="0.88", zorder=0)
        axes.plot([dense["density"]], [mean], "*", color="0.2", markersize=14, clip_on=False)
    # Most of the plane is at low density.
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("density of the block mask (at equal MACs)")
    axes.set_ylabel("test accuracy (%), ± sd over seeds")
    figure.colorbar(colours, ax=axes, label="average shortest path length L")


def _shades(values: pd.Series) -> ScalarMappable:
    bounds = (values.min(), values.max()) if len(values) else (0, 1)
    # The end of viridis is a yellow that cannot be seen on white.
    shades = ListedColormap(colormaps["viridis"](np.linspace(0, 0.9, 256)))
    return ScalarMappable(Normalize(*bounds), shades)
