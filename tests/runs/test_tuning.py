"""Runs that are done once, and the choice of a learning rate."""

import math
from dataclasses import replace

import pytest
from run_cases import same_record, setup, task

from graphprune.errors import UserError
from graphprune.runs import tuning
from graphprune.runs.execute import execute
from graphprune.runs.ledger import Ledger
from graphprune.runs.tuning import best_rate, recorded, run_all

SEEDS = (50, 51)


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "ledger", {})


@pytest.fixture
def trained(monkeypatch) -> list[tuple[float, int]]:
    """(rate, seed) of every training done."""
    done = []

    def counted(asked, chosen, saved=None):
        done.append((chosen.recipe.learning_rate, asked.seed))
        return execute(asked, chosen, saved)

    monkeypatch.setattr(tuning, "execute", counted)
    return done


def tasks():
    return [task("dense", 0.0, seed=seed) for seed in SEEDS]


def invented(monkeypatch, accuracies: dict[float, tuple[float, ...]]) -> None:
    """Records with the accuracies of (rate, seed) in place of trainings; NaN is a failure."""
    real = execute(task("dense", 0.0), setup(epochs=1))

    def told(asked, chosen, saved=None):
        value = accuracies[chosen.recipe.learning_rate][SEEDS.index(asked.seed)]
        failure = f"broke at {chosen.recipe.learning_rate}" if math.isnan(value) else ""
        return replace(real, val_accuracy=value, seed=asked.seed, failure=failure)

    monkeypatch.setattr(tuning, "execute", told)


def test_a_run_that_the_ledger_has_is_not_done_again(ledger, trained):
    first = recorded("key", task("glob_1"), setup(), ledger)
    again = recorded("key", task("glob_1"), setup(), Ledger(ledger.folder, {}))
    assert again == first
    assert len(trained) == 1


def test_records_come_in_the_order_of_the_tasks_each_done_once(ledger, trained):
    asked = [task("glob_1", seed=seed, arm=arm) for arm in ("b", "a") for seed in (1, 0)]
    records = run_all(asked, setup(), ledger, "arms")
    assert [(r.arm, r.seed) for r in records] == [("b", 1), ("b", 0), ("a", 1), ("a", 0)]
    assert run_all(asked, setup(), ledger, "arms") == records
    assert len(trained) == 4
    assert same_record(records[0], execute(asked[0], setup()))


def test_arms_that_differ_in_block_or_search_are_told_apart(ledger, trained):
    asked = [
        task("glob_1", block=block, search_seed=search)
        for block in ("equal", "printed")
        for search in (0, 1)
    ]
    records = run_all(asked, setup(), ledger, "arms")
    assert [(r.block, r.search_seed) for r in records] == [
        ("equal", 0),
        ("equal", 1),
        ("printed", 0),
        ("printed", 1),
    ]
    assert len(trained) == 4


def test_the_checkpoint_of_a_finished_run_is_gone(ledger):
    recorded("key", task("glob_1"), setup(), ledger)
    assert not ledger.checkpoint("key").exists()


def test_the_rate_with_the_best_mean_val_accuracy_is_taken(ledger, trained):
    rates = [1e-5, 0.03]
    rate, means = best_rate(tasks(), setup(epochs=10), rates, ledger)
    assert rate == 0.03
    assert trained == [(rate, seed) for rate in rates for seed in SEEDS]
    expected = [execute(t, setup(epochs=10, learning_rate=0.03)).val_accuracy for t in tasks()]
    assert means[0.03] == pytest.approx(sum(expected) / 2)
    assert means[1e-5] < means[0.03]


def test_it_is_the_mean_that_decides(ledger, monkeypatch):
    invented(monkeypatch, {0.1: (0.9, 0.5), 0.2: (0.8, 0.7)})
    assert best_rate(tasks(), setup(), [0.1, 0.2], ledger)[0] == 0.2


def test_among_equals_the_first_rate_is_taken(ledger, monkeypatch):
    invented(monkeypatch, {0.2: (0.5, 0.7), 0.1: (0.7, 0.5), 0.3: (0.1, 0.1)})
    assert best_rate(tasks(), setup(), [0.3, 0.2, 0.1], ledger)[0] == 0.2


def test_a_rate_at_which_one_training_fails_is_out(ledger, monkeypatch):
    invented(monkeypatch, {0.1: (0.99, math.nan), 0.2: (0.1, 0.1)})
    rate, means = best_rate(tasks(), setup(), [0.1, 0.2], ledger)
    assert rate == 0.2
    assert math.isnan(means[0.1])


def test_a_real_divergence_is_out_too(ledger):
    chosen = setup(optimiser="sgd")
    assert best_rate(tasks(), chosen, [1e30, 0.1], ledger)[0] == 0.1


def test_where_every_rate_fails_the_user_is_told_what_to_change(ledger, monkeypatch):
    invented(monkeypatch, {0.1: (0.9, math.nan), 0.2: (math.nan, 0.9)})
    with pytest.raises(UserError, match=r"every learning rate of 0\.1, 0\.2.*broke at 0\.2.*lower"):
        best_rate(tasks(), setup(), [0.1, 0.2], ledger)


def test_one_rate_is_no_choice_and_is_not_trained(ledger, trained):
    assert best_rate(tasks(), setup(), [0.7], ledger) == (0.7, {})
    assert trained == []


def test_rates_that_agree_in_six_digits_are_still_two(ledger, trained):
    best_rate(tasks(), setup(), [0.01, 0.0100000001], ledger)
    assert len(trained) == 4


def test_what_is_trained_for_the_choice_is_not_trained_again(ledger, trained):
    first = best_rate(tasks(), setup(), [0.01, 0.02], ledger)
    assert best_rate(tasks(), setup(), [0.01, 0.02], Ledger(ledger.folder, {})) == first
    assert len(trained) == 4
