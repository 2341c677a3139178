"""BoGP's searches and claims for readers, and what was run: pages of numbers and sentences."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from graphprune.claims.records import Claim, claim
from graphprune.report import cells
from graphprune.report.output import Page

_MEASURED = {
    "points": "Effects in points of accuracy",
    "number": "Effects as they are (correlations, shares of variance), not in points",
}
_NOTES = {
    "bogp-2": (
        "'Beside it' is not judged: as many trainings of Glob 1 as a search asks for, the best of "
        "them and the search's own best, both chosen on val and tested once."
    ),
    "bogp-3": (
        "The baselines are those of the printed scope: they prune all weight matrices, BoGP only "
        "its own scope, so at high sparsity BoGP keeps more weights. Table 1 has the comparison at "
        "equal weights."
    ),
}


def setup_note(records: pd.DataFrame, recipe: Mapping[str, Any]) -> str:
    """What was run, in a few sentences: data set, network, recipe, protocol, seeds.

    recipe: the chosen learning_rate and epochs; val_accuracy and val_sd of what they were
    chosen from, by rate and then epochs, and their n ({} where there was no choice); and
    target_accuracy, which the epochs had to reach, or None.
    """
    first = records.iloc[0]
    dense = records[records["arm"] == "dense"]
    seeds = sorted(set(dense["seed"]))
    protocol = (
        "Choices were made on a validation split of the training set; the test set was read once "
        "per run, after the last epoch."
        if first["protocol"] == "held_out"
        else "Protocol as printed: the test set was also the validation set."
    )
    machines = sorted(set(records["device"] + " in " + records["precision"]))
    return (
        f"Data set {first['dataset']}, network {first['model']} "
        f"({int(first['parameters']):,} parameters, {int(first['macs']):,} multiply-adds), "
        f"recipe {first['recipe']} with learning rate {recipe['learning_rate']:g} and "
        f"{recipe['epochs']} epochs a training, on {' and '.join(machines)}. {chosen(recipe)}"
        f"{protocol} Unless a section says otherwise, every cell is on the fresh seeds "
        f"{', '.join(map(str, seeds))}; arms share initial weights and data order per seed."
    )


def chosen(recipe: Mapping[str, Any]) -> str:
    """How learning rate and epochs came about, as a sentence and a space; "" without a choice."""
    means, target = recipe["val_accuracy"], recipe["target_accuracy"]
    rates = sorted(means, key=float)
    epochs = sorted({number for row in means.values() for number in row}, key=float)
    choices = [
        f"the {what} among {', '.join(among)}"
        for what, among in (("rate", rates), ("epochs", epochs))
        if len(among) > 1
    ]
    if not choices:
        return ""
    rate = next(rate for rate in rates if float(rate) == recipe["learning_rate"])
    mean, sd = (recipe[name][rate][str(recipe["epochs"])] for name in ("val_accuracy", "val_sd"))
    got = f"{cells.accuracy(mean, sd, recipe['n'])} %"
    text = f"Chosen for the dense network on val: {' and '.join(choices)}"
    if target is None:
        return f"{text}; the best mean is {got}. "
    asked = f"the target of {cells.POINTS * target:.1f} %"
    if mean >= target:
        return f"{text}; the fewest epochs that reach {asked}, with {got}. "
    return f"{text}; none reaches {asked}, the best mean is {got}. "


def search_page(table: pd.DataFrame, setting: str = "") -> Page:
    """The table of searches for readers."""
    lines = [
        {
            "search": f"{row['strategy']}, s = {row['sparsity']:g}",
            "steps": row["steps"],
            "failed": row["failed"],
            "best on val": _accuracy(row, "best_val"),
            "retrained, val": _accuracy(row, "retrained_val"),
            "lost on retraining": cells.accuracy(
                row["curse"], row["curse_sd"], row["curse_n"], "+"
            ),
            "95 % interval": cells.interval(row["curse_low"], row["curse_high"]),
            "retrained, test": _accuracy(row, "test"),
            "trainings": cells.counted(row["trainings"], row["trainings_sd"], row["searches"]),
            "seconds": cells.timed(row["seconds"], row["seconds_sd"], row["searches"]),
        }
        for _, row in table.iterrows()
    ]
    page = Page(cells.titled("BoGP: what the searches found", setting))
    page.text(
        "Accuracies in %; every cell is mean ± sd (n) over searches, each the mean over its fresh "
        "seeds. Every search has its own seed; Bayesian and random search of one seed share their "
        "starting points and budget of steps. A mask asked for again is not trained again, so "
        "'trainings' counts distinct masks. 'Lost on retraining' is the winner's score in the "
        "search minus its mean score on fresh seeds: the best of many noisy scores is too good to "
        "be true."
    )
    page.table(pd.DataFrame(lines))
    return page


def _accuracy(row: pd.Series, name: str) -> str:
    return cells.accuracy(row[name], row[f"{name}_sd"], row["searches"])


def claims_page(table: pd.DataFrame, setting: str = "") -> Page:
    """The verdicts for readers; `table`: judged rows of any claims, columns of `claims.verdict`."""
    page = Page(cells.titled("BoGP: the paper's claims, judged", setting))
    page.text(
        "'Undecided' names the number of units that would be expected to decide, if spread and "
        "effect stay as they are. A small network on a small data set judges these claims for "
        "that setting only."
    )
    for name, rows in table.groupby("claim", sort=True):
        record = claim(str(name))
        page.heading(f"{name}: {record.statement} ({record.source})")
        page.text(
            f"Supported when: {record.supported_when}. {_MEASURED[record.measured_in]}, with "
            f"their intervals. No verdict with fewer than {record.min_n} units ({record.unit})."
        )
        if record.id in _NOTES:
            page.text(_NOTES[record.id])
        page.table(_judged(record, rows))
    return page


def _judged(record: Claim, rows: pd.DataFrame) -> pd.DataFrame:
    in_points = record.measured_in == "points"
    return pd.DataFrame(
        {
            "cell": rows["criterion"] + ": " + rows["cell"],
            "effect": [_effect(row, in_points) for _, row in rows.iterrows()],
            "n": rows["n"].map(str) + " (" + rows["unit"] + ")",
            "verdict": rows["verdict"],
            "failed runs": rows["failed"],
            "why (fractions, not points)" if in_points else "why": rows["reason"],
        }
    )


def _effect(row: pd.Series, in_points: bool) -> str:
    """With its interval; nothing for a row that sums up others."""
    if pd.isna(row["effect"]):
        return ""
    scale = cells.POINTS if in_points else 1
    effect, low, high = (
        cells.NONE if pd.isna(row[name]) else f"{scale * row[name]:+z.2f}"
        for name in ("effect", "low", "high")
    )
    return f"{effect} [{low}, {high}] ({cells.POINTS * row['level']:.3g} %)"
