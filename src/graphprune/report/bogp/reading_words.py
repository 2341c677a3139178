"""How the critical reading says what an interval carries, and nothing beyond it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from graphprune.report import cells

Side = Literal["above", "below", "open", "unknown"]
Tables = Mapping[str, Mapping[str, pd.DataFrame]]
"""Name of a table ("table1") -> setting -> its rows; a setting that did not run it is not there."""

NOT_RUN = "Not run."
LEAST = 5
"""No verdict with fewer units."""


@dataclass(frozen=True)
class Number:
    """One measured effect with its interval: what a sentence rests on."""

    setting: str
    quantity: str
    effect: float
    low: float = float("nan")
    high: float = float("nan")
    n: int = 0
    unit: str = ""

    def side(self, of: float = 0.0) -> Side:
        """Where the interval lies. Without width it says nothing: accuracies are counts of images,
        and the same difference in every unit does not mean that there is no noise."""
        if pd.isna(self.low) or pd.isna(self.high) or self.low == self.high != of:
            return "unknown"
        return "above" if self.low > of else "below" if self.high < of else "open"


@dataclass(frozen=True)
class Statement:
    """A sentence or two, and the numbers in it."""

    text: str
    numbers: tuple[Number, ...] = ()


def number(setting: str, quantity: str, row: Mapping[Any, Any], name: str, unit: str) -> Number:
    """The effect in columns `name`, _low, _high and _n of a row; n = 0 where there is none."""
    low, high, n = (row[f"{name}_{end}"] for end in ("low", "high", "n"))
    return Number(setting, quantity, row[name], low, high, _count(n), unit)


def claim_number(setting: str, row: Mapping[Any, Any]) -> Number:
    """The effect of a row of the claims' table."""
    quantity = f"{row['claim']} {row['criterion']}: {row['cell']}"
    bounds = (row["effect"], row["low"], row["high"])
    return Number(setting, quantity, *bounds, _count(row["n"]), str(row["unit"]))


def _count(n: float) -> int:
    return 0 if pd.isna(n) else int(n)


def in_points(one: Number) -> str:
    """ "+0.01 points [-0.24, +0.26] (n = 5 search seeds)"."""
    interval = cells.interval(one.low, one.high)
    return f"{cells.points(one.effect, '+')} points {interval} ({units([one])})"


def plain(one: Number, sign: str = "") -> str:
    """ "0.16 [0.06, 0.30]": a correlation or a share."""
    effect, low, high = (
        cells.NONE if pd.isna(value) else f"{value:{sign}z.2f}"
        for value in (one.effect, one.low, one.high)
    )
    return f"{effect} [{low}, {high}]"


def units(numbers: Sequence[Number]) -> str:
    """ "n = 5 search seeds", "n = 3 to 5 seeds"."""
    unit, counts = numbers[0].unit, [one.n for one in numbers]
    n = between([min(counts), max(counts)], str)
    return f"n = {n} {unit}{'es' if unit.endswith('ch') else 's'}"


def between(values: Sequence[Any], write: Callable[[Any], str]) -> str:
    """The smallest and the largest: "0.1 to 0.3", or "0.1" where both read alike."""
    values = [value for value in values if pd.notna(value)]
    if not values:
        return cells.NONE
    ends = list(dict.fromkeys(write(value) for value in (min(values), max(values))))
    return " to ".join(ends)


def points_between(numbers: Sequence[Number]) -> str:
    """ "-0.39 to +1.39 points": of the effects that are known."""
    return f"{between([one.effect for one in numbers], lambda v: cells.points(v, '+'))} points"


def listed(words: Iterable[str]) -> str:
    """ "a, b and c", each once."""
    *first, last = dict.fromkeys(words) or ("",)
    return f"{', '.join(first)} and {last}" if first else last


def by_side(numbers: Iterable[Number], of: float = 0.0) -> dict[Side, list[Number]]:
    """The numbers by where their interval lies; every side is there."""
    sides: dict[Side, list[Number]] = {"above": [], "below": [], "open": [], "unknown": []}
    for one in numbers:
        sides[one.side(of)].append(one)
    return sides


def settings_of(numbers: Iterable[Number]) -> str:
    return listed(one.setting for one in numbers)


def counted_sides(numbers: Sequence[Number]) -> str:
    """ "above 0 at 1, below at 0, holding 0 at 5 of 6"."""
    sides = by_side(numbers)
    text = f"above 0 at {len(sides['above'])}, below at {len(sides['below'])}, holding 0 at "
    unknown = f" ({len(sides['unknown'])} without interval)" if sides["unknown"] else ""
    return f"{text}{len(sides['open'])} of {len(numbers)}{unknown}"


def not_run(settings: Iterable[str], run: Iterable[str]) -> list[Statement]:
    """Which settings lack a part, as a statement; none where all have it."""
    found = set(run)
    lacking = [name for name in settings if name not in found]
    return [Statement(f"Not run in {listed(lacking)}.")] if lacking and found else []


def claim_rows(
    tables: Tables, claim: str, criterion: str | None = None
) -> list[tuple[str, dict[Any, Any]]]:
    """(setting, row) of every row of this claim, in every setting."""
    return [
        (setting, row)
        for setting, table in tables.get("claims", {}).items()
        for row in table.to_dict("records")
        if row["claim"] == claim and criterion in (None, row["criterion"])
    ]
