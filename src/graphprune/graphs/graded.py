"""Regular graphs of a given ASPL: chains from a ring lattice to the optimum, narrow bands."""

import math

import numpy as np

from graphprune.errors import UserError
from graphprune.graphs.aspl import least_sum, minimise_aspl
from graphprune.graphs.engines import NO_TRACE, Swaps
from graphprune.graphs.generators import ring_lattice
from graphprune.graphs.relational import RelationalGraph
from graphprune.graphs.swap_kernel import Rule

_MOST = 2_000_000  # steps on the way into a band


def with_aspl_between(
    graph: RelationalGraph, low: float, high: float, steps: int, seed: int
) -> RelationalGraph:
    """A graph of the degrees of `graph`, regular and connected, with low ≤ ASPL ≤ high.

    From `graph`, which must not lie below the band, by swaps that shorten its paths, but none
    to below `low`; then `steps` swaps at random, each taken if the ASPL stays in the band, so
    that what the start looked like is forgotten. UserError if the band is not reached.
    """
    n, k = graph.n, int(graph.adjacency[0].sum())
    pairs, least = n * (n - 1), least_sum(n, k)
    # Rounded first: a bound that is itself some graph's ASPL must not fall past it.
    lowest = max(0, math.ceil(round(low * pairs, 6)) - least)
    highest = math.floor(round(high * pairs, 6)) - least
    engine = Swaps(graph, k, seed)
    tally = engine.begin()
    if tally[0] < lowest:
        raise UserError(
            f"the graph's ASPL {(tally[0] + least) / pairs:.6g} is below the band from {low:.6g} "
            f"to {high:.6g}; start from one above it, such as a ring lattice"
        )
    down = Rule(False, lowest, highest, False, 0.0, 1.0)
    tally = engine.run(down, tally, _MOST, *NO_TRACE)
    if tally[1] > highest:
        raise UserError(
            f"no graph with an ASPL from {low:.6g} to {high:.6g} was met in {_MOST:,} swaps (n = "
            f"{n}, k = {k}, seed {seed}; lower bound {least / pairs:.6g}); ask for a wider band, "
            "or one further from the bound"
        )
    within = Rule(True, lowest, -1, False, 0.0, 1.0)
    engine.run(within, (highest, *tally[1:3], 0, 0), steps, *NO_TRACE)
    return RelationalGraph(engine.adjacency(last=True), graph.self_loops)


def swap_chain(n: int, k: int, graphs: int, seed: int) -> list[RelationalGraph]:
    """`graphs` regular graphs, each from the one before it by swaps, of evenly falling ASPL.

    The first is the ring lattice, the last what RGP's Algorithm 1 makes of it (10,000 steps);
    each between lies within half a grade above its level. The graphs of RGP's Figures 3 and 4
    are such chains, but end about where random regular graphs lie. UserError for fewer than 2
    graphs, or if there is none (n, k).
    """
    if graphs < 2:
        raise UserError(f"swap_chain: a chain has at least 2 graphs, found {graphs}")
    lattice = ring_lattice(n, k)
    best = minimise_aspl(lattice, seed=seed)
    levels = np.linspace(best.start_aspl, best.aspl, graphs)
    grade = (best.start_aspl - best.aspl) / (graphs - 1)
    chain = [lattice]
    for number, level in enumerate(levels[1:-1], start=1):
        chain.append(
            with_aspl_between(chain[-1], level, level + grade / 2, 0, seed * graphs + number)
        )
    return [*chain, best.graph]
