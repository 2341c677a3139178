"""Figure 8 and the table of what the correlation filter kept."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from graphprune.graphs.correlation import correlations
from graphprune.report.labels import SHORT
from graphprune.report.output import Page


def correlation_figure(mean: pd.DataFrame, masks: int, levels: int) -> Figure:
    """Heat map of the mean within-sparsity correlation; blank where a property never varies."""
    names = [SHORT.get(name, name) for name in mean.columns]
    shown = pd.DataFrame(mean.to_numpy(), index=names, columns=names)
    figure = Figure(figsize=(9.2, 6.8), layout="tight")
    axes = figure.subplots()
    sns.heatmap(
        shown,
        ax=axes,
        vmin=-1,
        vmax=1,
        cmap="RdBu_r",
        annot=True,
        fmt=".2f",
        annot_kws={"size": 8},
        square=True,
        linewidths=0.5,
        cbar_kws={"label": "Pearson r"},
    )
    over = f"{levels} sparsities" if levels > 1 else "1 sparsity"
    axes.set_title(f"Mean over {over} of r within one, {masks} masks each")
    axes.tick_params(axis="x", rotation=40)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
    return figure


def kept_table(
    properties: Mapping[float, pd.DataFrame], kept: Mapping[float, Sequence[str]]
) -> pd.DataFrame:
    """One row per sparsity and property: mean, sd, min, max over the masks, and whether kept.

    left_out: "" where kept, else "constant" over the connected graphs, or "correlated".
    """
    rows = []
    for sparsity, frame in properties.items():
        correlation = correlations(frame)
        for name in frame.columns:
            values = frame[name].astype(float)
            finite = values[np.isfinite(values)]
            is_kept = name in kept[sparsity]
            why = "constant" if np.isnan(correlation.loc[name, name]) else "correlated"
            rows.append(
                {
                    "sparsity": sparsity,
                    "property": name,
                    "mean": finite.mean(),
                    "sd": finite.std(ddof=1),
                    "min": finite.min(),
                    "max": finite.max(),
                    "n": len(finite),
                    "disconnected": len(values) - len(finite),
                    "kept": is_kept,
                    "left_out": "" if is_kept else why,
                }
            )
    return pd.DataFrame(rows)


def kept_page(table: pd.DataFrame, threshold: float) -> Page:
    """The table of kept properties for readers."""
    page = Page("BoGP: the properties of the masks' graphs, and which the search uses")
    page.text(
        "Walked in this order, a property is dropped when it is constant or |r| with one already "
        f"kept exceeds {threshold:g}, at each sparsity for itself. Cells: mean ± sd over the "
        "masks, in brackets why it was left out."
    )
    levels = sorted(table["sparsity"].unique())
    lines = []
    for name in dict.fromkeys(table["property"]):
        rows = table[table["property"] == name].set_index("sparsity")
        line = {f"s = {level:g}": _cell(rows.loc[level]) for level in levels}
        lines.append({"property": SHORT.get(name, name), **line})
    page.table(pd.DataFrame(lines))
    page.text(
        "On connected graphs average betweenness is (ASPL − 1)/(n − 2): one property under two "
        "names. On a graph of diameter 2 or less ASPL is 2 − mean degree/(n − 1), and closeness "
        "follows from the degrees, so there both repeat degree centrality. Cycle length is that "
        "of the cycle which networkx's find_cycle meets first: it changes when nodes are renamed, "
        "so it belongs to the labels, not to the graph."
    )
    return page


def _cell(row: pd.Series) -> str:
    value = f"{row['mean']:.4g} ± {row['sd']:.2g}"
    if row["disconnected"]:
        value += f" ({int(row['disconnected'])} disconnected)"
    return value if row["kept"] else f"{value} [{row['left_out']}]"
