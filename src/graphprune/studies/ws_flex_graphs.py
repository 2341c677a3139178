"""The WS-flex graphs that cover the plane of clustering and path length (You et al. 2020)."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.graphs.generators import ws_flex
from graphprune.graphs.properties import graph_properties
from graphprune.graphs.relational import RelationalGraph
from graphprune.progress import progress
from graphprune.seeds import generator

WS_FLEX, COMPLETE = "ws_flex", "complete"
LEAST_SHARE = 0.125  # of degree / nodes: graph2nn leaves sparser graphs out
CLUSTERING = (0.0, 1.0)  # graph2nn's plane
PATH_LENGTH = (1.0, 4.5)
_AT_ONCE = 2000  # graphs whose properties are computed together
_DECIMALS = 8  # ranks must not tell equal values apart by the last digit

Setting = tuple[float, float, int]  # degree, p, seed
Point = tuple[float, float]  # C, L


def graph_table(n: int, options: Mapping[str, Any]) -> pd.DataFrame:
    """The graphs to train, one row each: those of the sweep, then the complete graph.

    Columns: graph (a name), kind (WS_FLEX or COMPLETE), k, p, seed (the arguments of
    `generators.ws_flex`), edges, density (of the block mask: adjacency and diagonal), clustering
    and aspl (of the simple graph), graph6. options: the config's block ws_flex.sweep. UserError
    if the sweep reaches fewer cells of the plane than graphs are asked for.
    """
    found = swept(n, options)
    if len(found) < options["graphs"]:
        raise UserError(
            f"config key ws_flex.sweep.graphs is {options['graphs']}, but the sweep reaches only "
            f"{len(found)} cells of the plane; ask for fewer, or use more cells, steps or seeds"
        )
    settings, points = list(found.values()), list(found)
    chosen = spread_out(np.array(points), options["graphs"])
    # Sorted, so that numbers say something: from sparse to dense.
    order = sorted(settings[place] for place in chosen)
    rows = [_row(n, f"{WS_FLEX} {i}", WS_FLEX, setting) for i, setting in enumerate(order)]
    table = pd.DataFrame([*rows, _row(n, COMPLETE, COMPLETE, (n - 1.0, 0.0, 0))])
    stack = np.array([RelationalGraph.from_graph6(text).adjacency for text in table["graph6"]])
    properties = graph_properties(stack, ("average_clustering", "aspl")).round(_DECIMALS)
    table["clustering"], table["aspl"] = properties["average_clustering"], properties["aspl"]
    return table


def block_mask(row: Mapping[str, Any]) -> np.ndarray:
    """The (n, n) block mask of a row of `graph_table`: every node reads itself, too."""
    graph = RelationalGraph.from_graph6(str(row["graph6"]))
    return graph.adjacency | np.eye(graph.n, dtype=bool)


def swept(n: int, options: Mapping[str, Any]) -> dict[Point, Setting]:
    """(C, L) -> how to draw that graph: of every cell of the plane one graph, in random order.

    Degrees are the squares of evenly spaced numbers up to √(n − 2), probabilities of rewiring
    squares as well (graph2nn's sweep); graphs outside the plane and those of a degree below
    LEAST_SHARE · n are left out.
    """
    settings = _settings(n, options)
    kept: dict[tuple[int, int], tuple[Point, Setting]] = {}
    starts = range(0, len(settings), _AT_ONCE)
    for start in progress(starts, len(starts), f"sweep, {_AT_ONCE} graphs each"):
        part = settings[start : start + _AT_ONCE]
        stack = np.array([_drawn(n, setting) for setting in part])
        found = graph_properties(stack, ("average_clustering", "aspl"))
        for setting, c, length in zip(part, *found.to_numpy().T.tolist(), strict=True):
            if PATH_LENGTH[0] <= length <= PATH_LENGTH[1]:
                cell = _cell(c, length, options["cells"])
                kept.setdefault(cell, ((c, length), setting))
    return dict(kept.values())


def _drawn(n: int, setting: Setting) -> np.ndarray:
    try:
        return ws_flex(n, *setting).adjacency
    except UserError as error:  # so few edges that no graph is connected
        raise UserError(f"config key ws_flex.sweep.degree.low: {error}") from None


def spread_out(points: np.ndarray, number: int) -> list[int]:
    """Places of `number` of the points (G, 2), far from each other on both axes alike.

    The first lies next to the mean; each further one is that whose nearest chosen point is
    farthest away, which leaves no gap more than twice as wide as it has to be (Gonzalez 1985).
    """
    extent = np.ptp(points, axis=0)
    scaled = (points - points.mean(axis=0)) / np.where(extent > 0, extent, 1)
    nearest = np.full(len(points), np.inf)
    chosen = [int(np.linalg.norm(scaled, axis=1).argmin())]
    while len(chosen) < number:
        step = np.linalg.norm(scaled - scaled[chosen[-1]], axis=1)
        nearest = np.minimum(nearest, step)
        nearest[chosen] = -1  # two graphs may lie on one point
        chosen.append(int(nearest.argmax()))
    return chosen


def _settings(n: int, options: Mapping[str, Any]) -> list[Setting]:
    """All settings of the sweep, shuffled: chance decides which graph a cell keeps."""
    degree, p = options["degree"], options["p"]
    degrees = _squares(degree["low"], n - 2, degree["steps"])
    degrees = degrees[degrees >= LEAST_SHARE * n]
    probabilities = _squares(p["low"], p["high"], p["steps"])
    everything = [*_product(degrees, probabilities, options["seeds"])]
    order = generator(0, "ws-flex sweep").permutation(len(everything))
    return [everything[place] for place in order]


def _squares(low: float, high: float, steps: int) -> np.ndarray:
    """Squares of evenly spaced numbers, from `low` to `high`, which rounding must not pass."""
    return np.clip(np.linspace(np.sqrt(low), np.sqrt(high), steps) ** 2, low, high)


def _product(degrees: np.ndarray, probabilities: np.ndarray, seeds: int) -> Iterator[Setting]:
    for degree in degrees.tolist():
        for p in probabilities.tolist():
            for seed in range(seeds):
                yield degree, p, seed


def _cell(c: float, length: float, cells: int) -> tuple[int, int]:
    def place(value: float, low: float, high: float) -> int:
        return min(int((value - low) / (high - low) * cells), cells - 1)

    return place(c, *CLUSTERING), place(length, *PATH_LENGTH)


def _row(n: int, name: str, kind: str, setting: Setting) -> dict[str, Any]:
    k, p, seed = setting
    graph = ws_flex(n, k, p, seed)
    edges = len(graph.edges)
    return {
        "graph": name,
        "kind": kind,
        "k": k,
        "p": p,
        "seed": seed,
        "edges": edges,
        "density": (2 * edges + n) / n**2,
        "graph6": graph.to_graph6(),
    }
