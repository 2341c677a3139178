"""Every combination of the search's choices, searched alike."""

from collections import Counter

import numpy as np
import pytest
from search_cases import OPTIONS as DEFAULT
from search_cases import PROPERTIES, database, without_times

from graphprune.masks.database import MaskDatabase
from graphprune.search.database import search_database
from graphprune.studies.ablation import ablation_log, combinations

SEEDS = (0, 3)
OPTIONS = {**DEFAULT, "steps": 1}
CHOICES = ["scaling", "measure", "tell"]


def scorer_for(seed):
    """A score that a mask has on a seed, without any training."""
    return lambda row: (0.5 + ((row * 7 + seed) % 11) / 100, 0.25)


@pytest.fixture(scope="module")
def masks() -> MaskDatabase:
    return database()


@pytest.fixture(scope="module")
def log(masks):
    options = {**OPTIONS, "scaling": "zscore", "similarity": "l2", "tell": "fetched"}
    return ablation_log(masks, PROPERTIES, scorer_for, SEEDS, options)


def of(log, combination, seed):
    chosen = (log[CHOICES] == list(combination)).all(axis=1)
    return log[chosen & (log["search_seed"] == seed)].reset_index(drop=True)


def test_there_are_eighteen_and_the_printed_one_is_first():
    found = combinations()
    assert len(found) == len(set(found)) == 18
    assert found[0] == ("none", "cosine", "asked")
    assert found == combinations()


def test_every_combination_is_searched_with_every_seed(log):
    cells = Counter(zip(*(log[name] for name in [*CHOICES, "search_seed"]), strict=True))
    assert set(cells) == {(*c, seed) for c in combinations() for seed in SEEDS}
    assert set(cells.values()) == {OPTIONS["starts"] + OPTIONS["steps"]}
    assert (log["strategy"] == "bayesian").all()
    assert (log["sparsity"] == 0.5).all()


@pytest.mark.parametrize("combination", [combinations()[0], combinations()[13]])
def test_a_search_is_the_one_with_these_options(log, masks, combination):
    scaling, measure, tell = combination
    options = {**OPTIONS, "scaling": scaling, "similarity": measure, "tell": tell}
    alone = search_database(masks, PROPERTIES, scorer_for(3), "bayesian", 3, options)
    mine = of(log, combination, 3)
    assert without_times(mine)[without_times(alone).columns].equals(without_times(alone))


def test_scores_are_those_of_the_searchs_own_seed(log):
    for seed, rows in log.groupby("search_seed"):
        score = scorer_for(seed)
        assert (rows["score"] == [score(row)[0] for row in rows["mask"]]).all()


def test_all_combinations_of_a_seed_start_from_the_same_points(log):
    asked = [f"asked_{name}" for name in PROPERTIES]
    starts = [
        of(log, combination, 0).loc[: OPTIONS["starts"] - 1, asked].to_numpy()
        for combination in combinations()
    ]
    for other in starts[1:]:
        np.testing.assert_array_equal(other, starts[0])
