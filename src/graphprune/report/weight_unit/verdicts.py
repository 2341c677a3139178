"""The verdicts on a claim as part of a page."""

import pandas as pd

from graphprune.claims.records import claim
from graphprune.report import cells
from graphprune.report.output import Page


def add_verdicts(page: Page, identifier: str, rows: pd.DataFrame) -> None:
    """Heading, criterion and table; rows: of the judge of `claims` for that claim."""
    record = claim(identifier)
    page.heading(f"{identifier}: {record.statement} ({record.source})")
    page.text(
        f"{record.statistic} Supported when: {record.supported_when}. No verdict with fewer than "
        f"{record.min_n} units ({record.unit}); rows that are not judged stand beside."
    )
    page.table(
        pd.DataFrame(
            {
                "what": rows["criterion"],
                "where": rows["cell"],
                "effect": [_effect(row) for _, row in rows.iterrows()],
                "n": rows["n"].map(str) + " (" + rows["unit"] + ")",
                "failed": rows["failed"],
                "verdict": rows["verdict"],
                "why": rows["reason"],
            }
        )
    )


def _effect(row: pd.Series) -> str:
    if pd.isna(row["effect"]):
        return ""
    low, high = (cells.NONE if pd.isna(v) else f"{v:+.3g}" for v in (row["low"], row["high"]))
    return f"{row['effect']:+.3g} [{low}, {high}]"
