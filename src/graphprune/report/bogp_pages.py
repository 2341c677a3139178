"""BoGP's tables for readers: Markdown and HTML pages from the numbers of `bogp_tables`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from graphprune.claims.records import claim
from graphprune.report.arms import PAPER_BASE, Row, rows_of
from graphprune.report.output import Page

POINTS = 100


def table1_page(table: pd.DataFrame, note: str) -> Page:
    """Table 1 for readers."""
    levels = sorted(table.loc[table["arm"] != "dense", "sparsity"].unique())
    known = rows_of(table)
    page = Page("BoGP, Table 1: test accuracy of masks and baselines")
    page.text(note)
    for block, title in (
        ("equal", "Equal weights: every arm prunes only what BoGP masks, to BoGP's count"),
        ("printed", "Printed scope: Glob and Unif prune all weight matrices to the same sparsity"),
    ):
        shown = {block, "-"}
        rows = [r for r in known if r.block in shown or (block == "printed" and r.arm == "bogp")]
        page.heading(title)
        page.text("Test accuracy in %, mean ± sd over retrainings (n).")
        page.table(_wide(table, rows, levels, _accuracy))
        page.text("Drop from the dense network in points, paired by seed, with its 95 % interval.")
        page.table(_wide(table, [r for r in rows if r.arm != "dense"], levels, _drop))
        page.text("Compression of the network / theoretical speed-up (dense MACs / kept MACs).")
        page.table(_wide(table, rows, levels, _size))
        page.text("Cost of one use: trainings / seconds, the search included.")
        page.table(_wide(table, rows, levels, _cost))
    compared = [r for r in known if r.paper]
    page.heading("The paper's numbers beside ours")
    page.text(
        "Drop from base in points, ours (this data set and recipe) / printed (MNIST). The paper "
        "prints one number per cell, no spread, and a base accuracy of "
        f"{PAPER_BASE * POINTS:.1f} %."
    )
    page.table(_wide(table, compared, levels, _beside))
    return page


def setup_note(records: pd.DataFrame, recipe: Mapping[str, Any]) -> str:
    """What was run, in a few sentences: data set, network, recipe, protocol, seeds.

    recipe: the learning rate and, where it was chosen, the val accuracy of each rate.
    """
    first = records.iloc[0]
    dense = records[records["arm"] == "dense"]
    seeds = sorted(set(dense["seed"]))
    protocol = (
        "Choices were made on a validation split of the training set; the test set was read once "
        "per run, after the last epoch."
        if first["protocol"] == "held_out"
        else "Protocol as printed: the test set was also the validation set."
    )
    others = ", ".join(recipe["val_accuracy"])
    chosen = f", the best on val among {others} for the dense network," if others else ""
    devices = " and ".join(sorted(set(records["device"])))
    return (
        f"Data set {first['dataset']}, network {first['model']} "
        f"({int(first['parameters']):,} parameters, {int(first['macs']):,} multiply-adds), "
        f"recipe {first['recipe']}, {int(dense['epochs'].max())} epochs a training, learning rate "
        f"{recipe['learning_rate']:g}{chosen} on {devices}. "
        f"{protocol} Every cell is on the fresh seeds {', '.join(map(str, seeds))}; arms share "
        "initial weights and data order per seed."
    )


def _wide(
    table: pd.DataFrame,
    rows: Iterable[Row],
    levels: Sequence[float],
    cell: Callable[[pd.Series], str],
) -> pd.DataFrame:
    """Arms down, sparsities across; an arm that was not run is left out."""
    lines = []
    for row in rows:
        cells = table[(table["arm"] == row.arm) & (table["block"] == row.block)]
        if not len(cells):
            continue
        by_level = {float(c["sparsity"]): c for _, c in cells.iterrows()}
        if row.arm == "dense":
            line = {f"s = {level:g}": cell(by_level[0.0]) for level in levels}
        else:
            line = {f"s = {v:g}": cell(by_level[v]) if v in by_level else "" for v in levels}
        lines.append({"arm": row.label, **line})
    return pd.DataFrame(lines)


def _accuracy(cell: pd.Series) -> str:
    n = f"{cell['searches']}×{cell['seeds']}" if cell["searches"] else f"{cell['n']}"
    failed = f", {cell['failed']} failed" if cell["failed"] else ""
    return f"{_points(cell['accuracy'])} ± {_points(cell['sd'])} ({n}{failed})"


def _drop(cell: pd.Series) -> str:
    return _with_interval(cell["drop"], cell["drop_low"], cell["drop_high"])


def _size(cell: pd.Series) -> str:
    return f"{cell['compression']:.2f} / {cell['speedup_macs']:.2f}"


def _cost(cell: pd.Series) -> str:
    return f"{cell['trainings']:.1f} / {cell['seconds']:.2f}"


def _beside(cell: pd.Series) -> str:
    paper = cell["paper_accuracy"]
    theirs = "none" if pd.isna(paper) else f"{POINTS * (PAPER_BASE - paper):+.1f}"
    return f"{_points(cell['drop'], '+')} / {theirs}"


def _points(fraction: float, sign: str = "") -> str:
    """In points or per cent; a dash where there is no number (all runs failed, n = 1)."""
    return "–" if pd.isna(fraction) else f"{POINTS * fraction:{sign}.2f}"


def _with_interval(estimate: float, low: float, high: float) -> str:
    return f"{_points(estimate, '+')} [{_points(low, '+')}, {_points(high, '+')}]"


def search_page(table: pd.DataFrame) -> Page:
    """The table of searches for readers."""
    shown = pd.DataFrame(
        {
            "search": table["strategy"] + table["sparsity"].map(", s = {:g}".format),
            "searches": table["searches"],
            "steps": table["steps"],
            "distinct masks": table["distinct_masks"].map("{:.1f}".format),
            "best on val": _percent(table, "best_val"),
            "retrained, val": _percent(table, "retrained_val"),
            "lost on retraining [95 %]": [
                _with_interval(*row)
                for row in table[["curse", "curse_low", "curse_high"]].to_numpy(dtype=float)
            ],
            "retrained, test": _percent(table, "test"),
            "trainings": table["trainings"].map("{:.1f}".format),
            "seconds": table["seconds"].map("{:.1f}".format),
        }
    )
    page = Page("BoGP: what the searches found")
    page.text(
        "Accuracies in %, mean ± sd over searches (each the mean over fresh seeds). Every search "
        "has its own seed; Bayesian and random search of one seed share their starting points and "
        "budget. 'Lost on retraining' is the winner's score in the search minus its mean score on "
        "fresh seeds: the best of many noisy scores is too good to be true."
    )
    page.table(shown)
    return page


def _percent(table: pd.DataFrame, name: str) -> list[str]:
    return [
        f"{_points(m)} ± {_points(s)} ({n})"
        for m, s, n in zip(table[name], table[f"{name}_sd"], table["searches"], strict=True)
    ]


def claims_page(table: pd.DataFrame) -> Page:
    """The verdicts for readers."""
    page = Page("BoGP: the paper's claims, judged")
    page.text(
        "Effects in points of test accuracy. A verdict needs at least five units; 'undecided' "
        "names the number that would be expected to decide. A small network on a small data set "
        "judges these claims for that setting only. For bogp-3 the baselines are those of the "
        "printed scope: they prune both weight matrices, BoGP only the first, so at high sparsity "
        "BoGP keeps more weights. Table 1 has the comparison at equal weights."
    )
    for name, rows in table.groupby("claim", sort=True):
        record = claim(str(name))
        page.heading(f"{name}: {record.statement} ({record.source})")
        page.text(f"Supported when: {record.supported_when}.")
        page.table(
            pd.DataFrame(
                {
                    "cell": rows["criterion"] + ": " + rows["cell"],
                    "effect": [_effect(row) for _, row in rows.iterrows()],
                    "n": rows["n"].map(str) + " (" + rows["unit"] + ")",
                    "verdict": rows["verdict"],
                    "failed runs": rows["failed"],
                    "why (fractions, not points)": rows["reason"],
                }
            )
        )
    return page


def _effect(row: pd.Series) -> str:
    if pd.isna(row["effect"]):
        return ""
    interval = _with_interval(row["effect"], row["low"], row["high"])
    return f"{interval} ({100 * row['level']:.3g} %)"
