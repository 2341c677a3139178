"""Judging bogp-2 and bogp-3 from the retrained winners: one row of `runs` per retraining.

Columns of `runs`: `arm` ("bogp", "random_search", "glob_1", ...), `block` ("printed", "equal",
"-"; "found" for a network tested as it was chosen, not retrained), `sparsity` (asked), `seed`
(of the retraining), `search_seed` (−1 where none), `test_accuracy` (a fraction, NaN if the run
failed), `failed`. Runs of one recipe only.

Both return one row per cell: claim, criterion, cell, effect, low, high (fractions of accuracy;
1 point = 0.01), level, n, unit, verdict, reason, failed (failed runs, left out of the effect).
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from graphprune.claims.records import Claim, Criterion, claim
from graphprune.claims.statistics import (
    Effect,
    differences,
    holm_levels,
    mean_interval,
    paired_difference,
    unknown,
)
from graphprune.claims.verdict import COLUMNS, all_of, judge, verdict_row
from graphprune.errors import UserError

SEARCH_SEED, FRESH_SEED = "search seed", "fresh seed"
FOUND = "found"
BESIDE, NOT_JUDGED = "beside it", "not judged"
MEAN = "mean over s"
BASELINES = ("glob_1", "glob_5", "unif_1", "unif_5")
BEST_AT = (0.15, 0.75)

_IDENTITY = ["arm", "block", "sparsity", "seed", "search_seed"]


def bogp_2_and_3(records: pd.DataFrame) -> pd.DataFrame:
    """Both verdicts from run records, in which `level` is the sparsity of the comparison."""
    runs = records.assign(failed=records["failure"] != "", sparsity=records["level"])
    judged = [table for table in (bogp_2(runs), bogp_3(runs)) if len(table)]
    return pd.concat(judged, ignore_index=True)


def bogp_2(runs: pd.DataFrame) -> pd.DataFrame:
    """BoGP minus random search: does the search beat the same budget spent at random?

    Unit = search seed, whose value is the mean of the paired differences over its fresh seeds,
    then over the sparsities, so that each sparsity weighs the same. A search seed that has no
    pair left at some sparsity is left out: its mean would be over other sparsities.

    The row "beside it", which is not judged: BoGP minus Glob_1 trained as often, both as found
    (the best on val of their trainings, tested once), paired by search seed.

    UserError if columns are missing, a run occurs twice, or the arms differ in their runs.
    """
    runs = _checked(runs)
    record = claim("bogp-2")
    gain = record.criterion("gain")
    retrained, found = runs[~_as_found(runs)], runs[_as_found(runs)]
    effect, failed = _gain(retrained, "random_search", ["seed"], gain.level)
    rows = [
        verdict_row(
            record.id,
            gain.name,
            f"{MEAN}, minus random search",
            effect,
            judge(gain, effect),
            failed,
        )
    ]
    # No seed in these pairs: every training of Glob_1 has one of its own.
    effect, failed = _gain(found, "glob_1_best", [], gain.level)
    cell = f"{MEAN}, as found, minus Glob_1 at equal cost"
    reason = "the claim is judged against random search" if effect.n or failed else "not run"
    row = verdict_row(record.id, gain.name, cell, effect, judge(gain, effect), failed)
    rows.append({**row, "criterion": BESIDE, "verdict": NOT_JUDGED, "reason": reason})
    return pd.DataFrame(rows, columns=COLUMNS)


def _gain(runs: pd.DataFrame, other: str, within: list[str], level: float) -> tuple[Effect, int]:
    """BoGP minus `other`, mean over `within`, then over sparsities; and how many runs failed."""
    keys = ["search_seed", "sparsity", *within]
    bogp, beaten = (
        runs[runs["arm"] == arm].set_index(keys)["test_accuracy"] for arm in ("bogp", other)
    )
    failed = int(bogp.isna().sum() + beaten.isna().sum())
    if not len(bogp) or not len(beaten):
        return unknown(SEARCH_SEED, level=level), failed
    per_sparsity = differences(bogp, beaten).groupby(level=["search_seed", "sparsity"]).mean()
    per_search = per_sparsity.unstack("sparsity").mean(axis=1, skipna=False)
    return mean_interval(per_search, level), failed


def bogp_3(runs: pd.DataFrame) -> pd.DataFrame:
    """BoGP minus Glob_1, Glob_5, Unif_1, Unif_5 of the printed block, per sparsity.

    Unit = fresh seed; BoGP is averaged over the search seeds that did not fail. "on par" is
    judged at every sparsity by a 90 % interval. "best" is judged at s = .15 and .75 by the
    intervals of `holm_levels` over its 2 × 4 comparisons: above 0 exactly where Holm rejects
    at 5 %. The rows "all four" and "all" need every comparison (their n is the smallest among
    them). A comparison that was not run has n = 0.

    UserError if columns are missing, a run occurs twice, or the arms differ in fresh seeds.
    """
    runs = _checked(runs)
    record = claim("bogp-3")
    par, best = record.criterion("on par"), record.criterion("best")
    searched = sorted(set(runs.loc[_of_bogp(runs), "sparsity"]))
    par_effects = {
        (sparsity, arm): paired_difference(*_pair(runs, sparsity, arm), par.level)
        for sparsity in searched
        for arm in BASELINES
    }
    family = {(s, arm): _pair(runs, s, arm) for s in BEST_AT for arm in BASELINES}
    p_values = [paired_difference(*pair, best.level).p_value for pair in family.values()]
    levels = holm_levels(p_values, alpha=1 - best.level)
    best_effects = {
        cell: paired_difference(*pair, float(level))
        for (cell, pair), level in zip(family.items(), levels, strict=True)
    }
    rows = _rows(runs, record, par, par_effects) + _rows(runs, record, best, best_effects)
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(
    runs: pd.DataFrame,
    record: Claim,
    criterion: Criterion,
    effects: dict[tuple[float, str], Effect],
) -> list[dict[str, object]]:
    """A row for each comparison, for each sparsity ("all four") and for all sparsities."""
    rows, per_sparsity = [], {}
    for sparsity in sorted({cell[0] for cell in effects}):
        at = f"s = {sparsity:.2f}"
        mine = {arm: effects[sparsity, arm] for arm in BASELINES}
        verdicts = {arm: judge(criterion, effect) for arm, effect in mine.items()}
        for arm, effect in mine.items():
            cell = f"{at}, minus {arm.capitalize()}"
            failed = _failed(runs, [sparsity], [arm])
            rows.append(verdict_row(record.id, criterion.name, cell, effect, verdicts[arm], failed))
        together = all_of({arm.capitalize(): verdict for arm, verdict in verdicts.items()})
        least = _least(criterion, mine.values())
        failed = _failed(runs, [sparsity], BASELINES)
        rows.append(
            verdict_row(record.id, criterion.name, f"{at}, all four", least, together, failed)
        )
        per_sparsity[at] = together
    least = _least(criterion, effects.values())
    failed = _failed(runs, sorted({cell[0] for cell in effects}), BASELINES)
    rows.append(verdict_row(record.id, criterion.name, "all", least, all_of(per_sparsity), failed))
    return rows


def _least(criterion: Criterion, effects: Iterable[Effect]) -> Effect:
    """No effect of its own, but the smallest n, for a row that sums up several comparisons."""
    n = min((effect.n for effect in effects), default=0)
    return unknown(FRESH_SEED, n=n, level=criterion.level)


def _pair(runs: pd.DataFrame, sparsity: float, baseline: str) -> tuple[pd.Series, pd.Series]:
    """Accuracy of BoGP (mean over search seeds) and of `baseline`, per fresh seed.

    Two empty series if either was not run at this sparsity.
    """
    sides = (_of_bogp(runs), _of_baselines(runs, [baseline]))
    at = np.isclose(runs["sparsity"], sparsity)
    bogp, other = (
        runs[side & at].groupby("seed")["test_accuracy"].mean().rename_axis(FRESH_SEED)
        for side in sides
    )
    return (bogp, other) if len(bogp) and len(other) else (bogp[:0], other[:0])


def _failed(runs: pd.DataFrame, sparsities: Sequence[float], baselines: Sequence[str]) -> int:
    """Failed runs of BoGP and of the printed `baselines` at these sparsities."""
    rows = runs[_of_bogp(runs) | _of_baselines(runs, baselines)]
    at = [bool(np.isclose(sparsity, sparsities).any()) for sparsity in rows["sparsity"]]
    return int(rows.loc[at, "failed"].sum())


def _of_bogp(runs: pd.DataFrame) -> pd.Series:
    return (runs["arm"] == "bogp") & ~_as_found(runs)


def _as_found(runs: pd.DataFrame) -> pd.Series:
    return runs["block"] == FOUND


def _of_baselines(runs: pd.DataFrame, arms: Sequence[str]) -> pd.Series:
    return runs["arm"].isin(arms) & (runs["block"] == "printed")


def _checked(runs: pd.DataFrame) -> pd.DataFrame:
    """`runs` with failed accuracies as NaN, or UserError saying what is wrong with it."""
    lacking = [column for column in [*_IDENTITY, "test_accuracy", "failed"] if column not in runs]
    if lacking:
        raise UserError(
            f"the retraining records lack the columns {lacking}; found {list(runs.columns)}"
        )
    accuracy = runs["test_accuracy"].astype(float)
    outside = accuracy[(accuracy < 0) | (accuracy > 1)]
    if len(outside):
        raise UserError(
            f"'test_accuracy' must be a fraction between 0 and 1; found {outside.iloc[0]:g}. "
            "Divide percentages by 100."
        )
    failed = runs["failed"].astype(bool) | accuracy.isna()
    runs = runs.assign(
        sparsity=runs["sparsity"].astype(float).round(6),
        test_accuracy=accuracy.mask(failed),
        failed=failed,
    )
    twice = runs[runs.duplicated(_IDENTITY)]
    if len(twice):
        raise UserError(
            f"{len(twice)} retrainings occur more than once, the first is "
            f"{twice.iloc[0][_IDENTITY].to_dict()}. Pass the runs of one recipe and one network."
        )
    return runs
