"""One step after the other: what is asked, fetched, trained, told and noted."""

import numpy as np
import pandas as pd
import pytest

from graphprune.errors import UserError
from graphprune.search.fetch import Fetcher
from graphprune.search.loop import search, winner

NAN = float("nan")
ROWS = pd.DataFrame({"p": [0.0, 1.0, 2.0, 3.0], "q": [5.0, 5.0, 6.0, 6.0]})


class Scripted:
    """Asks for given rows, a little beside them; remembers what it is told."""

    def __init__(self, rows: list[int]) -> None:
        self.points = [ROWS.to_numpy()[row] + 0.1 for row in rows]
        self.told: list[tuple[np.ndarray, float]] = []

    def ask(self) -> np.ndarray:
        return self.points[len(self.told)]

    def tell(self, point: np.ndarray, score: float) -> None:
        self.told.append((point, score))


def run(rows: list[int], scores: list[float], tell: str = "asked") -> tuple[pd.DataFrame, Scripted]:
    """A search that fetches `rows`, whose trainings give `scores` in turn."""
    strategy, given = Scripted(rows), iter(scores)
    fetcher = Fetcher(ROWS, "none", "l2")
    log = search(strategy, fetcher, lambda row: (next(given), 10.0 + row), len(rows), tell)
    return log, strategy


def told(strategy: Scripted) -> list[float]:
    return [score for _, score in strategy.told]


def test_a_row_holds_what_happened_in_its_step():
    log, _ = run([2, 0], [0.8, 0.5])
    assert list(log["step"]) == [0, 1]
    assert list(log["mask"]) == [2, 0]
    assert list(log["score"]) == [0.8, 0.5]
    assert list(log["training_seconds"]) == [12.0, 10.0]
    assert list(log["asked_p"]) == pytest.approx([2.1, 0.1])
    assert list(log["asked_q"]) == pytest.approx([6.1, 5.1])
    assert list(log["similarity"]) == pytest.approx([-np.hypot(0.1, 0.1)] * 2)
    assert (log["search_seconds"] >= 0).all()


def test_best_is_the_best_so_far():
    log, _ = run([0, 1, 2, 3], [0.5, 0.4, 0.9, 0.6])
    assert list(log["best"]) == [0.5, 0.5, 0.9, 0.9]


def test_a_mask_that_was_trained_before_is_flagged():
    log, _ = run([1, 2, 1, 1, 3], [0.5, 0.6, 0.5, 0.5, 0.1])
    assert list(log["repeated"]) == [False, False, True, True, False]


def test_the_strategy_is_told_the_asked_point():
    _, strategy = run([2, 0], [0.8, 0.5])
    assert [list(point) for point, _ in strategy.told] == [list(p) for p in strategy.points]
    assert told(strategy) == [0.8, 0.5]


def test_or_the_fetched_row_itself():
    _, strategy = run([2, 0], [0.8, 0.5], tell="fetched")
    assert [list(point) for point, _ in strategy.told] == [[2.0, 6.0], [0.0, 5.0]]
    assert told(strategy) == [0.8, 0.5]


def test_another_choice_is_refused():
    with pytest.raises(UserError, match=r"'fetchd'.*did you mean 'fetched'"):
        run([0], [0.5], tell="fetchd")


def test_a_failed_training_is_told_as_the_worst_so_far_and_noted_as_what_it_is():
    log, strategy = run([0, 1, 2, 3], [0.5, 0.3, NAN, 0.7])
    assert told(strategy) == [0.5, 0.3, 0.3, 0.7]
    assert np.isnan(log["score"][2])
    assert list(log["best"]) == [0.5, 0.5, 0.5, 0.7]


def test_before_any_success_a_failure_is_told_as_zero():
    log, strategy = run([0, 1, 2, 3], [NAN, NAN, 0.4, NAN])
    assert told(strategy) == [0.0, 0.0, 0.4, 0.4]
    assert list(log["best"].isna()) == [True, True, False, False]


def test_the_winner_is_the_mask_with_the_highest_score():
    log, _ = run([3, 1, 2], [0.5, 0.9, 0.6])
    assert winner(log) == 1


def test_among_equals_the_first_one_found_wins():
    log, _ = run([0, 3, 1], [0.5, 0.9, 0.9])
    assert winner(log) == 3


def test_a_failed_training_never_wins():
    log, _ = run([0, 1, 2], [NAN, 0.1, NAN])
    assert winner(log) == 1


def test_a_search_without_any_success_has_no_winner():
    log, _ = run([0, 1], [NAN, NAN])
    with pytest.raises(UserError, match="all 2 trainings of a search failed"):
        winner(log)


def test_the_winner_does_not_depend_on_how_the_log_is_indexed():
    log, _ = run([3, 1, 2], [0.5, 0.9, 0.6])
    assert winner(log.set_index(np.zeros(3, dtype=int))) == 1
