"""Verdicts as the pages of RGP show them."""

from collections.abc import Callable

import pandas as pd


def verdict_table(
    rows: pd.DataFrame, title: str, effect: Callable[[pd.Series], str]
) -> pd.DataFrame:
    """One line a row of `claims.verdict`; `effect` writes the column called `title`."""
    return pd.DataFrame(
        {
            "what": rows["criterion"],
            "where": rows["cell"],
            title: [effect(row) for _, row in rows.iterrows()],
            "n": rows["n"].map(str) + " (" + rows["unit"] + ")",
            "failed": rows["failed"],
            "verdict": rows["verdict"],
            "why (fractions)": rows["reason"],
        }
    )
