"""What the source papers claim, as records: the data are in claims.yaml."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any, Literal, get_args

import yaml

from graphprune.errors import UserError
from graphprune.registry import lookup

Direction = Literal["above", "below", "at least", "within", "either"]
Measure = Literal["points", "number"]


@dataclass(frozen=True)
class Criterion:
    """Where the interval of one effect must lie for the claim to hold.

    above, below, at least: all of it on that side of `threshold`; within: inside ±`threshold`;
    either: anywhere, but not on `threshold`. An interval inside `no_effect` (closed) that does
    not meet the criterion is evidence against the claim. `level` is the coverage asked for.
    """

    name: str
    direction: Direction
    threshold: float
    level: float = 0.95
    no_effect: tuple[float, float] | None = None
    min_n: int = 5


@dataclass(frozen=True)
class Claim:
    """One claim of a paper; every one of its `criteria` must be met in its primary cell.

    `measured_in`: how readers are shown its effects, "points" for what is measured in accuracy
    (times 100), "number" for the rest as it is (correlations, shares, ratios).
    """

    id: str
    source: str
    statement: str
    statistic: str
    supported_when: str
    criteria: tuple[Criterion, ...]
    primary_cell: str
    family: str | None
    unit: str
    measured_in: Measure
    min_n: int

    def criterion(self, name: str) -> Criterion:
        """The criterion called `name`; UserError naming the known ones otherwise."""
        known = {criterion.name: criterion for criterion in self.criteria}
        return lookup(known, name, f"criterion of claim {self.id}")


def claims(prefix: str | None = None) -> tuple[Claim, ...]:
    """All claims, or those whose id begins with `prefix` ("bogp"), in the order of the table."""
    text = resources.files("graphprune.claims").joinpath("claims.yaml").read_text("utf-8")
    found = tuple(claim for claim in parse(text) if claim.id.startswith(prefix or ""))
    if not found:
        raise UserError(f"no claim's id begins with '{prefix}'; ids look like 'bogp-1', 'rgp-9'")
    return found


def claim(identifier: str) -> Claim:
    """The claim with this id; UserError with a suggestion if there is none."""
    return lookup({claim.id: claim for claim in claims()}, identifier, "claim")


def parse(text: str, name: str = "claims.yaml") -> tuple[Claim, ...]:
    """The claims of a YAML text; UserError naming the row and key of the first fault."""
    rows = yaml.safe_load(text)
    if not isinstance(rows, list) or not rows:
        raise UserError(f"{name}: expected a list of claims, found {type(rows).__name__}")
    parsed = tuple(_claim(row, f"{name}, row {number}") for number, row in enumerate(rows, 1))
    identifiers = [claim.id for claim in parsed]
    twice = {one for one in identifiers if identifiers.count(one) > 1}
    if twice:
        raise UserError(f"{name}: these ids occur more than once: {', '.join(sorted(twice))}")
    return parsed


def _claim(row: Any, where: str) -> Claim:
    _check_keys(row, {field.name for field in fields(Claim)}, where)
    where = f"{where} ({row['id']})"
    for key in set(row) - {"criteria", "min_n", "family"}:
        if not isinstance(row[key], str) or not row[key].strip():
            raise _fault(where, key, row[key], "a text")
    if row["family"] is not None and not isinstance(row["family"], str):
        raise _fault(where, "family", row["family"], "a text or null")
    if row["measured_in"] not in get_args(Measure):
        raise _fault(where, "measured_in", row["measured_in"], f"one of {get_args(Measure)}")
    if type(row["min_n"]) is not int or row["min_n"] < 2:
        raise _fault(where, "min_n", row["min_n"], "a whole number, at least 2")
    if not isinstance(row["criteria"], list) or not row["criteria"]:
        raise _fault(where, "criteria", row["criteria"], "a list of at least one criterion")
    criteria = tuple(_criterion(entry, row["min_n"], where) for entry in row["criteria"])
    return Claim(**{**row, "criteria": criteria})


def _criterion(entry: Any, min_n: int, where: str) -> Criterion:
    _check_keys(entry, {field.name for field in fields(Criterion)} - {"min_n"}, where)
    where = f"{where}, criterion '{entry['name']}'"
    if entry["direction"] not in get_args(Direction):
        raise _fault(where, "direction", entry["direction"], f"one of {get_args(Direction)}")
    if not _is_number(entry["threshold"]):
        raise _fault(where, "threshold", entry["threshold"], "a number")
    if entry["direction"] == "within" and entry["threshold"] <= 0:
        raise _fault(where, "threshold", entry["threshold"], "a margin above 0")
    if not _is_number(entry["level"]) or not 0 < entry["level"] < 1:
        raise _fault(where, "level", entry["level"], "a number between 0 and 1")
    region = entry["no_effect"]
    if region is not None:
        pair = isinstance(region, list) and len(region) == 2 and all(map(_is_number, region))
        if not pair or region[0] > region[1]:
            raise _fault(where, "no_effect", region, "null or [low, high]")
        region = (float(region[0]), float(region[1]))
    return Criterion(**{**entry, "no_effect": region, "min_n": min_n})


def _check_keys(row: Any, expected: Collection[str], where: str) -> None:
    if not isinstance(row, Mapping):
        raise UserError(f"{where}: expected keys and values, found {row!r}")
    lacking, strange = sorted(set(expected) - set(row)), sorted(set(row) - set(expected))
    if lacking or strange:
        raise UserError(f"{where}: missing keys {lacking}, unknown keys {strange}; mend the row")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _fault(where: str, key: str, found: Any, expected: str) -> UserError:
    return UserError(f"{where}: '{key}' is {found!r}; expected {expected}")
