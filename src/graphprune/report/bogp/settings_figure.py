"""The figure of BoGP's settings: how far masks can be told apart, against the node count."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from graphprune.claims.records import claim
from graphprune.report.colours import PALETTE

# Okabe and Ito's, told apart by colour-blind readers.
_MARKERS = "os^vD*Px"
_SHIFT = 0.05  # in doublings of the node count, so that bars do not hide each other


def settings_figure(table: pd.DataFrame) -> Figure:
    """ICC with its 95 % interval against the node count; `table`: of `settings_table`.

    A colour and line for each network, scope and recipe, a marker for each mask source. Dotted:
    what claim bogp-1 asks the lower end to exceed. Without results the figure says so.
    """
    rows = table[(table["part"] == "identifiability") & table["icc"].notna()]
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.subplots()
    if rows.empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no results on masks against seeds", ha="center", va="center")
        return figure
    lines = rows["network"] + ", " + rows["scope"] + ", " + rows["recipe"]
    colours = dict(zip(dict.fromkeys(lines), PALETTE * len(lines), strict=False))
    sources = sorted(set(rows["name"]), key=lambda source: (source != "random", source))
    markers = dict(zip(sources, _MARKERS * len(sources), strict=False))
    series = [
        (line, source, points.sort_values("nodes"))
        for line in colours
        for source in sources
        if len(points := rows[(lines == line) & (rows["name"] == source)])
    ]
    for number, (line, source, points) in enumerate(series):
        shift = 2 ** (_SHIFT * (number - (len(series) - 1) / 2))
        _draw(axes, points, shift, colours[line], markers[source])
    _dress(axes, sorted(set(rows["nodes"])))
    handles = [Line2D([], [], color=colour, label=line) for line, colour in colours.items()]
    handles += [
        Line2D([], [], color="#555", marker=marker, linestyle="", label=source.replace("_", " "))
        for source, marker in markers.items()
    ]
    figure.legend(handles=handles, loc="outside right upper", fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, points: pd.DataFrame, shift: float, colour: str, marker: str) -> None:
    bounds = points[["icc_low", "icc_high"]].T.to_numpy()
    axes.errorbar(
        points["nodes"] * shift,
        points["icc"],
        yerr=np.abs(bounds - points["icc"].to_numpy()),
        marker=marker,
        markersize=5,
        linewidth=1.1,
        elinewidth=0.8,
        capsize=1.5,
        color=colour,
    )


def _dress(axes: Axes, nodes: list[int]) -> None:
    axes.axhline(0, color="#999", linewidth=0.6)
    asked = claim("bogp-1").criterion("icc").threshold
    axes.axhline(asked, color="#999", linewidth=0.8, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set_xlim(nodes[0] / 2**0.5, nodes[-1] * 2**0.5)
    axes.set_xticks(nodes, [str(n) for n in nodes])
    axes.minorticks_off()
    axes.set_xlabel("nodes of the graph")
    axes.set_ylabel("ICC of masks, with 95 % interval")
