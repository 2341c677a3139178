"""The critical reading, what alpha trades, and whether the recipe changes the picture."""

from collections.abc import Mapping
from itertools import combinations

import pandas as pd

from graphprune.claims.statistics import t_width
from graphprune.report import cells
from graphprune.report.bogp.arms import PAPER_BASE
from graphprune.report.bogp.reading_words import (
    LEAST,
    NOT_RUN,
    Number,
    Statement,
    Tables,
    claim_number,
    claim_rows,
    in_points,
    listed,
    not_run,
    number,
    plain,
    units,
)
from graphprune.report.bogp.settings import Description, network
from graphprune.report.bogp.tradeoff_printed import TABLE1, printed_scores, switch

DECIDES = "wide pool (decides)"


def tradeoff(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    """Does alpha trade accuracy for sparsity?"""
    rows = [(s, row) for s, row in claim_rows(tables, "bogp-5") if row["cell"] == DECIDES]
    statements = []
    for setting in dict.fromkeys(setting for setting, _ in rows):
        numbers = {
            row["criterion"]: claim_number(setting, row)
            for of, row in rows
            if of == setting and row["criterion"] in ("sparsity", "accuracy")
        }
        statements.append(_traded(setting, numbers, tables.get("table2", {}).get(setting)))
    if not statements:
        statements = [Statement(NOT_RUN)]
    missing = not_run(descriptions, [setting for setting, _ in rows])
    return [*statements, *missing, Statement(_contradiction())]


def _traded(setting: str, of: Mapping[str, Number], table2: pd.DataFrame | None) -> Statement:
    sparser, worse = of["sparsity"], of["accuracy"]
    if min(sparser.n, worse.n) < LEAST:
        verdict = f"undecided, fewer than {LEAST} search seeds"
    elif sparser.side() == "above" and worse.side() == "below":
        verdict = "α trades accuracy for sparsity"
    elif sparser.side() == "above":
        verdict = "a larger α chooses sparser masks, but that it costs accuracy is not shown"
    elif sparser.side() == "below":
        verdict = "a larger α chooses denser masks, against the claim"
    else:
        verdict = "α is not shown to change the sparsity chosen"
    text = (
        f"{setting}: rank correlation of α with the chosen sparsity {plain(sparser, '+')}, with "
        f"test accuracy {plain(worse, '+')} ({units([sparser, worse])}): {verdict}."
    )
    wide = table2[table2["pool"] == "wide"] if table2 is not None else pd.DataFrame()
    if len(wide):
        ends = [wide.loc[wide["alpha"].idxmin()], wide.loc[wide["alpha"].idxmax()]]
        s, accuracy = (
            " to ".join(texts)
            for texts in (
                [f"{row['sparsity']:.2f}" for row in ends],
                [cells.points(row["accuracy"]) for row in ends],
            )
        )
        alphas = " to ".join(f"{row['alpha']:g}" for row in ends)
        text += f" From α = {alphas} the mean chosen s goes from {s}, accuracy from {accuracy} %."
    return Statement(text, (sparser, worse))


def _contradiction() -> str:
    printed = printed_scores()
    worse = int((printed["score"] < printed["best_score"]).sum())
    return (
        f"The printed tables contradict each other: by Table 1 s = {max(TABLE1):.2f} is best for "
        f"every α > {switch():g}, so α has no effect, yet Table 2 prints a sparsity of its own for "
        f"each α, and at {worse} of {len(printed)} α a pair worse on its own objective than Table "
        "1's."
    )


def recipes(
    descriptions: Mapping[str, Description], tables: Tables, dataset: str
) -> list[Statement]:
    """Is the printed base reached, and does the picture change with the recipe?"""
    found = tables.get("table1", {})
    if not found:
        return [Statement(NOT_RUN)]
    bases = [_base(name, table) for name, table in found.items()]
    same: dict[str, list[str]] = {}  # settings with the same network and recipe share their base
    for one in bases:
        interval = f"[{cells.points(one.low)}, {cells.points(one.high)}]"
        about = f"{descriptions[one.setting]['recipe']}, {network(descriptions[one.setting])}"
        text = f"{cells.points(one.effect)} % {interval} ({about}), {_reached(one)}"
        same.setdefault(text, []).append(one.setting)
    shown = [f"{text}, in {listed(names)}" for text, names in same.items()]
    foreign = "" if dataset == "mnist" else f" The printed one is of MNIST, these are of {dataset}."
    text = (
        f"Dense network, test, against the printed {cells.points(PAPER_BASE)} %: "
        f"{'; '.join(shown)} ({units(bases)}).{foreign}"
    )
    return [Statement(text, tuple(bases)), *_pairs(descriptions, tables)]


def _base(setting: str, table: pd.DataFrame) -> Number:
    row = table[table["arm"] == "dense"].iloc[0]
    n = int(row["n"])
    half = t_width(n, 0.95) * row["sd"] if n > 1 else float("nan")
    mean = row["accuracy"]
    return Number(setting, "dense test accuracy", mean, mean - half, mean + half, n, "seed")


def _reached(one: Number) -> str:
    return {
        "above": "above it",
        "below": "below it",
        "open": "not told apart from it",
        "unknown": "without interval",
    }[one.side(PAPER_BASE)]


def _pairs(descriptions: Mapping[str, Description], tables: Tables) -> list[Statement]:
    statements = []
    for a, b in combinations(tables["table1"], 2):
        if _only_recipe(descriptions[a], descriptions[b]):
            statements.append(_pair(tables, a, b))
    return statements or [Statement("The comparison under another recipe: not run.")]


def _only_recipe(a: Description, b: Description) -> bool:
    same = all(a[key] == b[key] for key in ("nodes", "scope")) and network(a) == network(b)
    return same and a["recipe"] != b["recipe"]


def _pair(tables: Tables, a: str, b: str) -> Statement:
    drops = {name: _drops(name, tables["table1"][name]) for name in (a, b)}
    texts, numbers = [], []
    for level in sorted(set(drops[a]) & set(drops[b])):
        one, other = drops[a][level], drops[b][level]
        apart = one.low > other.high or other.low > one.high
        texts.append(
            f"s = {level:g}: {in_points(one)} and {in_points(other)}, "
            f"{'which lie apart' if apart else 'which overlap'}"
        )
        numbers += [one, other]
    gains = dict(
        (name, claim_number(name, row)) for name, row in claim_rows(tables, "bogp-2", "gain")
    )
    sides = {name: _side(gains[name]) for name in (a, b) if name in gains}
    search = ""
    if len(sides) == 2:
        same = len(set(sides.values())) == 1
        search = (
            f" Against random search the interval {sides[a]} in both."
            if same
            else f" Against random search the interval {sides[a]} in {a} and {sides[b]} in {b}."
        )
    text = f"BoGP's drop from dense in {a} and {b}, which differ in the recipe alone: "
    return Statement(f"{text}{'; '.join(texts) or 'no s in common'}.{search}", tuple(numbers))


def _drops(setting: str, table: pd.DataFrame) -> dict[float, Number]:
    rows = table[(table["arm"] == "bogp") & (table["block"] == "equal")]
    return {
        row["sparsity"]: number(setting, f"drop, s = {row['sparsity']:g}", row, "drop", "seed")
        for row in rows.to_dict("records")
    }


def _side(one: Number) -> str:
    words = {"above": "lies above 0", "below": "lies below 0", "open": "holds 0"}
    return words.get(one.side(), "is missing")
