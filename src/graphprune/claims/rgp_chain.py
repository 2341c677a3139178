"""Judging rgp-1 and rgp-7 from graphs of graded ASPL: one row of `runs` per graph and seed.

Columns of `runs`: `network` (a name), `nodes`, `degree`, `graph` (equal names are equal graphs
where nodes and degree are equal), `seed`, `test_accuracy` (a fraction), `failure` ("" if none),
`aspl`, `clustering`, `spectral_gap`. Unit = graph; its accuracy is the mean over the seeds that
did not fail.
"""

from collections.abc import Callable, Mapping
from itertools import combinations

import pandas as pd

from graphprune.claims.association import slope_interval, spearman_interval
from graphprune.claims.records import Criterion, claim
from graphprune.claims.statistics import Effect, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError

NOT_JUDGED = "not judged"
BOTH = "both"
# What stands beside the whole range, not judged: what is held fixed.
GIVEN = {"clustering": ["clustering"], "spectral gap": ["spectral_gap"]}

_NEEDED = ["network", "nodes", "degree", "graph", "seed", "test_accuracy", "failure"]
_NEEDED += ["aspl", "clustering", "spectral_gap"]

Interval = Callable[[float], Effect]  # of a level


def rgp_1(runs: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Is accuracy higher where ASPL is smaller, at equal degree?

    Per network and degree the slope of accuracy on ASPL (fractions a unit of ASPL) and Spearman's
    rho, by `draws` bootstrap samples of graphs; Holm over the degrees of a network, a degree's
    p-value being the larger of its two. Beside it, not judged: the better half of the range of
    ASPL, and partial correlations given clustering or the spectral gap.

    Columns as those of `claims.verdict`. UserError if `runs` lacks columns.
    """
    means, record = graph_means(runs), claim("rgp-1")
    rows, beside = list[dict[str, object]](), list[dict[str, object]]()
    for network, graphs in means.groupby("network", sort=False):
        cells = {f"{network} {n}_{k}": rows for (n, k), rows in graphs.groupby(["nodes", "degree"])}
        together = dict[str, Verdict]()
        for cell, pair in _decided(cells, 1 - record.criteria[0].level, draws).items():
            failed = int(cells[cell]["failed"].sum())
            verdicts = {c.name: _judged(c, pair[c.name], cells[cell]) for c in record.criteria}
            for name, verdict in verdicts.items():
                rows.append(verdict_row(record.id, name, cell, pair[name], verdict, failed))
            together[cell] = all_of(verdicts)
            least = unknown(record.unit, n=pair["slope"].n)
            rows.append(verdict_row(record.id, BOTH, cell, least, together[cell], failed))
            beside += _beside(cell, cells[cell], draws)
        least = unknown(record.unit, n=min(len(rows) for rows in cells.values()))
        cell = f"{network}, all degrees"
        rows.append(verdict_row(record.id, BOTH, cell, least, all_of(together), 0))
    return pd.DataFrame(rows + beside, columns=COLUMNS)


def rgp_7(runs: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Do two networks rank the same graphs alike?

    Per pair of networks with graphs in common, and per degree, Spearman's rho of the graphs'
    accuracies; Holm over all of them.
    """
    means, record = graph_means(runs), claim("rgp-7")
    (criterion,) = record.criteria
    frames = dict[str, pd.DataFrame]()
    for (nodes, degree), graphs in means.groupby(["nodes", "degree"]):
        table = graphs.pivot(index="graph", columns="network", values="accuracy")
        for first, second in combinations(table.columns, 2):
            pair = table[[first, second]].set_axis(["first", "second"], axis=1).reset_index()
            frames[f"{first} with {second}, {nodes}_{degree}"] = pair
    intervals = {
        cell: (lambda level, pair=pair: _spearman(pair, "first", "second", None, level, draws))
        for cell, pair in frames.items()
    }
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    for cell, effect in _stepwise(criterion, intervals).items():
        verdicts[cell] = judge(criterion, effect)
        lacking = int(frames[cell].isna().any(axis=1).sum())
        rows.append(verdict_row(record.id, criterion.name, cell, effect, verdicts[cell], lacking))
    if not rows:
        absent = Verdict("undecided", "not run: two networks on the same graphs")
        rows = [verdict_row(record.id, criterion.name, "not run", unknown(record.unit), absent, 0)]
    return pd.DataFrame(rows, columns=COLUMNS)


def graph_means(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a network, degree and graph: accuracy (mean), sd, n, failed and the properties."""
    lacking = [column for column in _NEEDED if column not in runs]
    if lacking:
        raise UserError(f"the runs lack the columns {lacking}; found {list(runs.columns)}")
    failed = runs["failure"] != ""
    runs = runs.assign(test_accuracy=runs["test_accuracy"].mask(failed), failed=failed)
    keys = ["network", "nodes", "degree", "graph", "aspl", "clustering", "spectral_gap"]
    grouped = runs.groupby(keys, sort=False, as_index=False)
    return grouped.agg(
        accuracy=("test_accuracy", "mean"),
        sd=("test_accuracy", "std"),
        n=("test_accuracy", "count"),
        failed=("failed", "sum"),
    )


def better_half(graphs: pd.DataFrame) -> pd.DataFrame:
    """Those whose ASPL lies in the lower half of its range."""
    low, high = graphs["aspl"].min(), graphs["aspl"].max()
    return graphs[graphs["aspl"] <= (low + high) / 2]


def _decided(
    cells: Mapping[str, pd.DataFrame], alpha: float, draws: int
) -> dict[str, dict[str, Effect]]:
    """Both effects of each cell, at the level at which Holm's procedure decides on it.

    The draws are the same at every level, so intervals are nested, and a cell is rejected at a
    level exactly if both of its intervals of that level lie below 0.
    """
    left, decided = dict(cells), dict[str, dict[str, Effect]]()
    while left:
        level = 1 - alpha / len(left)
        pairs = {cell: _effects(graphs, level, draws) for cell, graphs in left.items()}
        rejected = {
            cell: pair
            for cell, pair in pairs.items()
            if all(effect.high < 0 for effect in pair.values())
        }
        decided |= rejected or pairs
        left = {cell: graphs for cell, graphs in left.items() if cell not in decided}
    return {cell: decided[cell] for cell in cells}


def _stepwise(criterion: Criterion, intervals: Mapping[str, Interval]) -> dict[str, Effect]:
    """Each effect at the level at which Holm's procedure decides on it (criterion: above)."""
    left, decided = dict(intervals), dict[str, Effect]()
    while left:
        level = 1 - (1 - criterion.level) / len(left)
        effects = {cell: interval(level) for cell, interval in left.items()}
        rejected = {c: effect for c, effect in effects.items() if effect.low > criterion.threshold}
        decided |= rejected or effects
        left = {cell: interval for cell, interval in left.items() if cell not in decided}
    return {cell: decided[cell] for cell in intervals}


def _effects(graphs: pd.DataFrame, level: float, draws: int) -> dict[str, Effect]:
    return {
        "slope": slope_interval(graphs, "graph", "aspl", "accuracy", level, draws),
        "spearman": _spearman(graphs, "aspl", "accuracy", None, level, draws),
    }


def _spearman(
    graphs: pd.DataFrame, x: str, y: str, given: list[str] | None, level: float, draws: int
) -> Effect:
    return spearman_interval(graphs, "graph", x, y, given, level, draws)


def _judged(criterion: Criterion, effect: Effect, graphs: pd.DataFrame) -> Verdict:
    if graphs["aspl"].nunique() < 2:
        return Verdict("undecided", "all graphs have the same ASPL: there is nothing to follow")
    return judge(criterion, effect)


def _beside(cell: str, graphs: pd.DataFrame, draws: int) -> list[dict[str, object]]:
    half = better_half(graphs)
    level = claim("rgp-1").criteria[0].level
    effects = {
        "better half: slope": slope_interval(half, "graph", "aspl", "accuracy", level, draws),
        "better half: spearman": _spearman(half, "aspl", "accuracy", None, level, draws),
    }
    for name, given in GIVEN.items():
        effects[f"given {name}"] = _spearman(graphs, "aspl", "accuracy", given, level, draws)
    for name in GIVEN:
        column = name.replace(" ", "_")
        effects[f"{name} alone"] = _spearman(graphs, column, "accuracy", None, level, draws)
    rows = []
    for name, effect in effects.items():
        row = verdict_row("rgp-1", name, cell, effect, Verdict("undecided", ""), 0)
        rows.append(row | {"verdict": NOT_JUDGED})
    return rows
