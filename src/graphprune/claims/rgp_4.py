"""Judging rgp-4 from searches for a small ASPL: one row of `searches` per search.

Columns of `searches`: `method` ("algorithm_1" decides; the rows of "catalogue" are no searches
and are not looked at), `n`, `k`, `seed`, `aspl` (of the graph found; NaN if the search failed).
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from graphprune.claims.records import Claim, claim
from graphprune.claims.statistics import Effect, mean_interval, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError
from graphprune.graphs.bounds import aspl_lower_bound

PRIMARY = "algorithm_1"
CATALOGUE = "catalogue"
BOTH = "both"
NOT_JUDGED = "not judged"
DEGREES = range(3, 37)
"""Of Figure 6."""
LARGE = 12
"""From this degree on Algorithm 1 has to reach the bound."""
CLOSE = 0.05
"""Gaps (aspl / bound − 1) below this are close."""

_SEARCH = ["method", "n", "k", "seed"]


def with_gaps(searches: pd.DataFrame) -> pd.DataFrame:
    """`searches` with `bound`, `gap` (aspl / bound − 1) and `met` (whether the bound is met).

    Meeting is exact, by sums of distances over ordered pairs, which are whole numbers. A search
    without a finite ASPL has gap NaN. UserError if columns are missing, or a search occurs twice.
    """
    lacking = [column for column in [*_SEARCH, "aspl"] if column not in searches]
    if lacking:
        raise UserError(
            f"the table of searches lacks the columns {lacking}; found {list(searches.columns)}"
        )
    twice = searches.duplicated(_SEARCH)
    if twice.any():
        first = searches.loc[twice, _SEARCH].iloc[0].to_dict()
        raise UserError(f"a search occurs more than once in the table of searches: {first}")
    sizes = zip(searches["n"], searches["k"], strict=True)
    bounds = [aspl_lower_bound(int(n), int(k)) for n, k in sizes]
    pairs = (searches["n"] * (searches["n"] - 1)).to_numpy()
    aspl = searches["aspl"].astype(float).where(np.isfinite(searches["aspl"].astype(float)))
    least = np.array([int(bound * int(p)) for bound, p in zip(bounds, pairs, strict=True)])
    bound = np.array([float(bound) for bound in bounds])
    met = np.rint(aspl.to_numpy() * pairs) == least
    # What is met has gap 0, not a rounding error.
    return searches.assign(aspl=aspl, bound=bound, gap=(aspl / bound - 1).mask(met, 0.0), met=met)


def rgp_4(searches: pd.DataFrame) -> pd.DataFrame:
    """Does Algorithm 1 come close to the lower bound, and does it reach it for large degree?

    Effects are shares of degrees, by criterion: "close", those of DEGREES with a gap below
    CLOSE; "reached", those from LARGE on at which the bound is met. Unit = seed, which has one
    search of every degree; t intervals, of width 0 where all seeds agree. A seed that lacks a
    degree which other seeds have, or whose search failed, is left out. Algorithm 1 decides, with
    a third row "both"; every other method stands beside it, not judged. `failed`: searches
    without an ASPL.

    Columns as those of `claims.verdict`. UserError as from `with_gaps`, or for graphs of several
    sizes.
    """
    table = with_gaps(searches)
    table = table[table["k"].isin(DEGREES)]
    sizes = sorted(set(table["n"]))
    if len(sizes) > 1:
        raise UserError(f"rgp-4 is judged on graphs of one size, found n = {sizes}")
    record = claim("rgp-4")
    others = [name for name in dict.fromkeys(table["method"]) if name not in (PRIMARY, CATALOGUE)]
    rows = []
    for method in (PRIMARY, *others):
        rows += _of_method(record, method, table[table["method"] == method])
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_method(record: Claim, method: str, table: pd.DataFrame) -> list[dict[str, object]]:
    decides = method == PRIMARY
    cell = f"{method} ({'decides' if decides else 'beside'})"
    failed = int(table["aspl"].isna().sum())
    values = {
        "close": (table["gap"] < CLOSE).where(table["aspl"].notna()),
        "reached": table["met"].where(table["aspl"].notna()),
    }
    rows, verdicts, effects = [], dict[str, Verdict](), dict[str, Effect]()
    for criterion in record.criteria:
        name = criterion.name
        asked = [k for k in DEGREES if name == "close" or k >= LARGE]
        chosen = table.assign(value=values[name].astype(float))[table["k"].isin(asked)]
        effects[name] = _share(chosen, record.unit, criterion.level)
        verdict = judge(criterion, effects[name])
        verdicts[name] = replace(verdict, reason=f"{_extent(chosen, asked)}{verdict.reason}")
        row = verdict_row(record.id, name, cell, effects[name], verdicts[name], failed)
        if not decides:
            row |= {"verdict": NOT_JUDGED, "reason": "the claim is about Algorithm 1"}
        rows.append(row)
    if decides:
        n = min(effect.n for effect in effects.values())
        least = unknown(record.unit, n=n, level=record.criteria[0].level)
        rows.append(verdict_row(record.id, BOTH, cell, least, all_of(verdicts), failed))
    return rows


def _share(chosen: pd.DataFrame, unit: str, level: float) -> Effect:
    """Mean over seeds of their mean `value`, of the seeds that have one for every degree."""
    if chosen.empty:
        return unknown(unit, level=level)
    by_seed = chosen.pivot(index="seed", columns="k", values="value")
    shares = by_seed.mean(axis=1, skipna=False).rename_axis(unit)
    return mean_interval(shares, level)


def _extent(chosen: pd.DataFrame, asked: list[int]) -> str:
    """What is missing of the degrees asked for, and of the seeds; "" if nothing is."""
    notes = []
    degrees, seeds = chosen["k"].nunique(), chosen["seed"].nunique()
    if degrees < len(asked):
        notes.append(f"{degrees} of the {len(asked)} degrees {asked[0]}–{asked[-1]} were searched")
    whole = chosen[chosen["value"].notna()].groupby("seed")["k"].nunique()
    left_out = seeds - int((whole == degrees).sum())
    if left_out:
        notes.append(f"{left_out} of {seeds} seeds lack a degree and are left out")
    return "".join(f"{note}; " for note in notes)
