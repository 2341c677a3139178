"""Figure 8 and the table of what the correlation filter kept."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from graphprune.report.output import Page

SHORT = {
    "average_degree_centrality": "degree centrality",
    "average_clustering": "clustering",
    "average_eigenvector_centrality": "eigenvector centrality",
    "edge_connectivity": "edge connectivity",
    "cycle_length": "cycle length",
    "cycle_rank": "cycle rank",
    "aspl": "ASPL",
    "average_closeness": "closeness",
    "average_betweenness": "betweenness",
    "transitivity": "transitivity",
}


def correlation_figure(mean: pd.DataFrame, masks: int, levels: int) -> Figure:
    """Heat map of the mean within-sparsity correlation; blank where a property never varies."""
    names = [SHORT.get(name, name) for name in mean.columns]
    shown = pd.DataFrame(mean.to_numpy(), index=names, columns=names)
    figure = Figure(figsize=(8.2, 6.8), layout="constrained")
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
    axes.set_title(f"Mean over {levels} sparsities of r within one, {masks} masks each")
    axes.tick_params(axis="x", rotation=40)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
    return figure


def kept_table(
    properties: Mapping[float, pd.DataFrame], kept: Mapping[float, Sequence[str]]
) -> pd.DataFrame:
    """One row per sparsity and property: mean, sd, min, max over the masks, and whether kept."""
    rows = []
    for sparsity, frame in properties.items():
        for name in frame.columns:
            values = frame[name].astype(float)
            finite = values[np.isfinite(values)]
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
                    "kept": name in kept[sparsity],
                }
            )
    return pd.DataFrame(rows)


def kept_page(table: pd.DataFrame, threshold: float) -> Page:
    """The table of kept properties for readers."""
    page = Page("BoGP: the properties of the masks' graphs, and which the search uses")
    page.text(
        f"Walked in this order, a property is dropped when it is constant or |r| with one already kept "
        f"exceeds {threshold:g}, at each sparsity for itself. Cells: mean ± sd over the masks, "
        "in brackets why it was left out."
    )
    levels = sorted(table["sparsity"].unique())
    lines = []
    for name in dict.fromkeys(table["property"]):
        rows = table[table["property"] == name].set_index("sparsity")
        line = {f"s = {level:g}": _cell(rows.loc[level]) for level in levels}
        lines.append({"property": SHORT.get(name, name), **line})
    page.table(pd.DataFrame(lines))
    page.text(
        "On connected graphs average betweenness is (ASPL − 1)/(n − 2): one property under two names. "
        "On a graph of diameter 2 or less ASPL is 2 − mean degree/(n − 1), and closeness follows from "
        "the degrees, so there both repeat degree centrality. Cycle length is that of the cycle which "
        "networkx's find_cycle meets first: it changes when nodes are renamed, so it belongs to the "
        "labels, not to the graph."
    )
    return page


def _cell(row: pd.Series) -> str:
    value = f"{row['mean']:.4g} ± {row['sd']:.2g}"
    if row["disconnected"]:
        value += f" ({int(row['disconnected'])} disconnected)"
    if row["kept"]:
        return value
    return value + (" [constant]" if row["max"] - row["min"] < 1e-9 else " [correlated]")
