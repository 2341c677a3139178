"""Judging bogp-4 from the graphs of Figures 5–7: one row of `table` per graph.

Columns of `table`: `graph`, `density`, the properties, `accuracy` (a fraction, mean over the
runs that did not fail, NaN where none is left), `failed` (runs left out).
"""

from collections.abc import Mapping

import pandas as pd

from graphprune.claims.association import spearman_interval
from graphprune.claims.records import claim
from graphprune.claims.statistics import Effect, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError

PROPERTIES = ("average_clustering", "aspl", "average_eigenvector_centrality")
SAME_SIGN = "same sign in both"

# By criterion: what is held fixed.
_GIVEN: dict[str, list[str] | None] = {"spearman": None, "partial spearman": ["density"]}

Pair = Mapping[str, Effect]


def bogp_4(table: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Does accuracy rise or fall with each property, also at fixed density?

    Effects are rank correlations, not accuracies. Per property three rows: Spearman, partial
    Spearman given density, and "same sign in both", which needs both intervals on one side
    of 0; the last row of all, "all three", needs every property. Unit = graph, intervals by
    `draws` bootstrap samples of graphs. Holm over the properties (the family of the claim): a
    property's intervals have the level at which the procedure came to its decision.

    Columns as those of `claims.verdict`. UserError if `table` lacks columns.
    """
    lacking = {"graph", "density", *PROPERTIES, "accuracy", "failed"} - set(table.columns)
    if lacking:
        raise UserError(
            f"the table of graphs lacks the columns {sorted(lacking)}; found {list(table.columns)}"
        )
    record = claim("bogp-4")
    level, failed = record.criteria[0].level, int(table["failed"].sum())
    pairs = _by_holm(table, 1 - level, draws)
    rows, together = [], {}
    for name, pair in pairs.items():
        verdicts = {}
        for criterion in record.criteria:
            effect = pair[criterion.name]
            verdicts[criterion.name] = judge(criterion, effect)
            rows.append(
                verdict_row(
                    "bogp-4", criterion.name, name, effect, verdicts[criterion.name], failed
                )
            )
        together[name] = _in_both(verdicts, pair)
        rows.append(
            verdict_row("bogp-4", SAME_SIGN, name, _no_effect(pair), together[name], failed)
        )
    n = min(effect.n for pair in pairs.values() for effect in pair.values())
    least = unknown(record.unit, n=n, level=level)
    rows.append(verdict_row("bogp-4", SAME_SIGN, "all three", least, all_of(together), failed))
    return pd.DataFrame(rows, columns=COLUMNS)


def _by_holm(table: pd.DataFrame, alpha: float, draws: int) -> dict[str, Pair]:
    """Both effects of every property, at the level at which Holm decides on the property.

    A property's p-value is the larger one of its two tests, so it is below a bound exactly if
    both intervals of that level exclude 0 (on one side). The draws are the same at every
    level, hence intervals are nested and rejecting several at once is what Holm does singly.
    """
    left, decided = list(PROPERTIES), dict[str, Pair]()
    while left:
        pairs = {name: _effects(table, name, 1 - alpha / len(left), draws) for name in left}
        rejected = {name: pair for name, pair in pairs.items() if _side(pair)}
        decided |= rejected or pairs
        left = [name for name in left if name not in decided]
    return {name: decided[name] for name in PROPERTIES}


def _effects(table: pd.DataFrame, name: str, level: float, draws: int) -> dict[str, Effect]:
    return {
        criterion: spearman_interval(table, "graph", name, "accuracy", given, level, draws)
        for criterion, given in _GIVEN.items()
    }


def _side(pair: Pair) -> int:
    """1 or −1 if all intervals lie above or below 0, else 0."""
    if all(effect.low > 0 for effect in pair.values()):
        return 1
    return -1 if all(effect.high < 0 for effect in pair.values()) else 0


def _in_both(verdicts: Mapping[str, Verdict], pair: Pair) -> Verdict:
    verdict = all_of(verdicts)
    if verdict.outcome == "supported" and not _side(pair):
        return Verdict("not supported", "both intervals exclude 0, but on opposite sides")
    return verdict


def _no_effect(pair: Pair) -> Effect:
    """No effect of its own, for a row that sums up two."""
    first = pair["spearman"]
    return unknown(first.unit, n=min(effect.n for effect in pair.values()), level=first.level)
