"""The verdicts on a claim as part of a page."""

from collections.abc import Callable

import pandas as pd

from graphprune.claims.records import claim
from graphprune.report import cells
from graphprune.report.output import Page

Effect = Callable[[pd.Series], str]


def in_points(row: pd.Series) -> str:
    """ "+1.2 [+0.3, +2.1]": a difference of accuracies."""
    return f"{cells.points(row['effect'], '+')} {cells.interval(row['low'], row['high'])}"


def as_number(form: str) -> Effect:
    """The same for other effects; form: of one number, as `format` takes it."""

    def effect(row: pd.Series) -> str:
        low, high = (
            cells.NONE if pd.isna(row[end]) else f"{row[end]:{form}}" for end in ("low", "high")
        )
        return f"{row['effect']:{form}} [{low}, {high}]"

    return effect


_NUMBER = as_number("+.3g")


def add_verdicts(
    page: Page, identifier: str, rows: pd.DataFrame, about: str = "", effect: Effect = _NUMBER
) -> None:
    """Heading, criterion and one line a row of `claims.verdict`.

    about: sentences on what was measured and how its intervals came about. effect: writes effect
    and interval of a row that has one.
    """
    record = claim(identifier)
    page.heading(f"{identifier}: {record.statement} ({record.source})")
    page.text(
        f"{record.statistic} Supported when: {record.supported_when}. "
        f"{about + ' ' if about else ''}No verdict with fewer than "
        f"{record.min_n} units ({record.unit}); rows that are not judged stand beside."
    )
    page.table(
        pd.DataFrame(
            {
                "what": rows["criterion"],
                "where": rows["cell"],
                "effect": [
                    "" if pd.isna(row["effect"]) else effect(row) for _, row in rows.iterrows()
                ],
                "n": rows["n"].map(str) + " (" + rows["unit"] + ")",
                "failed": rows["failed"],
                "verdict": rows["verdict"],
                "why (fractions)": rows["reason"],
            }
        )
    )
