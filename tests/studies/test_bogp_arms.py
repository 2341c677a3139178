"""What is trained on fresh seeds: winners, their controls, and fair baselines."""

import math
from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from search_cases import OPTIONS, PROPERTIES, database, setup, split

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks
from graphprune.runs import tuning
from graphprune.runs.execute import Task, execute, train_task
from graphprune.runs.ledger import Ledger
from graphprune.search.database import search_database
from graphprune.search.scorer import MaskScorer
from graphprune.seeds import derive
from graphprune.studies.bogp_arms import (
    baseline_tasks,
    found_records,
    found_tasks,
    winner_tasks,
    winners,
)

SEEDS = (100, 101, 102)
METHODS = {
    "printed": ["glob_1", "unif_1"],
    "equal": ["glob_1", "glob_5", "block_mask", "random_unstructured"],
}


def log_of(chosen: dict[tuple[str, int], int]) -> pd.DataFrame:
    """Logs of searches with the given winners, which come second of three."""
    rows = [
        {"strategy": strategy, "search_seed": seed, "step": step, "mask": mask, "score": score}
        for (strategy, seed), best in chosen.items()
        for step, (mask, score) in enumerate([(9, 0.5), (best, 0.9), (8, 0.6)])
    ]
    return pd.DataFrame(rows)


CHOSEN = {("bayesian", 0): 3, ("bayesian", 1): 5, ("random", 0): 2, ("random", 1): 3}


@pytest.fixture(scope="module")
def masks():
    return database(n=4, sparsity=0.6, count=12)


def baselines(masks, model, chosen=None, methods=None, seeds=SEEDS):
    log = log_of(chosen or CHOSEN)
    return list(baseline_tasks(masks, log, model, "first", methods or METHODS, seeds))


def psi_of(task: Task) -> np.ndarray:
    assert task.psi is not None
    return task.psi


def test_every_search_has_its_winner():
    assert winners(log_of(CHOSEN)) == CHOSEN


def test_searches_are_taken_in_the_order_of_strategy_and_seed():
    shuffled = log_of(dict(sorted(CHOSEN.items(), key=lambda item: -item[1])))
    assert list(winners(shuffled)) == sorted(CHOSEN)


def test_a_search_in_which_all_failed_is_named():
    log = log_of(CHOSEN)
    log.loc[log["search_seed"] == 1, "score"] = np.nan
    with pytest.raises(UserError, match="all 3 trainings of a search failed"):
        winners(log)


def test_winners_run_on_every_seed_and_bayesian_ones_with_their_controls(masks):
    tasks = list(winner_tasks(masks, log_of(CHOSEN), "first", SEEDS))
    assert Counter((task.arm, task.search_seed) for task in tasks) == {
        (arm, search): len(SEEDS)
        for arm in ("bogp", "rows_permuted", "nodes_relabelled", "random_search")
        for search in (0, 1)
    }
    for arm in {task.arm for task in tasks}:
        assert Counter(task.seed for task in tasks if task.arm == arm) == dict.fromkeys(SEEDS, 2)
    assert {(t.method, t.block, t.scope, t.level, t.sparsity) for t in tasks} == {
        ("block_mask", "equal", "first", 0.6, 0.6)
    }
    keys = {(task.block, task.arm, task.search_seed, task.seed) for task in tasks}
    assert len(keys) == len(tasks)  # each has a line of its own in a ledger


def test_a_winner_is_the_mask_its_search_chose(masks):
    for task in winner_tasks(masks, log_of(CHOSEN), "first", SEEDS):
        strategy = {"bogp": "bayesian", "random_search": "random"}.get(task.arm)
        if strategy:
            row = CHOSEN[strategy, task.search_seed]
            assert (psi_of(task) == masks.mask(row)).all()
            assert task.graph == f"mask {row}"


def test_controls_change_the_graph_or_its_labels_and_nothing_else(masks):
    tasks = list(winner_tasks(masks, log_of(CHOSEN), "first", SEEDS))
    found = {(task.arm, task.search_seed, task.seed): psi_of(task) for task in tasks}
    for search, row in ((0, 3), (1, 5)):
        psi = masks.mask(row)
        for seed in SEEDS:
            permuted = found["rows_permuted", search, seed]
            assert sorted(map(tuple, permuted)) == sorted(map(tuple, psi))
            assert (permuted != psi).any()
            relabelled = found["nodes_relabelled", search, seed]
            assert nx.is_isomorphic(nx.DiGraph(relabelled), nx.DiGraph(psi))
    again = list(winner_tasks(masks, log_of(CHOSEN), "first", SEEDS))
    assert all((psi_of(a) == psi_of(b)).all() for a, b in zip(tasks, again, strict=True))


def test_controls_are_drawn_anew_for_every_seed():
    """Each seed of a control is another draw, so that its mean is over graphs too."""
    masks = database(n=8, sparsity=0.6, count=12)
    tasks = list(winner_tasks(masks, log_of(CHOSEN), "first", SEEDS))
    drawn = [psi_of(task).tobytes() for task in tasks if task.arm == "rows_permuted"]
    assert len(set(drawn)) == len(drawn)


def test_controls_of_two_searches_with_one_winner_are_two_draws():
    masks = database(n=8, sparsity=0.6, count=12)
    log = log_of({("bayesian", 0): 3, ("bayesian", 1): 3})
    tasks = list(winner_tasks(masks, log, "first", SEEDS))
    drawn = {psi_of(task).tobytes() for task in tasks if task.arm == "rows_permuted"}
    assert len(drawn) == 2 * len(SEEDS)


def test_printed_baselines_prune_every_matrix_to_the_asked_sparsity(masks):
    tasks = [task for task in baselines(masks, setup().build()) if task.block == "printed"]
    assert Counter(task.method for task in tasks) == {"glob_1": 3, "unif_1": 3}
    for task in tasks:
        assert (task.scope, task.sparsity, task.level, task.arm) == ("all", 0.6, 0.6, task.method)
    record = execute(tasks[0], setup())
    total = 16 * 12 + 12 * 3
    assert (record.scope_weights, record.scope_kept) == (total, kept_count(total, 0.6))


@pytest.mark.parametrize("hidden", [12, 10, 7])
def test_equal_baselines_keep_exactly_as_many_weights_as_the_winner(masks, hidden):
    """Also where nodes hold unequal numbers of units, so that blocks differ in size."""
    chosen = setup(hidden=(hidden,))
    counts = []
    for task in baselines(masks, chosen.build()):
        if task.block != "equal" or task.method == "block_mask":
            continue
        winner = (3, 5)[SEEDS.index(task.seed) % 2]  # the searches' winners in turn
        bogp = block_masks(chosen.build(), ["layers.0.weight"], masks.mask(winner))
        record = execute(task, chosen)
        assert record.scope_kept == sum(bogp.kept().values())
        assert record.scope_weights == 16 * hidden
        assert (record.level, record.scope) == (0.6, "first")
        counts.append((record.scope_kept, task.sparsity))
    assert len(counts) == 9
    of_blocks = 1 - kept_count(16, 0.6) / 16
    assert all(sparsity == of_blocks for _, sparsity in counts) == (hidden == 12)


def test_equal_baselines_match_the_winner_layer_by_layer(masks):
    chosen = setup(hidden=(10, 9))
    log = log_of(CHOSEN)
    methods = {"printed": [], "equal": ["random_unstructured"]}
    tasks = list(baseline_tasks(masks, log, chosen.build(), "all_but_last", methods, SEEDS))
    for task, row in zip(tasks, (3, 5, 3), strict=True):
        names = ("layers.0.weight", "layers.1.weight")
        bogp = block_masks(chosen.build(), names, masks.mask(row))
        run = train_task(task, chosen)
        assert run.masks.kept() == bogp.kept()
        assert run.masks != bogp


@pytest.mark.parametrize("method", ["glob_5_rewind", "unif_1", "unif_5", "unif_5_rewind"])
@pytest.mark.parametrize("hidden", [(12, 8), (10, 9)])
def test_equal_baselines_over_several_matrices_keep_the_winners_total(masks, method, hidden):
    chosen, names = setup(hidden=hidden), ("layers.0.weight", "layers.1.weight")
    methods = {"printed": [], "equal": [method]}
    for task, row in zip(
        baseline_tasks(masks, log_of(CHOSEN), chosen.build(), "all_but_last", methods, SEEDS),
        (3, 5, 3),
        strict=True,
    ):
        bogp = block_masks(chosen.build(), names, masks.mask(row))
        assert execute(task, chosen).scope_kept == sum(bogp.kept().values())


def test_fresh_masks_are_of_the_same_source_and_differ_from_each_other_and_the_winners(masks):
    tasks = [t for t in baselines(masks, setup().build()) if t.method == "block_mask"]
    assert [(task.arm, task.seed) for task in tasks] == [("fresh_mask", seed) for seed in SEEDS]
    drawn = [psi_of(task) for task in tasks]
    for psi in drawn:
        assert psi.sum() == kept_count(16, 0.6)
        assert not any((psi == masks.mask(row)).all() for row in CHOSEN.values())
    assert len({psi.tobytes() for psi in drawn}) == len(SEEDS)
    again = [psi_of(t) for t in baselines(masks, setup().build()) if t.method == "block_mask"]
    assert all((a == b).all() for a, b in zip(drawn, again, strict=True))


def test_without_a_bayesian_search_the_other_winners_are_matched(masks):
    chosen = setup(hidden=(10,))
    only_random = {("random", 0): 2}
    methods = {"printed": [], "equal": ["glob_1"]}
    tasks = baselines(masks, chosen.build(), only_random, methods)
    bogp = block_masks(chosen.build(), ["layers.0.weight"], masks.mask(2))
    for task in tasks:
        assert execute(task, chosen).scope_kept == sum(bogp.kept().values())


def test_every_baseline_has_a_line_of_its_own_in_a_ledger(masks):
    tasks = baselines(masks, setup().build())
    keys = {(task.block, task.arm, task.search_seed, task.seed) for task in tasks}
    assert len(keys) == len(tasks) == 3 * (2 + 4)


# As found

BUDGET = 4


def with_test_set(**changes):
    """The tiny setup with a test set."""
    plain = setup(**changes)
    return replace(plain, splits={**plain.splits, "test": split(50, 2)})


def as_found(masks, ledger, chosen=None, log=None, scope="first"):
    """(arm, search seed) -> its record."""
    log = log_of(CHOSEN) if log is None else log
    records = found_records(masks, log, chosen or with_test_set(), scope, BUDGET, ledger)
    found = {(record.arm, record.search_seed): record for record in records}
    assert len(found) == len(records)
    return found


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", {})


@pytest.fixture(scope="module")
def found(masks, tmp_path_factory):
    """Records and the ledger behind them."""
    ledger = Ledger(tmp_path_factory.mktemp("found") / "ledger", {})
    return as_found(masks, ledger), ledger


def candidates(ledger, search_seed):
    """Glob 1's trainings beside a search, in the order of their numbers."""
    rows = [row for row in ledger.rows.values() if row["arm"] == "glob_1"]
    by_seed = {row["seed"]: row for row in rows if row["search_seed"] == search_seed}
    return [by_seed[derive(search_seed, f"glob_1/{number}")] for number in range(BUDGET)]


def test_a_network_as_found_is_the_one_that_the_search_scored(ledger):
    """Bit for bit: the same val accuracy, on a split of 60 and over real searches."""
    masks, chosen = database(n=6, count=12), with_test_set()
    logs = []
    for seed in (0, 1):
        scorer = MaskScorer(masks, chosen.without_test(), "first", seed, ledger)
        for strategy in ("bayesian", "random"):
            log = search_database(masks, PROPERTIES, scorer, strategy, seed, OPTIONS)
            logs.append(log.assign(strategy=strategy, search_seed=seed, sparsity=0.5))
    log = pd.concat(logs, ignore_index=True)
    found = as_found(masks, ledger, chosen, log)
    best = log.groupby(["strategy", "search_seed"])["score"].max()
    for arm, strategy in (("bogp", "bayesian"), ("random_search", "random")):
        for seed in (0, 1):
            record = found[arm, seed]
            assert record.val_accuracy == best[strategy, seed]
            assert record.graph == f"mask {winners(log)[strategy, seed]}"
            assert 0 <= record.test_accuracy <= 1
    assert best.nunique() > 1


def test_a_found_task_is_the_searchs_own_training(masks):
    tasks = list(found_tasks(masks, log_of(CHOSEN), "first"))
    assert [(task.arm, task.seed, task.search_seed) for task in tasks] == [
        ("bogp", 0, 0),
        ("bogp", 1, 1),
        ("random_search", 0, 0),
        ("random_search", 1, 1),
    ]
    assert {(task.block, task.level, task.scope) for task in tasks} == {("found", 0.6, "first")}
    for task, row in zip(tasks, CHOSEN.values(), strict=True):
        assert (psi_of(task) == masks.mask(row)).all()


def test_every_search_has_its_networks_and_the_best_of_glob_1(found):
    records, _ = found
    assert set(records) == {
        (arm, seed) for arm in ("bogp", "random_search", "glob_1_best") for seed in (0, 1)
    }
    assert {(r.block, r.level, r.scope) for r in records.values()} == {("found", 0.6, "first")}


def test_the_best_of_glob_1_is_chosen_on_val_of_all_and_tested_alone(found):
    records, ledger = found
    for search_seed in (0, 1):
        seen = candidates(ledger, search_seed)
        scores = [row["val_accuracy"] for row in seen]
        assert all(math.isnan(row["test_accuracy"]) for row in seen)
        best = records["glob_1_best", search_seed]
        assert best.val_accuracy == max(scores)
        assert best.seed == seen[int(np.argmax(scores))]["seed"]
        assert 0 <= best.test_accuracy <= 1
        assert best.trainings == BUDGET
        assert best.seconds == pytest.approx(sum(row["seconds"] for row in seen))
    seeds = {row["seed"] for row in ledger.rows.values() if row["arm"] == "glob_1"}
    assert len(seeds) == 2 * BUDGET


@pytest.mark.parametrize("hidden", [12, 10])
def test_the_best_of_glob_1_keeps_as_many_weights_as_that_searchs_winner(masks, ledger, hidden):
    found = as_found(masks, ledger, with_test_set(hidden=(hidden,)))
    for search_seed in (0, 1):
        kept = found["bogp", search_seed].scope_kept
        assert found["glob_1_best", search_seed].scope_kept == kept
        assert found["glob_1_best", search_seed].sparsity_asked == pytest.approx(
            1 - kept / (16 * hidden)
        )


def test_the_best_of_glob_1_prunes_all_that_bogp_masks(masks, ledger):
    found = as_found(masks, ledger, with_test_set(hidden=(12, 8)), scope="all_but_last")
    assert found["glob_1_best", 0].scope_weights == 16 * 12 + 12 * 8
    assert found["glob_1_best", 0].scope_kept == found["bogp", 0].scope_kept


def test_what_the_ledger_has_is_not_trained_again(masks, found, monkeypatch):
    records, ledger = found
    monkeypatch.setattr(tuning, "execute", None)
    assert as_found(masks, ledger) == records


def test_a_killed_job_ends_with_the_same_records(masks, found, ledger, monkeypatch):
    records, complete = found
    killed = dict(list(complete.rows.items())[:7])  # in the middle of the first search's Glob 1
    ledger.rows.update(killed)
    trained = []
    real = tuning.execute
    monkeypatch.setattr(
        tuning, "execute", lambda task, *rest: trained.append(task) or real(task, *rest)
    )
    again = as_found(masks, ledger)
    assert len(trained) == len(complete.rows) - len(killed)
    for key, record in records.items():
        assert (again[key].seed, again[key].test_accuracy) == (record.seed, record.test_accuracy)


def altered(complete, ledger, change):
    """The trainings of Glob 1 as they are in `complete`, after `change(number, row)`."""
    for search_seed in (0, 1):
        keys = {row["seed"]: key for key, row in complete.rows.items() if row["arm"] == "glob_1"}
        for number, row in enumerate(candidates(complete, search_seed)):
            ledger.rows[keys[row["seed"]]] = {**row, **change(number, row)}


def failed(reason):
    return {"failure": reason, "val_accuracy": math.nan, "val_loss": math.nan}


def test_a_failed_training_never_wins(masks, found, ledger):
    _, complete = found
    altered(complete, ledger, lambda number, row: failed("loss is NaN") if number != 2 else {})
    best = as_found(masks, ledger)["glob_1_best", 0]
    assert best.seed == derive(0, "glob_1/2")
    assert (best.failure, best.trainings) == ("", BUDGET)


def test_among_equals_the_first_wins(masks, found, ledger):
    _, complete = found
    altered(complete, ledger, lambda number, row: {"val_accuracy": 0.5 + 0.1 * (number in (1, 3))})
    assert as_found(masks, ledger)["glob_1_best", 1].seed == derive(1, "glob_1/1")


def test_where_all_failed_the_record_says_so(masks, found, ledger):
    _, complete = found
    altered(complete, ledger, lambda number, row: failed(f"broke at {number}"))
    best = as_found(masks, ledger)["glob_1_best", 0]
    assert best.failure == "all 4 trainings failed, the first: broke at 0"
    assert math.isnan(best.test_accuracy)
    assert best.trainings == BUDGET


def test_without_a_bayesian_search_glob_1_matches_the_other_winner(masks, ledger):
    log = log_of({("random", 0): 2})
    found = as_found(masks, ledger, with_test_set(hidden=(10,)), log)
    assert set(found) == {("random_search", 0), ("glob_1_best", 0)}
    assert found["glob_1_best", 0].scope_kept == found["random_search", 0].scope_kept
