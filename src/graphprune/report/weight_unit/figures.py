"""Figures of training, of accuracy and loss over k, and of latency over density."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.report.axes import logarithmic
from graphprune.report.cells import POINTS
from graphprune.report.colours import BLUE, VERMILION
from graphprune.report.weight_unit.labels import BLOCKS, FORM_STYLES, FORMS, LABELS, STYLES

_PARTS = {"train": (BLUE, "training"), "val": (VERMILION, "validation")}
_MEASURES = {"loss": ("cross-entropy, nats", 1), "accuracy": ("accuracy, %", POINTS)}


def training_figure(curves: pd.DataFrame) -> Figure:
    """Loss and accuracy after each epoch, a thin line a seed and a thick one their mean; dots are
    the kept epochs. curves: of `runs.keeping.train_nets`, failed trainings left out."""
    whole = curves[curves["failure"] == ""]
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    for panel, (measure, (label, scale)) in zip(
        figure.subplots(1, 2), _MEASURES.items(), strict=True
    ):
        for part, (colour, name) in _PARTS.items():
            column = f"{part}_{measure}"
            for _, mine in whole.groupby("seed"):
                values = scale * mine[column]
                panel.plot(mine["epoch"], values, color=colour, linewidth=0.6, alpha=0.5)
            mean = scale * whole.groupby("epoch")[column].mean()
            panel.plot(mean.index, mean, color=colour, linewidth=2, label=name)
        kept = whole[whole["kept"]]
        panel.plot(
            kept["epoch"],
            scale * kept[f"val_{measure}"],
            "o",
            color="black",
            markersize=4,
            label="kept: least validation loss",
        )
        panel.set(xlabel="epoch", ylabel=label)
        panel.grid(color="#eee")
    logarithmic(figure.axes[0])
    figure.axes[1].legend(fontsize=8, frameon=False, loc="lower right")
    return figure


def accuracy_figure(table: pd.DataFrame) -> Figure:
    """Test accuracy and loss over k, mean ± sd over seeds; a row without, a row with retraining.

    table: of `tables.accuracy_table`."""
    blocks = [block for block in BLOCKS if block in set(table["block"])]
    figure = Figure(figsize=(10, 3.6 * len(blocks)), layout="constrained")
    panels = figure.subplots(len(blocks), 2, squeeze=False)
    for row, block in zip(panels, blocks, strict=True):
        for panel, measure in zip(row, ("accuracy", "loss"), strict=True):
            _over_k(panel, table[table["block"] == block], measure)
            panel.set_title(BLOCKS[block], fontsize=10)
    panels[0][0].legend(fontsize=8, frameon=False, loc="lower left")
    return figure


def _over_k(axes: Axes, rows: pd.DataFrame, measure: str) -> None:
    label, scale = _MEASURES[measure]
    for arm in [arm for arm in LABELS if arm in set(rows["arm"])]:
        mine = rows[rows["arm"] == arm].sort_values("k")
        colour, marker, line = STYLES[arm]
        mean, sd = (scale * mine[c].to_numpy(float) for c in (measure, f"{measure}_sd"))
        axes.plot(
            mine["k"], mean, color=colour, marker=marker, ls=line, markersize=4, label=LABELS[arm]
        )
        low = mean - np.nan_to_num(sd)
        if measure == "loss":  # on a logarithmic axis a band may not reach 0
            low = np.maximum(low, mean / 10)
        axes.fill_between(mine["k"], low, mean + np.nan_to_num(sd), color=colour, alpha=0.15, lw=0)
    if measure == "loss":
        logarithmic(axes)
    axes.set(xlabel="k, share of each layer pruned", ylabel=f"test {label}")
    axes.grid(color="#eee")


def latency_figure(summary: pd.DataFrame, even: pd.DataFrame) -> Figure:
    """Time over the dense one against density; the crossing of 1 is marked and written.

    summary, even: of `claims.weight_unit_time`. A row an arm, a column a batch size.
    """
    arms = [arm for arm in LABELS if arm in set(summary["arm"])]
    batches = sorted(set(summary["batch"]))
    size = (4.8 * len(batches) + 0.6, 3.6 * len(arms))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(arms), len(batches), squeeze=False, sharex=True)
    for row, arm in zip(panels, arms, strict=True):
        for panel, batch in zip(row, batches, strict=True):
            here = (summary["arm"] == arm) & (summary["batch"] == batch)
            there = (even["arm"] == arm) & (even["batch"] == batch)
            _over_density(panel, summary[here], even[there])
            panel.set_title(f"{LABELS[arm]}; batch {batch}", fontsize=10)
    return figure


def _over_density(axes: Axes, rows: pd.DataFrame, even: pd.DataFrame) -> None:
    crossings = even.set_index("form")["density"]
    for form in [form for form in FORM_STYLES if form in set(rows["form"])]:
        mine = rows[rows["form"] == form].sort_values("density")
        colour, marker = FORM_STYLES[form]
        at = crossings[form]
        told = "never faster" if pd.isna(at) else f"faster below {at:.2g}"
        label = f"{FORMS[form]} ({told})"
        axes.plot(
            mine["density"], mine["ratio"], color=colour, marker=marker, markersize=4, label=label
        )
        if not pd.isna(at) and at < mine["density"].max():
            axes.plot([at], [1], marker="|", color=colour, markersize=14, markeredgewidth=2)
    axes.axhline(1, color="#777", linewidth=0.8, linestyle="--")
    logarithmic(axes)
    axes.set(xlabel="density of the pruned layers", ylabel="time / dense time")
    axes.grid(color="#eee")
    axes.legend(fontsize=7, frameon=False)
