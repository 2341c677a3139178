"""The page beside RGP's Figure 6: every search against the lower bound of ASPL."""

from collections.abc import Callable, Iterable
from itertools import groupby
from math import log

import pandas as pd

from graphprune.claims.records import claim
from graphprune.claims.rgp_4 import BOTH, CATALOGUE, CLOSE, DEGREES, LARGE
from graphprune.graphs.bounds import aspl_lower_bound
from graphprune.report import cells
from graphprune.report.output import Page
from graphprune.report.rgp_theory.bound import LABELS, RANDOM, bound_table, full_layers, methods

PAPER_NODES = 64


def bound_page(searches: pd.DataFrame, verdicts: pd.DataFrame) -> Page:
    """The searches against the bound for readers; verdicts: of `claims.rgp_4.rgp_4`."""
    page = Page("RGP, Figure 6: searches for a small ASPL and the lower bound")
    table = bound_table(searches)
    sizes = ", ".join(str(n) for n in sorted(set(table["n_nodes"])))
    page.text(
        f"Regular graphs on {sizes or 'no'} nodes. Algorithm 1: the paper's hill climb from the "
        "ring lattice. Released code: the rule of the published code, which is another one, called "
        "again and again from its own result until it gains nothing more. Annealing: longer, and "
        "cold. Random regular: no search at all. Best known here: the best graph known to this "
        "package. The paper prints no number but draws a figure, so there is none to compare with."
    )
    if table.empty:
        page.text("No searches.")
        return page
    page.heading("ASPL")
    page.text(
        "Mean ± sd over searches (n). θ: how many rings of a spanning tree the nodes can fill. "
        "Found by: how the best graph known was found."
    )
    page.table(_shown(table, _aspl, found=True))
    page.heading("Gap to the bound")
    page.text(
        "100 · (ASPL / bound − 1) in %, mean ± sd over searches (n). 'Met': the ASPL is the bound, "
        "exactly, so no regular graph of this size and degree has a smaller one and the graph is "
        "proved optimal. Where nothing meets the bound, a graph that does need not exist."
    )
    page.table(_shown(table, _gap, optimum=True))
    page.text(_where_open(table))
    page.text(_where_random_is_there(table))
    page.heading("Time")
    page.text(
        "Seconds of one search, mean ± sd (n), and its mean number of steps. A search stops at the "
        "bound: with 0 steps its start was already there."
    )
    page.table(_shown(table[table["method"] != CATALOGUE], _time))
    _add_verdicts(page, verdicts)
    _add_formula(page)
    return page


def _shown(
    table: pd.DataFrame,
    cell: Callable[[pd.Series], str],
    found: bool = False,
    optimum: bool = False,
) -> pd.DataFrame:
    """Degrees down, methods across."""
    lines = []
    for (n, k), rows in table.groupby(["n_nodes", "k"], sort=True):
        by_method = {row["method"]: row for _, row in rows.iterrows()}
        line = {"k": str(k), "θ": full_layers(n, k), "bound": f"{rows['bound'].iloc[0]:.4f}"}
        for method in methods(table):
            row = by_method.get(method)
            line[LABELS.get(method, method)] = cells.NONE if row is None else cell(row)
        if optimum:
            line["optimum"] = "proved" if rows["met"].any() else "open"
        if found:
            line["found by"] = "".join(rows.loc[rows["method"] == CATALOGUE, "found"])
        lines.append(line)
    return pd.DataFrame(lines)


def _aspl(row: pd.Series) -> str:
    return _cell(row, "aspl", 1, 4)


def _gap(row: pd.Series) -> str:
    if row["n"] and row["met"] == row["n"]:
        return "met" if row["method"] == CATALOGUE else f"met ({_count(row)})"
    met = f", {row['met']} met" if row["met"] else ""
    return f"{_cell(row, 'gap', cells.POINTS, 2)}{met}"


def _time(row: pd.Series) -> str:
    steps = "" if pd.isna(row["steps"]) else f"; {row['steps']:,.0f} steps"
    return f"{cells.timed(row['seconds'], row['seconds_sd'], _count(row))}{steps}"


def _cell(row: pd.Series, name: str, factor: float, digits: int) -> str:
    """ "2.9231 ± .0041 (7)"; of the one graph of a catalogue the number alone."""
    mean, sd = (
        cells.NONE if pd.isna(value) else f"{factor * value:.{digits}f}"
        for value in (row[name], row[f"{name}_sd"])
    )
    if row["method"] == CATALOGUE:
        return mean
    return f"{mean} ± {cells.spread(sd)} ({_count(row)})"


def _count(row: pd.Series) -> str:
    return f"{row['n']}, {row['failed']} failed" if row["failed"] else str(row["n"])


def _where_open(table: pd.DataFrame) -> str:
    best = table.groupby("k").agg(met=("met", "sum"), gap=("gap", "min"))
    left = best[best["met"] == 0]["gap"].dropna()
    if left.empty:
        return "At every degree some graph meets the bound."
    widest = left.idxmax()
    return (
        f"No graph here meets the bound at k = {_ranges(left.index)}; the widest gap that is left "
        f"is {cells.POINTS * left[widest]:.2f} %, at k = {widest}."
    )


def _where_random_is_there(table: pd.DataFrame) -> str:
    """Where there is nothing to optimise."""
    drawn = table[(table["method"] == RANDOM) & (table["n"] > 0)]
    if drawn.empty:
        return "No random regular graphs were drawn, so where a search is needed is not known."
    all_met, some_met = drawn["met"] == drawn["n"], drawn["met"] > 0
    if not all_met.any():
        return "At no degree is every random regular graph at the bound already."
    text = (
        f"At k = {_ranges(drawn.loc[all_met, 'k'])} every random regular graph is already at the "
        "bound: without any search its ASPL is the least possible, and nothing is left to optimise."
    )
    if (some_met & ~all_met).any():
        text += f" At k = {_ranges(drawn.loc[some_met & ~all_met, 'k'])} some of them are."
    return text


def _ranges(degrees: Iterable[int]) -> str:
    """ "4, 6–8" of 4, 6, 7, 8."""
    runs = groupby(enumerate(sorted(degrees)), key=lambda pair: pair[1] - pair[0])
    ends = [[k for _, k in run] for _, run in runs]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in ends)


def _add_verdicts(page: Page, verdicts: pd.DataFrame) -> None:
    record = claim("rgp-4")
    page.heading(f"rgp-4: {record.statement} ({record.source})")
    page.text(
        f"Supported when: {record.supported_when}. (a) close: the share of degrees with a gap "
        f"below {cells.POINTS * CLOSE:g} %; (b) reached: the share of the degrees from {LARGE} on "
        "at which the bound is met. Both in %, with their 95 % interval over seeds. Algorithm 1 "
        f"decides. No verdict with fewer than {record.min_n} units ({record.unit})."
    )
    page.table(
        pd.DataFrame(
            {
                "share": verdicts["criterion"] + ": " + verdicts["cell"],
                "in %": [_effect(row) for _, row in verdicts.iterrows()],
                "n": verdicts["n"].map(str) + " (" + verdicts["unit"] + ")",
                "verdict": verdicts["verdict"],
                "failed": verdicts["failed"],
                "why (fractions)": verdicts["reason"],
            }
        )
    )


def _effect(row: pd.Series) -> str:
    """With its interval; nothing for a row that sums up others."""
    if row["criterion"] == BOTH:
        return ""
    effect, low, high = (
        cells.NONE if pd.isna(row[name]) else f"{cells.POINTS * row[name]:.1f}"
        for name in ("effect", "low", "high")
    )
    return f"{effect} [{low}, {high}]"


def printed_bound(n: int, k: int) -> float:
    """The first line of RGP's Eq. 8 as its parentheses stand: only the last term over N − 1."""
    theta = full_layers(n, k)
    nodes = [k * (k - 1) ** (i - 1) for i in range(1, theta + 1)]
    filled = sum(i * size for i, size in enumerate(nodes, 1))
    return filled + (theta + 1) * (n - 1 - sum(nodes)) / (n - 1)


def printed_theta(n: int, k: int) -> float:
    """RGP's Eq. 9 as printed, which is no whole number; k > 2."""
    return log((n - 1) * (k - 2) / k + 1) / log(k - 1)


def _add_formula(page: Page) -> None:
    n, k = PAPER_NODES, 4
    thetas = {degree: full_layers(n, degree) for degree in DEGREES}
    from_eight = {theta for degree, theta in thetas.items() if degree >= 8}
    holds = (thetas[7], from_eight) == (2, {1})
    levels = [
        f"{theta} at k = {_ranges(degree for degree, of in thetas.items() if of == theta)}"
        for theta in dict.fromkeys(thetas.values())
    ]
    page.heading("The formula of the bound")
    page.text(
        f"The text says that on {n} nodes θ goes from 2 to 1 between k = 7 and k = 8 and stays "
        f"there. Computed: θ is {', '.join(levels)}, so this "
        f"{'holds' if holds else 'does not hold'}. Once θ is 1 the bound is 2 − k / (N − 1), and "
        "it is met exactly where no two nodes are more than 2 steps apart."
    )
    page.text(
        "Three slips in print. In the first line of Eq. 8 a closing parenthesis is misplaced, so "
        "that N − 1 divides the second term alone; taken literally it gives "
        f"{printed_bound(n, k):.1f} for {n} nodes of degree {k}, where the bound is "
        f"{float(aspl_lower_bound(n, k)):.4f} (the second line is right). Eq. 9 lacks the rounding "
        f"down: it gives θ = {printed_theta(n, k):.2f} there, where {thetas[k]} rings are counted. "
        "And both are undefined at k = 2. The bound here counts rings in whole numbers."
    )
