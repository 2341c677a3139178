"""Algorithm 4: what a pool is searched by and for, and what is trained of it."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from search_cases import OPTIONS, PROPERTIES, database, invented_database, setup, without_times

from graphprune.errors import UserError
from graphprune.masks.build_database import build
from graphprune.masks.database import MaskDatabase
from graphprune.runs.execute import execute
from graphprune.runs.tuning import _key
from graphprune.search.database import search_database
from graphprune.search.loop import winner
from graphprune.studies.tradeoff import (
    kept_of_pool,
    tradeoff_log,
    tradeoff_records,
    tradeoff_tasks,
)

KEPT = PROPERTIES[:2]
SEEDS = (100, 101, 102)
INF = float("inf")


@pytest.fixture(scope="module")
def pool() -> MaskDatabase:
    return MaskDatabase.pooled([database(n=6, sparsity=s, count=10) for s in (0.2, 0.5, 0.8)])


def invented(row):
    """Accuracies that differ by mask, in no order; every third training takes two seconds."""
    return 0.5 + 0.3 * np.sin(row), 2.0 if row % 3 == 0 else 1.0


def searched(pool, alpha, accuracy=invented, kept=KEPT, seed=0, **options):
    return tradeoff_log(pool, kept, accuracy, alpha, seed, {**OPTIONS, **options})


# What a pool is searched by


def test_the_filter_looks_at_all_masks_and_leaves_out_what_is_infinite():
    """With the rows of infinite c left out instead, b would be a copy of a and dropped."""
    masks = invented_database(
        {
            "a": [1.0, 2.0, 3.0, 4.0, 5.0],
            "c": [1.0, 3.0, 2.0, INF, INF],
            "constant": [7.0] * 5,
            "b": [1.0, 2.0, 3.0, -9.0, 9.0],
            "double": [2.0, 4.0, 6.0, 8.0, 10.0],
        }
    )
    assert kept_of_pool(masks, ["a", "c", "constant", "b", "double"], 0.9) == ["a", "b"]
    assert kept_of_pool(masks, ["double", "a", "b"], 0.9) == ["double", "b"]


def test_every_mask_of_the_pool_can_be_fetched():
    """A sparse graph falls apart and has no ASPL: that must not put it out of reach."""
    sparse = build("random", 8, (0.5, 0.97), 40, 0, PROPERTIES)
    parted = ~sparse.table["connected"].to_numpy()
    assert 5 < parted.sum() < 40
    kept = kept_of_pool(sparse, PROPERTIES, 1)
    assert "aspl" not in kept
    log = searched(sparse, 0.5, kept=kept, steps=20, similarity="l2")
    assert parted[log["mask"]].any()


def test_a_pool_without_a_property_that_varies_is_refused():
    masks = invented_database({"aspl": [INF, 1.0, 2.0], "constant": [1.0, 1.0, 1.0]})
    with pytest.raises(UserError, match="no property varies"):
        kept_of_pool(masks, ["aspl", "constant"], 0.9)
    with pytest.raises(UserError, match="no property varies"):
        kept_of_pool(masks, ["aspl"], 0.9)


# What it is searched for


def test_the_score_is_accuracy_plus_alpha_times_the_share_of_zeros(pool):
    log = searched(pool, 0.25)
    assert len(log) == 7
    assert set(log["alpha"]) == {0.25}
    for row in log.itertuples():
        assert row.accuracy == invented(row.mask)[0]
        assert row.training_seconds == invented(row.mask)[1]
        assert row.mask_sparsity == (~pool.mask(row.mask)).mean()
        assert row.score == pytest.approx(row.accuracy + 0.25 * row.mask_sparsity, abs=1e-15)
    assert (log["best"] == log["score"].cummax()).all()


def test_with_alpha_0_it_is_the_search_for_accuracy(pool):
    plain = search_database(pool, KEPT, invented, "bayesian", 4, OPTIONS)
    log = searched(pool, 0.0, seed=4)
    assert list(log.columns) == [*plain.columns, "accuracy", "mask_sparsity", "alpha"]
    assert without_times(log[plain.columns]).equals(without_times(plain))


def test_a_large_alpha_finds_sparser_masks(pool):
    """Accuracy falls with sparsity at slope −1/2: which end is best turns over at alpha = 1/2."""
    share = pool.table["sparsity"].to_numpy()

    def falling(row):
        return 1 - share[row] / 2, 1.0

    options = {"steps": 12, "similarity": "l2", "scaling": "minmax"}
    low, high = (searched(pool, alpha, falling, **options) for alpha in (0.1, 0.9))
    assert share[winner(low)] == share.min()
    assert share[winner(high)] == share.max()


def test_a_failed_training_has_no_score_and_does_not_win(pool):
    first = int(searched(pool, 0.5)["mask"].iloc[0])

    def failing(row):
        return (float("nan") if row == first else 0.1), 1.0

    log = searched(pool, 0.5, failing)
    lost = log["mask"] == first
    assert lost.iloc[0]
    assert log.loc[lost, ["accuracy", "score"]].isna().all(axis=None)
    assert log.loc[~lost, "score"].notna().all()
    assert winner(log) != first


def test_only_masks_of_the_pool_are_trained_and_a_search_repeats(pool):
    asked = []

    def counting(row):
        asked.append(row)
        return invented(row)

    log = searched(pool, 0.5, counting)
    assert asked == log["mask"].tolist()
    assert without_times(searched(pool, 0.5)).equals(without_times(log))


# What is trained of it


def logs(chosen, name="wide"):
    """Searches that chose the given masks, by (alpha, search seed): the second of three."""
    rows = [
        {"pool": name, "alpha": alpha, "search_seed": seed, "mask": mask, "score": score}
        for (alpha, seed), best in chosen.items()
        for mask, score in [(9, 0.5), (best, 0.9), (8, 0.6)]
    ]
    return pd.DataFrame(rows)


CHOSEN = {(0.1, 0): 3, (0.1, 1): 12, (0.5, 0): 3, (0.5, 1): 25, (0.9, 0): 25, (0.9, 1): 25}


def test_every_search_has_its_winner_on_every_seed(pool):
    tasks = list(tradeoff_tasks(pool, logs(CHOSEN), "first", SEEDS))
    cells = Counter((task.level, task.search_seed, task.seed) for task in tasks)
    assert cells == {(*search, seed): 1 for search in CHOSEN for seed in SEEDS}
    for task in tasks:
        row = CHOSEN[task.level, task.search_seed]
        assert (task.arm, task.method, task.block) == ("tradeoff", "block_mask", "wide")
        assert (task.graph, task.scope) == (f"mask {row}", "first")
        assert task.psi is not None
        assert (task.psi == pool.mask(row)).all()
        assert task.sparsity == (~task.psi).mean()


def test_a_search_in_which_all_failed_is_named(pool):
    log = logs(CHOSEN)
    log.loc[log["alpha"] == 0.5, "score"] = np.nan
    with pytest.raises(UserError, match="all 3 trainings of a search failed"):
        list(tradeoff_tasks(pool, log, "first", SEEDS))


def counted(tasks):
    """The records of `tasks`, and the lists of tasks that were trained for them."""
    asked = []

    def run(distinct):
        asked.append(distinct)
        return [execute(task, setup(epochs=1)) for task in distinct]

    return tradeoff_records(iter(tasks), run), asked


def test_a_mask_is_trained_once_a_seed_and_its_record_serves_every_alpha(pool):
    tasks = list(tradeoff_tasks(pool, logs(CHOSEN), "first", SEEDS[:2]))
    records, (trained,) = counted(tasks)
    assert Counter((task.graph, task.seed) for task in trained) == {
        (f"mask {row}", seed): 1 for row in (3, 12, 25) for seed in SEEDS[:2]
    }
    assert len({_key(task) for task in trained}) == 6
    assert len(records) == 12
    for task, record in zip(tasks, records, strict=True):
        alone = execute(task, setup(epochs=1))
        assert replace(record, seconds=0) == replace(alone, seconds=0)


def test_masks_of_equal_name_in_two_pools_are_two_masks(pool):
    levels, wide = logs({(0.1, 0): 3}, "levels"), logs({(0.1, 0): 3}, "wide")
    other = database(n=6, sparsity=0.5, count=10, seed=5)
    tasks = [
        *tradeoff_tasks(pool, levels, "first", SEEDS[:1]),
        *tradeoff_tasks(other, wide, "first", SEEDS[:1]),
    ]
    records, (trained,) = counted(tasks)
    assert len(trained) == 2
    assert [record.block for record in records] == ["levels", "wide"]


def test_nothing_chosen_is_nothing_to_train():
    assert counted([]) == ([], [[]])
