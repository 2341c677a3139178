"""Judging edge-1 and edge-2 from the grid of schedules: one row of `runs` per training.

Columns of `runs`: `network`, `block` ("grid": until training ends; "fixed": down to one sparsity),
`arm`, `p`, `k`, `seed`, `test_accuracy` (a fraction), `failure` ("" if none), and of the graph that
survived `aspl` (infinite in pieces), `clustering`, `density`. Only arm "edges" is judged.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graphprune.claims.association import spearman_interval
from graphprune.claims.records import Criterion, claim
from graphprune.claims.statistics import Effect, mean_interval, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError

NOT_JUDGED = "not judged"
BOTH = "both"
ARM, GRID, FIXED = "edges", "grid", "fixed"
# Criterion of edge-1 -> the block of trainings that it looks at.
BLOCKS = {"fixed K": GRID, "fixed sparsity": FIXED}
_NEEDED = ["network", "block", "arm", "p", "k", "seed", "test_accuracy", "failure"]
_NEEDED += ["aspl", "clustering", "density"]


def edge_1(runs: pd.DataFrame) -> pd.DataFrame:
    """Does accuracy fall with P, at fixed K and at fixed final sparsity?

    Effects are slopes of test accuracy on P, fractions for P from 0 to 1: one line a seed by least
    squares, with a constant for every K, and the mean over seeds with its t interval. A seed that
    lacks a training, or of which one failed, is left out. A third row "both" decides on the claim
    for each network; beside it, not judged, the slope at each K alone.

    Columns as those of `claims.verdict`. UserError if `runs` lacks columns.
    """
    record, rows, beside = claim("edge-1"), list[dict[str, object]](), list[dict[str, object]]()
    for network, mine in _pruned(runs).groupby("network", sort=False):
        verdicts, least = dict[str, Verdict](), list[int]()
        for criterion in record.criteria:
            block = mine[mine["block"] == BLOCKS[criterion.name]]
            effect = _slope(block, record.unit, criterion.level)
            verdicts[criterion.name] = judge(criterion, effect)
            least.append(effect.n)
            rows.append(_row(record.id, criterion, f"{network}", effect, block))
            if block["k"].nunique() > 1:
                beside += [
                    _row(record.id, criterion, f"{network}, K = {k}", one, part, judged=False)
                    for k, part in block.groupby("k")
                    for one in [_slope(part, record.unit, criterion.level)]
                ]
        both = unknown(record.unit, n=min(least))
        rows.append(verdict_row(record.id, BOTH, f"{network}", both, all_of(verdicts), 0))
    return pd.DataFrame(rows + beside, columns=COLUMNS)


def edge_2(runs: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Does accuracy go with clustering and ASPL of the surviving graph, at fixed density?

    Spearman's rho with the ranks of density held fixed, over the graphs of the grid (one a
    training), bootstrapped; Holm over the two properties of a network. A graph in pieces has no
    ASPL and is left out of that row. Beside it, not judged, the correlation without density.

    Columns as those of `claims.verdict`. UserError if `runs` lacks columns.
    """
    record, rows, beside = claim("edge-2"), list[dict[str, object]](), list[dict[str, object]]()
    for network, mine in _pruned(runs).groupby("network", sort=False):
        graphs = mine[mine["block"] == GRID].reset_index(drop=True)
        graphs = graphs.assign(graph=graphs.index, aspl=graphs["aspl"].replace(np.inf, np.nan))
        effects = _stepwise(record.criteria, graphs, draws)
        verdicts = dict[str, Verdict]()
        for criterion in record.criteria:
            effect = effects[criterion.name]
            verdicts[criterion.name] = judge(criterion, effect)
            rows.append(_row(record.id, criterion, f"{network}", effect, graphs))
            plain = _spearman(graphs, criterion.name, [], criterion.level, draws)
            cell = f"{network}, whatever the density"
            beside.append(_row(record.id, criterion, cell, plain, graphs, judged=False))
        both = unknown(record.unit, n=min(effect.n for effect in effects.values()))
        rows.append(verdict_row(record.id, BOTH, f"{network}", both, all_of(verdicts), 0))
    return pd.DataFrame(rows + beside, columns=COLUMNS)


def _pruned(runs: pd.DataFrame) -> pd.DataFrame:
    """The trainings of arm "edges"; the accuracy of one that failed is NaN."""
    lacking = [column for column in _NEEDED if column not in runs]
    if lacking:
        raise UserError(f"the runs lack the columns {lacking}; found {list(runs.columns)}")
    failed = runs["failure"] != ""
    runs = runs.assign(test_accuracy=runs["test_accuracy"].mask(failed))
    return runs[(runs["arm"] == ARM) & runs["block"].isin([GRID, FIXED])]


def _slope(rows: pd.DataFrame, unit: str, level: float) -> Effect:
    """Mean over seeds of each seed's slope of accuracy on P within K."""
    if rows.empty or rows["p"].nunique() < 2:
        return unknown(unit, level=level)
    cells = len(rows[["p", "k"]].drop_duplicates())
    slopes = {}
    for seed, mine in rows.groupby("seed"):
        p = mine["p"] - mine.groupby("k")["p"].transform("mean")
        complete = len(mine) == cells and mine["test_accuracy"].notna().all()
        slopes[seed] = (p * mine["test_accuracy"]).sum() / (p**2).sum() if complete else np.nan
    return mean_interval(pd.Series(slopes, dtype=float).rename_axis(unit), level)


def _stepwise(
    criteria: tuple[Criterion, ...], graphs: pd.DataFrame, draws: int
) -> Mapping[str, Effect]:
    """Each effect at the level at which Holm's procedure decides on it (criterion: either)."""
    left, decided = {c.name: c for c in criteria}, dict[str, Effect]()
    while left:
        effects = {
            name: _spearman(graphs, name, ["density"], 1 - (1 - c.level) / len(left), draws)
            for name, c in left.items()
        }
        rejected = {
            name: effect
            for name, effect in effects.items()
            if effect.low > left[name].threshold or effect.high < left[name].threshold
        }
        decided |= rejected or effects
        left = {name: c for name, c in left.items() if name not in decided}
    return decided


def _spearman(
    graphs: pd.DataFrame, name: str, given: list[str], level: float, draws: int
) -> Effect:
    return spearman_interval(graphs, "graph", name, "test_accuracy", given or None, level, draws)


def _row(
    identifier: str,
    criterion: Criterion,
    cell: str,
    effect: Effect,
    runs: pd.DataFrame,
    judged: bool = True,
) -> dict[str, object]:
    failed = int((runs["failure"] != "").sum())
    row = verdict_row(identifier, criterion.name, cell, effect, judge(criterion, effect), failed)
    return row if judged else row | {"verdict": NOT_JUDGED, "reason": ""}
