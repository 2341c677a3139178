"""How much of the theoretical speed-up of RGP's networks is measured: its numbers and a figure."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from graphprune.claims.records import claim
from graphprune.claims.rgp_6 import CASE, NETWORK, speed_ups
from graphprune.report.axes import logarithmic
from graphprune.report.colours import BLUE, GREY, VERMILION

LABELS = {"stock": "stock operators", "ours": "ours"}

# Okabe and Ito's, told apart by colour-blind readers; with a marker each.
_STYLES = {"stock": (VERMILION, "s"), "ours": (BLUE, "o")}
_OTHER = (GREY, "x")


def speed_table(times: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """One row per network, degree, batch, layer and sparse form: measured and theoretical.

    times, layers: of `studies.rgp_speed.speeds`. Columns: those of `claims.rgp_6.speed_ups`;
    weights, kept, macs_dense, macs_kept (of one image) and theoretical, their ratio; chosen: what
    the layer computes with in this form, "" for a network; share: measured / theoretical.
    """
    table = speed_ups(times).merge(layers, on=[*CASE, "layer"], how="left", validate="m:1")
    table["chosen"] = [row.get(f"chosen_{row['form']}", "") for _, row in table.iterrows()]
    table = table.drop(columns=[column for column in table if column.startswith("chosen_")])
    table["share"] = table["measured"] / table["theoretical"]
    return table


def fell_back(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of layers that fell back to a dense product."""
    return table[(table["layer"] != NETWORK) & table["chosen"].str.contains("dense")]


def speed_figure(table: pd.DataFrame) -> Figure:
    """Measured against theoretical speed-up of whole networks, and of their layers beside it.

    table: of `speed_table`. Whole networks have one panel per batch size. Layers have one per
    network, degree and batch size, in the order of the network; the line over them is the
    theoretical speed-up.
    """
    cases = list(table.groupby(CASE, sort=False))
    columns = 2 if len(cases) > 1 else 1
    rows = -(-len(cases) // columns)
    figure = Figure(figsize=(5.2 + 3.6 * columns, max(4.6, 2.5 * rows)), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(5.2, 3.6 * columns))[0]
    whole = list(table[table["layer"] == NETWORK].groupby("batch"))
    for axes, (batch, at) in zip(
        left.subplots(max(len(whole), 1), sharex=True, sharey=True, squeeze=False).ravel(),
        whole,
        strict=False,
    ):
        _draw_networks(axes, at)
        axes.set_title(f"whole networks, batch {batch}", fontsize=10)
    left.supxlabel("theoretical speed-up (dense MACs / kept MACs)", fontsize=10)
    left.supylabel("measured speed-up over the best dense form", fontsize=10)
    panels = right.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes in panels[len(cases) :]:
        axes.set_axis_off()
    for axes, (case, at) in zip(panels, cases, strict=False):
        _draw_layers(axes, at[at["layer"] != NETWORK])
        axes.set_title("{}, degree {}, batch {}".format(*case), fontsize=9)
    right.supxlabel("masked layer, from first to last", fontsize=10)
    right.supylabel("measured speed-up of a layer", fontsize=10)
    return figure


def _draw_networks(axes: Axes, table: pd.DataFrame) -> None:
    for form, rows in table.groupby("form", sort=False):
        colour, marker = _STYLES.get(str(form), _OTHER)
        bars = [rows["mean"] - rows["low"].fillna(rows["mean"])]
        bars += [rows["high"].fillna(rows["mean"]) - rows["mean"]]
        axes.errorbar(
            rows["theoretical"],
            rows["mean"],
            yerr=bars,
            fmt=marker,
            color=colour,
            markersize=6,
            elinewidth=1,
            capsize=3,
            label=LABELS.get(str(form), str(form)),
        )
        lowest = set(rows.groupby("degree")["mean"].idxmin())
        for place, row in rows.iterrows():
            axes.annotate(
                f"{row['network']}, k = {row['degree']}",
                (row["theoretical"], row["mean"]),
                xytext=(-7, 0),
                textcoords="offset points",
                ha="right",
                va="top" if place in lowest else "bottom",  # apart where networks gain alike
                fontsize=8,
                color=colour,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
            )
    values = pd.concat([table["theoretical"], table["measured"]])
    low, high = 0.6 * min(values.min(), 1), 1.5 * values.max()
    axes.plot([low, high], [low, high], color="#777", linewidth=1, label="as in theory", zorder=0)
    threshold = claim("rgp-6").criteria[0].threshold
    axes.axhline(1, color="#bbb", linewidth=0.9, zorder=0)
    axes.axhline(
        threshold, color="#777", linewidth=0.9, linestyle=":", label=f"{threshold:g}×", zorder=0
    )
    axes.set_xlim(0.7, high)
    axes.set_ylim(low, high)
    for axis in (axes.xaxis, axes.yaxis):
        logarithmic(axes, axis.axis_name)
    axes.legend(fontsize=8, frameon=False, loc="upper left")


def _draw_layers(axes: Axes, table: pd.DataFrame) -> None:
    for form, rows in table.groupby("form", sort=False):
        colour, marker = _STYLES.get(str(form), _OTHER)
        places = range(1, len(rows) + 1)
        axes.plot(places, rows["measured"], marker + "-", color=colour, markersize=3, linewidth=0.8)
    first = table[table["form"] == table["form"].iloc[0]] if len(table) else table
    axes.step(
        range(1, len(first) + 1), first["theoretical"], where="mid", color="#777", linewidth=1
    )
    axes.axhline(1, color="#bbb", linewidth=0.9, zorder=0)
    logarithmic(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.tick_params(labelsize=8)
