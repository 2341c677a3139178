"""Exhaustive search: the score of every mask there is."""

import pandas as pd

from graphprune.progress import progress
from graphprune.search.loop import Scorer


def exhaustive(score: Scorer, rows: int) -> pd.DataFrame:
    """One row a mask of a database of `rows`: mask, score (NaN if it failed), seconds."""
    found = []
    for row in progress(range(rows), rows, "every mask"):
        value, seconds = score(row)
        found.append({"mask": row, "score": value, "seconds": seconds})
    return pd.DataFrame(found)
