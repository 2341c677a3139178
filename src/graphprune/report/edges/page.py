"""The page of edge pruning: schedules, norms, baselines, search, and the verdicts."""

from collections.abc import Mapping

import pandas as pd

from graphprune.claims.statistics import Effect
from graphprune.report import cells
from graphprune.report.edges.tables import (
    DENSE,
    LABELS,
    found_table,
    networks,
    paired,
    pareto,
    search_difference,
)
from graphprune.report.output import Page
from graphprune.report.verdicts import add_verdicts, as_number, in_points

PER_CENT = 100
STRATEGY = {"bayesian": "Bayesian", "random": "random", "grid": "optimum of the grid"}
GRID, FIXED, COMPARED = "grid", "fixed", "compared"
# claim -> what its effects are, and how they are written
_ABOUT = {
    "edge-1": ("Slopes are in points of accuracy for P from 0 to 1.", in_points),
    "edge-2": (
        "Correlations over the graphs of the grid; Holm's procedure over both properties.",
        as_number("+z.2f"),
    ),
}


def edges_page(
    table: pd.DataFrame,
    runs: pd.DataFrame,
    verdicts: Mapping[str, pd.DataFrame],
    told: str,
    norm: str,
) -> Page:
    """table, runs: of `tables.summary` and `tables.with_dense`; verdicts: of `claims.edges`.

    told: what is said of data and protocol; norm: the one used but in the table of norms.
    """
    page = Page("Edge pruning on the relational graph")
    page.text(told)
    page.text(
        "All layers but the first and the last are one relational graph: an edge is its blocks of "
        "weights, both ways, in all of them. Every K iterations the share P of the remaining edges "
        f"with the smallest norm goes (norm '{norm}' unless another is named). Self-loops stay, so "
        "every layer keeps weights even without any edge. Accuracy is test accuracy at the last "
        "epoch in %, mean ± sd (n seeds). Removed parameters and FLOPs are counted over the whole "
        "network; sparsity over the layers in scope. Differences are in points, paired by seed, "
        "with 95 % t intervals."
    )
    for network in networks(table):
        _add_network(page, table, runs, network, norm)
    for identifier, rows in verdicts.items():
        about, effect = _ABOUT[identifier]
        add_verdicts(page, identifier, rows, about, effect)
    return page


def _add_network(
    page: Page, table: pd.DataFrame, runs: pd.DataFrame, network: str, norm: str
) -> None:
    mine = table[table["network"] == network]
    dense = mine[mine["arm"] == DENSE]
    page.heading(f"{network}: schedules")
    if len(dense):
        page.text(f"The dense network: {_accuracy(dense.iloc[0])}.")
    blocks = {name: mine[mine["block"] == name] for name in (GRID, FIXED, COMPARED)}
    if len(blocks[GRID]):
        page.text(
            "Last pruning is the step at which edges went last: a schedule that ends early, since "
            "no edge is left or the floor is reached, trains on with what remains; one that goes "
            "on to the end does not. Sparsity and the time left to recover change with P and K."
        )
        page.table(_schedules(blocks[GRID]))
        page.text("Every P at one K, down to one and the same share of edges:")
        page.table(_schedules(blocks[FIXED]))
        page.text("The Pareto front of the grid: no other schedule is sparser and more accurate.")
        page.table(_front(pareto(blocks[GRID])))
    for (p, k), rows in blocks[COMPARED].groupby(["p", "k"], sort=False):
        chosen = runs[(runs["network"] == network) & (runs["block"] == COMPARED)]
        chosen = chosen[(chosen["p"] == p) & (chosen["k"] == k)]
        page.heading(f"{network}: compared at P = {p:g}, K = {k}")
        _add_norms(page, rows, chosen, norm)
        _add_baselines(page, rows, chosen, norm)


def _schedules(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "P": [f"{p:g}" for p in rows["p"]],
            "K": rows["k"],
            "accuracy": [_accuracy(row) for _, row in rows.iterrows()],
            "dense minus it": [_named(row, "drop") for _, row in rows.iterrows()],
            "sparsity %": _shares(rows["sparsity"]),
            "parameters − %": _shares(rows["parameters_removed"]),
            "FLOPs − %": _shares(rows["flops_removed"]),
            "edges left": [_plain(value, 1) for value in rows["edges"]],
            "C": [_plain(value, 3) for value in rows["clustering"]],
            "L (n)": [_length(row) for _, row in rows.iterrows()],
            "last pruning": [_plain(value, 0) for value in rows["last_pruned"]],
            "graph disconnected": [_apart(row) for _, row in rows.iterrows()],
        }
    )


def _front(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "P": [f"{p:g}" for p in rows["p"]],
            "K": rows["k"],
            "sparsity %": _shares(rows["sparsity"]),
            "accuracy": [_accuracy(row) for _, row in rows.iterrows()],
        }
    )


def _add_norms(page: Page, rows: pd.DataFrame, runs: pd.DataFrame, norm: str) -> None:
    page.text(
        "Norms of an edge: mean and rms are per weight, l1 and l2 are sums, which favour edges of "
        "many weights; where all nodes hold equally many units in every layer mean and l1 rank "
        "alike, and so do rms and l2. During training, and once before it from the initial "
        f"weights; the differences are norm '{norm}' minus the row's."
    )
    names = list(dict.fromkeys(rows.loc[rows["arm"] == "edges", "norm"]))
    lines = []
    for name in [norm, *(other for other in names if other != norm)]:
        line = {"norm": name}
        for arm, title in (("edges", "during training"), ("at_init", "before training")):
            cell = rows[(rows["arm"] == arm) & (rows["norm"] == name)]
            line[title] = _accuracy(cell.iloc[0]) if len(cell) else ""
            own, lead = (_of(runs, arm, one) for one in (name, norm))
            line[f"{norm} − it, {title}"] = _difference(paired(lead, own)) if name != norm else ""
        lines.append(line)
    page.table(pd.DataFrame(lines))


def _add_baselines(page: Page, rows: pd.DataFrame, runs: pd.DataFrame, norm: str) -> None:
    page.text(
        "Beside it at equal final sparsity, paired by seed. Weights by magnitude are pruned on the "
        "same schedule to as many weights as the edges of that seed have left, wherever they lie. "
        "Regular graphs have self-loops and the degree that comes nearest to the mean degree left, "
        "so their sparsity differs a little. One graph a layer: all layers' edges compete. L and C "
        "of a graph a layer are means; of single weights there is a graph too, in which nodes are "
        "joined by any weight. Before-training arms are masked from the first step."
    )
    lead = _of(runs, "edges", norm)
    lines = []
    for arm in [name for name in LABELS if name in set(rows["arm"])]:
        cell = rows[(rows["arm"] == arm) & rows["norm"].isin([norm, "-"])]
        if cell.empty:
            continue
        row = cell.iloc[0]
        own = _of(runs, arm, str(row["norm"]))
        lines.append(
            {
                "arm": LABELS[arm],
                "accuracy": _accuracy(row),
                "edges − it": _difference(paired(lead, own)) if arm != "edges" else "",
                "sparsity %": f"{_share(row['sparsity'])} ± {_share(row['sparsity_sd'])}",
                "parameters − %": _share(row["parameters_removed"]),
                "FLOPs − %": _share(row["flops_removed"]),
                "C": _plain(row["clustering"], 3),
                "L (n)": _length(row),
                "graph disconnected": _apart(row),
            }
        )
    page.table(pd.DataFrame(lines))


def add_search(page: Page, found: pd.DataFrame, logs: pd.DataFrame, alpha: float) -> None:
    """What the searches found. found, logs: of `studies.edges_search`, all networks."""
    table = found_table(found, alpha)
    for network in networks(table):
        mine = table[table["network"] == network]
        log = logs[logs["network"] == network]
        budget = int(log.groupby(["strategy", "search_seed"]).size().max())
        failed = int(log["score"].isna().sum())
        page.heading(f"{network}: search over P and K")
        page.text(
            f"Objective: accuracy + {alpha:g} · sparsity, on val in the search ({budget} trainings "
            f"each, {failed} of all failed), on test for what was found and trained again on fresh "
            "seeds. The grid's optimum was chosen by its mean objective on val, of all its seeds, "
            "and has cost more trainings than a search."
        )
        page.table(_found(mine, log))
        page.text(
            "Bayesian minus random search, objective on fresh seeds, in points: "
            f"{_difference(search_difference(mine))} search seeds."
        )


def _found(mine: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    best = log.groupby(["strategy", "search_seed"])["score"].max()
    lines = []
    for _, row in mine.iterrows():
        seed = int(row["search_seed"])
        value = best.get((row["arm"], seed), float("nan"))
        failed = f", {row['failed']} failed" if row["failed"] else ""
        n = f"{row['n']}{failed}"
        lines.append(
            {
                "found by": STRATEGY[row["arm"]],
                "search seed": seed if seed >= 0 else "",
                "P": f"{row['p']:g}",
                "K": row["k"],
                "best objective in the search": cells.points(value),
                "objective, fresh seeds": cells.accuracy(row["objective"], row["objective_sd"], n),
                "accuracy": cells.accuracy(row["accuracy"], row["accuracy_sd"], n),
                "sparsity %": _share(row["sparsity"]),
            }
        )
    return pd.DataFrame(lines)


def _of(runs: pd.DataFrame, arm: str, norm: str) -> pd.DataFrame:
    return runs[(runs["arm"] == arm) & (runs["norm"] == norm)]


def _accuracy(row: pd.Series) -> str:
    failed = f", {row['failed']} failed" if row["failed"] else ""
    return cells.accuracy(row["accuracy"], row["sd"], f"{row['n']}{failed}")


def _named(row: pd.Series, name: str) -> str:
    value = cells.points(row[name], "+")
    return f"{value} {cells.interval(row[f'{name}_low'], row[f'{name}_high'])} ({row[f'{name}_n']})"


def _difference(effect: Effect) -> str:
    value = cells.points(effect.estimate, "+")
    return f"{value} {cells.interval(effect.low, effect.high)} ({effect.n})"


def _length(row: pd.Series) -> str:
    return f"{_plain(row['aspl'], 3)} ({row['connected']})"


def _apart(row: pd.Series) -> str:
    """ "3 of 5, from step 18 … 36 on"; a layer without weights is named too."""
    if not row["fell_apart"]:
        return "never"
    first, last = int(row["first_step"]), int(row["last_step"])
    steps = f"{first}" if first == last else f"{first} … {last}"
    empty = f"; a layer empty on {row['emptied']}" if row["emptied"] else ""
    return f"{row['fell_apart']} of {row['n']}, from step {steps} on{empty}"


def _shares(values: pd.Series) -> list[str]:
    return [_share(value) for value in values]


def _share(value: float) -> str:
    return cells.NONE if pd.isna(value) else f"{PER_CENT * value:.1f}"


def _plain(value: float, digits: int) -> str:
    return cells.NONE if pd.isna(value) else f"{value:.{digits}f}"
