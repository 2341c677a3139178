"""Average shortest path length (ASPL), and regular graphs in which it is small (RGP §3.3)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from graphprune.errors import UserError
from graphprune.graphs.bounds import aspl_lower_bound
from graphprune.graphs.engines import HILL_CLIMB, Engine, Rotations, Swaps
from graphprune.graphs.kernels import distances, packed_rows
from graphprune.graphs.relational import RelationalGraph, as_relational
from graphprune.graphs.swap_kernel import Rule
from graphprune.progress import progress
from graphprune.registry import lookup

METHODS = ("hill_climb", "released_code", "anneal", "symmetric")
STEPS = 10_000  # of Algorithm 1
COLD = (2.0, 0.3)  # temperatures of annealing, in ordered pairs of nodes: hotter ends are worse
WINDOW = (0.01, 0.02)  # of the released code: its options' defaults
CHUNK = 2**18  # steps between two looks at the clock
LONG = 2**22  # steps from which on progress is shown
TRACE = np.dtype([("step", np.int64), ("aspl", np.float64), ("accepted", np.bool_)])


def aspl(graph: RelationalGraph | np.ndarray) -> float:
    """Mean distance over all ordered pairs of different nodes; infinite if disconnected.

    graph: a relational graph, whose self-loops do not count, or its boolean adjacency. 0 on a
    single node.
    """
    graph = as_relational(graph)
    if graph.n == 1:
        return 0.0
    stack = graph.adjacency[None]
    sums, _, _, components = distances(stack, packed_rows(stack))
    return int(sums.sum()) / (graph.n * (graph.n - 1)) if components[0] == 1 else np.inf


@dataclass(frozen=True, eq=False)
class AsplSearch:
    """What a search for a small ASPL found.

    graph: the best graph met, with the self-loops of the start. aspl, start_aspl: its ASPL and
    that of the start; bound: the least that any regular graph of its size could have
    (`bounds.aspl_lower_bound`). steps: swaps judged; accepted: those taken. trace: None, or one
    row a step: (step, aspl after it, accepted), which annealing may leave above `aspl`.
    """

    graph: RelationalGraph
    aspl: float
    start_aspl: float
    bound: Fraction
    steps: int
    accepted: int
    trace: np.ndarray | None

    @property
    def optimal(self) -> bool:
        """Whether the bound is met, so that no regular graph of this size has a smaller ASPL."""
        n = self.graph.n
        return round(self.aspl * n * (n - 1)) == self.bound * n * (n - 1)


def minimise_aspl(
    graph: RelationalGraph | np.ndarray,
    steps: int | None = None,
    seed: int = 0,
    method: str = "hill_climb",
    *,
    folds: int | None = None,
    temperatures: tuple[float, float] = COLD,
    window: tuple[float, float] = WINDOW,
    trace: bool = False,
) -> AsplSearch:
    """A connected regular graph of small ASPL, from `graph` by random double-edge swaps.

    A step is one swap of two edges a–b, c–d for a–d, c–b that keeps the graph simple; draws
    that do not are no steps. Swaps that disconnect it are never taken. The search stops early
    at the lower bound, also before its first step. Equal arguments give equal results.

    method:
        "hill_climb": RGP's Algorithm 1 with the tests it needs (it prints none against loops
            and double edges): a swap is taken if the ASPL does not grow.
        "released_code": the rule of RGP's published code, which is another one: a swap is
            taken if the ASPL is at most that of the *start*, but not less by more than the
            upper end of `window`; the first to gain more than the lower end is the result.
            Draws that are no swap count as steps, of which there are n(n − 1) by default.
        "anneal": a swap that makes the sum of distances over ordered pairs larger by x is
            taken with probability exp(−x/T); T falls geometrically between `temperatures`.
        "symmetric": annealing among graphs with an s-fold rotation, s = `folds`: node i goes
            to i + n/s. `graph` must have it; a ring lattice has every one. Temperatures are
            meant for a single fold.

    trace: keep the ASPL of every step (17 bytes each). Long searches show their progress.

    UserError for an unknown method, negative steps, a graph that is not regular, connected and
    symmetric (as a matrix; under the rotation), or folds that do not divide n.
    """
    lookup(dict.fromkeys(METHODS), method, "method of minimise_aspl")
    graph = as_relational(graph)
    n, k = _checked(graph)
    if steps is None:
        steps = n * (n - 1) if method == "released_code" else STEPS
    if steps < 0:
        raise UserError(f"minimise_aspl: steps must be 0 or more, found {steps}")
    if method == "symmetric":
        engine: Engine = Rotations(graph, k, _checked_folds(graph, folds), seed)
    else:
        engine = Swaps(graph, k, seed)
    tally = engine.begin()
    rule = _rule(method, n, tally[0], steps, temperatures, window, folds or 1)
    sums, taken = np.zeros(steps * trace, np.int64), np.zeros(steps * trace, np.bool_)
    for until in _stops(steps, f"{method} on {n} nodes of degree {k}"):
        if tally[3] < until and tally[1] > rule.enough:
            tally = engine.run(rule, tally, until, sums, taken)
    start, now, best, done, moves = tally
    least, pairs = least_sum(n, k), n * (n - 1)
    kept = None
    if trace:
        kept = np.zeros(done, TRACE)
        kept["step"] = np.arange(1, done + 1)
        kept["aspl"] = (sums[:done] + least) / pairs
        kept["accepted"] = taken[:done]
    last = method == "released_code"  # its result is where it ends, not the best it met
    return AsplSearch(
        graph=RelationalGraph(engine.adjacency(last), graph.self_loops),
        aspl=((now if last else best) + least) / pairs,
        start_aspl=(start + least) / pairs,
        bound=aspl_lower_bound(n, k),
        steps=done,
        accepted=moves,
        trace=kept,
    )


def _checked(graph: RelationalGraph) -> tuple[int, int]:
    """(n, k) of a graph that can be searched from."""
    if graph.n < 2:
        raise UserError(f"minimise_aspl needs a graph of n ≥ 2 nodes, found n = {graph.n}")
    degrees = graph.adjacency.sum(axis=1)
    if degrees.min() != degrees.max():
        raise UserError(
            "minimise_aspl needs a regular graph, in which all nodes have the same degree; found "
            f"degrees from {degrees.min()} to {degrees.max()}"
        )
    aspl_lower_bound(graph.n, int(degrees[0]))  # which refuses graphs that cannot be connected
    return graph.n, int(degrees[0])


def _checked_folds(graph: RelationalGraph, folds: int | None) -> int:
    if folds is None or not 1 <= folds <= graph.n or graph.n % folds:
        raise UserError(
            "minimise_aspl: method 'symmetric' needs folds, a divisor of the number of nodes "
            f"{graph.n}; found {folds}"
        )
    image = np.roll(graph.adjacency, graph.n // folds, axis=(0, 1))
    if (image != graph.adjacency).any():
        raise UserError(
            f"minimise_aspl: the start has no {folds}-fold rotation: an edge i–j is there without "
            f"its image i + {graph.n // folds}, j + {graph.n // folds}; a ring lattice has all"
        )
    return folds


def least_sum(n: int, k: int) -> int:
    """The lower bound as a sum of distances over ordered pairs."""
    return int(aspl_lower_bound(n, k) * n * (n - 1))


def _stops(steps: int, what: str) -> Iterator[int]:
    """Steps up to which a search runs at a time, with progress where that may take long."""
    stops = [*range(CHUNK, steps, CHUNK), steps]
    return iter(progress(stops, len(stops), what) if steps > LONG else stops)


def _rule(
    method: str,
    n: int,
    start: int,
    steps: int,
    temperatures: tuple[float, float],
    window: tuple[float, float],
    folds: int,
) -> Rule:
    if method == "hill_climb":
        return HILL_CLIMB
    if method == "released_code":
        if not 0 <= window[0] < window[1]:
            raise UserError(
                "minimise_aspl: the window is two gains of ASPL, the first less than the second "
                f"and neither negative; found {window[0]} and {window[1]}"
            )
        low, high = (side * n * (n - 1) for side in window)
        lowest, enough = math.ceil(start - high), math.ceil(start - low) - 1
        return Rule(True, lowest, max(enough, 0), True, 0.0, 1.0)
    hot, cold = temperatures
    if not hot >= cold > 0:
        raise UserError(
            f"minimise_aspl: temperatures fall from the first to the second, both above 0; found "
            f"{hot} and {cold}"
        )
    # One orbit changes the sum of distances by about as much as `folds` swaps.
    return Rule(False, 0, 0, False, hot * folds, (cold / hot) ** (1 / max(steps, 1)))
