"""Figures on whether the graph is identifiable: spread of the sources, masks against seeds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.masks.database import MaskDatabase
from graphprune.report.bogp.identifiability import accuracies, seeds_sd
from graphprune.report.colours import BLUE, GREY, VERMILION
from graphprune.report.labels import SHORT

RANDOM, OTHER, BAND = VERMILION, BLUE, GREY
POINTS = 100
_COLUMNS = 5


def spread(databases: Sequence[MaskDatabase]) -> Figure:
    """Every property, one violin a source over its whole database, beside `random`.

    The shaded range is that of `random` masks. Infinite values have no place in it.
    """
    names = list(databases[0].parameters["properties"])
    sources = _random_first([str(d.parameters["source"]) for d in databases])
    values = pd.concat(
        [d.properties().astype(float).assign(source=d.parameters["source"]) for d in databases],
        ignore_index=True,
    ).replace([np.inf, -np.inf], np.nan)
    columns = min(_COLUMNS, len(names))
    rows = -(-len(names) // columns)
    size = (1.6 + 2.3 * columns, 0.9 + rows * (0.6 + 0.27 * len(sources)))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, name in zip(grid.ravel(), names, strict=False):
        _violins(axes, values, name, sources)
    for axes in grid.ravel()[len(names) :]:
        axes.set_axis_off()
    return figure


def _violins(axes: Axes, values: pd.DataFrame, name: str, sources: Sequence[str]) -> None:
    drawn = values[["source", name]].dropna()
    random = drawn.loc[drawn["source"] == "random", name]
    if len(random):
        axes.axvspan(random.min(), random.max(), color=RANDOM, alpha=0.18, linewidth=0)
    for place, source in enumerate(sources):
        mine = drawn.loc[drawn["source"] == source, name]
        colour = RANDOM if source == "random" else OTHER
        if len(mine) and np.ptp(mine) > 1e-9 * mine.abs().max():
            sns.violinplot(
                x=mine.to_numpy(),
                y=np.full(len(mine), place),
                orient="h",
                native_scale=True,
                cut=0,
                width=0.85,
                inner=None,
                linewidth=0.6,
                color=colour,
                ax=axes,
            )
        elif len(mine):
            axes.plot(mine.iloc[:1], [place], "|", color=colour, markersize=11, markeredgewidth=2)
        else:
            across = axes.get_yaxis_transform()  # x in shares of the panel
            axes.text(0.5, place, "never finite", transform=across, ha="center", va="center")
            axes.texts[-1].set(fontsize=8, color=colour)
    axes.set_yticks(range(len(sources)), [source.replace("_", " ") for source in sources])
    axes.set_ylim(len(sources) - 0.4, -0.6)
    axes.tick_params(labelsize=8)
    axes.locator_params(axis="x", nbins=4)
    axes.set_title(SHORT.get(name, name), fontsize=10)


def mask_means(records: pd.DataFrame) -> Figure:
    """Val accuracy (%) of each mask, mean ± sd over seeds, masks sorted; one panel a source.

    The band is the mean of all masks ± the sd between seeds of one mask, pooled over masks.
    """
    sources = _random_first(list(dict.fromkeys(map(str, records["arm"]))))
    columns = min(4, len(sources))
    rows = -(-len(sources) // columns)
    size = (0.6 + 2.7 * columns, 0.9 + 2.5 * rows)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for axes, source in zip(grid.ravel(), sources, strict=False):
        _masks(axes, POINTS * accuracies(records, source), source)
    for axes in grid.ravel()[len(sources) :]:
        axes.set_axis_off()
    figure.supxlabel("masks, sorted by their mean", fontsize=10)
    figure.supylabel("val accuracy (%), mean ± sd over seeds", fontsize=10)
    return figure


def _masks(axes: Axes, table: pd.DataFrame, source: str) -> None:
    means = table.mean(axis=1).sort_values(kind="stable")
    sd = seeds_sd(table)
    between, within = ("–" if np.isnan(v) else f"{v:.2f}" for v in (means.std(ddof=1), sd))
    name = f"{source.replace('_', ' ')} ({len(table)} masks)"
    axes.set_title(f"{name}\nsd: masks {between}, seeds {within}", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.set_xticks([])
    if not len(table):
        return
    if np.isfinite(sd):
        axes.axhspan(means.mean() - sd, means.mean() + sd, color=BAND, alpha=0.3, linewidth=0)
    axes.axhline(means.mean(), color=BAND, linewidth=0.8)
    axes.errorbar(
        np.arange(len(means)),
        means.to_numpy(),
        yerr=table.std(axis=1, ddof=1).loc[means.index].to_numpy(),
        fmt="o",
        markersize=2.5,
        elinewidth=0.7,
        color=RANDOM if source == "random" else OTHER,
    )


def _random_first(sources: list[str]) -> list[str]:
    return sorted(sources, key=lambda source: source != "random")
