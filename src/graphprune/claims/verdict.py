"""From an effect with its interval to one of supported, not supported, undecided."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from graphprune.claims.records import Claim, Criterion
from graphprune.claims.statistics import Effect, t_width, unknown
from graphprune.errors import UserError

Outcome = Literal["supported", "not supported", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """An outcome, why, and for "undecided" the n expected to decide it (None: none would)."""

    outcome: Outcome
    reason: str
    n_needed: int | None = None


COLUMNS = (
    "claim",
    "criterion",
    "cell",
    "effect",
    "low",
    "high",
    "level",
    "n",
    "unit",
    "verdict",
    "reason",
    "failed",
)
"""Of a table of verdicts: one row a cell. Effects are plain numbers, accuracies fractions; failed
counts the runs that are left out of the effect."""


def verdict_row(
    claim: str, criterion: str, cell: str, effect: Effect, verdict: Verdict, failed: int
) -> dict[str, object]:
    """One row of a table with COLUMNS."""
    values = [claim, criterion, cell, effect.estimate, effect.low, effect.high]
    values += [effect.level, effect.n, effect.unit, verdict.outcome, verdict.reason, failed]
    return dict(zip(COLUMNS, values, strict=True))


NOT_JUDGED = "not judged"


def not_judged(
    claim: str, criterion: str, cell: str, effect: Effect, values: pd.Series
) -> dict[str, object]:
    """The row of an effect that stands beside the judged ones; values: by unit, NaN if failed."""
    verdict = Verdict("undecided", "stands beside")
    row = verdict_row(claim, criterion, cell, effect, verdict, int(values.isna().sum()))
    return {**row, "verdict": NOT_JUDGED}


def together(
    claim: Claim, cell: str, rows: Sequence[Mapping[str, object]], verdicts: Mapping[str, Verdict]
) -> dict[str, object]:
    """The row of the verdict that needs all of `verdicts`, whose rows are `rows`."""
    n = min((int(str(row["n"])) for row in rows), default=0)
    return verdict_row(claim.id, "all", cell, unknown(claim.unit, n=n), all_of(verdicts), 0)


def verdict_table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """`rows` with COLUMNS, also where there are none."""
    return pd.DataFrame(rows, columns=list(COLUMNS))


def judge(rule: Claim | Criterion, effect: Effect) -> Verdict:
    """The verdict on one effect by a criterion, or by a claim that has only one.

    supported: the interval meets the criterion. not supported: it lies on the other side of
    the threshold, or inside the region of no effect. undecided: anything else, and always
    with fewer than min_n units or without an interval.

    Raises UserError if a claim has several criteria (judge each, then `all_of`), or if the
    interval's level is below the one the criterion asks for.
    """
    criterion = _only_criterion(rule)
    if effect.level < criterion.level - 1e-9:
        raise UserError(
            f"'{criterion.name}' is judged by an interval of level {criterion.level:g}, found one "
            f"of level {effect.level:g}; compute it at the level of the criterion"
        )
    outcome, why = _placed(criterion, effect.low, effect.high)
    why = (
        f"the {100 * effect.level:.4g} % interval [{effect.low:+.4g}, {effect.high:+.4g}] "
        f"of n = {effect.n} ({effect.unit}) {why}"
    )
    if effect.n < criterion.min_n:
        outcome, why = "undecided", f"n = {effect.n} ({effect.unit}), fewer than {criterion.min_n}"
    if outcome != "undecided":
        return Verdict(outcome, why)
    needed = n_to_decide(criterion, effect)
    plan = f"about n = {needed} would decide" if needed else "no n can be named that would decide"
    return Verdict(outcome, f"{why}; {plan}", needed)


def all_of(verdicts: Mapping[str, Verdict]) -> Verdict:
    """The verdict on a claim that needs every one of the named cells.

    One cell against it is enough for "not supported"; an intersection of tests at one level
    keeps that level, so no correction is made here (Berger 1982).
    """
    outcomes = [verdict.outcome for verdict in verdicts.values()]
    if "not supported" in outcomes:
        outcome: Outcome = "not supported"
    elif outcomes and all(one == "supported" for one in outcomes):
        outcome = "supported"
    else:
        outcome = "undecided"
    failing = [name for name, one in verdicts.items() if one.outcome == outcome != "supported"]
    count = f"{outcomes.count('supported')} of {len(outcomes)} supported"
    needed = [one.n_needed for one in verdicts.values() if one.outcome == "undecided"]
    known = [n for n in needed if n is not None]
    complete = outcome == "undecided" and known and len(known) == len(needed)
    reason = f"{count}; {outcome}: {', '.join(failing)}" if failing else count
    return Verdict(outcome, reason, max(known) if complete else None)


def n_to_decide(criterion: Criterion, effect: Effect, most: int = 10_000) -> int | None:
    """Smallest n at which the criterion is decided, if mean and spread stay as they are.

    Each side of the interval is scaled by w(n) / w(effect.n), w(n) = t_(n−1) / sqrt(n) with
    the t quantile of the effect's level: for a t interval that is mean ± w(n) sd, for a
    bootstrap interval an approximation. None without an interval, or if `most` is not enough.
    """
    if not np.isfinite([effect.low, effect.high]).all():
        return None
    width = t_width(effect.n, effect.level)

    def decided(n: int) -> bool:
        scale = t_width(n, effect.level) / width
        low = effect.estimate - scale * (effect.estimate - effect.low)
        high = effect.estimate + scale * (effect.high - effect.estimate)
        return _placed(criterion, low, high)[0] != "undecided"

    # a narrower interval about the same centre stays decided, so bisection finds the smallest
    start = max(criterion.min_n, effect.n + 1)
    found = bisect_left(range(start, most + 1), True, key=decided) + start
    return found if found <= most else None


def _placed(criterion: Criterion, low: float, high: float) -> tuple[Outcome, str]:
    """Outcome by the position of the interval alone, and that position in words."""
    region, goal = criterion.no_effect, _described(criterion)
    negligible = region is not None and region[0] <= low and high <= region[1]
    named = f"in the region of no effect {list(region or ())}"
    if _meets(criterion, low, high):
        return "supported", f"lies {goal}" + (f", though {named}" if negligible else "")
    if where := _opposed(criterion, low, high):
        return "not supported", f"lies {where}, not {goal}"
    if negligible:
        return "not supported", f"lies {named}, not {goal}"
    return "undecided", f"leaves open whether the effect lies {goal}"


def _meets(criterion: Criterion, low: float, high: float) -> bool:
    threshold = criterion.threshold
    match criterion.direction:
        case "above":
            return low > threshold
        case "below":
            return high < threshold
        case "at least":
            return low >= threshold
        case "within":
            return -threshold < low and high < threshold
        case "either":
            return low > threshold or high < threshold


def _opposed(criterion: Criterion, low: float, high: float) -> str:
    """Where the interval lies if that speaks against the criterion, else ""."""
    threshold = criterion.threshold
    match criterion.direction:
        case "above" if high <= threshold:
            return f"at or below {threshold:g}"
        case "below" if low >= threshold:
            return f"at or above {threshold:g}"
        case "at least" if high < threshold:
            return f"below {threshold:g}"
        case "within" if low >= threshold:
            return f"at or above {threshold:g}"
        case "within" if high <= -threshold:
            return f"at or below {-threshold:g}"
        case "either" if low == high == threshold:  # an effect that does not vary at all
            return f"on {threshold:g}"
        case _:
            return ""


def _described(criterion: Criterion) -> str:
    match criterion.direction:
        case "within":
            return f"within ±{criterion.threshold:g}"
        case "either":
            return f"on one side of {criterion.threshold:g}"
        case _:
            return f"{criterion.direction} {criterion.threshold:g}"


def _only_criterion(rule: Claim | Criterion) -> Criterion:
    if isinstance(rule, Criterion):
        return rule
    if len(rule.criteria) > 1:
        names = ", ".join(criterion.name for criterion in rule.criteria)
        raise UserError(f"claim {rule.id} has several criteria ({names}); judge each by its own")
    return rule.criteria[0]
