"""The page on BoGP's ablation: its table for readers, and what of it is more than noise."""

from collections.abc import Callable

import pandas as pd

from graphprune.report.bogp.ablation import ALPHA, CHOICES, MIN_SEARCHES
from graphprune.report.cells import (
    NONE,
    accuracy,
    counted,
    interval,
    points,
    timed,
    titled,
)
from graphprune.report.output import Page


def ablation_page(table: pd.DataFrame, note: str = "", setting: str = "") -> Page:
    """`ablation_table` for readers. note: data set, network and recipe, in a few sentences."""
    title = "BoGP: the search's scaling, similarity and what it is told, combined"
    page = Page(titled(title, setting))
    if note:
        page.text(note)
    steps, most = table["steps"].max(), table["n"].max()
    page.text(
        f"Bayesian search of {steps} steps with every combination of three choices: how the "
        "properties are scaled before an asked vector is compared with the database, by which "
        "measure, and whether the optimiser is told the score for the asked vector or for the "
        "fetched mask's own. The paper prints the first row. Means ± sd over search seeds (n = "
        f"{most}, fewer where all trainings of a search failed); the searches of one seed share "
        "their starting points, and one mask has one score per seed. "
        f"{table['failed'].sum()} trainings failed."
    )
    page.heading("What the searches found")
    page.text(
        f"The best of {steps} noisy scores is biased upward: it holds the luck of the mask that "
        "came out first, and the more different masks a search trains, the more luck it can "
        "find. Differences are to the printed combination, in points, paired by search seed, "
        "with their own 95 % t interval (n); p is that of the paired t test after Holm's "
        f"correction for {len(table) - 1} comparisons. Told apart from noise: p below {ALPHA:g} "
        f"with at least {MIN_SEARCHES} pairs, else undecided."
    )
    lines = {"best on val (%)": _accuracies(table, "best_val", "n"), **_differences(table)}
    page.table(_lines(table, lines))
    page.text(_told(table, "difference", "best score found"))
    if "advantage" in table:
        _about_chosen(page, table)
    page.heading("How the searches went")
    page.text(
        "Different masks trained, and steps that came back to a mask already trained (of "
        f"{steps}); similarity of the fetched to the asked vector, median over all steps: the "
        "cosine, or minus the distance on the scaled properties, so rows compare within one "
        "scaling and measure only; seconds that one search spends asking, fetching and telling, "
        "without its trainings."
    )
    page.table(_lines(table, _conduct(table)))
    return page


def _about_chosen(page: Page, table: pd.DataFrame) -> None:
    page.heading("What the chosen masks are worth")
    page.text(
        "Every mask of this database was trained on several seeds, so the chosen ones can be "
        "judged on seeds they were not chosen by, free of the luck above. Advantage: accuracy "
        "minus that of the mean mask on those seeds, in points. Regret: the advantage expected "
        "of the best mask on those seeds (shrunken, since it is the best of many noisy means) "
        "minus the chosen mask's. Differences are of the advantage, as above; those of the "
        "regret have the other sign."
    )
    columns = {
        "advantage": _accuracies(table, "advantage", "chosen_n", "+"),
        "regret": _accuracies(table, "regret", "chosen_n", "+"),
        **_differences(table, "chosen_difference"),
    }
    page.table(_lines(table, columns))
    page.text(_told(table, "chosen_difference", "advantage of the chosen mask"))


def _lines(table: pd.DataFrame, columns: dict[str, list[str]]) -> pd.DataFrame:
    names = table[CHOICES].agg(", ".join, axis=1).to_list()
    names[0] += " (printed)"
    return pd.DataFrame({"scaling, measure, told": names, **columns})


def _accuracies(table: pd.DataFrame, name: str, n: str, sign: str = "") -> list[str]:
    values = zip(table[name], table[f"{name}_sd"], table[n], strict=True)
    return [accuracy(mean, sd, count, sign) for mean, sd, count in values]


def _differences(table: pd.DataFrame, name: str = "difference") -> dict[str, list[str]]:
    """Empty cells in the first row, which is what the others are compared with."""
    others = table.iloc[1:]
    effects = [
        f"{points(row[name], '+')} {interval(row[f'{name}_low'], row[f'{name}_high'])} "
        f"({row[f'{name}_n']:.0f})"
        for _, row in others.iterrows()
    ]
    return {
        "− printed [95 %]": ["", *effects],
        "p (Holm)": ["", *others[f"{name}_p_holm"].map("{:.2g}".format)],
        "told apart": ["", *others[f"{name}_told_apart"]],
    }


def _told(table: pd.DataFrame, name: str, what: str) -> str:
    """Which differences are more than noise, and how large one must be to be seen."""
    others = table.iloc[1:]
    named = others[CHOICES].agg(", ".join, axis=1)
    verdicts = others[f"{name}_told_apart"]
    told = [
        f"{label} ({points(difference, '+')})"
        for label, difference in zip(named, others[name], strict=True)
    ]
    seen = [text for text, verdict in zip(told, verdicts, strict=True) if verdict == "yes"]
    half = (others[f"{name}_high"] - others[f"{name}_low"]).median() / 2
    size = (
        ""
        if pd.isna(half)
        else (
            f" A typical interval here is ± {points(half)} points wide before the correction: "
            "smaller differences than that cannot be seen with so few searches."
        )
    )
    if (verdicts == "undecided").all():
        return (
            f"No difference in the {what} can be called more than noise here: every comparison "
            f"stays undecided, with {others[f'{name}_n'].max():.0f} pairs at most.{size}"
        )
    if not seen:
        return f"No difference in the {what} is distinguishable from noise.{size}"
    return f"Distinguishable from noise in the {what}: {'; '.join(seen)}. No others are.{size}"


def _conduct(table: pd.DataFrame) -> dict[str, list[str]]:
    def cells(name: str, write: Callable[[float, float, int], str]) -> list[str]:
        values = zip(table[name], table[f"{name}_sd"], table["searches"], strict=True)
        return [write(mean, sd, n) for mean, sd, n in values]

    similarity = table["similarity"].map(lambda v: NONE if pd.isna(v) else f"{v:.4g}")
    return {
        "different masks": cells("distinct", counted),
        "came back": cells("came_back", counted),
        "similarity": similarity.to_list(),
        "search seconds": cells("seconds", timed),
    }
