"""Searching a database of masks: each mask trained once, whoever asks, and after any kill."""

import numpy as np
import pytest
from search_cases import (
    OPTIONS,
    PROPERTIES,
    database,
    invented_database,
    setup,
    without_times,
)

from graphprune.errors import UserError
from graphprune.masks.database import MaskDatabase
from graphprune.runs.execute import Task, train_task
from graphprune.runs.ledger import Ledger
from graphprune.runs.setup import Setup
from graphprune.search import scorer as scorer_module
from graphprune.search.database import search_database
from graphprune.search.loop import starting_points, winner
from graphprune.search.scorer import MaskScorer
from graphprune.training.evaluate import evaluate


@pytest.fixture(scope="module")
def masks() -> MaskDatabase:
    return database()


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "ledger", {})


@pytest.fixture
def trained(monkeypatch) -> list[Task]:
    """The tasks that were trained."""
    done: list[Task] = []

    def counted(task, chosen, saved=None):
        done.append(task)
        return train_task(task, chosen, saved)

    monkeypatch.setattr(scorer_module, "train_task", counted)
    return done


def searched(masks, ledger, strategy="random", seed=0, kept=PROPERTIES, chosen=None, **options):
    scorer = MaskScorer(masks, chosen or setup(), "first", seed, ledger)
    return search_database(masks, kept, scorer, strategy, seed, {**OPTIONS, **options})


def test_the_score_is_the_val_accuracy_of_the_network_under_the_mask(masks, ledger, trained):
    chosen: Setup = setup()
    score, seconds = MaskScorer(masks, chosen, "first", 3, ledger)(7)
    (task,) = trained
    assert (task.psi == masks.mask(7)).all()
    assert (task.seed, task.scope, task.method) == (3, "first", "block_mask")
    run = train_task(task, chosen)
    assert run.masks.density() == 0.5
    assert score == evaluate(run.model, chosen.evaluation_batches("val").epoch(None))[0]
    assert seconds > 0


def test_a_mask_is_trained_once_per_seed(masks, ledger, trained):
    first = MaskScorer(masks, setup(), "first", 0, ledger)
    assert first(7) == first(7)
    assert len(trained) == 1
    MaskScorer(masks, setup(), "first", 1, ledger)(7)
    assert len(trained) == 2
    assert first(8) != first(7)
    assert len(trained) == 3


def test_both_strategies_of_a_seed_share_the_masks_they_train(masks, ledger, trained):
    logs = [searched(masks, ledger, strategy) for strategy in ("bayesian", "random")]
    fetched = [set(log["mask"]) for log in logs]
    assert len(trained) == len(fetched[0] | fetched[1])
    starts = [log["mask"].iloc[:3] for log in logs]
    assert (starts[0] == starts[1]).all()
    for log in logs:
        for _, rows in log.groupby("mask"):
            assert rows["score"].nunique() == 1


def test_a_log_has_a_row_for_every_start_and_step(masks, ledger):
    log = searched(masks, ledger)
    assert list(log["step"]) == list(range(7))
    assert {f"asked_{name}" for name in PROPERTIES} <= set(log.columns)
    assert set(log["mask"]) <= set(range(20))
    assert winner(log) in set(log["mask"])


def test_the_first_points_asked_are_the_starts_of_the_seed(masks, ledger):
    log = searched(masks, ledger, "bayesian", seed=4)
    table = masks.properties()
    box = [(float(table[name].min()), float(table[name].max())) for name in PROPERTIES]
    asked = log[[f"asked_{name}" for name in PROPERTIES]].to_numpy()
    np.testing.assert_allclose(asked[:3], starting_points(box, 3, 4), rtol=1e-12)


@pytest.mark.parametrize("strategy", ["bayesian", "random"])
def test_a_search_killed_in_the_middle_goes_on_to_the_same_log(
    masks, tmp_path, monkeypatch, strategy
):
    undisturbed = searched(masks, Ledger(tmp_path / "undisturbed", {}), strategy)
    trainings, again = 0, []

    def killed(task, chosen, saved=None):
        nonlocal trainings
        trainings += 1
        if trainings == 4:
            raise KeyboardInterrupt
        return train_task(task, chosen, saved)

    monkeypatch.setattr(scorer_module, "train_task", killed)
    with pytest.raises(KeyboardInterrupt):
        searched(masks, Ledger(tmp_path / "ledger", {}), strategy)

    def counted(task, chosen, saved=None):
        again.append(task)
        return train_task(task, chosen, saved)

    monkeypatch.setattr(scorer_module, "train_task", counted)
    resumed = searched(masks, Ledger(tmp_path / "ledger", {}), strategy)
    assert without_times(resumed).equals(without_times(undisturbed))
    assert len(again) == undisturbed["mask"].nunique() - 3


def test_cached_scores_keep_the_seconds_they_cost(masks, ledger):
    first = searched(masks, ledger)
    again = searched(masks, Ledger(ledger.folder, {}))
    assert (first["training_seconds"] == again["training_seconds"]).all()


def test_a_failed_training_scores_nan_and_is_not_tried_again(masks, ledger, trained):
    chosen = setup(optimiser="sgd", learning_rate=1e30)
    log = searched(masks, ledger, chosen=chosen)
    assert log["score"].isna().all()
    with pytest.raises(UserError, match="all 7 trainings of a search failed"):
        winner(log)
    count = len(trained)
    again = searched(masks, Ledger(ledger.folder, {}), chosen=chosen)
    assert again["score"].isna().all()
    assert len(trained) == count


@pytest.mark.parametrize("similarity", ["cosine", "l1", "l2"])
def test_masks_of_disconnected_graphs_are_never_fetched(ledger, monkeypatch, similarity):
    masks = database(n=8, sparsity=0.8, count=40)
    connected = masks.table["connected"].to_numpy()
    assert 0 < connected.sum() < 40
    assert (np.isinf(masks.table["aspl"]) == ~connected).all()
    monkeypatch.setattr(MaskScorer, "__call__", lambda self, row: (row / 100, 0.0))
    log = searched(masks, ledger, steps=60, similarity=similarity)
    assert connected[log["mask"]].all()
    assert log["mask"].nunique() > 3
    assert (log["score"] == log["mask"] / 100).all()  # ids of the database, not of what is left


def test_where_no_graph_is_connected_there_is_nothing_to_search(ledger):
    masks = database(n=8, sparsity=0.95, count=10)
    assert not masks.table["connected"].any()
    with pytest.raises(UserError, match="nothing to search: no property varies"):
        searched(masks, ledger)


def test_without_any_kept_property_there_is_nothing_to_search(masks, ledger):
    with pytest.raises(UserError, match="nothing to search"):
        searched(masks, ledger, kept=[])


@pytest.mark.parametrize("strategy", ["bayesian", "random"])
def test_a_property_may_be_constant_where_graphs_are_connected(ledger, monkeypatch, strategy):
    inf = float("inf")
    columns = {"aspl": [inf, 1.5, 2.0, 2.5], "edge_connectivity": [0.0, 1.0, 1.0, 1.0]}
    monkeypatch.setattr(MaskScorer, "__call__", lambda self, row: (row / 100, 0.0))
    masks = invented_database(columns)
    log = searched(masks, ledger, strategy, kept=list(columns), similarity="l2", steps=6)
    assert (log["asked_edge_connectivity"] == 1.0).all()
    assert set(log["mask"]) <= {1, 2, 3}


def test_and_where_every_one_is_there_is_nothing_to_search(ledger):
    columns = {"aspl": [float("inf"), 2.0, 2.0], "edge_connectivity": [0.0, 1.0, 1.0]}
    with pytest.raises(UserError, match="nothing to search"):
        searched(invented_database(columns), ledger, kept=list(columns))


def test_a_search_finds_the_mask_that_a_property_tells(ledger, monkeypatch):
    """Score rises with the property: both ends of the chain point the same way."""
    values = np.linspace(1, 2, 30)
    masks = invented_database({"p": list(values), "q": [0.5, 1.0, 1.5] * 10})
    monkeypatch.setattr(MaskScorer, "__call__", lambda self, row: (values[row], 0.0))
    log = searched(masks, ledger, "bayesian", kept=["p", "q"], similarity="l2", steps=9)
    assert winner(log) >= 27
