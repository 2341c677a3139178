"""BoGP, Algorithm 3: ask for properties, fetch a mask, train it, tell the score."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.registry import lookup
from graphprune.search.fetch import Fetcher
from graphprune.seeds import generator


class Strategy(Protocol):
    def ask(self) -> np.ndarray: ...

    def tell(self, point: np.ndarray, score: float) -> None: ...


TOLD = ("asked", "fetched")

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
    A failed training scores NaN; the strategy is told the worst score so far in its place, or
    0 where there is none yet. `best` is NaN until a training has succeeded.
    UserError for an unknown `tell`.
    """
    lookup(dict.fromkeys(TOLD), tell, "choice of what a search is told")
    rows: list[dict[str, Any]] = []
    seen: set[int] = set()
    finite: list[float] = []
    for step in range(steps):
        start = time.perf_counter()
        asked = strategy.ask()
        row, similarity = fetcher.fetch(asked)
        asking = time.perf_counter() - start
        value, training_seconds = score(row)
        if np.isfinite(value):
            finite.append(value)
        start = time.perf_counter()
        told = asked if tell == "asked" else fetcher.vectors[row]
        strategy.tell(told, value if np.isfinite(value) else min(finite, default=0.0))
        rows.append(
            {
                "step": step,
                "mask": row,
                "similarity": similarity,
                "score": value,
                "best": max(finite, default=np.nan),
                "training_seconds": training_seconds,
                "search_seconds": asking + time.perf_counter() - start,
                "repeated": row in seen,
                **{f"asked_{n}": float(v) for n, v in zip(fetcher.names, asked, strict=True)},
            }
        )
        seen.add(row)
    return pd.DataFrame(rows)


def winner(log: pd.DataFrame) -> int:
    """The mask with the highest score of a search's log, the first one found among equals.

    UserError if every training of the search failed.
    """
    scores = log["score"].to_numpy(dtype=np.float64)
    if np.isnan(scores).all():
        raise UserError(
            f"all {len(scores)} trainings of a search failed, so it has no winner; "
            "lower the recipe's learning_rate"
        )
    return int(log["mask"].to_numpy()[np.nanargmax(scores)])
