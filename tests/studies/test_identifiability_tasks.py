"""Masks against seeds: what is trained."""

from collections import Counter

import numpy as np
import pytest
from search_cases import PROPERTIES, database, setup

from graphprune.errors import UserError
from graphprune.masks.build_database import build
from graphprune.masks.database import mask_id
from graphprune.runs.execute import execute
from graphprune.runs.tuning import _key
from graphprune.studies.identifiability import tasks

SEEDS = (200, 201, 202)


@pytest.fixture(scope="module")
def databases():
    return [database(n=4, count=9), build("undirected", 4, 0.5, 9, 0, PROPERTIES)]


def test_every_mask_is_trained_on_every_seed(databases):
    made = list(tasks(databases, 4, "first", SEEDS))
    cells = Counter((task.arm, task.graph, task.seed) for task in made)
    assert set(cells.values()) == {1}
    assert set(cells) == {
        (source, f"mask {number}", seed)
        for source in ("random", "undirected")
        for number in range(4)
        for seed in SEEDS
    }


def test_a_task_carries_the_mask_of_its_id(databases):
    sources = {database.parameters["source"]: database for database in databases}
    for task in tasks(databases, 5, "first", SEEDS):
        psi = sources[task.arm].mask(mask_id(task.graph))
        assert task.psi is not None
        np.testing.assert_array_equal(task.psi, psi)
        assert (task.method, task.block, task.scope) == ("block_mask", "identifiability", "first")
        assert task.level == task.sparsity == 0.5


def test_no_two_tasks_share_a_key_in_the_ledger(databases):
    made = list(tasks(databases, 4, "first", SEEDS))
    assert len({_key(task) for task in made}) == len(made) == 24


def test_more_masks_than_a_database_holds(databases):
    with pytest.raises(UserError, match="mask id 9 is not in the database"):
        list(tasks(databases, 10, "first", SEEDS))


def test_a_task_runs_without_a_test_set(databases):
    record = execute(next(tasks(databases, 1, "first", SEEDS)), setup())
    assert (record.arm, record.graph, record.seed) == ("random", "mask 0", 200)
    assert 0 <= record.val_accuracy <= 1
    assert np.isnan(record.test_accuracy)
