"""Figures of neural curvature: accuracy over the removed share, and curvature beside 1/|w|."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from graphprune.report.cells import POINTS
from graphprune.report.colours import PALETTE
from graphprune.report.curvature.labels import LABELS, STYLES, TRAININGS, short

WIDTH, HEIGHT = 3.5, 3.0  # of a panel, inches
Draw = Callable[[Axes, pd.DataFrame], None]


def accuracy_figure(table: pd.DataFrame, block: str = "pruned") -> Figure:
    """Test accuracy over the removed share, mean ± sd over seeds: a panel a network, all arms.

    table: of `tables.accuracy_table`. With few cuts (block "retrained") they are marked.
    """
    rows = table[table["block"] == block]
    most = rows.groupby("network")["per_class"].transform("max")
    return _panels(rows[rows["per_class"] == most], "network", _arms)


def layers_figure(table: pd.DataFrame) -> Figure:
    """The same of one layer pruned at a time: a row a network, a column a layer."""
    rows = table[table["block"] == "layers"]
    networks = list(dict.fromkeys(rows["network"]))
    layers = list(dict.fromkeys(rows["scope"]))
    shape = max(1, len(networks)), max(1, len(layers))
    figure = Figure(figsize=(2.6 * shape[1] + 0.6, 2.6 * shape[0] + 0.9), layout="constrained")
    panels = figure.subplots(*shape, squeeze=False, sharey="row", sharex=True)
    for row, network in zip(panels, networks, strict=False):
        for panel, layer in zip(row, layers, strict=False):
            mine = rows[(rows["network"] == network) & (rows["scope"] == layer)]
            _arms(panel, mine)
            panel.set_title(f"{network}: {short(layer)}", fontsize=9)
        row[0].set_ylabel("test accuracy, %")
    for panel in panels[-1]:
        panel.set_xlabel("removed of the layer")
    _legend(figure, list(panels.ravel()))
    return figure


def examples_figure(table: pd.DataFrame) -> Figure:
    """Positive first by each number of examples a class: a panel a network."""
    rows = table[(table["block"] == "pruned") & (table["arm"] == "positive")]
    return _panels(rows, "network", _counts)


def spearman_figure(agreement: pd.DataFrame, threshold: float) -> Figure:
    """Spearman of curvature with 1/|w| by layer, mean ± sd: all weights and live ones.

    A panel a network; of the most examples a class. The line is `threshold`. agreement: of
    `tables.agreement_table`.
    """

    def draw(axes: Axes, rows: pd.DataFrame) -> None:
        mine = rows[rows["per_class"] == rows["per_class"].max()].sort_values("layer")
        for column, colour, marker, label in (
            ("spearman", PALETTE[0], "o", "all weights"),
            ("spearman_live", PALETTE[1], "s", "weights that are not dead"),
        ):
            sd = np.nan_to_num(mine[f"{column}_sd"])
            axes.errorbar(
                mine["layer"], mine[column], sd, color=colour, marker=marker, capsize=2, label=label
            )
        axes.axhline(threshold, color="#777", linestyle="--", linewidth=0.8)
        axes.set_xticks(mine["layer"], [short(name) for name in mine["name"]], rotation=45)
        axes.grid(color="#eee")

    return _panels(agreement, "network", draw, "layer", "Spearman of curvature, 1/|w|")


def _panels(
    rows: pd.DataFrame,
    column: str,
    draw: Draw,
    across_label: str = "removed share of the weights",
    up_label: str = "test accuracy, %",
) -> Figure:
    """A panel for each value of `column`, at most three side by side, one legend below."""
    values = list(dict.fromkeys(rows[column]))
    across = min(3, max(1, len(values)))
    down = -(-max(1, len(values)) // across)
    # The legend has three columns and at most three lines, which no narrow figure would hold.
    size = (max(WIDTH * across, 6.5) + 0.6, HEIGHT * down + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for panel, value in zip(panels, values, strict=False):
        mine = rows[rows[column] == value]
        draw(panel, mine)
        training = set(mine["training"]) if "training" in mine else set()
        trained = f", trained {TRAININGS[training.pop()]}" if training else ""
        panel.set_title(f"{value}{trained}", fontsize=10)
        panel.set_xlabel(across_label)
    for panel in panels[len(values) :]:
        panel.set_axis_off()
    for panel in panels[::across]:
        panel.set_ylabel(up_label)
    _legend(figure, list(panels))
    return figure


def _legend(figure: Figure, panels: Sequence[Axes]) -> None:
    found: dict[str, Artist] = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    if found:
        figure.legend(
            list(found.values()),
            list(found),
            loc="outside lower center",
            ncols=3,
            fontsize=8,
            frameon=False,
        )


def _arms(axes: Axes, rows: pd.DataFrame) -> None:
    for arm in [arm for arm in LABELS if arm in set(rows["arm"])]:
        colour, line = STYLES[arm]
        _curve(axes, rows[rows["arm"] == arm], colour, line, LABELS[arm])


def _counts(axes: Axes, rows: pd.DataFrame) -> None:
    for number, (count, mine) in enumerate(rows.groupby("per_class")):
        _curve(axes, mine, PALETTE[number % len(PALETTE)], "-", f"{count} a class")


def _curve(axes: Axes, rows: pd.DataFrame, colour: str, line: str, label: str) -> None:
    rows = rows.sort_values("level")
    mean, sd = (POINTS * rows[c].to_numpy(float) for c in ("accuracy", "accuracy_sd"))
    marker = "o" if len(rows) < 10 else None
    axes.plot(
        rows["level"], mean, color=colour, ls=line, lw=1.4, marker=marker, ms=3.5, label=label
    )
    sd = np.nan_to_num(sd)
    axes.fill_between(rows["level"], mean - sd, mean + sd, color=colour, alpha=0.12, lw=0)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.grid(color="#eee")
