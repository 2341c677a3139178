"""Judging rgp-2, rgp-5, rgp-8 and rgp-9 from trainings paired by seed: one row of `runs` each.

Columns of `runs`: `network` (a name), `model`, `dataset`, `nodes`, `degree` (NaN for the dense
network), `arm` ("rgp", "random_regular", …, "dense"), `seed`, `test_accuracy` (a fraction),
`failure` ("" if none), `parameters`, `parameters_kept`, `full_width` (whether the network is as
wide as published). A failed run is left out with the whole pair.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd

from graphprune.claims.records import Claim, Criterion, claim
from graphprune.claims.statistics import (
    Effect,
    differences,
    holm_levels,
    mean_interval,
    unknown,
)
from graphprune.claims.verdict import COLUMNS, Verdict, all_of, judge, verdict_row
from graphprune.errors import UserError

NOT_JUDGED = "not judged"
ALL = "all degrees"
BOTH = "both"
MOST_REMOVED = 0.9
LOW_RATIO = (64, 20)  # nodes and degree of "a low pruning ratio"
TREND = (4, 20)  # degrees between which accuracy is said to fall steadily

_NEEDED = ["network", "model", "dataset", "nodes", "degree", "arm", "seed", "test_accuracy"]
_NEEDED += ["failure", "parameters", "parameters_kept", "full_width"]

Cell = tuple[str, int, int]  # network, nodes, degree
K = TypeVar("K")


def rgp_2(runs: pd.DataFrame) -> pd.DataFrame:
    """RGP's regular graph minus a random graph of as many edges, per network and degree.

    Unit = graph: every seed has a random graph of its own. Holm over the degrees of a network.
    Beside it, not judged: random regular minus random graph, which leaves ASPL's optimisation out.
    """
    runs = _checked(runs)
    rows = _paired(claim("rgp-2"), runs, "rgp", "random_graph")
    return _table(rows + _beside(claim("rgp-2"), runs, "random_regular", "random_graph"))


def rgp_9(runs: pd.DataFrame) -> pd.DataFrame:
    """RGP's graph minus a random regular graph of its degree, as `rgp_2`.

    Beside it, not judged: minus the ring lattice; the best graph known minus a random regular one.
    """
    runs, record = _checked(runs), claim("rgp-9")
    rows = _paired(record, runs, "rgp", "random_regular")
    rows += _beside(record, runs, "rgp", "ring")
    return _table(rows + _beside(record, runs, "best_known", "random_regular"))


def rgp_5(runs: pd.DataFrame) -> pd.DataFrame:
    """The dense network's accuracy minus RGP's where more than 90 % of the parameters are gone.

    Unit = seed. Judged for the networks that the paper names, at full width on CIFAR-10, where
    RGP removes the least that is still more than 90 %; all others stand beside.
    """
    runs, record = _checked(runs), claim("rgp-5")
    rows, judged, beside = list[dict[str, object]](), dict[str, Verdict](), []
    known = {criterion.name: criterion for criterion in record.criteria}
    for (network, nodes, degree), removed in sorted(_removed(runs).items(), key=lambda at: at[1]):
        first = _at(runs, network, degree, "rgp").iloc[0]
        cell = f"{_named((network, nodes, degree))}, {removed:.1%} of the parameters removed"
        dense = _accuracies(runs, network, None, "dense", record.unit)
        rgp = _accuracies(runs, network, degree, "rgp", record.unit)
        pair = differences(dense, rgp) if len(dense) else dense
        effect, failed = mean_interval(pair), _failed(pair)
        is_printed = first["dataset"] == "cifar10" and bool(first["full_width"])
        wanted = first["model"] in known and first["model"] not in judged
        if wanted and is_printed and removed > MOST_REMOVED:
            criterion = known[first["model"]]
            judged[criterion.name] = judge(criterion, effect)
            verdict = judged[criterion.name]
            rows.append(verdict_row(record.id, criterion.name, cell, effect, verdict, failed))
        else:
            beside.append(_not_judged(record, "drop", cell, effect, failed))
    for name in [c.name for c in record.criteria if c.name not in judged]:
        absent = Verdict("undecided", "not run: full width, CIFAR-10, more than 90 % removed")
        judged[name] = absent
        rows.append(verdict_row(record.id, name, "not run", unknown(record.unit), absent, 0))
    least = unknown(record.unit, n=min(int(str(row["n"])) for row in rows))
    rows.append(verdict_row(record.id, BOTH, "both networks", least, all_of(judged), 0))
    return _table(rows + beside)


def _removed(runs: pd.DataFrame) -> dict[Cell, float]:
    """Share of the parameters that RGP removes of each network, by nodes and degree."""
    found = {}
    for cell in _cells(runs, "rgp"):
        mine = _at(runs, cell[0], cell[2], "rgp")
        found[cell] = 1 - (mine["parameters_kept"] / mine["parameters"]).mean()
    return found


def rgp_8(runs: pd.DataFrame) -> pd.DataFrame:
    """Does accuracy fall from degree 20 to 4, and does RGP lose more than iterative magnitude?

    trend: per seed the slope of RGP's accuracy over the degree (fractions a unit of degree; least
    squares, at least three degrees from 4 to 20); unit = seed, Holm over networks. minus magnitude:
    RGP minus iterative magnitude at 64_20; at other degrees it stands beside, not judged.
    """
    runs, record = _checked(runs), claim("rgp-8")
    trend, minus = record.criterion("trend"), record.criterion("minus magnitude")
    slopes = {network: _slopes(runs, network) for network in dict.fromkeys(runs["network"])}
    slopes = {network: found for network, found in slopes.items() if len(found)}
    rows, verdicts = list[dict[str, object]](), dict[str, Verdict]()
    for network, (effect, verdict) in _holm(trend, slopes).items():
        rows.append(verdict_row(record.id, trend.name, network, effect, verdict, 0))
        verdicts[f"trend, {network}"] = verdict
    pairs = _pairs(runs, "rgp", "magnitude_iterative", record.unit)
    at_low = {cell: pair for cell, pair in pairs.items() if cell[1:] == LOW_RATIO}
    for cell, (effect, verdict) in _holm(minus, at_low).items():
        rows.append(verdict_row(record.id, minus.name, _named(cell), effect, verdict, 0))
        verdicts[f"minus magnitude, {_named(cell)}"] = verdict
    for criterion, found in ((trend, bool(slopes)), (minus, bool(at_low))):
        if not found:
            absent = Verdict("undecided", "not run: " + _asked(criterion))
            verdicts[criterion.name] = absent
            effect = unknown(record.unit)
            rows.append(verdict_row(record.id, criterion.name, "not run", effect, absent, 0))
    least = unknown(record.unit, n=min(int(str(row["n"])) for row in rows))
    rows.append(verdict_row(record.id, BOTH, "all", least, all_of(verdicts), 0))
    for cell, pair in pairs.items():
        if cell not in at_low:
            effect = mean_interval(pair)
            rows.append(_not_judged(record, minus.name, _named(cell), effect, _failed(pair)))
    return _table(rows)


def _asked(criterion: Criterion) -> str:
    if criterion.name == "trend":
        return f"at least three degrees from {TREND[0]} to {TREND[1]}"
    return "iterative magnitude at {}_{}".format(*LOW_RATIO)


def _paired(record: Claim, runs: pd.DataFrame, arm: str, other: str) -> list[dict[str, object]]:
    """A row per network and degree, and one per network that needs all its degrees."""
    (criterion,) = record.criteria
    pairs, rows = _pairs(runs, arm, other, record.unit), list[dict[str, object]]()
    for network in dict.fromkeys(cell[0] for cell in pairs):
        mine = {cell: pair for cell, pair in pairs.items() if cell[0] == network}
        found = _holm(criterion, mine)
        for cell, (effect, verdict) in found.items():
            failed = _failed(mine[cell])
            rows.append(
                verdict_row(record.id, criterion.name, _named(cell), effect, verdict, failed)
            )
        together = all_of({_named(cell): verdict for cell, (_, verdict) in found.items()})
        n = min(effect.n for effect, _ in found.values())
        least = unknown(record.unit, n=n, level=criterion.level)
        where = f"{network}, {ALL}"
        rows.append(verdict_row(record.id, criterion.name, where, least, together, 0))
    return rows


def _beside(record: Claim, runs: pd.DataFrame, arm: str, other: str) -> list[dict[str, object]]:
    """The same difference of other arms, for the reader."""
    name = f"{arm} minus {other}".replace("_", " ")
    return [
        _not_judged(record, name, _named(cell), mean_interval(pair), _failed(pair))
        for cell, pair in _pairs(runs, arm, other, record.unit).items()
    ]


def _holm(criterion: Criterion, pairs: Mapping[K, pd.Series]) -> dict[K, tuple[Effect, Verdict]]:
    """Effect and verdict of each member of a family, at the level Holm decides it on."""
    p_values = [mean_interval(pair, criterion.level).p_value for pair in pairs.values()]
    levels = holm_levels(p_values, alpha=1 - criterion.level)
    effects = {
        cell: mean_interval(pair, float(level))
        for (cell, pair), level in zip(pairs.items(), levels, strict=True)
    }
    return {cell: (effect, judge(criterion, effect)) for cell, effect in effects.items()}


def _pairs(runs: pd.DataFrame, arm: str, other: str, unit: str) -> dict[Cell, pd.Series]:
    """`arm` minus `other` per seed, wherever both were run."""
    both = [cell for cell in _cells(runs, arm) if cell in set(_cells(runs, other))]
    return {
        cell: differences(
            _accuracies(runs, cell[0], cell[2], arm, unit),
            _accuracies(runs, cell[0], cell[2], other, unit),
        )
        for cell in both
    }


def _slopes(runs: pd.DataFrame, network: str) -> pd.Series:
    """Per seed the slope of RGP's accuracy over the degree; empty with fewer than 3 degrees."""
    rows = runs[(runs["network"] == network) & (runs["arm"] == "rgp")]
    rows = rows[rows["degree"].between(*TREND)]
    table = rows.pivot(index="seed", columns="degree", values="test_accuracy").dropna()
    if table.shape[1] < 3 or table.empty:
        return pd.Series(dtype=float)
    degrees = table.columns.to_numpy(float)
    slopes = np.polyfit(degrees, table.to_numpy(float).T, 1)[0]
    return pd.Series(slopes, index=table.index.rename("seed"))


def _cells(runs: pd.DataFrame, arm: str) -> list[Cell]:
    rows = runs[runs["arm"] == arm].dropna(subset=["degree"])
    found = rows[["network", "nodes", "degree"]].drop_duplicates()
    return [(str(name), int(nodes), int(degree)) for name, nodes, degree in found.to_numpy()]


def _at(runs: pd.DataFrame, network: str, degree: int | None, arm: str) -> pd.DataFrame:
    rows = runs[(runs["network"] == network) & (runs["arm"] == arm)]
    return rows if degree is None else rows[rows["degree"] == degree]


def _accuracies(
    runs: pd.DataFrame, network: str, degree: int | None, arm: str, unit: str
) -> pd.Series:
    """Test accuracy per seed, NaN where the run failed; the index is named after the unit."""
    rows = _at(runs, network, degree, arm)
    return rows.set_index("seed")["test_accuracy"].rename_axis(unit)


def _failed(pair: pd.Series) -> int:
    return int(pair.isna().sum())


def _named(cell: Cell) -> str:
    """ "vgg16 64_6"."""
    network, nodes, degree = cell
    return f"{network} {nodes}_{degree}"


def _not_judged(
    record: Claim, criterion: str, cell: str, effect: Effect, failed: int
) -> dict[str, object]:
    row = verdict_row(record.id, criterion, cell, effect, Verdict("undecided", "beside"), failed)
    return row | {"verdict": NOT_JUDGED, "reason": ""}


def _table(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def _checked(runs: pd.DataFrame) -> pd.DataFrame:
    """`runs` with failed accuracies as NaN. UserError for a lacking column or a run given twice."""
    lacking = [column for column in _NEEDED if column not in runs]
    if lacking:
        raise UserError(f"the runs lack the columns {lacking}; found {list(runs.columns)}")
    twice = runs[runs.duplicated(["network", "degree", "arm", "seed"])]
    if len(twice):
        where = twice.iloc[0][["network", "degree", "arm", "seed"]].to_dict()
        raise UserError(f"{len(twice)} runs occur more than once, the first is {where}")
    return runs.assign(test_accuracy=runs["test_accuracy"].mask(runs["failure"] != ""))
