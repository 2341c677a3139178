"""Figures of what is removed: histograms of |w|, and Theorem 1's AUC beside its null."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.report.colours import GREEN, VERMILION
from graphprune.report.weight_unit.labels import LABELS, STYLES

SHOWN_K = 0.5
_REMOVED, _KEPT = (VERMILION, "eliminated"), (GREEN, "surviving")


def histogram_figure(histograms: pd.DataFrame) -> Figure:
    """Densities of |w| of eliminated and surviving weights, all seeds together; a column a layer.

    Of the k next to one half. histograms: of `studies.weight_unit_weights.histogram_table`.
    """
    layers = sorted(set(histograms["layer"]))
    arms = [arm for arm in LABELS if arm in set(histograms["arm"])]
    rows, columns = max(1, len(arms)), max(1, len(layers))
    figure = Figure(figsize=(2.9 * columns + 0.5, 2.8 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    if histograms.empty:
        return figure
    k = shown_k(histograms["k"])
    for row, arm in zip(panels, arms, strict=True):
        for panel, layer in zip(row, layers, strict=True):
            mine = histograms[
                (histograms["arm"] == arm) & (histograms["layer"] == layer) & (histograms["k"] == k)
            ]
            _two(panel, mine)
            panel.set_title(f"layer {layer}: {LABELS[arm]}, k = {k:g}", fontsize=8)
    panels[0][0].legend(fontsize=8, frameon=False)
    return figure


def shown_k(ks: pd.Series) -> float:
    """Of the k there are the one nearest to SHOWN_K."""
    return float(min(set(ks), key=lambda k: (abs(k - SHOWN_K), k)))


def _two(axes: Axes, rows: pd.DataFrame) -> None:
    by_bin = rows.groupby(["low", "high"])[["removed", "kept"]].sum().reset_index()
    edges = [*by_bin["low"], by_bin["high"].iloc[-1]]
    for column, (colour, label) in (("removed", _REMOVED), ("kept", _KEPT)):
        counts = by_bin[column].to_numpy(float)
        share = counts / max(1.0, counts.sum()) / np.diff(edges)
        axes.stairs(share, edges, fill=True, color=colour, alpha=0.35)
        axes.stairs(share, edges, color=colour, label=label)
    axes.set(xlabel="|w|", ylabel="density", ylim=(0, None))


def auc_figure(summary: pd.DataFrame, margin: float) -> Figure:
    """AUC over k, mean ± sd over seeds, beside the null of shuffled weights; a column a layer.

    The band is the null ± `margin`. summary: of `tables.auc_summary`.
    """
    layers = sorted(set(summary["layer"]))
    figure = Figure(figsize=(3 * max(1, len(layers)) + 0.6, 3.3), layout="constrained")
    panels = figure.subplots(1, max(1, len(layers)), squeeze=False, sharey=True)[0]
    for panel, layer in zip(panels, layers, strict=False):
        mine = summary[summary["layer"] == layer]
        for arm in [arm for arm in LABELS if arm in set(mine["arm"])]:
            _curve(panel, mine[mine["arm"] == arm], arm, margin)
        first = mine.iloc[0]
        panel.set_title(f"layer {layer}: {first['units']} units", fontsize=9)
        panel.axhline(0.5, color="#777", linewidth=0.7)
        panel.set_xlabel("k")
        panel.grid(color="#eee")
    panels[0].set_ylabel("AUC: removed < kept")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _curve(axes: Axes, rows: pd.DataFrame, arm: str, margin: float) -> None:
    rows = rows.sort_values("k")
    colour, marker, line = STYLES[arm]
    axes.errorbar(
        rows["k"],
        rows["auc_mean"],
        yerr=np.nan_to_num(rows["auc_std"]),
        color=colour,
        marker=marker,
        linestyle=line,
        markersize=4,
        capsize=1.5,
        label=LABELS[arm],
    )
    if rows["null_mean"].notna().any():
        null = rows["null_mean"].to_numpy(float)
        axes.plot(rows["k"], null, color="black", linestyle=":", label="null: weights shuffled")
        label = f"null ± {margin:g}"
        axes.fill_between(
            rows["k"], null - margin, null + margin, color="#bbb", alpha=0.4, label=label
        )
