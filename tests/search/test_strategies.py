"""Where the strategies ask: same starts, inside the box, the same again; and BO finds maxima."""

import numpy as np
import pytest

from graphprune.search.bayesian import Bayesian
from graphprune.search.loop import starting_points
from graphprune.search.random import Random

BOX = [(0.0, 1.0), (10.0, 100.0)]
BOTH = pytest.mark.parametrize("strategy", [Bayesian, Random])


def smooth(point: np.ndarray) -> float:
    """One at (0.7, 40), less everywhere else."""
    return 1 - (point[0] - 0.7) ** 2 - ((point[1] - 40) / 90) ** 2


def asked(strategy, seed: int, steps: int, score=smooth, box=BOX, starts: int = 4) -> np.ndarray:
    """The points of a search."""
    searcher = strategy(box, starting_points(box, starts, seed), seed, 5.0)
    points = []
    for _ in range(steps):
        point = searcher.ask()
        searcher.tell(point, score(point))
        points.append(point)
    return np.array(points)


@BOTH
def test_starts_come_first_and_are_the_same_for_every_strategy(strategy):
    starts = starting_points(BOX, 4, seed=3)
    assert starts.shape == (4, 2)
    points = asked(strategy, seed=3, steps=6)
    assert (points[:4] == starts).all()
    assert not (points[4:, None] == starts).all(axis=2).any()


def test_starts_fill_the_box_and_depend_on_the_seed():
    starts = starting_points(BOX, 400, seed=0)
    low, high = np.array(BOX).T
    assert ((low <= starts) & (starts <= high)).all()
    assert (np.ptp(starts, axis=0) > 0.95 * (high - low)).all()
    assert not (starts == starting_points(BOX, 400, seed=1)).any()


@BOTH
def test_points_stay_in_the_box(strategy):
    points = asked(strategy, seed=0, steps=9, score=lambda point: point.sum())  # best in a corner
    low, high = np.array(BOX).T
    assert ((low <= points) & (points <= high)).all()


@BOTH
def test_a_seed_decides_every_point(strategy):
    first, again, other = (asked(strategy, seed, steps=7) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).all()


@BOTH
def test_the_global_generator_decides_none(strategy):
    np.random.seed(1)  # noqa: NPY002 (it must not matter)
    first = asked(strategy, seed=0, steps=7)
    np.random.seed(2)  # noqa: NPY002
    assert (first == asked(strategy, seed=0, steps=7)).all()


def test_random_search_learns_nothing():
    first = asked(Random, 0, 9)
    assert (first == asked(Random, 0, 9, score=lambda point: -smooth(point))).all()


def test_bayesian_search_learns():
    first = asked(Bayesian, 0, 6)
    assert (first[:4] == asked(Bayesian, 0, 6, score=lambda point: -smooth(point))[:4]).all()
    assert (first[5] != asked(Bayesian, 0, 6, score=lambda point: -smooth(point))[5]).any()


def test_bayesian_search_maximises_and_beats_random_search_on_average():
    best = {
        strategy: [max(map(smooth, asked(strategy, seed, 16))) for seed in range(4)]
        for strategy in (Bayesian, Random)
    }
    assert min(best[Bayesian]) > 0.98
    assert np.mean(best[Bayesian]) > np.mean(best[Random])


def test_it_does_not_minimise():
    """The point asked for most is near the maximum, not at the far corner."""
    points = asked(Bayesian, 0, 16)[4:]
    assert np.median([smooth(point) for point in points]) > np.median(
        [smooth(point) for point in starting_points(BOX, 200, 0)]
    )


@BOTH
def test_equal_scores_and_repeated_points_are_no_error(strategy):
    box = [(0.0, 1.0)]
    searcher = strategy(box, starting_points(box, 2, 0), 0, 5.0)
    for _ in range(5):
        searcher.ask()
        searcher.tell(np.array([0.5]), 0.9)


@BOTH
def test_a_property_that_does_not_vary_is_fixed(strategy):
    box = [(0.0, 1.0), (3.0, 3.0), (10.0, 100.0)]
    points = asked(strategy, 0, 7, score=lambda point: point[0], box=box)
    assert (points[:, 1] == 3.0).all()
    assert min(np.ptp(points[:, 0]), np.ptp(points[:, 2])) > 0


def test_told_points_may_lie_on_the_edge_of_the_box():
    searcher = Bayesian(BOX, starting_points(BOX, 1, 0), 0, 5.0)
    searcher.ask()
    for corner in ([0.0, 10.0], [1.0, 100.0]):
        searcher.tell(np.array(corner), 0.5)
    low, high = np.array(BOX).T
    point = searcher.ask()
    assert ((low <= point) & (point <= high)).all()
