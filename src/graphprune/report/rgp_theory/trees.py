"""RGP's Figure 5: breadth-first spanning trees of regular graphs, beside the best one possible."""

from math import cos, pi, sin

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from graphprune.errors import UserError
from graphprune.graphs.bounds import aspl_lower_bound, moore_sizes
from graphprune.graphs.relational import RelationalGraph
from graphprune.report.colours import BLUE, VERMILION
from graphprune.report.output import Page
from graphprune.report.rgp_theory.example import mean_distances

_GAP = pi / 5  # left free of nodes at the top, for the numbers of the rings


def typical_root(graph: RelationalGraph, value: float) -> int:
    """The node whose mean distance to the others is closest to `value`; the first of equals."""
    # Rounded, because equal distances must not be told apart by a rounding error.
    return int(np.abs(mean_distances(graph) - value).round(12).argmin())


def spanning_tree(graph: RelationalGraph, root: int) -> tuple[list[list[int]], dict[int, int]]:
    """(nodes at distance 0, 1, … in the order of their discovery, parent of each but the root).

    Breadth first, neighbours in ascending order. UserError if the graph is disconnected.
    """
    rings, parents, seen = [[root]], dict[int, int](), {root}
    while rings[-1]:
        rings.append([])
        for node in rings[-2]:
            for near in np.flatnonzero(graph.adjacency[node]).tolist():
                if near not in seen:
                    seen.add(near)
                    parents[near] = node
                    rings[-1].append(near)
    if len(seen) < graph.n:
        raise UserError(
            f"a spanning tree needs a connected graph; from node {root} only {len(seen)} of "
            f"{graph.n} nodes can be reached"
        )
    return rings[:-1], parents


def figure5(trees: pd.DataFrame) -> Figure:
    """A panel a graph: root in the middle, a ring for each distance, the tree's edges only.

    The root is the `typical_root`; a number on top of each ring counts its nodes.
    """
    figure = Figure(figsize=(4 * max(1, len(trees)), 4.8), layout="constrained")
    panels = figure.subplots(1, max(1, len(trees)), squeeze=False)[0]
    for axes, (_, row) in zip(panels, trees.iterrows(), strict=False):
        graph = RelationalGraph.from_graph6(row["graph6"])
        root = typical_root(graph, row["aspl"])
        _draw(axes, *spanning_tree(graph, root))
        own = mean_distances(graph)[root]
        axes.set_title(f"{row['name']}: {row['aspl']:.3f}\n(from this root {own:.3f})", fontsize=10)
    for axes in panels:  # not switched off, which would leave its title no room
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    return figure


def _draw(axes: Axes, rings: list[list[int]], parents: dict[int, int]) -> None:
    angles = _angles(rings, parents)
    places = {
        node: (radius * cos(angles[node]), radius * sin(angles[node]))
        for radius, ring in enumerate(rings)
        for node in ring
    }
    for radius, ring in enumerate(rings[1:], 1):
        axes.add_patch(Circle((0, 0), radius, fill=False, color="#ccc", linewidth=0.8, zorder=0))
        axes.text(
            0,
            radius,
            str(len(ring)),
            fontsize=9,
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    for node, parent in parents.items():
        ends = np.array([places[parent], places[node]]).T
        axes.plot(*ends, color="#555", linewidth=0.9, zorder=1)
    points = np.array([places[node] for ring in rings for node in ring])
    colours = [VERMILION] + [BLUE] * (len(points) - 1)
    x, y = points.T
    axes.scatter(x, y, c=colours, s=34, zorder=2, edgecolors="white", linewidths=0.6)
    axes.set_aspect("equal")
    reach = len(rings) - 1 + 0.45
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)


def _angles(rings: list[list[int]], parents: dict[int, int]) -> dict[int, float]:
    """An angle a node: leaves at equal distances all round but for the gap, others amid theirs."""
    children: dict[int, list[int]] = {node: [] for ring in rings for node in ring}
    for node, parent in parents.items():
        children[parent].append(node)
    leaves = [node for node in _depth_first(rings[0][0], children) if not children[node]]
    step = (2 * pi - _GAP) / len(leaves)
    angles = {leaf: pi / 2 + _GAP / 2 + (place + 0.5) * step for place, leaf in enumerate(leaves)}
    for ring in reversed(rings):
        for node in ring:
            if children[node]:
                angles[node] = sum(angles[child] for child in children[node]) / len(children[node])
    return angles


def _depth_first(root: int, children: dict[int, list[int]]) -> list[int]:
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += reversed(children[found[-1]])
    return found


def rings_table(trees: pd.DataFrame) -> pd.DataFrame:
    """One row per distance: `distance`, nodes at it in each tree (by name), `moore`.

    moore: as many as a regular graph of this size can have at most, nearest first. UserError if
    the graphs are not regular of one size and degree.
    """
    graphs = [RelationalGraph.from_graph6(text) for text in trees["graph6"]]
    kinds = sorted({(g.n, int(k)) for g in graphs for k in g.adjacency.sum(axis=1)})
    if len(kinds) != 1:
        raise UserError(
            "spanning trees are compared with one Moore bound, so all graphs must be regular and "
            f"of one size and degree; found (nodes, degree) {kinds}"
        )
    columns = {
        name: [len(ring) for ring in spanning_tree(graph, typical_root(graph, value))[0]]
        for name, graph, value in zip(trees["name"], graphs, trees["aspl"], strict=True)
    }
    columns["moore"] = np.diff(moore_sizes(*kinds[0]), prepend=0).tolist()
    depth = max(map(len, columns.values()))
    padded = {name: sizes + [0] * (depth - len(sizes)) for name, sizes in columns.items()}
    return pd.DataFrame({"distance": range(depth), **padded})


def trees_page(trees: pd.DataFrame) -> Page:
    """The rings of the spanning trees for readers."""
    page = Page("RGP, Figure 5: spanning trees and the lower bound of ASPL")
    page.text(
        "A graph's ASPL is the mean over all roots of the mean distance from the root (Eq. 7), and "
        "a breadth-first spanning tree shows the distances from one root. In a k-regular graph "
        "the root has at most k neighbours and every other node at most k − 1 new ones. A graph "
        "whose every tree is filled to that limit, ring after ring, has the least possible ASPL."
    )
    if trees.empty:
        page.text("No graphs.")
        return page
    table = rings_table(trees)
    graphs = [RelationalGraph.from_graph6(text) for text in trees["graph6"]]
    n, k = graphs[0].n, int(graphs[0].adjacency[0].sum())
    page.text(
        f"Nodes at each distance in {k}-regular graphs on {n} nodes. Of each graph one tree is "
        "shown: its root is the node whose mean distance is closest to the graph's ASPL, the first "
        "of equals; the last row has the least and the greatest over all roots. The paper does not "
        "say which roots it drew."
    )
    lines = [{"distance": str(row.pop("distance")), **row} for row in table.to_dict("records")]
    bound = f"{float(aspl_lower_bound(n, k)):.4f}"
    summary: list[dict[str, str]] = [
        {"distance": "ASPL of the graph", "moore": bound},
        {"distance": "mean distance from this root", "moore": bound},
        {"distance": "over all roots", "moore": bound},
    ]
    for name, graph, value in zip(trees["name"], graphs, trees["aspl"], strict=True):
        means = mean_distances(graph)
        summary[0][name] = f"{value:.4f}"
        summary[1][name] = f"{means[typical_root(graph, value)]:.4f}"
        summary[2][name] = f"{means.min():.4f} … {means.max():.4f}"
    page.table(pd.DataFrame([*lines, *summary]).rename(columns={"moore": "Moore's tree"}))
    return page
