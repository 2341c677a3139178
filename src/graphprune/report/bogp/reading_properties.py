"""The critical reading, properties: do they explain what masks differ in?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from graphprune.report.bogp.reading_masks import main_source, mask_numbers, sources
from graphprune.report.bogp.reading_words import (
    Number,
    Statement,
    Tables,
    by_side,
    claim_number,
    claim_rows,
    counted_sides,
    listed,
    not_run,
    plain,
    units,
)
from graphprune.report.bogp.settings import Description
from graphprune.report.labels import SHORT


def explained(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    """Do the graph's properties explain what masks differ in?"""
    found = sources(descriptions, tables)
    five = _five_nodes(tables)
    if found.empty:
        return [Statement("R² of mask means on the properties: not run."), *five]
    shallow = found["scope"] == "first"
    return [
        *_shallow(found[shallow]),
        *_deep(found[~shallow]),
        *five,
        *not_run(descriptions, found["setting"]),
    ]


def _r2(found: pd.DataFrame) -> tuple[list[Number], str]:
    """The numbers, and in words those of the main source, the count, and what lies above 0."""
    numbers = mask_numbers(found, "r2", "R²")
    labels = [f"{row['name']} in {row['setting']}" for _, row in found.iterrows()]
    main = main_source(found)
    shown = [
        f"{plain(one)} in {row['setting']}"
        for one, (_, row) in zip(numbers, found.iterrows(), strict=True)
        if row["name"] == main
    ]
    text = (
        f"{listed(shown)} for {main} masks; interval {counted_sides(numbers)} (sources × settings)"
    )
    above = [
        f"{label} {plain(one)}"
        for one, label in zip(numbers, labels, strict=True)
        if one.side() == "above" and not label.startswith(f"{main} in")
    ]
    return numbers, text + (f", above for {listed(above)}" if above else "")


def _shallow(found: pd.DataFrame) -> list[Statement]:
    if found.empty:
        return [Statement("Only the first matrix masked, as in the paper: not run.")]
    numbers, text = _r2(found)
    permuted = mask_numbers(found, "r2_permuted", "R², rows permuted")
    above = by_side(numbers)["above"]
    kept = [
        own
        for own, other in zip(numbers, permuted, strict=True)
        if own.side() == "above" and other.side() == "above"
    ]
    conclusion = "So the properties are not shown to explain what masks differ in."
    if above:
        conclusion = f"So in {len(above)} of {len(numbers)} cases they predict part of it."
    statement = (
        f"Only the first matrix masked: R² of mask means of unseen masks on the properties "
        f"(below 0: worse than guessing the mean): {text}; {units(numbers)}. {conclusion}"
    )
    return [
        Statement(statement, tuple(numbers)),
        Statement(_after_permuting(permuted, len(above), len(kept)), tuple(permuted)),
    ]


def _after_permuting(permuted: list[Number], above: int, kept: int) -> str:
    rule = (
        "Permuting a mask's rows there renames hidden units and leaves the network the same, so a "
        "property that changes under it cannot be the cause"
    )
    counts = f"With rows permuted R² is {counted_sides(permuted)}."
    if not above:
        return f"{rule}, whatever R² were. {counts}"
    left = f"{kept} of the {above} stay above 0" if kept else f"none of the {above} stays above 0"
    return (
        f"{rule}: where R² lies above 0 it comes from something else that the mask has, of which "
        f"the property is a picture. {counts} Of those above 0 before, {left}."
    )


def _deep(found: pd.DataFrame) -> list[Statement]:
    if found.empty:
        return [Statement("Consecutive masked matrices, where the graph could matter: not run.")]
    numbers, text = _r2(found)
    above = by_side(numbers)["above"]
    conclusion = (
        "There the properties predict part of what masks differ in, and the graph may be why."
        if above
        else "So there, too, the properties are not shown to explain anything."
    )
    return [
        Statement(
            f"Consecutive masked matrices, where permuting changes the network and the graph could "
            f"matter: R² {text}; {units(numbers)}. {conclusion}",
            tuple(numbers),
        )
    ]


def _five_nodes(tables: Tables) -> list[Statement]:
    """bogp-4, which is one study for all settings."""
    rows = claim_rows(tables, "bogp-4", "partial spearman")
    if not rows:
        return [Statement("The graphs on five nodes (Figures 5–7): not run.")]
    of_first = [row for setting, row in rows if setting == rows[0][0]]
    numbers = [claim_number("five nodes", row) for row in of_first]
    shown = [
        f"{SHORT.get(row['cell'], row['cell'])} {plain(one, '+')}"
        for one, row in zip(numbers, of_first, strict=True)
    ]
    return [
        Statement(
            f"The {numbers[0].n} graphs on five nodes (Figures 5–7), rank correlation with "
            f"accuracy at fixed density: {listed(shown)}, intervals {_level(of_first[0])}; "
            f"{counted_sides(numbers)}.",
            tuple(numbers),
        )
    ]


def _level(row: Mapping[Any, Any]) -> str:
    return f"{100 * row['level']:.3g} % (Holm)"
