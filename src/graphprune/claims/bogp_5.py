"""Judging bogp-5 from the retrained winners of Algorithm 4: one row of `records` per run.

Columns of `records` (those of run records): `block` (the pool searched), `level` (alpha),
`search_seed`, `seed` (fresh), `sparsity_asked` (share of zeros of the chosen mask),
`test_accuracy` (a fraction, NaN if the run failed), `failure` ("" or why it failed).
"""

from dataclasses import replace

import pandas as pd

from graphprune.claims.association import partial_spearman
from graphprune.claims.records import Claim, claim
from graphprune.claims.statistics import Effect, bootstrap, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError

PRIMARY = "wide"
"""The pool that decides. Table 2's sparsities (.73 … .98) are not among the paper's six levels,
so its text needs masks of any sparsity; what happens over the levels stands beside."""
BOTH = "both"

_CHOICE = ["block", "search_seed", "level"]
_NEEDED = [*_CHOICE, "seed", "sparsity_asked", "test_accuracy", "failure"]


def bogp_5(records: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Does a larger alpha choose sparser masks, and are these less accurate?

    Effects are rank correlations (Spearman) over all winners of a pool, one winner for each
    search seed and alpha; its accuracy is the mean over fresh seeds. Unit = search seed, which
    brings the winners of all its alphas along; intervals by `draws` bootstrap samples of
    search seeds. A search seed with a winner that has no accuracy left is left out of that
    correlation. Per pool three rows: "sparsity", "accuracy" and "both"; the PRIMARY pool is
    first, and has n = 0 if it was not run. Where sparsity or accuracy does not vary the
    correlation is undefined: it is given as 0, and the reason says so. With a single alpha
    there is nothing to judge (n = 0).

    Columns as those of `claims.verdict`. UserError if `records` lacks columns.
    """
    lacking = [column for column in _NEEDED if column not in records]
    if lacking:
        raise UserError(
            f"the records of the trade-off lack the columns {lacking}; "
            f"found {list(records.columns)}"
        )
    record, rows = claim("bogp-5"), []
    others = sorted(set(records["block"]) - {PRIMARY})
    for pool in (PRIMARY, *others):
        runs = records[records["block"] == pool]
        chosen, failed = _winners(runs), int((runs["failure"] != "").sum())
        cell = f"{pool} pool ({'decides' if pool == PRIMARY else 'beside'})"
        rows += _of_pool(record, cell, chosen, failed, draws)
    return pd.DataFrame(rows, columns=COLUMNS)


def _winners(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per search: search_seed, level (alpha), sparsity, accuracy."""
    searches = runs.groupby(_CHOICE)
    winners = searches.agg(sparsity=("sparsity_asked", "first"), accuracy=("test_accuracy", "mean"))
    return winners.round(12).reset_index()  # ranks must not tell equal values apart by a rounding


def _of_pool(
    record: Claim, cell: str, winners: pd.DataFrame, failed: int, draws: int
) -> list[dict[str, object]]:
    rows, verdicts, effects = [], dict[str, Verdict](), dict[str, Effect]()
    for criterion in record.criteria:
        name = criterion.name
        known = _complete(winners, name)
        effects[name] = _correlation(known, name, criterion.level, draws)
        verdicts[name] = _explained(judge(criterion, effects[name]), name, known)
        rows.append(verdict_row("bogp-5", name, cell, effects[name], verdicts[name], failed))
    n = min(effect.n for effect in effects.values())
    level = max(effect.level for effect in effects.values())
    least = unknown(record.unit, n=n, level=level)
    rows.append(verdict_row("bogp-5", BOTH, cell, least, all_of(verdicts), failed))
    return rows


def _complete(winners: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of the search seeds that have a value for every alpha."""
    lacking = winners.loc[winners[name].isna(), "search_seed"]
    return winners[~winners["search_seed"].isin(lacking)]


def _correlation(winners: pd.DataFrame, name: str, level: float, draws: int) -> Effect:
    if winners["level"].nunique() < 2:
        return unknown("search seed", level=level)

    def rho(drawn: pd.DataFrame) -> float:
        # Rounded, because a search that never changes its choice has 0 and not rounding error.
        return round(partial_spearman(drawn["level"], drawn[name]), 12)

    return bootstrap(winners, "search_seed", rho, level, draws)


def _explained(verdict: Verdict, name: str, winners: pd.DataFrame) -> Verdict:
    """The verdict with a word on a correlation that is none."""
    if winners["level"].nunique() == 1:
        why = "there is only one alpha, so nothing can be compared"
    elif winners[name].nunique() == 1:
        value = winners[name].iloc[0]
        why = (
            f"every search's winner has {name} {value:.4g} whatever alpha is, so the correlation "
            "is undefined and counts as 0"
        )
    else:
        return verdict
    return replace(verdict, reason=f"{why}; {verdict.reason}")
