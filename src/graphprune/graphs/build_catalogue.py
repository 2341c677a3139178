"""Improves the catalogue of regular graphs: python -m graphprune.graphs.build_catalogue --help.

For each size and degree it tries a hill climb, annealings, and annealings under every rotation,
and keeps a graph that is better than the one the catalogue has. Nothing is tried where the
lower bound is met already. Every entry can be found again: a search depends on its arguments
alone.
"""

import argparse
import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphprune.errors import UserError
from graphprune.files import write_text
from graphprune.graphs.aspl import COLD, STEPS, AsplSearch, minimise_aspl
from graphprune.graphs.catalogue import COLUMNS, FILE, Entry, read
from graphprune.graphs.generators import ring_lattice

Search = dict[str, Any]  # the part of an Entry that says how it was found


def searches(
    folds: list[int], steps: int, rotated: int, temperatures: tuple[float, float], seeds: range
) -> Iterator[Search]:
    """What to try, the cheapest first.

    steps: of a plain annealing; rotated: of one under each of these rotations; 0: none.
    """
    hot, cold = temperatures
    common: Search = {"hot": hot, "cold": cold}
    yield {"method": "hill_climb", "folds": 1, "steps": STEPS, "seed": 0, **common}
    for seed in seeds:
        if rotated:
            for fold in folds:
                how: Search = {"method": "symmetric", "folds": fold, "steps": rotated}
                yield {**how, "seed": seed, **common}
        if steps:
            yield {"method": "anneal", "folds": 1, "steps": steps, "seed": seed, **common}


def repeated(n: int, k: int, how: Search) -> AsplSearch:
    """The search that an entry says it was found by."""
    return minimise_aspl(
        ring_lattice(n, k),
        how["steps"],
        how["seed"],
        how["method"],
        folds=how["folds"],
        temperatures=(how["hot"], how["cold"]),
    )


def improve(known: Entry | None, n: int, k: int, tried: Iterator[Search]) -> Entry:
    """The best graph of `known` and of all that is tried; stops at the lower bound."""
    best = known
    for how in tried:
        if best is not None and best.optimal:
            break
        found = repeated(n, k, how)
        if best is None or found.aspl < best.aspl - 1e-12:
            best = Entry(n=n, k=k, aspl=found.aspl, graph6=found.graph.to_graph6(), **how)
    assert best is not None  # the hill climb is always tried first
    return best


def write(entries: dict[tuple[int, int], Entry], file: Path) -> None:
    """The entries as a catalogue's file, ascending by (n, k)."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(entries[key]) for key in sorted(entries))
    write_text(file, text.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, required=True)
    parser.add_argument("--degrees", type=int, nargs="+", required=True)
    parser.add_argument("--steps", type=int, default=0, help="of each annealing (default: none)")
    parser.add_argument(
        "--rotated", type=int, default=0, help="of each annealing under a rotation (default: none)"
    )
    parser.add_argument(
        "--folds", type=int, nargs="+", help="of the rotations (default: all divisors of the nodes)"
    )
    parser.add_argument("--temperatures", type=float, nargs=2, default=COLD, help="from, to")
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 1), help="from, to (excluded)")
    parser.add_argument("--file", type=Path, default=FILE)
    options = parser.parse_args()
    try:
        _build(options)
    except UserError as error:
        parser.error(str(error))


def _build(options: argparse.Namespace) -> None:
    entries = read(options.file) if options.file.exists() else {}
    n = options.nodes
    folds = options.folds or [fold for fold in range(2, n // 2 + 1) if n % fold == 0]
    for k in options.degrees:
        before = entries.get((n, k))
        tried = searches(
            folds, options.steps, options.rotated, options.temperatures, range(*options.seeds)
        )
        best = improve(before, n, k, tried)
        if best != before:
            entries[n, k] = best
            write(entries, options.file)
        gap = best.aspl / float(best.bound) - 1
        print(f"{n},{k}: {best.aspl:.6f} ({gap:.3%} above the bound), {best.found}", flush=True)


if __name__ == "__main__":
    main()
