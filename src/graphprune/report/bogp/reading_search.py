"""The critical reading, the search: against random search, luck, and what was to be found."""

from collections.abc import Mapping

import pandas as pd

from graphprune.report import cells
from graphprune.report.bogp.reading_words import (
    LEAST,
    NOT_RUN,
    Number,
    Statement,
    Tables,
    by_side,
    claim_number,
    claim_rows,
    in_points,
    listed,
    not_run,
    number,
    points_between,
    settings_of,
    units,
)
from graphprune.report.bogp.regret import BEST, DRAWS, MASKS, PAIR
from graphprune.report.bogp.settings import Description

SIGNIFICANT = 0.05


def against_random(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    """Does Bayesian search beat random search, what was luck, and what was there to be found?"""
    gains = [claim_number(name, row) for name, row in claim_rows(tables, "bogp-2", "gain")]
    luck = _curse(tables)
    regret = _regret(descriptions, tables)
    if not gains and not luck:
        return [Statement(NOT_RUN), *regret]
    run = [one.setting for one in gains]
    return [*_gains(gains), *not_run(descriptions, run), *luck, *regret]


def _gains(gains: list[Number]) -> list[Statement]:
    if not gains:
        return []
    shown = "; ".join(f"{one.setting} {in_points(one)}" for one in gains)
    text = (
        "Test accuracy of BoGP's retrained winners minus random search's, same budget and starting "
        f"points, mean over s: {shown}."
    )
    return [Statement(text, tuple(gains)), Statement(_beats(gains))]


def _beats(gains: list[Number]) -> str:
    few = [one for one in gains if one.n < LEAST]
    sides = by_side(one for one in gains if one.n >= LEAST)
    texts = []
    if sides["above"]:
        texts.append(f"In {settings_of(sides['above'])} Bayesian search beats random search.")
    if sides["below"]:
        texts.append(f"In {settings_of(sides['below'])} it does worse than random search.")
    if sides["open"]:
        most = cells.points(max(one.high for one in sides["open"]), "+")
        texts.append(
            f"In {settings_of(sides['open'])} the interval holds 0: neither is shown to be better, "
            f"and it leaves Bayesian search no gain above {most} points."
        )
    few += sides["unknown"]
    if few:
        texts.append(
            f"In {settings_of(few)} there are too few searches for a verdict (fewer than {LEAST})."
        )
    return " ".join(texts)


def _curse(tables: Tables) -> list[Statement]:
    numbers, shown = [], []
    for setting, table in tables.get("search", {}).items():
        texts = []
        for strategy in PAIR:
            rows = table[table["strategy"] == strategy].to_dict("records")
            found = [
                number(
                    setting, f"curse: {strategy}, s = {row['sparsity']:g}", row, "curse", "search"
                )
                for row in rows
            ]
            if found:
                above = len(by_side(found)["above"])
                texts.append(
                    f"{_named(strategy)} {points_between(found)}, interval above 0 at {above} of "
                    f"{len(found)} s"
                )
                numbers += found
        if texts:
            of_setting = [one for one in numbers if one.setting == setting]
            shown.append(f"{setting} {', '.join(texts)} ({units(of_setting)})")
    if not numbers:
        return []
    above, known = len(by_side(numbers)["above"]), len(numbers)
    verdict = "That the best score of a search is too good is not shown."
    if above == known:
        verdict = "The best score that a search reports is too good throughout."
    elif above:
        verdict = f"The best score that a search reports is shown too good at {above} of {known}."
    text = "Luck in the winners' val score (in the search minus on fresh seeds)"
    return [Statement(f"{text}: {'; '.join(shown)}. {verdict}", tuple(numbers))]


def _named(strategy: str) -> str:
    return strategy.replace("bayesian", "Bayesian")


def _regret(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    found = tables.get("regret", {})
    if not found:
        return [Statement("Training the whole database (what was there to be found): not run.")]
    statements = []
    for setting, table in found.items():
        rows = table.set_index(["about", "quantity"])
        level = descriptions[setting]["regret"]["sparsity"]
        statements += [_there_to_find(setting, rows, level), _searches_found(setting, rows)]
    return statements


def _cell(setting: str, rows: pd.DataFrame, about: str, quantity: str) -> Number:
    row = rows.loc[(about, quantity)]
    bounds = (row["estimate"], row["low"], row["high"])
    return Number(setting, f"{about}: {quantity}", *bounds, int(row["n"]), str(row["unit"]))


def _there_to_find(setting: str, rows: pd.DataFrame, level: float) -> Statement:
    spread, advantage, expected, noise, luck, p_value, truth = (
        _cell(setting, rows, about, quantity)
        for about, quantity in (
            (MASKS, "sd_masks"),
            (BEST, "advantage"),
            (BEST, "shrunken"),
            (BEST, "noise_maximum"),
            (BEST, "luck"),
            (BEST, "p_value"),
            (BEST, "expected_maximum"),
        )
    )
    share = f" ({100 * luck.effect / advantage.effect:.0f} %)" if advantage.effect > 0 else ""
    alike = (
        "a best this good is unusual where masks do not differ"
        if p_value.effect < SIGNIFICANT
        else "a best this good is not unusual where masks do not differ"
    )
    differ = (
        "they differ" if spread.low > 0 else "they are not shown to differ (interval reaches 0)"
    )
    text = (
        f"All {spread.n} masks trained on {advantage.n} seeds ({setting}, s = {level:g}): sd of "
        f"their true means {cells.points(spread.effect)} points "
        f"[{cells.points(spread.low)}, {cells.points(spread.high)}], so {differ}. The best "
        f"measured {cells.points(advantage.effect, '+')} points over the mean mask, of which "
        f"{cells.points(luck.effect)}{share} is luck and {cells.points(expected.effect, '+')} to "
        f"be expected; {alike} (mean {cells.points(noise.effect, '+')}, p = {p_value.effect:.2g}). "
        f"The truly best one may be worth {cells.points(truth.effect, '+')}."
    )
    return Statement(text, (spread, advantage, expected, noise, luck, p_value, truth))


def _searches_found(setting: str, rows: pd.DataFrame) -> Statement:
    numbers = [
        _cell(setting, rows, name, "advantage")
        for name in PAIR
        if (name, "advantage") in rows.index
    ]
    drawn = _cell(setting, rows, DRAWS, "advantage")
    names = {one: f"{_named(one.quantity.partition(':')[0])} search" for one in numbers}
    texts = [f"{names[one]} {in_points(one)}" for one in numbers]
    sides = by_side(one for one in numbers if one.n >= LEAST)
    better, worse = (listed(names[one] for one in sides[side]) for side in ("above", "below"))
    verdict = f"Better than the mean mask is what {better} chose." if better else ""
    verdict += f" Worse is what {worse} chose." if worse else ""
    verdict = verdict or "Neither is shown to choose better than the mean mask."
    budget = int(rows.loc[(DRAWS, "budget"), "estimate"])
    text = (
        f"What the searches chose, over the mean mask on other seeds: {listed(texts)}; the best of "
        f"{budget} drawn at random would have {cells.points(drawn.effect, '+')}. {verdict}"
    )
    return Statement(text, (*numbers, drawn))
