"""BoGP, Algorithm 3: ask for properties, fetch a mask, train it, tell the score."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pandas as pd

from graphprune.search.fetch import Fetcher
from graphprune.seeds import generator


class Strategy(Protocol):
    def ask(self) -> np.ndarray: ...

    def tell(self, point: np.ndarray, score: float) -> None: ...


Scorer = Callable[[int], tuple[float, float]]
"""Database row -> (score, seconds its training took). Higher is better."""


def starting_points(box: list[tuple[float, float]], count: int, seed: int) -> np.ndarray:
    """(count, p) points drawn uniformly from the box, the same for every strategy of one seed."""
    low, high = np.array(box).T
    return generator(seed, "search/starts").uniform(low, high, size=(count, len(box)))


def search(
    strategy: Strategy, fetcher: Fetcher, score: Scorer, steps: int, tell: str = "asked"
) -> pd.DataFrame:
    """The log of a search: one row per step.

    tell: what the strategy is told the score belongs to: the "asked" vector (as printed)
    or the "fetched" row's own. Columns: step, mask (row of the database), similarity,
    score, best (so far), training_seconds, search_seconds (asking, fetching and telling),
    repeated (the mask had been trained before in this search), and ``asked_<property>``.
    A failed training scores NaN; the strategy is told the worst score so far in its place.
    """
    rows: list[dict[str, Any]] = []
    seen: set[int] = set()
    best, worst = -np.inf, np.nan
    for step in range(steps):
        start = time.perf_counter()
        asked = strategy.ask()
        row, similarity = fetcher.fetch(asked)
        asking = time.perf_counter() - start
        value, training_seconds = score(row)
        worst = np.nanmin([worst, value]) if not np.isnan([worst, value]).all() else np.nan
        start = time.perf_counter()
        told = asked if tell == "asked" else fetcher.vectors[row]
        strategy.tell(told, value if np.isfinite(value) else np.nan_to_num(worst, nan=0.0))
        best = max(best, value) if np.isfinite(value) else best
        rows.append(
            {
                "step": step,
                "mask": row,
                "similarity": similarity,
                "score": value,
                "best": best,
                "training_seconds": training_seconds,
                "search_seconds": asking + time.perf_counter() - start,
                "repeated": row in seen,
                **{f"asked_{n}": float(v) for n, v in zip(fetcher.names, asked, strict=True)},
            }
        )
        seen.add(row)
    return pd.DataFrame(rows)


def winner(log: pd.DataFrame) -> int:
    """The mask with the highest score of a search's log, the first one found among equals."""
    return int(log.loc[log["score"].idxmax(), "mask"])
