"""The critical reading, masks: can they be told apart from seeds?"""

import math
from collections.abc import Mapping

import pandas as pd

from graphprune.report.bogp.reading_words import (
    NOT_RUN,
    Number,
    Statement,
    Tables,
    between,
    by_side,
    listed,
    not_run,
    number,
    plain,
    settings_of,
    units,
)
from graphprune.report.bogp.settings import Description, settings_table

PRINTED_NODES = 128
HALF = 0.5
_ALIKE = ["network", "scope", "recipe", "name", "sparsity"]


def told_apart(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    """Can masks be told apart from seeds, and does it depend on the number of nodes?"""
    found = sources(descriptions, tables)
    if found.empty:
        return [Statement(NOT_RUN)]
    first = found[found["name"] == main_source(found)].sort_values("nodes", kind="stable")
    numbers = mask_numbers(first, "icc", "ICC")
    shown = [
        f"{plain(one)} at {row['nodes']} nodes ({one.setting}{_scope(row)})"
        for one, (_, row) in zip(numbers, first.iterrows(), strict=True)
    ]
    levels = " and ".join(f"{level:g}" for level in sorted(set(first["sparsity"])))
    what = (
        f"Share of the variance of single trainings (val) that belongs to the mask, ICC, masks of "
        f"source {first['name'].iloc[0]} at s = {levels}: {listed(shown)}; {units(numbers)}."
    )
    others = found[found["name"] != main_source(found)]
    return [
        Statement(what, tuple(numbers)),
        Statement(_apart(numbers)),
        *_other_sources(others),
        *_with_nodes(found),
        _at_printed_nodes(first),
        *not_run(descriptions, found["setting"]),
    ]


def sources(descriptions: Mapping[str, Description], tables: Tables) -> pd.DataFrame:
    return settings_table(descriptions, tables.get("identifiability", {}), {})


def _scope(row: pd.Series) -> str:
    """The scope, where it is not the paper's."""
    return "" if row["scope"] == "first" else f", scope {row['scope']}"


def main_source(found: pd.DataFrame) -> str:
    names = list(found["name"])
    return "random" if "random" in names else names[0]


def mask_numbers(rows: pd.DataFrame, name: str, quantity: str) -> list[Number]:
    return [
        number(
            row["setting"], f"{quantity}: {row['name']}, {row['nodes']} nodes", row, name, "mask"
        )
        for _, row in rows.iterrows()
    ]


def _apart(numbers: list[Number]) -> str:
    """What each interval says, settings that say the same in one sentence."""
    sides = by_side(numbers)
    of_half = by_side(sides["above"], HALF)
    texts = []
    if of_half["above"]:
        texts.append(f"In {settings_of(of_half['above'])} the mask decides more than the seed.")
    if of_half["open"]:
        texts.append(
            f"In {settings_of(of_half['open'])} masks differ; whether mask or seed decides more "
            "is open."
        )
    if of_half["below"]:
        texts.append(
            f"In {settings_of(of_half['below'])} masks differ, but the seed decides more: the "
            "interval lies between 0 and one half."
        )
    if sides["open"]:
        most = max(one.high for one in sides["open"])
        texts.append(
            f"In {settings_of(sides['open'])} the interval holds 0: masks are not shown to differ; "
            f"if they do, their share is hardly above {most:.2f}."
        )
    if sides["below"]:
        texts.append(
            f"In {settings_of(sides['below'])} the interval lies below 0, where no true share "
            "can: no sign that masks differ."
        )
    if sides["unknown"]:
        texts.append(f"In {settings_of(sides['unknown'])} there is no interval to judge by.")
    return " ".join(texts)


def _other_sources(others: pd.DataFrame) -> list[Statement]:
    statements = []
    for setting, rows in others.groupby("setting", sort=False):
        numbers = mask_numbers(rows, "icc", "ICC")
        named = dict(zip(numbers, rows["name"], strict=True))
        sides = by_side(numbers)
        rest = [one for one in numbers if one not in sides["above"]]
        texts = []
        if sides["above"]:
            shown = listed(f"{named[one]} {plain(one)}" for one in sides["above"])
            texts.append(f"masks differ (interval above 0) for {shown}")
        if rest:
            estimates = between([one.effect for one in rest], lambda value: f"{value:.2f}")
            texts.append(
                f"not shown to differ for {listed(named[one] for one in rest)} (ICC {estimates})"
            )
        mixed = "mixture" in [named[one] for one in sides["above"]]
        note = " A mixture also holds the differences between its sources." if mixed else ""
        text = f"Other sources in {setting}: {'; '.join(texts)}; {units(numbers)}.{note}"
        statements.append(Statement(text, tuple(numbers)))
    return statements


def _with_nodes(found: pd.DataFrame) -> list[Statement]:
    """How the ICC goes with the number of nodes where nothing else differs."""
    texts = []
    for _, rows in found.groupby(_ALIKE, sort=False):
        by_nodes = rows.sort_values("nodes").drop_duplicates("nodes")
        if len(by_nodes) < 2:
            continue
        few, *_, many = mask_numbers(by_nodes, "icc", "ICC")
        least, most = by_nodes["nodes"].iloc[0], by_nodes["nodes"].iloc[-1]
        ends = f"at {least} ({few.setting}) and {most} nodes ({many.setting})"
        texts.append(f"{rows['name'].iloc[0]} masks {_trend(few, many, ends)}")
    if not texts:
        return [Statement("Whether this depends on the number of nodes: not run.")]
    return [Statement(f"With more nodes, nothing else changed, the ICC of {'; '.join(texts)}.")]


def _trend(few: Number, many: Number, ends: str) -> str:
    if "unknown" in (few.side(), many.side()):
        return f"cannot be compared, an interval {ends} is missing"
    if few.low > many.high:
        return f"falls: the intervals {ends} lie apart"
    if many.low > few.high:
        return f"grows: the intervals {ends} lie apart"
    return f"is not shown to change: the intervals {ends} overlap"


def _at_printed_nodes(first: pd.DataFrame) -> Statement:
    """What the ICC means for a search, at the paper's number of nodes or the next to it."""
    shallow = first[first["scope"] == "first"]
    rows = shallow if len(shallow) else first
    nearest = rows.loc[[(rows["nodes"] - PRINTED_NODES).abs().idxmin()]]
    (one,), nodes = mask_numbers(nearest, "icc", "ICC"), nearest["nodes"].iloc[0]
    where = (
        f"At the paper's {PRINTED_NODES} nodes ({one.setting})"
        if nodes == PRINTED_NODES
        else f"The paper's {PRINTED_NODES} nodes were not run; at {nodes} ({one.setting})"
    )
    return Statement(f"{where} {_for_search(one)}")


def _for_search(one: Number) -> str:
    """How often a mask would have to be trained for its mean to be half its own (Spearman–Brown).

    All of a search's masks are trained on one seed, so what a seed does to all alike cancels
    there: fewer may do.
    """
    if one.side() == "unknown":
        return "there is no interval to judge by."
    if one.high <= 0:
        return "a search has no difference between masks to follow."
    at_least = _trainings(one.high)
    if one.low <= 0:
        return (
            "a search that trains each mask once has no shown difference between masks to follow; "
            f"even at the interval's upper end a mask would need about {at_least} trainings before "
            "half of the variance of its mean was its own."
        )
    at_most, about = _trainings(one.low), _trainings(one.effect)
    once = (
        "the search trains each once, so its ranking is mostly luck."
        if one.high < HALF
        else "the search trains each once."
    )
    return (
        f"a mask would need about {about} trainings ({at_least} to {at_most}) before half of the "
        f"variance of its mean was its own; {once}"
    )


def _trainings(icc: float) -> int:
    return max(1, math.ceil(round((1 - icc) / icc, 9)))
