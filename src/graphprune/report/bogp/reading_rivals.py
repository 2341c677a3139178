"""The critical reading, the searched mask: against its rivals, and the search's choices."""

from collections.abc import Mapping

import pandas as pd

from graphprune.report import cells
from graphprune.report.bogp.ablation import CHOICES
from graphprune.report.bogp.arms import FOUND, ROWS
from graphprune.report.bogp.reading_words import (
    LEAST,
    NOT_RUN,
    Number,
    Statement,
    Tables,
    between,
    by_side,
    claim_rows,
    listed,
    not_run,
    number,
    points_between,
    settings_of,
    units,
)
from graphprune.report.bogp.settings import Description

# What the searched mask stands against: other masks, magnitude at equal weights, at equal cost.
RIVALS = (
    ("equal", "fresh_mask"),
    ("equal", "rows_permuted"),
    ("equal", "glob_1"),
    ("equal", "glob_5"),
    ("equal", "glob_5_rewind"),
    (FOUND, "glob_1_best"),
)
CHANCE = 0.05
NAMED = 4


def against_rivals(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    """Does the searched mask beat an unsearched one and magnitude, and where is that shown?"""
    found = tables.get("table1", {})
    per_rival = {rival: _differences(found, rival) for rival in RIVALS}
    every = [one for differences in per_rival.values() for one, _ in differences]
    if not every:
        return [Statement(NOT_RUN)]
    labels = {(row.block, row.arm): row.label for row in ROWS}
    statements = [_overall(per_rival)]
    for rival, differences in per_rival.items():
        cost = " (equal cost)" if rival[0] == FOUND else ""
        numbers = [one for one, _ in differences]
        statements.append(_rival(f"{labels[rival]}{cost}", numbers, _longer(found, rival)))
    return [
        *statements,
        *_as_printed(tables),
        *not_run(descriptions, [one.setting for one in every]),
    ]


def _longer(found: Mapping[str, pd.DataFrame], rival: tuple[str, str]) -> str:
    """What must be said of magnitude whose network has trained several times as long as BoGP's."""
    block, arm = rival
    rewound = arm.endswith("_rewind")  # each round starts anew
    if block == FOUND or not arm.startswith("glob") or rewound:
        return ""
    of = [table[(table["block"] == block) & (table["arm"] == arm)] for table in found.values()]
    times = sorted({f"{rounds:g}" for table in of for rounds in table["trainings"] if rounds > 1})
    if not times:
        return ""
    longer = f"{listed(times)} times as long"
    return f" It trains a network {longer}, which alone may explain where it leads."


def _differences(
    found: Mapping[str, pd.DataFrame], rival: tuple[str, str]
) -> list[tuple[Number, bool]]:
    """BoGP's accuracy minus the rival's at every s of every setting, and: is it paired?"""
    block, arm = rival
    differences = []
    for setting, table in found.items():
        of = table[table["block"] == block].set_index(["arm", "sparsity"])
        for name, level in of.index:
            if name == arm and ("bogp", level) in of.index:
                what = f"BoGP minus {arm} ({block}), s = {level:g}"
                pair = of.loc[("bogp", level)], of.loc[(arm, level)]
                differences.append(_difference(setting, what, *pair))
    return differences


def _difference(setting: str, what: str, bogp: pd.Series, other: pd.Series) -> tuple[Number, bool]:
    """Paired where the table has the pairs; else an interval that holds the paired one.

    The sd of a difference is at most the sum of both sds, so a paired t interval is nowhere wider
    than the two intervals of the drops from dense together, if all are of the same seeds.
    """
    unit = "search seed" if other["block"] == FOUND else "fresh seed"
    if pd.notna(other["bogp_minus_low"]):
        return number(setting, what, other, "bogp_minus", unit), True
    effect, n = other["drop"] - bogp["drop"], min(bogp["drop_n"], other["drop_n"])
    if bogp["drop_n"] != other["drop_n"]:
        return Number(setting, what, effect, n=int(n), unit=unit), False
    half = sum((row["drop_high"] - row["drop_low"]) / 2 for row in (bogp, other))
    return Number(setting, what, effect, effect - half, effect + half, int(n), unit), False


def _overall(per_rival: Mapping[tuple[str, str], list[tuple[Number, bool]]]) -> Statement:
    every = [pair for differences in per_rival.values() for pair in differences]
    numbers = [one for one, _ in every]
    sides, known = by_side(numbers), len(numbers) - len(by_side(numbers)["unknown"])
    shown = len(sides["above"]) + len(sides["below"])
    bound = (
        ""
        if all(paired for _, paired in every)
        else " Where only each arm's drop from dense is known, the interval is one that holds the "
        "paired one: wider, so chance excludes 0 less often."
    )
    few = [one for one in numbers if one.n < LEAST]
    too_few = f" With fewer than {LEAST} seeds, too few for a verdict: {len(few)}." if few else ""
    return Statement(
        f"Of {known} comparisons {shown} intervals exclude 0: BoGP's winner is ahead in "
        f"{len(sides['above'])}, behind in {len(sides['below'])}. If nothing differed, one in "
        f"twenty, about {CHANCE * known:.1f}, would by chance.{bound}{too_few}"
    )


def _rival(label: str, numbers: list[Number], longer: str) -> Statement:
    if not numbers:
        return Statement(f"{label}: not run.")
    sides = by_side(numbers)
    texts = []
    for side, word in (("above", "ahead"), ("below", "behind")):
        found = sides["above"] if side == "above" else sides["below"]
        named = [f"{one.setting} {_level(one)} {_short(one)}" for one in found[:NAMED]]
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        shown = f" ({', '.join(named)}{more})" if named else ""
        texts.append(f"{word} at {len(found)}{shown}")
    return Statement(
        f"BoGP minus '{label}': {points_between(numbers)} in {settings_of(numbers)}; "
        f"{', '.join(texts)} of {len(numbers)} ({units(numbers)}).{longer}",
        tuple(numbers),
    )


def _level(one: Number) -> str:
    return one.quantity.rpartition(", ")[2]


def _short(one: Number) -> str:
    return f"{cells.points(one.effect, '+')} {cells.interval(one.low, one.high)}"


def _as_printed(tables: Tables) -> list[Statement]:
    rows = [(name, row) for name, row in claim_rows(tables, "bogp-3") if row["cell"] == "all"]
    if not rows:
        return []
    verdicts: dict[str, list[str]] = {}
    for name, row in rows:
        verdicts.setdefault(f"{row['criterion']} {row['verdict']}", []).append(name)
    shown = [f"{verdict} in {listed(names)}" for verdict, names in verdicts.items()]
    return [
        Statement(
            "As the paper compares, Glob and Unif pruning all matrices to s and BoGP keeping more "
            f"weights (bogp-3): {'; '.join(shown)}."
        )
    ]


def choices(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    """Do scaling, similarity and what the optimiser is told matter?"""
    found = tables.get("ablation", {})
    if not found:
        return [Statement(NOT_RUN)]
    statements = []
    for setting, table in found.items():
        where = f"{setting}, s = {descriptions[setting]['ablation']['sparsity']:g}"
        parts = [("difference", "best val score")]
        if "chosen_difference" in table:
            parts.append(("chosen_difference", "the chosen mask on other seeds"))
        statements += [_ablation(setting, where, table, name, what) for name, what in parts]
    return [*statements, *not_run(descriptions, found)]


def _ablation(setting: str, where: str, table: pd.DataFrame, name: str, what: str) -> Statement:
    others = table.iloc[1:]
    numbers = []
    verdicts = dict[str, list[str]]()
    for row in others.to_dict("records"):
        label = ", ".join(row[choice] for choice in CHOICES)
        numbers.append(number(setting, f"{what}: {label}", row, name, "search seed"))
        verdicts.setdefault(str(row[f"{name}_told_apart"]), []).append(label)
    told, halves = verdicts.get("yes", []), (others[f"{name}_high"] - others[f"{name}_low"]) / 2
    conclusion = (
        f"told apart from noise: {listed(told)}"
        if told
        else "none is told apart from noise"
        + (f", all undecided with fewer than {LEAST} pairs" if max(_n(numbers)) < LEAST else "")
    )
    width = (
        ""
        if halves.isna().all()
        else f"; a typical interval is ± {cells.points(halves.median())} points"
    )
    return Statement(
        f"{where}, {what}: {len(numbers)} other combinations minus the printed one "
        f"{points_between(numbers)} (n = {between(_n(numbers), str)} search seeds); after Holm's "
        f"correction {conclusion}{width}.",
        tuple(numbers),
    )


def _n(numbers: list[Number]) -> list[int]:
    return [one.n for one in numbers]
