"""RGP's theory: what is searched and computed for its Figures 3, 5 and 6. Nothing is trained."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from graphprune.graphs.aspl import AsplSearch, aspl, minimise_aspl
from graphprune.graphs.catalogue import entries
from graphprune.graphs.generators import random_regular, ring_lattice
from graphprune.graphs.graded import swap_chain, with_aspl_between
from graphprune.graphs.propagation import (
    gradient_resistance,
    output_neuron_usage,
    output_parameter_usage,
)
from graphprune.graphs.properties import graph_properties
from graphprune.graphs.relational import RelationalGraph
from graphprune.progress import progress
from graphprune.seeds import derive

IDLE = 3  # calls of the released code that gain less than its window asks for, and it is left
TRACED = 400  # points of a trace, evenly on a logarithmic scale
LABEL = ["method", "n", "k", "seed"]
FOUND = ["aspl", "start_aspl", "steps", "accepted", "found", "graph6"]
Row = dict[str, Any]
Found = tuple[Row, list[tuple[int, float]]]  # a row of searches, and (step, ASPL) on the way


def spread(options: Mapping[str, Any], nodes: int, degree: int, layers: int) -> pd.DataFrame:
    """Figure 3: how ASPL goes with GR and AOPU, one row a graph.

    Columns: set ("chain": from ring lattice to optimum; "band": of nearly equal ASPL), band (its
    lower end, NaN in a chain), graph, aspl, clustering, gradient_resistance, neurons and
    parameters (AOPU counted as either), means over nodes. options: the config's block
    rgp_theory.spread.
    """
    graphs: list[tuple[str, float, str, RelationalGraph]] = []
    for seed in range(options["chains"]):
        chain = swap_chain(nodes, degree, options["graphs"], seed)
        graphs += [("chain", np.nan, f"chain{seed}-{i}", graph) for i, graph in enumerate(chain)]
    bands = options["bands"]
    for low in bands["low"]:
        for number in range(bands["graphs"]):
            seed = derive(number, f"band/{low:g}")
            start, high = ring_lattice(nodes, degree), low + bands["width"]
            graph = with_aspl_between(start, low, high, bands["swaps"], seed)
            graphs.append(("band", low, f"band{low:g}-{number}", graph))
    stack = np.array([graph.adjacency for *_, graph in graphs])
    table = pd.DataFrame([row[:3] for row in graphs], columns=["set", "band", "graph"])
    table["aspl"] = [aspl(graph) for *_, graph in graphs]
    table["clustering"] = graph_properties(stack, ("average_clustering",))["average_clustering"]
    table["gradient_resistance"] = [gradient_resistance(graph).mean() for *_, graph in graphs]
    table["neurons"] = [output_neuron_usage(graph, layers).mean() for *_, graph in graphs]
    table["parameters"] = [output_parameter_usage(graph, layers).mean() for *_, graph in graphs]
    return table


def trees(nodes: int, degree: int) -> pd.DataFrame:
    """Figure 5: a graph of the greatest, of middle and of the smallest ASPL; one row each.

    Columns: name, aspl, graph6. The ring lattice, the middle of a chain of three, and its end.
    """
    names = ("greatest ASPL", "middle ASPL", "smallest ASPL")
    chain = swap_chain(nodes, degree, len(names), seed=0)
    rows = [
        (name, aspl(graph), graph.to_graph6()) for name, graph in zip(names, chain, strict=True)
    ]
    return pd.DataFrame(rows, columns=["name", "aspl", "graph6"])


def searches(method: str, options: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figure 6: what `method` finds at every degree on every seed, and how it got there.

    method: a key of METHODS. options: the config's block rgp_theory.search. Columns of the first
    table: method, n, k, seed, aspl, start_aspl, steps, accepted, seconds, found (of the
    catalogue: how), graph6; of the second: method, n, k, seed, step, aspl, for the degrees in
    `traces` on the first seed. What the catalogue does not have is left out.
    """
    n, rows, traces = options["nodes"], list[Row](), list[Row]()
    seeds = [-1] if method == "catalogue" else options["seeds"]
    for k in progress(options["degrees"], len(options["degrees"]), f"{method}, degrees"):
        if method == "catalogue" and (n, k) not in entries():
            continue
        for seed in seeds:
            start = time.perf_counter()
            row, trace = METHODS[method](n, k, seed, options)
            seconds = np.nan if method == "catalogue" else time.perf_counter() - start
            label = dict(zip(LABEL, (method, n, k, seed), strict=True))
            rows.append({**label, **row, "seconds": seconds})
            if k in options["traces"] and seed == seeds[0]:
                traces += [{**label, "step": step, "aspl": value} for step, value in trace]
    found = pd.DataFrame(rows, columns=[*LABEL, *FOUND, "seconds"])
    return found, pd.DataFrame(traces, columns=[*LABEL, "step", "aspl"])


def _algorithm_1(n: int, k: int, seed: int, options: Mapping[str, Any]) -> Found:
    found = minimise_aspl(ring_lattice(n, k), options["steps"], seed, trace=True)
    return _row(found), _thinned(found, 0, found.start_aspl)


def _annealing(n: int, k: int, seed: int, options: Mapping[str, Any]) -> Found:
    steps = options["annealing_steps"]
    found = minimise_aspl(ring_lattice(n, k), steps, seed, "anneal", trace=True)
    return _row(found), _thinned(found, 0, found.start_aspl)


def _released_code(n: int, k: int, seed: int, options: Mapping[str, Any]) -> Found:
    """Call after call, each from the graph of the one before, until IDLE in a row gain nothing."""
    released = options["released_code"]
    graph, steps, accepted, trace = ring_lattice(n, k), 0, 0, list[tuple[int, float]]()
    idle = 0
    for call in range(released["calls"]):
        if idle == IDLE:
            break
        found = minimise_aspl(
            graph,
            seed=derive(seed, f"call/{call}"),
            method="released_code",
            window=tuple(released["window"]),
            trace=True,
        )
        trace += _thinned(found, steps, found.start_aspl)
        graph, steps, accepted = found.graph, steps + found.steps, accepted + found.accepted
        idle = 0 if found.start_aspl - found.aspl > released["window"][0] else idle + 1
    row = {"aspl": found.aspl, "start_aspl": trace[0][1], "steps": steps, "accepted": accepted}
    return {**row, "found": "", "graph6": graph.to_graph6()}, trace


def _random_regular(n: int, k: int, seed: int, options: Mapping[str, Any]) -> Found:
    """The first connected one."""
    tries = (random_regular(n, k, derive(seed, f"try/{number}")) for number in range(1000))
    graph = next(graph for graph in tries if np.isfinite(aspl(graph)))
    length = aspl(graph)
    row = {"aspl": length, "start_aspl": length, "steps": 0, "accepted": 0, "found": ""}
    return {**row, "graph6": graph.to_graph6()}, []


def _catalogue(n: int, k: int, seed: int, options: Mapping[str, Any]) -> Found:
    one = entries()[n, k]
    row = {"aspl": one.aspl, "start_aspl": aspl(ring_lattice(n, k)), "steps": one.steps}
    return {**row, "accepted": 0, "found": one.found, "graph6": one.graph6}, []


METHODS: dict[str, Callable[[int, int, int, Mapping[str, Any]], Found]] = {
    "algorithm_1": _algorithm_1,
    "released_code": _released_code,
    "annealing": _annealing,
    "random_regular": _random_regular,
    "catalogue": _catalogue,
}


def _row(found: AsplSearch) -> Row:
    return {
        "aspl": found.aspl,
        "start_aspl": found.start_aspl,
        "steps": found.steps,
        "accepted": found.accepted,
        "found": "",
        "graph6": found.graph.to_graph6(),
    }


def _thinned(found: AsplSearch, before: int, start: float) -> list[tuple[int, float]]:
    """Some points of a trace that comes after `before` other steps, with the first and last."""
    points = [(before, start)]
    if found.trace is None or not found.steps:
        return points
    chosen = np.unique(np.geomspace(1, found.steps, TRACED).round().astype(int)) - 1
    return points + [(before + int(s), float(a)) for s, a, _ in found.trace[chosen].tolist()]
