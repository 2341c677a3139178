"""The best regular graphs known to this package: small ASPL at once, without a search."""

import csv
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from graphprune.errors import UserError
from graphprune.graphs.bounds import aspl_lower_bound, check_degree
from graphprune.graphs.relational import RelationalGraph

FILE = Path(__file__).with_name("catalogue.csv")
COLUMNS = ("n", "k", "aspl", "method", "folds", "hot", "cold", "steps", "seed", "graph6")


@dataclass(frozen=True)
class Entry:
    """One graph of the catalogue and how it was found.

    aspl: its average shortest path length. method, folds, temperatures hot to cold, steps and
    seed: of the call of `aspl.minimise_aspl`, started from a ring lattice, that found it.
    graph6: the graph itself.
    """

    n: int
    k: int
    aspl: float
    method: str
    folds: int
    hot: float
    cold: float
    steps: int
    seed: int
    graph6: str

    @property
    def bound(self) -> Fraction:
        """The least ASPL that any regular graph of this size could have."""
        return aspl_lower_bound(self.n, self.k)

    @property
    def optimal(self) -> bool:
        """Whether it is proved that no graph of this size and degree has a smaller ASPL.

        False only says that the bound is not met: often no graph meets it.
        """
        pairs = self.n * (self.n - 1)
        return round(self.aspl * pairs) == self.bound * pairs

    @property
    def found(self) -> str:
        """How the graph was found, in words."""
        how = "hill climb"
        if self.method != "hill_climb":
            how = f"annealing from T = {self.hot:g} to {self.cold:g}"
        if self.method == "symmetric":
            how += f" under a {self.folds}-fold rotation"
        return f"{how}, {self.steps:,} steps, seed {self.seed}"

    @property
    def graph(self) -> RelationalGraph:
        """The graph, without self-loops."""
        return RelationalGraph.from_graph6(self.graph6)


def best_regular_graph(n: int, k: int) -> RelationalGraph:
    """The k-regular graph on n nodes of the smallest ASPL in the catalogue (see `entry`)."""
    return entry(n, k).graph


def entry(n: int, k: int) -> Entry:
    """The catalogue's graph on n nodes of degree k.

    UserError if no such graph can exist, or if there is none in the catalogue: then
    `aspl.minimise_aspl` finds one.
    """
    check_degree(n, k)
    known = entries()
    if (n, k) not in known:
        degrees = {size: [d for m, d in known if m == size] for size, _ in known}
        kept = "; ".join(f"n = {size}: k = {_ranges(ks)}" for size, ks in degrees.items())
        raise UserError(
            f"the catalogue of regular graphs has none with n = {n}, k = {k}; it has {kept}. "
            f"Search for one: minimise_aspl(ring_lattice({n}, {k}), …)"
        )
    return known[n, k]


@cache
def entries() -> dict[tuple[int, int], Entry]:
    """All entries by (n, k), ascending."""
    return read(FILE)


def read(file: Path) -> dict[tuple[int, int], Entry]:
    """The entries of a catalogue's file, by (n, k)."""
    with open(file, encoding="utf-8", newline="") as lines:
        rows = [
            Entry(
                n=int(row["n"]),
                k=int(row["k"]),
                aspl=float(row["aspl"]),
                method=row["method"],
                folds=int(row["folds"]),
                hot=float(row["hot"]),
                cold=float(row["cold"]),
                steps=int(row["steps"]),
                seed=int(row["seed"]),
                graph6=row["graph6"],
            )
            for row in csv.DictReader(lines)
        ]
    return {(row.n, row.k): row for row in sorted(rows, key=lambda row: (row.n, row.k))}


def _ranges(degrees: list[int]) -> str:
    """ "3–15, 20": ascending whole numbers, runs of them as from–to."""
    runs: list[list[int]] = []
    for degree in degrees:
        if runs and degree == runs[-1][1] + 1:
            runs[-1][1] = degree
        else:
            runs.append([degree, degree])
    return ", ".join(f"{low}–{high}" if high > low else str(low) for low, high in runs)
