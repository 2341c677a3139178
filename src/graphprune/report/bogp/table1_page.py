"""BoGP's Table 1 for readers: a Markdown and HTML page from the numbers of `bogp_tables.table1`."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from graphprune.report import cells
from graphprune.report.bogp.arms import (
    FOUND,
    PAPER_ARMS,
    PAPER_BASE,
    PAPER_SPARSITIES,
    Row,
    rows_of,
)
from graphprune.report.output import Page

Cell = Callable[[pd.Series], str]
BLOCKS = {
    "equal": "Equal weights: every arm prunes only what BoGP masks, to BoGP's count",
    "printed": "Printed scope: Glob and Unif prune all weight matrices to the same sparsity",
}
MANY = 3


def table1_page(
    table: pd.DataFrame,
    note: str,
    setting: str = "",
    sparsities: Sequence[float] = PAPER_SPARSITIES,
    arms: Sequence[tuple[str, str]] = PAPER_ARMS,
) -> Page:
    """Table 1 for readers. What of `sparsities` and `arms` is not in it, it names."""
    page = Page(cells.titled("BoGP, Table 1: test accuracy of masks and baselines", setting))
    page.text(note)
    page.text(not_run(table, sparsities, arms))
    page.text(
        "Cells are mean ± sd (n); 5×10 are 5 searches on 10 fresh seeds each. Intervals are t "
        "intervals of paired differences."
    )
    if table["arm"].str.endswith("_rewind").any():
        page.text(
            "Rewind: after each round the weights that are left go back to their initial values. "
            "One round prunes these very values, before any training, so it has nothing to rewind."
        )
    for block, title in BLOCKS.items():
        if (table["block"] == block).any():
            _comparison(page, table, block, title)
    if (table["block"] == FOUND).any():
        _as_found(page, table)
    page.heading("The paper's numbers beside ours")
    page.text(
        "Drop from base in points, ours (this data set and recipe) above what is printed (MNIST). "
        "The paper prints one number per cell, no spread, and a base accuracy of "
        f"{PAPER_BASE * cells.POINTS:.1f} %."
    )
    beside = {"": _drop, "printed": _printed}
    page.table(_wide(table, [row for row in rows_of(table) if row.paper], beside))
    return page


def not_run(
    table: pd.DataFrame, sparsities: Sequence[float], arms: Sequence[tuple[str, str]]
) -> str:
    """Which of the expected sparsities and (block, arm) pairs the table lacks, as a sentence."""
    found = table[table["arm"] != "dense"]
    levels = set(found["sparsity"])
    lacking = [f"s = {level:g}" for level in sparsities if level not in levels]
    labels = {(row.block, row.arm): row.label for row in rows_of(table)}
    for block, arm in arms:
        at = set(found.loc[(found["block"] == block) & (found["arm"] == arm), "sparsity"])
        gaps = sorted(levels & set(sparsities) - at)
        if gaps and len(gaps) < len(levels & set(sparsities)):
            where = ", ".join(f"{level:g}" for level in gaps)
            lacking.append(f"{labels[block, arm]} at s = {where}")
        elif not at:
            lacking.append(labels.get((block, arm), arm))
    if not lacking:
        return "All sparsities and baselines of the paper's table were run."
    return f"Not run here, of the paper's table: {'; '.join(lacking)}."


def _comparison(page: Page, table: pd.DataFrame, block: str, title: str) -> None:
    shown = {(block, row.arm) for row in rows_of(table)} | {("-", "dense"), ("equal", "bogp")}
    rows = [row for row in rows_of(table) if (row.block, row.arm) in shown]
    pruned = [row for row in rows if row.arm != "dense"]
    page.heading(title)
    page.text(_scope(table, block))
    page.text("Test accuracy in %.")
    page.table(_wide(table, rows, {"": _accuracy}))
    page.text("Drop from the dense network in points, paired by seed (n pairs).")
    page.table(_wide(table, pruned, {"": _drop, "95 % interval": _drop_interval}))
    page.text(
        "Compression of the network / theoretical speed-up (dense MACs / kept MACs). Both are "
        "exact counts: the same in all n runs of a cell where no sd is given."
    )
    page.table(_sizes(table, pruned))
    page.text(
        "Cost of one use in trainings, and below in seconds, the search included; n counts "
        "searches where an arm has its own, else runs."
    )
    page.table(_wide(table, rows, {"": _trainings, "seconds": _seconds}))


def _as_found(page: Page, table: pd.DataFrame) -> None:
    found = table[table["block"] == FOUND]
    budgets = " or ".join(str(int(budget)) for budget in sorted(set(found["budget"])))
    rows = [row for row in rows_of(table) if row.block == FOUND]
    others = [row for row in rows if row.arm != "bogp"]
    page.heading(
        f"As found: the network that {budgets} trainings bought, chosen on val, tested once"
    )
    page.text(
        "Not the mask retrained on fresh seeds, but the one network that a search chose. Glob 1 "
        f"has the same budget: it is trained {budgets} times from other initial weights, in "
        "BoGP's scope and to its winner's count, and the best on val is taken. n counts searches; "
        "a search pays a mask that it comes back to once."
    )
    page.text("Test accuracy in %.")
    page.table(_wide(table, rows, {"": _accuracy}))
    page.text("BoGP's accuracy minus that of the arm in points, paired by search (n pairs).")
    page.table(_wide(table, others, {"": _gain, "95 % interval": _gain_interval}, "BoGP minus …"))
    page.text("Cost in trainings, and below in seconds.")
    page.table(_wide(table, rows, {"": _trainings, "seconds": _seconds}))


def _scope(table: pd.DataFrame, block: str) -> str:
    """What is in scope, and where that makes two methods one."""
    if block == "printed":
        return "BoGP keeps more weights than the others, who prune what it leaves alone."
    equal = table[table["block"] == "equal"]
    scope = equal["scope"].iloc[0]
    if scope == "first":
        return "Scope 'first': with one matrix in it Glob and Unif are the same, one row for both."
    text = f"Scope '{scope}': magnitude ranks all its weights together"
    uniform = equal["arm"].str.startswith("unif_").any()
    return text + (", per matrix each matrix for itself." if uniform else ".")


def _wide(
    table: pd.DataFrame, rows: Iterable[Row], lines: Mapping[str, Cell], head: str = "arm"
) -> pd.DataFrame:
    """Arms down, sparsities across; each arm takes these lines, of which the first has its name.

    An arm that was not run is left out, a sparsity it was not run at is an empty cell.
    """
    found = []
    for row in rows:
        mine = _by_level(table, row)
        for number, (name, cell) in enumerate(lines.items() if mine else ()):
            label = f"… {name}" if number else row.label
            texts = {f"s = {v:g}": cell(mine[v]) if v in mine else "" for v in _levels(table)}
            found.append({head: label, **texts})
    return pd.DataFrame(found)


def _levels(table: pd.DataFrame) -> list[float]:
    return sorted(table.loc[table["arm"] != "dense", "sparsity"].unique())


def _by_level(table: pd.DataFrame, row: Row) -> dict[float, pd.Series]:
    """Sparsity -> the row's cell there; dense has the same everywhere."""
    mine = table[(table["arm"] == row.arm) & (table["block"] == row.block)]
    by_level = {float(cell["sparsity"]): cell for _, cell in mine.iterrows()}
    if row.arm == "dense":
        return {level: by_level[0.0] for level in _levels(table)}
    return by_level


def _sizes(table: pd.DataFrame, rows: Iterable[Row]) -> pd.DataFrame:
    """Arms down, sparsities across; arms that agree in every cell share a line."""
    groups: dict[tuple[tuple[float, str], ...], list[Row]] = {}
    for row in rows:
        mine = _by_level(table, row)
        if mine:
            key = tuple((level, _size(cell)) for level, cell in mine.items())
            groups.setdefault(key, []).append(row)
    found = []
    for key, members in groups.items():
        many = len(members) > MANY and len(members) == max(map(len, groups.values()))
        names = ", ".join(row.label for row in members)
        label = f"every {'other' if len(groups) > 1 else 'pruned'} arm" if many else names
        counts = {
            level: sum(int(_by_level(table, row)[level]["n"]) for row in members)
            for level, _ in key
        }
        texts = {level: f"{text} ({counts[level]})" for level, text in key}
        line = {f"s = {level:g}": texts.get(level, "") for level in _levels(table)}
        found.append({"arm": label, **line})
    return pd.DataFrame(found)


def _size(cell: pd.Series) -> str:
    names = ("compression", "speedup_macs")
    return " / ".join(_exact(cell[name], cell[f"{name}_sd"]) for name in names)


def _exact(mean: float, sd: float) -> str:
    if pd.isna(mean):
        return cells.NONE
    return f"{mean:.2f} ± {cells.spread(f'{sd:.2f}')}" if sd > 0 else f"{mean:.2f}"


def _n(cell: pd.Series) -> str:
    """Searches × seeds where there are several of both."""
    crossed = cell["searches"] and cell["block"] != FOUND
    n = f"{cell['searches']}×{cell['seeds']}" if crossed else f"{cell['n']}"
    return n + (f", {cell['failed']} failed" if cell["failed"] else "")


def _accuracy(cell: pd.Series) -> str:
    return cells.accuracy(cell["accuracy"], cell["sd"], _n(cell))


def _drop(cell: pd.Series) -> str:
    return cells.accuracy(cell["drop"], cell["drop_sd"], cell["drop_n"], "+")


def _drop_interval(cell: pd.Series) -> str:
    return cells.interval(cell["drop_low"], cell["drop_high"])


def _gain(cell: pd.Series) -> str:
    names = ("bogp_minus", "bogp_minus_sd", "bogp_minus_n")
    mean, sd, n = (cell[name] for name in names)
    return cells.accuracy(mean, sd, n, "+")


def _gain_interval(cell: pd.Series) -> str:
    return cells.interval(cell["bogp_minus_low"], cell["bogp_minus_high"])


def _trainings(cell: pd.Series) -> str:
    return cells.counted(cell["trainings"], cell["trainings_sd"], cell["cost_n"])


def _seconds(cell: pd.Series) -> str:
    return cells.timed(cell["seconds"], cell["seconds_sd"], cell["cost_n"])


def _printed(cell: pd.Series) -> str:
    paper = cell["paper_accuracy"]
    return "none" if pd.isna(paper) else f"{cells.POINTS * (PAPER_BASE - paper):+z.1f}"
