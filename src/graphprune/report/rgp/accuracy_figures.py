"""Figures of RGP beside its controls: every arm's difference, and regular against random."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.report.cells import POINTS
from graphprune.report.colours import BLUE, GREEN, GREY, PALETTE, PURPLE, VERMILION
from graphprune.report.rgp.accuracy import LABELS

# Okabe and Ito's, told apart by colour-blind readers.
_REGULAR = {
    "rgp": (BLUE, "o", "-"),
    "random_regular": (GREEN, "^", "--"),
    "random_graph": (VERMILION, "s", "-"),
    "ring": (PURPLE, "v", ":"),
    "random_unstructured": (GREY, "x", ":"),
}
_SPREAD = 0.6  # of an arm's row, that its degrees share


def arms_figure(table: pd.DataFrame) -> Figure:
    """Dense minus each arm in points with its 95 % interval, a panel a network."""
    networks = list(dict.fromkeys(table["network"]))
    figure = Figure(figsize=(4.2 * len(networks) + 1.4, 5.4), layout="constrained")
    panels = figure.subplots(1, len(networks), squeeze=False, sharey=True)[0]
    for panel, network in zip(panels, networks, strict=True):
        rows = table[(table["network"] == network) & (table["arm"] != "dense")]
        _drops(panel, rows, network)
    labels = [LABELS[arm] for arm in _arms(table)]
    panels[0].set_yticks(range(len(labels)), labels)
    panels[0].invert_yaxis()
    return figure


def _arms(table: pd.DataFrame) -> list[str]:
    return [arm for arm in LABELS if arm != "dense" and arm in set(table["arm"])]


def _drops(axes: Axes, rows: pd.DataFrame, network: str) -> None:
    degrees, arms = sorted(set(rows["degree"])), _arms(rows)
    places = {arm: place for place, arm in enumerate(arms)}
    for number, degree in enumerate(degrees):
        mine = rows[rows["degree"] == degree]
        shift = _SPREAD * ((number + 0.5) / len(degrees) - 0.5)
        bounds = POINTS * mine[["drop_low", "drop_high"]].to_numpy(float)
        values = POINTS * mine["drop"].to_numpy(float)
        axes.errorbar(
            values,
            [places[arm] + shift for arm in mine["arm"]],
            xerr=np.nan_to_num(np.abs(bounds - values[:, None]).T),
            fmt="o",
            markersize=4,
            linewidth=0,
            elinewidth=1,
            capsize=1.5,
            color=PALETTE[number % len(PALETTE)],
            label=f"{mine['nodes'].iloc[0]}_{degree}",
        )
    axes.axvline(0, color="#999", linewidth=0.7)
    axes.set_title(network, fontsize=10)
    axes.set_xlabel("drop from dense, points")
    axes.legend(fontsize=8, frameon=False)
    axes.grid(axis="y", color="#eee")


def regular_figure(table: pd.DataFrame) -> Figure:
    """Accuracy of regular and random graphs over the share of blocks kept (Figures 8 and 9)."""
    networks = list(dict.fromkeys(table["network"]))
    figure = Figure(figsize=(4.2 * len(networks), 3.8), layout="constrained")
    panels = figure.subplots(1, len(networks), squeeze=False)[0]
    for panel, network in zip(panels, networks, strict=True):
        _over_density(panel, table[table["network"] == network], network)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _over_density(axes: Axes, rows: pd.DataFrame, network: str) -> None:
    for number, (arm, (colour, marker, line)) in enumerate(_REGULAR.items()):
        mine = rows[rows["arm"] == arm].sort_values("degree")
        if mine.empty:
            continue
        density = mine["degree"] / mine["nodes"] * (1 + 0.012 * (number - 2))
        axes.errorbar(
            density,
            POINTS * mine["accuracy"],
            yerr=np.nan_to_num(POINTS * mine["sd"]),
            color=colour,
            marker=marker,
            linestyle=line,
            markersize=5,
            linewidth=1.2,
            elinewidth=0.8,
            capsize=1.5,
            label=LABELS[arm],
        )
    dense = rows[rows["arm"] == "dense"]
    if len(dense):
        level = POINTS * dense["accuracy"].iloc[0]
        axes.axhline(level, color="black", linewidth=0.8, linestyle="--", label="dense")
    axes.set_title(network, fontsize=10)
    axes.set_xlabel("share of blocks kept, k/n")
    axes.set_ylabel("test accuracy, %")
