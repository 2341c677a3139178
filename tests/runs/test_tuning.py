"""Runs that are done once, and the choice of a learning rate and of epochs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from run_cases import dropout_setup, same_record, setup, task

from graphprune.errors import UserError
from graphprune.runs import tuning
from graphprune.runs.execute import execute
from graphprune.runs.ledger import Ledger
from graphprune.runs.setup import Setup
from graphprune.runs.tuning import best, choose_recipe, dense_accuracies, recorded, run_all
from graphprune.training import checkpoint

SEEDS = (50, 51)


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path / "ledger", {})


@pytest.fixture
def trained(monkeypatch) -> list[int]:
    """The seed of every run done."""
    done = []

    def counted(asked, chosen, saved=None):
        done.append(asked.seed)
        return execute(asked, chosen, saved)

    monkeypatch.setattr(tuning, "execute", counted)
    return done


@pytest.fixture
def tuned(monkeypatch) -> list[tuple[float, list[int], int]]:
    """(rate, epochs evaluated at, seed) of every training done for a choice."""
    done = []

    def counted(seed, chosen, ends, saved):
        done.append((chosen.recipe.learning_rate, list(ends), seed))
        assert chosen.recipe.epochs == max(ends)
        assert "test" not in chosen.splits
        return dense_accuracies(seed, chosen, ends, saved)

    monkeypatch.setattr(tuning, "dense_accuracies", counted)
    return done


def invented(monkeypatch, accuracies: Mapping[float, Mapping[int, Sequence[float]]]) -> None:
    """Accuracies rate -> epochs -> per seed in place of trainings; NaN is a failure."""

    def told(seed, chosen, ends, saved):
        values = accuracies[chosen.recipe.learning_rate]
        found = {end: values[end][SEEDS.index(seed)] for end in ends}
        broken = any(map(math.isnan, found.values()))
        kept = {end: value for end, value in found.items() if not math.isnan(value)}
        return kept, f"broke at {chosen.recipe.learning_rate}" if broken else ""

    monkeypatch.setattr(tuning, "dense_accuracies", told)


def chosen(asked: Setup, rates, epochs, ledger: Ledger, target=None) -> tuple[float, int]:
    choice = choose_recipe(SEEDS, asked, rates, epochs, ledger, target)
    return choice["learning_rate"], choice["epochs"]


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


def test_the_rate_with_the_best_mean_val_accuracy_is_taken(ledger, tuned):
    rates = [1e-5, 0.03]
    choice = choose_recipe(SEEDS, setup(), rates, [10], ledger)
    assert (choice["learning_rate"], choice["epochs"]) == (0.03, 10)
    assert tuned == [(rate, [10], seed) for rate in rates for seed in SEEDS]
    means = choice["val_accuracy"]
    assert means["1e-05"]["10"] < means["0.03"]["10"]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "step"])
@pytest.mark.parametrize("make", [setup, dropout_setup])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_accuracies_are_those_of_dense_runs_of_each_length(make, schedule, precision, ledger):
    """An evaluation on the way disturbs nothing, and a short training begins a long one."""
    recipe = {"schedule": schedule, "batch_size": 7, "padding": 1}
    recipe |= {"step_epochs": 2} if schedule == "step" else {}
    asked = replace(make(**recipe), precision=precision)
    choice = choose_recipe(SEEDS, asked, [0.01, 0.03], [1, 3, 6], ledger)
    for rate in (0.01, 0.03):
        for number in (1, 3, 6):
            one = asked.with_recipe(rate, number)
            runs = [execute(task("dense", 0.0, seed=seed, scope="all"), one) for seed in SEEDS]
            values = [run.val_accuracy for run in runs]
            assert choice["val_accuracy"][str(rate)][str(number)] == fmean(values)
            assert choice["val_sd"][str(rate)][str(number)] == pytest.approx(stdev(values))


@pytest.mark.parametrize("recipe", [{}, {"schedule": "step", "step_epochs": 2}])
def test_where_the_rate_does_not_know_the_end_the_longest_training_shows_the_shorter_ones(
    ledger, tuned, recipe
):
    chosen(setup(**recipe), [0.01, 0.02], [4, 1, 2], ledger)
    assert tuned == [(rate, [1, 2, 4], seed) for rate in (0.01, 0.02) for seed in SEEDS]


def test_on_a_cosine_each_length_is_trained(ledger, tuned):
    chosen(setup(schedule="cosine"), [0.01], [4, 2], ledger)
    assert tuned == [(0.01, [number], seed) for number in (4, 2) for seed in SEEDS]


def test_it_is_the_mean_that_decides(ledger, monkeypatch):
    invented(monkeypatch, {0.1: {5: (0.9, 0.5)}, 0.2: {5: (0.8, 0.7)}})
    assert chosen(setup(), [0.1, 0.2], [5], ledger) == (0.2, 5)


# Means of rate 0.1: .60, .80, .90; of rate 0.2: .70, .80, .90.
CURVES = {
    0.1: {5: (0.5, 0.7), 10: (0.8, 0.8), 15: (1.0, 0.8)},
    0.2: {5: (0.8, 0.6), 10: (0.7, 0.9), 15: (0.9, 0.9)},
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (0.55, (0.2, 5)),  # both reach it in 5 epochs: the more accurate
        (0.65, (0.2, 5)),
        (0.75, (0.1, 10)),  # both, alike: the first
        (0.85, (0.1, 15)),
        (0.95, (0.1, 15)),  # none: the best
        (None, (0.1, 15)),
    ],
)
def test_the_fewest_epochs_that_reach_the_target_are_taken(ledger, monkeypatch, target, expected):
    invented(monkeypatch, CURVES)
    assert chosen(setup(), [0.1, 0.2], [5, 10, 15], ledger, target) == expected


def test_without_a_target_fewer_epochs_are_taken_only_among_equals(ledger, monkeypatch):
    invented(monkeypatch, {0.1: {5: (0.5, 0.5), 9: (0.8, 0.8)}, 0.2: {5: (0.7, 0.9), 9: (0, 0)}})
    assert chosen(setup(), [0.1, 0.2], [9, 5], ledger) == (0.2, 5)


def test_among_equals_the_first_rate_is_taken(ledger, monkeypatch):
    invented(monkeypatch, {0.2: {5: (0.5, 0.7)}, 0.1: {5: (0.7, 0.5)}, 0.3: {5: (0.1, 0.1)}})
    assert chosen(setup(), [0.3, 0.2, 0.1], [5], ledger) == (0.2, 5)


ACCURACIES = st.lists(st.sampled_from([0.1, 0.5, 0.75, 1.0]), min_size=2, max_size=2)


@given(
    values=st.lists(ACCURACIES, min_size=6, max_size=6),
    target=st.none() | st.sampled_from([0.3, 0.75, 1.0]),
)
def test_no_other_choice_is_better(values, target):
    """What is fewer epochs than the choice misses the target; what is as short is no better."""
    keys = [(rate, number) for rate in (0.3, 0.1) for number in (2, 9, 4)]
    tried = dict(zip(keys, values, strict=True))
    means = {key: sum(pair) / 2 for key, pair in tried.items()}
    taken = best(tried, target)
    if target is not None and max(means.values()) >= target:
        assert means[taken] >= target
        assert all(means[key] < target for key in keys if key[1] < taken[1])
        assert all(means[key] <= means[taken] for key in keys if key[1] == taken[1])
    else:
        assert means[taken] == max(means.values())
        assert all(means[key] < means[taken] for key in keys if key[1] < taken[1])


def test_a_choice_is_stored_with_all_that_it_stands_on(ledger, monkeypatch):
    invented(monkeypatch, CURVES)
    choice = choose_recipe(SEEDS, setup(), [0.1, 0.2], [5, 15], ledger, 0.65)
    assert json.loads(json.dumps(choice)) == {
        "learning_rate": 0.2,
        "epochs": 5,
        "val_accuracy": {
            "0.1": {"5": pytest.approx(0.6), "15": pytest.approx(0.9)},
            "0.2": {"5": pytest.approx(0.7), "15": pytest.approx(0.9)},
        },
        "val_sd": {
            "0.1": {"5": pytest.approx(0.1 * 2**0.5), "15": pytest.approx(0.1 * 2**0.5)},
            "0.2": {"5": pytest.approx(0.1 * 2**0.5), "15": pytest.approx(0)},
        },
        "n": 2,
        "target_accuracy": 0.65,
    }


def test_one_seed_has_no_deviation(ledger, monkeypatch):
    invented(monkeypatch, CURVES)
    choice = choose_recipe(SEEDS[:1], setup(), [0.1], [5, 15], ledger)
    assert math.isnan(choice["val_sd"]["0.1"]["5"])
    assert choice["n"] == 1


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_rate_at_which_one_training_fails_is_out(ledger, monkeypatch, schedule):
    """Whole: also for the epochs before the failure."""
    broken = {5: (0.99, 0.99), 9: (0.99, math.nan)}
    invented(monkeypatch, {0.1: broken, 0.2: {5: (0.1, 0.1), 9: (0.0, 0.0)}})
    choice = choose_recipe(SEEDS, setup(schedule=schedule), [0.1, 0.2], [5, 9], ledger, 0.5)
    assert (choice["learning_rate"], choice["epochs"]) == (0.2, 5)
    assert all(math.isnan(mean) for mean in choice["val_accuracy"]["0.1"].values())


def test_a_real_divergence_is_out_too(ledger):
    assert chosen(setup(optimiser="sgd"), [1e30, 0.1], [2, 4], ledger)[0] == 0.1


def test_weights_broken_by_the_last_step_are_a_failure(tmp_path):
    """Their accuracy, that of the first class, would not tell."""
    asked = setup(optimiser="sgd", batch_size=None).with_recipe(math.inf, 1)
    assert "not finite" in dense_accuracies(0, asked, [1], tmp_path / "saved")[1]


def test_where_every_rate_fails_the_user_is_told_what_to_change(ledger, monkeypatch):
    invented(monkeypatch, {0.1: {5: (0.9, math.nan)}, 0.2: {5: (math.nan, 0.9)}})
    with pytest.raises(UserError, match=r"every learning rate of 0\.1, 0\.2.*broke at 0\.2.*lower"):
        chosen(setup(), [0.1, 0.2], [5], ledger)


def test_one_rate_and_length_are_no_choice_and_not_trained(ledger, tuned):
    assert choose_recipe(SEEDS, setup(), [0.7], [3], ledger, 0.9) == {
        "learning_rate": 0.7,
        "epochs": 3,
        "val_accuracy": {},
        "val_sd": {},
        "n": 0,
        "target_accuracy": 0.9,
    }
    assert tuned == []


def test_rates_that_agree_in_six_digits_are_still_two(ledger, tuned):
    choice = choose_recipe(SEEDS, setup(), [0.01, 0.0100000001], [1], ledger)
    assert len(tuned) == 4
    assert set(choice["val_accuracy"]) == {"0.01", "0.0100000001"}


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_what_is_trained_for_the_choice_is_not_trained_again(ledger, tuned, schedule):
    asked = setup(schedule=schedule)
    first = choose_recipe(SEEDS, asked, [0.01, 0.02], [1, 2], ledger)
    number = len(tuned)
    again = choose_recipe(SEEDS, asked, [0.01, 0.02], [1, 2], Ledger(ledger.folder, {}))
    assert again == first
    assert len(tuned) == number
    assert not list(ledger.folder.glob("*.checkpoint"))


@pytest.mark.parametrize("stop", [1, 2, 3, 4, 5])
def test_a_training_for_the_choice_goes_on_where_it_was(tmp_path, monkeypatch, stop):
    """With the accuracies that it had already, and to those of one that was not stopped."""
    asked = dropout_setup(batch_size=7, epochs=6)
    undisturbed = dense_accuracies(3, asked, [2, 4, 6], tmp_path / "other")
    save, epochs = checkpoint.save, []

    def save_and_stop(path: Path, content: dict[str, Any]) -> None:
        save(path, content)
        if content["state"]["epoch"] == stop:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        dense_accuracies(3, asked, [2, 4, 6], tmp_path / "saved")
    monkeypatch.setattr(checkpoint, "save", lambda p, c: epochs.append(c["state"]["epoch"]))
    torch.manual_seed(99)
    assert dense_accuracies(3, asked, [2, 4, 6], tmp_path / "saved") == undisturbed
    assert set(undisturbed[0]) == {2, 4, 6}
    assert epochs == list(range(stop + 1, 7))
