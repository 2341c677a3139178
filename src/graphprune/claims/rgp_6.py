"""Judging rgp-6 from times of dense and sparse forms: one row of `times` per timed repeat.

Columns of `times`: `network`, `degree`, `batch`, `layer` (NETWORK for a whole one), `form` (of
DENSE, or a sparse one), `turn`, `ms`. All forms of a turn were timed one after the other.
"""

import pandas as pd

from graphprune.claims.records import claim
from graphprune.claims.statistics import Effect, mean_interval
from graphprune.claims.verdict import COLUMNS, judge, verdict_row
from graphprune.errors import UserError

DENSE = ("contiguous", "channels_last")
NETWORK = "network"
CASE = ["network", "degree", "batch"]

_TIMED = [*CASE, "layer", "form", "turn"]


def speed_ups(times: pd.DataFrame) -> pd.DataFrame:
    """One row per case, layer and sparse form: how much faster it is than the best dense form.

    best: the dense form of the least median; dense_ms, ms: medians over turns; measured: their
    ratio. mean, low, high: of the ratio turn by turn, with its t interval at the claim's level;
    n: turns. UserError if columns are missing, or if a form was timed twice in a turn, or no
    dense one.
    """
    lacking = [column for column in [*_TIMED, "ms"] if column not in times]
    if lacking:
        raise UserError(f"the table of times lacks the columns {lacking}; found {list(times)}")
    if (again := times.duplicated(_TIMED)).any():
        first = times.loc[again, _TIMED].iloc[0].to_dict()
        raise UserError(f"a form was timed more than once in a turn: {first}")
    rows = []
    for key, at in times.groupby([*CASE, "layer"], sort=False):
        by_form = at.pivot(index="turn", columns="form", values="ms")
        medians = by_form.median()
        dense = [form for form in DENSE if form in by_form]
        if not dense:
            raise UserError(f"no dense form was timed of {key}; expected one of {DENSE}")
        best = min(dense, key=lambda form: medians[form])
        for form in (name for name in dict.fromkeys(at["form"]) if name not in DENSE):
            effect = _effect(by_form[best] / by_form[form])
            row = dict(zip([*CASE, "layer"], key, strict=True)) | {"form": form, "best": best}
            row |= {"dense_ms": medians[best], "ms": medians[form]}
            row |= {"measured": medians[best] / medians[form], "mean": effect.estimate}
            rows.append(row | {"low": effect.low, "high": effect.high, "n": effect.n})
    columns = [*CASE, "layer", "form", "best", "dense_ms", "ms", "measured", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "n"])


def rgp_6(times: pd.DataFrame) -> pd.DataFrame:
    """Is regular sparsity easily sped up, end to end?

    A row per network, degree, batch size and sparse form: the mean over turns of best dense time
    / time, of whole networks; unit = timed repeat, t intervals. Every form is judged for itself.
    Columns as those of `claims.verdict`. UserError as from `speed_ups`.
    """
    record, rows = claim("rgp-6"), []
    for _, row in speed_ups(times[times["layer"] == NETWORK]).iterrows():
        level = record.criteria[0].level
        effect = Effect(row["mean"], row["low"], row["high"], row["n"], level, record.unit)
        verdict = judge(record, effect)
        rows.append(
            verdict_row(record.id, record.criteria[0].name, cell(row), effect, verdict, failed=0)
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def cell(row: pd.Series) -> str:
    """How a row of `speed_ups` is called in the column `cell`."""
    return f"{row['network']}, degree {row['degree']}, batch {row['batch']}, {row['form']}"


def _effect(ratios: pd.Series) -> Effect:
    record = claim("rgp-6")
    return mean_interval(ratios.rename_axis(record.unit), record.criteria[0].level)
