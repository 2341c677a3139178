"""Judging rgp-3 from graphs of many ASPL: one row of `spread` per graph.

Columns of `spread`: `set` ("chain": graphs graded from ring lattice to optimum; "band": graphs
of nearly equal ASPL), `band` (lower end of the band, NaN in the chain), `graph` (a name), `aspl`,
`gradient_resistance` (mean over nodes; inf for a bipartite graph), `neurons` (mean AOPU).
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from graphprune.claims.association import pearson_interval
from graphprune.claims.records import Claim, claim
from graphprune.claims.statistics import Effect, unknown
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError

MEASURES = {"gr": "gradient_resistance", "aopu": "neurons"}
"""By criterion: what ASPL is correlated with."""
CHAIN = "chain (decides)"
BOTH = "both"
NOT_JUDGED = "not judged"

_NEEDED = ["set", "band", "graph", "aspl", *MEASURES.values()]


def rgp_3(spread: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Does gradient resistance rise and AOPU fall linearly with ASPL?

    Effects are Pearson's r with ASPL; unit = graph, intervals by `draws` bootstrap samples of
    graphs. The chain decides, in three rows: "gr", "aopu" and "both". Beside it stand the first
    two for every band of nearly equal ASPL, not judged. A graph of infinite gradient resistance
    is left out of that correlation (`failed` counts them). Where a side does not vary r is
    undefined: it is given as 0, and the reason says so.

    Columns as those of `claims.verdict`. UserError if `spread` lacks columns.
    """
    lacking = [column for column in _NEEDED if column not in spread]
    if lacking:
        raise UserError(
            f"the table of graphs lacks the columns {lacking}; found {list(spread.columns)}"
        )
    record = claim("rgp-3")
    rows = _of_graphs(record, CHAIN, spread[spread["set"] == "chain"], draws)
    for low, graphs in spread[spread["set"] == "band"].groupby("band", sort=True):
        rows += _of_graphs(record, band_cell(low), graphs, draws)
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_graphs(
    record: Claim, cell: str, graphs: pd.DataFrame, draws: int
) -> list[dict[str, object]]:
    rows, verdicts, effects = [], dict[str, Verdict](), dict[str, Effect]()
    for criterion in record.criteria:
        name, measure = criterion.name, MEASURES[criterion.name]
        known = finite(graphs, measure)
        effect = pearson_interval(known, "graph", "aspl", measure, criterion.level, draws)
        effects[name] = effect
        verdicts[name] = _explained(judge(criterion, effect), known, measure)
        left_out = len(graphs) - len(known)
        row = verdict_row(record.id, name, cell, effect, verdicts[name], left_out)
        if cell != CHAIN:
            why = _explained(Verdict("undecided", "the claim is about the chain"), known, measure)
            row |= {"verdict": NOT_JUDGED, "reason": why.reason}
        rows.append(row)
    if cell == CHAIN:
        n = min(effect.n for effect in effects.values())
        least = unknown(record.unit, n=n, level=record.criteria[0].level)
        rows.append(verdict_row(record.id, BOTH, cell, least, all_of(verdicts), 0))
    return rows


def band_cell(low: float) -> str:
    """How the band of ASPL from `low` on is called in the column `cell`."""
    return f"ASPL from {low:.4g} (beside)"


def finite(graphs: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The graphs whose ASPL and `measure` are finite numbers."""
    return graphs[np.isfinite(graphs[["aspl", measure]].astype(float)).all(axis=1)]


def _explained(verdict: Verdict, known: pd.DataFrame, measure: str) -> Verdict:
    """The verdict with a word on a correlation that is none."""
    for column in ("aspl", measure):
        if len(known) > 1 and np.ptp(known[column]) <= 1e-9 * np.abs(known[column]).max():
            name = {"aspl": "ASPL"}.get(column, column.replace("_", " "))
            why = f"{name} is {known[column].iloc[0]:.4g} everywhere, so r is undefined and counts"
            return replace(verdict, reason=f"{why} as 0; {verdict.reason}")
    return verdict
