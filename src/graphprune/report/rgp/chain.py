"""Accuracy along chains of graphs from ring lattice to optimum (Figure 4), and across networks."""

from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.claims.agreement import icc_two_way
from graphprune.claims.rgp_chain import graph_means
from graphprune.claims.statistics import Effect
from graphprune.report import cells
from graphprune.report.cells import POINTS
from graphprune.report.colours import PALETTE
from graphprune.report.output import Page
from graphprune.report.verdicts import add_verdicts, as_number, in_points

_ABOUT = (
    "Slopes are in points of accuracy for each unit of ASPL, the rest are correlations; intervals "
    "are bootstrapped over graphs, at the level that Holm's procedure asks for."
)
PROPERTIES = {"aspl": "ASPL", "clustering": "clustering", "spectral_gap": "spectral gap"}


def chain_figure(runs: pd.DataFrame) -> Figure:
    """Mean accuracy ± sd of each graph over ASPL, clustering and spectral gap; a row a network."""
    means = graph_means(runs)
    networks = list(dict.fromkeys(means["network"]))
    figure = Figure(figsize=(10.5, 3.2 * len(networks) + 0.4), layout="constrained")
    panels = figure.subplots(len(networks), len(PROPERTIES), squeeze=False)
    for row, network in zip(panels, networks, strict=True):
        graphs = means[means["network"] == network]
        for axes, (name, title) in zip(row, PROPERTIES.items(), strict=True):
            _draw(axes, graphs, name)
            axes.set_xlabel(title)
        row[0].set_ylabel(f"{network}\ntest accuracy, %")
        row[0].legend(fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, graphs: pd.DataFrame, name: str) -> None:
    for number, ((nodes, degree), rows) in enumerate(graphs.groupby(["nodes", "degree"])):
        axes.errorbar(
            rows[name],
            POINTS * rows["accuracy"],
            yerr=np.nan_to_num(POINTS * rows["sd"]),
            fmt="o",
            markersize=4,
            elinewidth=0.7,
            color=PALETTE[number % len(PALETTE)],
            label=f"{nodes}_{degree}",
        )


def transfer_figure(runs: pd.DataFrame) -> Figure:
    """Accuracy of the same graphs in two networks, a panel a pair; says so where there is none."""
    means = graph_means(runs)
    pairs = _pairs(means)
    figure = Figure(figsize=(4.2 * max(1, len(pairs)), 3.8), layout="constrained")
    panels = figure.subplots(1, max(1, len(pairs)), squeeze=False)[0]
    if not pairs:
        panels[0].set_axis_off()
        panels[0].text(0.5, 0.5, "no two networks share graphs", ha="center", va="center")
    for axes, (first, second, title) in zip(panels, pairs, strict=False):
        # Other networks have other graphs: beside them no row would be complete.
        table = means[means["network"].isin([first, second])].pivot_table(
            index=["nodes", "degree", "graph"], columns="network", values=["accuracy", "sd"]
        )
        table = table.dropna(subset=[("accuracy", first), ("accuracy", second)])
        axes.errorbar(
            POINTS * table["accuracy", first],
            POINTS * table["accuracy", second],
            xerr=np.nan_to_num(POINTS * table["sd", first]),
            yerr=np.nan_to_num(POINTS * table["sd", second]),
            fmt="o",
            markersize=4,
            elinewidth=0.6,
            color=PALETTE[0],
        )
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(f"{first}: accuracy, %")
        axes.set_ylabel(f"{second}: accuracy, %")
    return figure


def _pairs(means: pd.DataFrame) -> list[tuple[str, str, str]]:
    """(network, network, title) of all that have graphs in common."""
    levels = means.groupby("network", sort=False)[["nodes", "degree"]].apply(
        lambda rows: set(rows.itertuples(index=False, name=None))
    )
    found = []
    for first, second in combinations(levels.index, 2):
        shared = sorted(levels[first] & levels[second])
        if shared:
            found.append((first, second, ", ".join(f"{n}_{k}" for n, k in shared)))
    return found


def chain_page(runs: pd.DataFrame, ordered: pd.DataFrame, alike: pd.DataFrame, note: str) -> Page:
    """ordered: verdicts of `claims.rgp_chain.rgp_1`; alike: of `rgp_7`."""
    page = Page("RGP, Figure 4: accuracy along the chain from ring lattice to optimum")
    page.text(note)
    page.text(
        "Each chain begins with the ring lattice and ends with what Algorithm 1 finds; ASPL falls "
        "evenly between. Along it clustering falls and the spectral gap grows, so a chain alone "
        "cannot say which of them matters. The partial correlations beside the verdict can, but "
        "only as far as the three do not rank the graphs alike: where they do, nothing is left to "
        "correlate, which is given as 0. Every graph is trained on the same seeds; mean test "
        "accuracy ± sd in %, n seeds."
    )
    page.heading("Do graphs differ at all?")
    page.text(
        "Intraclass correlation of the graphs over their shared seeds (ICC(2,1), 95 % interval): "
        "the share of the variance that lies between graphs. Where it is near 0 graphs cannot be "
        "told apart by these trainings, and any ranking of them is luck."
    )
    page.table(_agreement(runs))
    means = graph_means(runs)
    for network, rows in means.groupby("network", sort=False):
        page.heading(f"{network}: the graphs")
        page.table(_graphs(rows))
    for identifier, rows in (("rgp-1", ordered), ("rgp-7", alike)):
        add_verdicts(page, identifier, rows, _ABOUT, _effect)
    return page


def _agreement(runs: pd.DataFrame) -> pd.DataFrame:
    lines = []
    whole = runs[runs["failure"] == ""]
    for (network, nodes, degree), rows in whole.groupby(["network", "nodes", "degree"], sort=False):
        effect = icc_two_way(rows, "graph", "seed", "test_accuracy")
        lines.append({"network": network, "graph": f"{nodes}_{degree}", "ICC": _number(effect)})
    return pd.DataFrame(lines)


def _number(effect: Effect) -> str:
    values = [effect.estimate, effect.low, effect.high]
    icc, low, high = (cells.NONE if pd.isna(value) else f"{value:+z.2f}" for value in values)
    return f"{icc} [{low}, {high}] ({effect.n})"


def _graphs(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "graph": [
                f"{n}_{k} {g}"
                for n, k, g in zip(rows["nodes"], rows["degree"], rows["graph"], strict=True)
            ],
            "ASPL": [f"{value:.4f}" for value in rows["aspl"]],
            "clustering": [f"{value:.3f}" for value in rows["clustering"]],
            "spectral gap": [f"{value:.3f}" for value in rows["spectral_gap"]],
            "accuracy": [
                cells.accuracy(row["accuracy"], row["sd"], int(row["n"]))
                for _, row in rows.iterrows()
            ],
            "failed": rows["failed"],
        }
    )


def _effect(row: pd.Series) -> str:
    return in_points(row) if "slope" in row["criterion"] else as_number("+z.2f")(row)
