"""What the study of edge pruning trains, and what becomes of the graph while it does."""

from dataclasses import replace

import numpy as np
import pytest
from search_cases import setup, split

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.pruning.norms import NORMS
from graphprune.runs.execute import execute, train_task
from graphprune.runs.ledger import Ledger
from graphprune.studies import edges
from graphprune.studies.edges import Job, compared, grid, nearest_degree, observed, reaching, tables
from graphprune.studies.edges_search import found, grid_optimum, lattice, searches
from graphprune.studies.edges_trail import NEVER, Trail, described, final

N, SEEDS, STEPS = 8, (3, 4, 5), 24
PAIRS = N * (N - 1) // 2
BLOCK = {
    "scope": "inner",
    "norms": ["mean", "l1", "max"],
    "seeds": list(SEEDS),
    "grid": {"p": [0.1, 0.4], "k": [4, 8], "floor": 1},
    "fixed": {"k": 3, "sparsity": 0.5},
    "compared": [{"p": 0.3, "k": 8}],
    "search": {
        "alpha": 0.1,
        "p": {"low": 0.05, "high": 0.5},
        "k": {"low": 3, "high": 9},
        "starts": 2,
        "steps": 2,
        "kappa": 5,
        "seeds": [0, 1],
        "final_seeds": [6, 7, 8],
    },
}


@pytest.fixture(scope="module")
def job():
    small = setup(hidden=[16, 12, 8], epochs=6, batch_size=10)  # 40 images: 24 steps
    small = replace(small, splits={**small.splits, "test": split(30, 2)})
    return Job(small, N, BLOCK)


@pytest.fixture(scope="module")
def everything(job, tmp_path_factory):
    return compared(job, Ledger(tmp_path_factory.mktemp("compared"), {}))


def edges_after(p, k):
    return kept_count(PAIRS, round(1 - (1 - p) ** ((STEPS - 1) // k), 12))


def test_the_grid_is_every_schedule_on_every_seed(job):
    arms = [arm for arm in grid(job) if arm.task.block == "grid"]
    assert {(a.p, a.k, a.task.seed) for a in arms} == {
        (p, k, seed) for p in (0.1, 0.4) for k in (4, 8) for seed in SEEDS
    }
    assert len({arm.key for arm in grid(job)}) == len(grid(job))


def test_fixed_schedules_stop_at_one_sparsity(job, tmp_path):
    fixed = [arm for arm in grid(job) if arm.task.block == "fixed"]
    assert reaching(job) == [0.1, 0.4]  # seven prunings: 1 − .9^7 = .52
    assert {arm.p for arm in fixed} == {0.1, 0.4}
    for arm in (fixed[0], fixed[-1]):
        trained = train_task(arm.task, job.setup)
        assert trained.masks.densities() != {}
        (_, _, seen), *_ = observed([arm], job, Ledger(tmp_path / arm.key, {}), "x")
        assert final(seen)["edges"] == PAIRS // 2


def test_shares_that_do_not_get_there_are_left_out(job):
    higher = replace(job, block={**BLOCK, "fixed": {"k": 3, "sparsity": 0.6}})
    with pytest.raises(UserError, match=r"only \[0.4\] reach the sparsity 0.6 with k = 3"):
        reaching(higher)


def test_all_arms_are_there_on_every_seed(everything):
    found_arms = {(arm.task.arm, arm.norm) for arm, _, _ in everything}
    assert found_arms == {
        *(("edges", norm) for norm in BLOCK["norms"]),
        *(("at_init", norm) for norm in BLOCK["norms"]),
        ("edges_per_layer", "mean"),
        ("edges_random", "-"),
        ("random_at_init", "-"),
        ("weights", "-"),
        ("rgp", "-"),
        ("random_regular", "-"),
    }
    for name in found_arms:
        assert [a.task.seed for a, _, _ in everything if (a.task.arm, a.norm) == name] == list(
            SEEDS
        )
    assert len({arm.key for arm, _, _ in everything}) == len(everything)


def test_all_arms_that_prune_edges_keep_equally_many(everything):
    for arm, record, seen in everything:
        assert record.failure == ""
        if arm.task.arm in ("edges", "at_init", "edges_random", "random_at_init"):
            assert final(seen)["edges"] == edges_after(0.3, 8)
        if arm.task.arm == "edges_per_layer":
            assert final(seen)["edges"] == kept_count(2 * PAIRS, round(1 - 0.7**2, 12))


def test_weights_are_pruned_to_as_many_as_the_edges_leave(everything):
    kept = {
        (arm.task.arm, record.seed): record.scope_kept
        for arm, record, _ in everything
        if arm.norm in ("mean", "-")
    }
    for seed in SEEDS:
        assert kept["weights", seed] == kept["edges", seed]


def test_the_norm_of_an_arm_is_its_methods(job):
    for norm in NORMS:
        assert job.arm("edges", "x", 0, 0.1, 4, norm).task.options["aggregate"] == NORMS[norm]


@pytest.mark.parametrize(
    ("n", "sparsity", "degree"), [(16, 0.672, 5), (16, 0.95, None), (7, 0.5, 2), (8, 0.0, 7)]
)
def test_the_regular_graph_is_the_nearest_that_there_is(n, sparsity, degree):
    # 120 pairs at .672: 39 left, mean degree 4.9; 21 pairs at .5: 10 left, mean 2.9, n odd.
    assert nearest_degree(n, sparsity) == degree


def test_a_trail_has_a_row_a_pruning_and_one_an_epoch(job):
    arm = job.arm("edges", "grid", 3, 0.4, 8, "mean")
    trail = Trail(job.setup, N, True, "x")
    execute(arm.task, job.setup, None, trail)
    masks = [row for row in trail.seen if row["event"] == "masks"]
    assert [row["iteration"] for row in masks] == [0, 8, 16]
    assert [row["edges"] for row in masks] == [PAIRS, kept_count(PAIRS, 0.4), edges_after(0.4, 8)]
    epochs = [row for row in trail.seen if row["event"] == "epoch"]
    assert [row["iteration"] for row in epochs] == [4, 8, 12, 16, 20, 24]
    assert all(0 <= row["val_accuracy"] <= 1 for row in epochs)
    assert masks[0]["aspl"] == masks[0]["clustering"] == 1
    assert final(trail.seen)["last_pruned"] == 16


def test_looking_changes_nothing(job):
    arm = job.arm("edges", "grid", 3, 0.4, 8, "mean")
    watched = execute(arm.task, job.setup, None, Trail(job.setup, N, True, "x")).to_dict()
    alone = execute(arm.task, job.setup).to_dict()
    assert {**watched, "seconds": 0} == {**alone, "seconds": 0}


def test_a_trail_goes_on_where_a_killed_training_was(job, tmp_path):
    arm = job.arm("edges", "grid", 3, 0.4, 6, "mean")
    eager = replace(job.setup, checkpoint_seconds=0)
    whole = Trail(eager, N, True, "x")
    execute(arm.task, eager, None, whole)

    class Killed(Trail):
        def after_epoch(self, state):
            if state.epoch == 4:  # prunings at 6 and 12 are done, that at 18 is not
                raise KeyboardInterrupt
            super().after_epoch(state)

    with pytest.raises(KeyboardInterrupt):
        execute(arm.task, eager, tmp_path / "saved", Killed(eager, N, True, "x"))
    again = Trail(eager, N, True, "x")
    execute(arm.task, eager, tmp_path / "saved", again)
    assert repr(again.seen) == repr(whole.seen)


def test_a_graph_in_pieces_says_when(job, capsys):
    arm = job.arm("edges", "grid", 3, 0.9, 8, "mean")
    trail = Trail(job.setup, N, True, "this one")
    execute(arm.task, job.setup, None, trail)
    # 28 edges, 3 left at step 8, none at 16; self-loops keep every layer alive.
    assert final(trail.seen)["disconnected_at"] == 8
    assert final(trail.seen)["aspl"] == np.inf
    assert final(trail.seen)["emptied_at"] == NEVER
    assert "this one: the graph is disconnected from step 8 on" in capsys.readouterr().out


def test_an_empty_layer_says_when_or_is_an_error(job, capsys):
    arm = job.arm("edges", "grid", 3, 1.0, 8, "mean")
    bare = replace(arm.task, options={**arm.task.options, "keep_self_loops": False})
    trail = Trail(job.setup, N, True, "bare")
    execute(bare, job.setup, None, trail)
    assert final(trail.seen)["emptied_at"] == 8
    assert "bare: nothing is left of layers.1.weight, layers.2.weight at 8" in (
        capsys.readouterr().out
    )
    strict = replace(bare, options={**bare.options, "allow_empty_layer": False})
    with pytest.raises(UserError, match=r"nothing would be left of 'layers\.1"):
        execute(strict, job.setup)


def test_a_graph_a_layer_is_described_by_means():
    full = ~np.eye(4, dtype=bool)
    ring = np.zeros((4, 4), dtype=bool)
    for i in range(4):
        ring[i, (i + 1) % 4] = ring[(i + 1) % 4, i] = True
    found_now = described(np.array([full, ring]))
    assert found_now["edges"] == 6 + 4
    assert found_now["density"] == 10 / 12
    assert found_now["aspl"] == pytest.approx((1 + 4 / 3) / 2)
    assert found_now["clustering"] == 0.5
    assert found_now["whole"]


def test_tables_join_record_schedule_and_graph(job, everything):
    runs, trail = tables(everything, job, "net")
    assert len(runs) == len(everything)
    assert set(runs["network"]) == {"net"}
    assert set(trail["event"]) == {"masks", "epoch"}
    first = runs.iloc[0]
    assert (first["norm"], first["p"], first["k"]) == ("mean", 0.3, 8)
    assert first["density"] == first["edges"] / PAIRS


def test_a_finished_arm_is_not_trained_again(job, tmp_path, monkeypatch):
    arms = [job.arm("edges", "grid", 3, 0.4, 8, "mean")]
    before = observed(arms, job, Ledger(tmp_path, {}), "x")
    monkeypatch.setattr(edges, "execute", None)
    after = observed(arms, job, Ledger(tmp_path, {}), "x")
    assert repr(before) == repr(after)


def test_the_lattice_spans_the_space():
    table = lattice({"k": {"low": 3, "high": 9}, "p": {"low": 0.05, "high": 0.5}})
    assert sorted(set(table["k"])) == [3, 4, 5, 6, 7, 8, 9]
    assert (table["p"].min(), table["p"].max()) == (0.05, 0.5)
    assert not table.duplicated().any()


def test_searches_share_starts_and_budget_and_never_see_the_test_set(job, tmp_path, monkeypatch):
    log = searches(job, Ledger(tmp_path, {}))
    assert len(log) == 2 * 2 * 4
    for _, rows in log.groupby("search_seed"):
        starts = [
            r.sort_values("step").head(2)["mask"].tolist() for _, r in rows.groupby("strategy")
        ]
        assert starts[0] == starts[1]
    again = searches(job, Ledger(tmp_path, {}))
    assert (again["score"] == log["score"]).all()
    runs, _ = tables(observed(grid(job), job, Ledger(tmp_path / "g", {}), "x"), job, "net")
    final_runs = found(job, log, runs, Ledger(tmp_path / "f", {}))
    assert final_runs.groupby(["arm", "search_seed"])["seed"].apply(tuple).to_dict() == {
        ("bayesian", 0): (6, 7, 8),
        ("bayesian", 1): (6, 7, 8),
        ("random", 0): (6, 7, 8),
        ("random", 1): (6, 7, 8),
        ("grid", -1): (6, 7, 8),
    }
    best = log[(log["strategy"] == "random") & (log["search_seed"] == 0)]
    best = best.loc[best["score"].idxmax()]
    mine = final_runs[(final_runs["arm"] == "random") & (final_runs["search_seed"] == 0)]
    assert set(zip(mine["p"], mine["k"], strict=True)) == {(best["p"], best["k"])}


def test_the_grids_optimum_has_the_best_mean_objective_on_val(job, everything):
    runs, _ = tables(everything, job, "net")
    runs = runs.head(4).assign(
        block="grid",
        p=[0.1, 0.1, 0.2, 0.2],
        k=4,
        val_accuracy=[0.9, 0.8, 0.84, 0.84],
        sparsity=[0.1, 0.1, 0.2, 0.2],
        failure="",
    )
    assert grid_optimum(runs, alpha=0) == (0.1, 4)
    assert grid_optimum(runs, alpha=0.2) == (0.2, 4)  # .85 + .02 against .84 + .04


def test_masks_of_the_search_are_those_of_the_network(job):
    assert isinstance(
        train_task(job.arm("edges", "x", 0, 0.1, 8, "mean").task, job.setup).masks, Masks
    )
