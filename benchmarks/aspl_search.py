"""Search for a small ASPL: this package against a networkx loop, one thread.

Prints, for regular graphs on 64 nodes, how many swaps a second are made, judged by their exact
ASPL, and kept or undone, in a hill climb that has done its first 10,000 steps; the same for a
plain loop over networkx, timed on a sample in the same run, in turns; and the ratio (medians of
the turns). Then, for a process of its own with compiled code in the cache, the seconds from the
start of Python to the result of 10,000 steps, beside what Python with numba and a compiled
function that does nothing takes.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy reads them
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import networkx as nx
import numpy as np

from graphprune.graphs.aspl import STEPS, minimise_aspl
from graphprune.graphs.generators import ring_lattice
from graphprune.graphs.relational import RelationalGraph

SIZES = ((64, 4), (64, 5), (64, 6), (64, 8), (64, 10), (256, 5))
FLOOR = """
import numba
@numba.njit(cache=True)
def nothing(x):
    return x
nothing(1)
"""
SEARCH = """
import numpy as np
from graphprune.graphs.aspl import minimise_aspl
apart = (np.arange(64) - np.arange(64)[:, None]) % 64
minimise_aspl(np.isin(apart, [1, 2, 62, 63]), 10_000)
"""


def networkx_rate(start: RelationalGraph, swaps: int, seed: int) -> float:
    """Swaps a second of Algorithm 1 as a plain loop over networkx."""
    rng = random.Random(seed)
    graph = start.to_networkx()
    length, done = nx.average_shortest_path_length(graph), 0
    begin = time.perf_counter()
    while done < swaps:
        (a, b), (c, d) = rng.sample(list(graph.edges), 2)
        if rng.random() < 0.5:
            c, d = d, c
        if len({a, b, c, d}) < 4 or graph.has_edge(a, d) or graph.has_edge(c, b):
            continue
        done += 1
        other = graph.copy()
        other.remove_edges_from([(a, b), (c, d)])
        other.add_edges_from([(a, d), (c, b)])
        if nx.is_connected(other):
            new = nx.average_shortest_path_length(other)
            if new <= length:
                graph, length = other, new
    return done / (time.perf_counter() - begin)


def own_rate(start: RelationalGraph, swaps: int, seed: int) -> float:
    """Swaps a second of `minimise_aspl`."""
    begin = time.perf_counter()
    found = minimise_aspl(start, swaps, seed)
    return found.steps / (time.perf_counter() - begin)


def seconds(script: Path) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, script], check=True)
    return time.perf_counter() - begin


def report_rates(turns: int, swaps: int, sample: int) -> None:
    print(f"networkx {nx.__version__}, medians of {turns} turns")
    print(f"{'n,k':>8}{'ours, swaps/s':>16}{'networkx, swaps/s':>20}{'ratio':>10}")
    for n, k in SIZES:
        start = minimise_aspl(ring_lattice(n, k), STEPS).graph
        own_rate(start, 1000, 0)  # compiled, or read from the cache
        # A search may end at the bound, so its length is what it did.
        mine, theirs = [], []
        for turn in range(turns):
            mine.append(own_rate(start, swaps if n == 64 else swaps // 10, turn))
            theirs.append(networkx_rate(start, sample if n == 64 else sample // 10, turn))
        ours, loop = np.median(mine), np.median(theirs)
        print(f"{f'{n},{k}':>8}{ours:>16,.0f}{loop:>20,.1f}{ours / loop:>9,.0f}×")


def report_process(turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scripts = []
        for name, text in (("floor.py", FLOOR), ("search.py", SEARCH)):
            scripts.append(Path(folder) / name)
            scripts[-1].write_text(text)
            seconds(scripts[-1])  # fills the cache
        times = [[seconds(script) for script in scripts] for _ in range(turns)]
    floor, search = np.median(times, axis=0)
    print(f"\n10,000 steps at 64,4 in a process of its own: {search:.2f} s, of which Python, numba")
    print(
        f"and a compiled function that does nothing take {floor:.2f} s (medians of {turns} turns)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="turns timed (default 5)")
    parser.add_argument("--swaps", type=int, default=3_000_000, help="ours, a turn, at n = 64")
    parser.add_argument("--sample", type=int, default=1000, help="networkx's, a turn, at n = 64")
    options = parser.parse_args()
    report_rates(options.turns, options.swaps, options.sample)
    report_process(options.turns)


if __name__ == "__main__":
    main()
