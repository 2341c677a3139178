"""BoGP's Figures 5–7: accuracy against properties over all connected graphs on a few nodes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from graphprune.claims.association import partial_spearman, spearman_interval
from graphprune.claims.bogp_4 import PROPERTIES, SAME_SIGN
from graphprune.errors import UserError
from graphprune.graphs.atlas import graph_name
from graphprune.graphs.properties import graph_properties
from graphprune.graphs.relational import RelationalGraph
from graphprune.report.labels import SHORT
from graphprune.report.output import Page

POINTS = 100


def five_nodes_table(records: pd.DataFrame, graphs: Sequence[RelationalGraph]) -> pd.DataFrame:
    """One row per graph, sorted by density, then by ASPL; accuracies as fractions.

    graphs: all that were to be trained, in the order of their names. density: of the block
    mask, self-loops included; density_in_scope: of the masked matrices (another where nodes
    hold unequal numbers of units). accuracy and sd (ddof 1): test accuracy over the n runs
    that did not fail; NaN where there are too few. UserError for runs of another graph.
    """
    names = [graph_name(number) for number in range(len(graphs))]
    strange = sorted(set(records["graph"]) - set(names)) if len(records) else []
    if strange:
        raise UserError(
            f"the records hold runs of {strange[0]!r}, which is none of the {len(names)} graphs; "
            "they were made for another number of nodes, run them again"
        )
    adjacencies = np.array([graph.adjacency for graph in graphs])
    table = pd.DataFrame(
        {
            "graph": names,
            "edges": [len(graph.edges) for graph in graphs],
            "density": [float(graph.to_mask().mean()) for graph in graphs],
        }
    )
    # Rounded, because ranks must not tell equal values apart by the last digit.
    table[list(PROPERTIES)] = graph_properties(adjacencies, PROPERTIES).round(8)
    outcomes = [_outcome(records, name) for name in names]
    table = pd.concat([table, pd.DataFrame(outcomes)], axis=1)
    return table.sort_values(["density", "aspl"], kind="stable", ignore_index=True)


def _outcome(records: pd.DataFrame, name: str) -> dict[str, Any]:
    if not len(records):
        lacking = ("density_in_scope", "accuracy", "sd")
        return dict.fromkeys(lacking, float("nan")) | {"n": 0, "failed": 0}
    runs = records[records["graph"] == name]
    whole = runs[runs["failure"] == ""]
    return {
        "density_in_scope": 1 - runs["sparsity"].mean(),
        "accuracy": round(float(whole["test_accuracy"].mean()), 12),
        "sd": whole["test_accuracy"].std(ddof=1),
        "n": len(whole),
        "failed": len(runs) - len(whole),
    }


def correlations_table(table: pd.DataFrame, level: float = 0.95, draws: int = 2000) -> pd.DataFrame:
    """One row per property: how far the accuracy of a graph follows it.

    spearman: of the graphs' mean accuracies; partial: the same with the ranks of density held
    fixed; each with its bootstrap interval over graphs, of which there are n. density: the
    property's own rank correlation with density, over the same graphs.
    """
    known = table[table["accuracy"].notna()]
    rows = []
    for name in PROPERTIES:
        plain = spearman_interval(known, "graph", name, "accuracy", None, level, draws)
        fixed = spearman_interval(known, "graph", name, "accuracy", ["density"], level, draws)
        rows.append(
            {
                "property": name,
                "spearman": plain.estimate,
                "spearman_low": plain.low,
                "spearman_high": plain.high,
                "partial": fixed.estimate,
                "partial_low": fixed.low,
                "partial_high": fixed.high,
                "density": partial_spearman(known[name], known["density"]),
                "level": level,
                "n": plain.n,
            }
        )
    return pd.DataFrame(rows)


def five_nodes_note(records: pd.DataFrame, recipe: Mapping[str, Any]) -> str:
    """What was run, in a few sentences; "" without records.

    recipe: the learning rate and, where it was chosen, the val accuracy of each rate.
    """
    if not len(records):
        return ""
    first = records.iloc[0]
    others = ", ".join(recipe["val_accuracy"])
    chosen = f", the best on val among {others} for the dense network," if others else ""
    devices = " and ".join(sorted(set(records["device"])))
    seeds = ", ".join(str(seed) for seed in sorted(set(records["seed"])))
    protocol = (
        "The test set was read once per run, after the last epoch."
        if first["protocol"] == "held_out"
        else "Protocol as printed: the test set was also the validation set."
    )
    return (
        f"Data set {first['dataset']}, network {first['model']} "
        f"({int(first['parameters']):,} parameters, {int(first['scope_weights']):,} of them in the "
        f"masked matrices), recipe {first['recipe']}, {int(records['epochs'].max())} epochs, "
        f"learning rate {recipe['learning_rate']:g}{chosen} on {devices}. {protocol} Seeds "
        f"{seeds}, the same for every graph."
    )


def five_nodes_page(
    table: pd.DataFrame, correlations: pd.DataFrame, verdicts: pd.DataFrame, note: str
) -> Page:
    """The graphs, the correlations and the verdict on bogp-4 for readers.

    verdicts: of `claims.bogp_4.bogp_4`.
    """
    page = Page("BoGP, Figures 5–7: accuracy and the properties of small graphs")
    page.text(
        'The paper observes "that the performance is a monotonic function of multiple '
        'properties" over a set of 5-node graphs; which graphs, how many seeds and the numbers '
        "are not printed. Here: every connected graph with this number of nodes, its mask on all "
        "hidden-to-hidden matrices, self-loops kept, input layer and head dense."
    )
    if note:
        page.text(note)
    page.text(
        "These graphs differ in density: a graph with more edges keeps more weights, and "
        "clustering, ASPL and eigenvector centrality all change with the number of edges. A curve "
        "that rises or falls may therefore show the effect of density alone; what is left at "
        "fixed density is the partial correlation below. Where no two nodes are further than two "
        "steps apart ASPL follows from the number of edges, so at fixed density only the sparser "
        "graphs can tell ASPL from density."
    )
    page.heading("Correlation of accuracy with each property")
    level = f"{POINTS * correlations['level'].iloc[0]:g} %" if len(correlations) else ""
    page.text(
        f"Spearman's rank correlation over graphs with its {level} bootstrap interval; partial: "
        "density held fixed; with density: the property's own rank correlation with density. The "
        f"verdict ({SAME_SIGN}; intervals corrected for several properties) is on claim bogp-4."
    )
    page.table(_correlations_shown(correlations, verdicts))
    page.heading("The graphs")
    page.text("Test accuracy in %, mean ± sd over seeds (n). Runs that failed are left out.")
    uneven = ((table["density"] - table["density_in_scope"]).abs() > 1e-9).any()
    if uneven:
        page.text(
            "The width is no multiple of the number of nodes, so graphs of equal density keep "
            "slightly different numbers of weights (density in scope)."
        )
    shown = _graphs_shown(table)
    page.table(shown if uneven else shown.drop(columns="density in scope"))
    return page


def _correlations_shown(correlations: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    both = verdicts[verdicts["criterion"] == SAME_SIGN].set_index("cell")["verdict"]
    lines = [
        {
            "property": SHORT[row["property"]],
            "Spearman": _interval(row, "spearman"),
            "partial, density fixed": _interval(row, "partial"),
            "with density": _number(row["density"], "+.2f"),
            "n (graphs)": row["n"],
            "verdict": both.get(row["property"], ""),
        }
        for _, row in correlations.iterrows()
    ]
    return pd.DataFrame(lines)


def _graphs_shown(table: pd.DataFrame) -> pd.DataFrame:
    lines = []
    for _, row in table.iterrows():
        failed = f", {row['failed']} failed" if row["failed"] else ""
        mean, sd = (_number(POINTS * row[name], ".2f") for name in ("accuracy", "sd"))
        lines.append(
            {
                "graph": row["graph"],
                "edges": row["edges"],
                "density": f"{row['density']:.2f}",
                "density in scope": _number(row["density_in_scope"], ".3f"),
                **{SHORT[name]: f"{row[name]:.3f}" for name in PROPERTIES},
                "test accuracy": f"{mean} ± {sd} ({row['n']}{failed})",
            }
        )
    return pd.DataFrame(lines)


def _interval(row: pd.Series, name: str) -> str:
    low, high = (_number(row[f"{name}_{end}"], "+.2f") for end in ("low", "high"))
    return f"{_number(row[name], '+.2f')} [{low}, {high}]"


def _number(value: float, shape: str) -> str:
    """A dash where there is no number (all runs failed, one graph)."""
    return "–" if pd.isna(value) else format(value, shape)


def five_nodes(table: pd.DataFrame) -> Figure:
    """Figures 5–7 side by side: mean test accuracy (%) of each graph against its properties.

    Bars are ± sd over seeds; the colour is the graph's density.
    """
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    panels = figure.subplots(1, len(PROPERTIES), sharey=True)
    known = table[table["accuracy"].notna()]
    bounds = (table["density"].min(), table["density"].max()) if len(table) else (0, 1)
    # The end of viridis is a yellow that cannot be seen on white.
    shades = ListedColormap(colormaps["viridis"](np.linspace(0, 0.9, 256)))
    colours = ScalarMappable(Normalize(*bounds), shades)
    for axes, name in zip(panels, PROPERTIES, strict=True):
        for _, row in known.iterrows():
            axes.errorbar(
                row[name],
                POINTS * row["accuracy"],
                yerr=POINTS * row["sd"] if row["n"] > 1 else None,
                fmt="o",
                markersize=6,
                elinewidth=0.9,
                capsize=2,
                color=colours.to_rgba(row["density"]),
                markeredgecolor="white",
                markeredgewidth=0.5,
            )
        axes.set_xlabel(SHORT[name])
        axes.xaxis.set_major_locator(MaxNLocator(5))
    panels[0].set_ylabel("test accuracy (%), ± sd over seeds")
    figure.colorbar(colours, ax=panels, label="density of the mask")
    return figure
