"""bogp-2 and bogp-3 on made-up retrainings whose effects are known by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from graphprune.claims.bogp import BASELINES, BESIDE, NOT_JUDGED, bogp_2, bogp_3
from graphprune.claims.statistics import holm
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError

SEEDS, SEARCHES = range(6), range(5)


def run(arm, sparsity, seed, accuracy, search_seed=-1, block="-"):
    return {
        "arm": arm,
        "block": block,
        "sparsity": sparsity,
        "seed": seed,
        "search_seed": search_seed,
        "test_accuracy": accuracy,
        "failed": False,
    }


def searched(gains, sparsities=(0.15, 0.9)):
    """Two searches; BoGP is `gains[search seed]` better than random search in every pair."""
    rows = []
    for search, gain in enumerate(gains):
        for s in sparsities:
            for seed in SEEDS:
                base = 0.9 - 0.1 * s + 0.001 * seed
                rows.append(run("bogp", s, seed, base + gain, search))
                rows.append(run("random_search", s, seed, base, search))
    return pd.DataFrame(rows)


def as_found(gains, sparsities=(0.15, 0.9), arms=("glob_1_best",)):
    """BoGP's networks as found, `gains[search seed]` better than each of `arms` on own seeds."""
    rows = []
    for search, gain in enumerate(gains):
        for s in sparsities:
            rows.append(run("bogp", s, search, 0.8 + gain, search, block="found"))
            rows += [run(arm, s, 10**18 + search, 0.8, search, block="found") for arm in arms]
    return pd.DataFrame(rows)


def compared(gain, sparsities=(0.15, 0.75, 0.9), noise=0.0005):
    """BoGP is `gain(sparsity, baseline)` better than each baseline, up to a little noise."""
    rng, rows = np.random.default_rng(0), []
    for s in sparsities:
        for seed in SEEDS:
            level = 0.9 + 0.01 * rng.normal()  # shared by all arms, removed by pairing
            rows += [
                run("bogp", s, seed, level + wobble, search)
                for search, wobble in enumerate([-0.002, -0.001, 0, 0.001, 0.002])
            ]
            for arm in BASELINES:
                accuracy = level - gain(s, arm) + noise * rng.normal()
                rows.append(run(arm, s, seed, accuracy, block="printed"))
                rows.append(run(arm, s, seed, 0.2, block="equal"))  # must not be looked at
    return pd.DataFrame(rows)


def cell(table, criterion, name):
    rows = table[(table["criterion"] == criterion) & (table["cell"] == name)]
    assert len(rows) == 1
    return rows.iloc[0]


# --- bogp-2 --------------------------------------------------------------------------------


def test_bogp_2_by_hand():
    """Gains 1 … 5 thousandths: mean .003, sd .0015811, t(.975, 4) = 2.776445."""
    row, _ = bogp_2(searched([0.001, 0.002, 0.003, 0.004, 0.005])).to_dict("records")
    half = 2.776445 * math.sqrt(2.5e-6) / math.sqrt(5)
    assert row["effect"] == pytest.approx(0.003)
    assert (row["low"], row["high"]) == pytest.approx((0.003 - half, 0.003 + half), abs=1e-8)
    assert (row["claim"], row["n"], row["unit"]) == ("bogp-2", 5, "search seed")
    assert (row["verdict"], row["failed"]) == ("supported", 0)


def test_bogp_2_counts_search_seeds_not_runs():
    """Two search seeds with 12 pairs each are n = 2: no verdict."""
    row = bogp_2(searched([0.01, 0.011])).iloc[0]
    assert (row["n"], row["verdict"]) == (2, "undecided")


def test_bogp_2_against_the_claim():
    row = bogp_2(searched([-0.01, -0.011, -0.012, -0.01, -0.012])).iloc[0]
    assert row["verdict"] == "not supported"


def test_bogp_2_leaves_failed_pairs_out_and_counts_them():
    """A failed run takes its partner along; the pairs that are left have the same gain."""
    runs = searched([0.001, 0.002, 0.003, 0.004, 0.005])
    hit = runs[(runs["arm"] == "random_search") & (runs["seed"] == 3)].index[:2]
    runs.loc[hit, ["test_accuracy", "failed"]] = [math.nan, True]
    row = bogp_2(runs).iloc[0]
    assert (row["effect"], row["n"], row["failed"]) == (pytest.approx(0.003), 5, 2)


def test_bogp_2_weighs_sparsities_alike_whatever_failed():
    """Gain 0 at one sparsity and .01 at the other: .005, though most pairs of one failed."""
    runs = searched([0.0] * 5)
    runs.loc[(runs["arm"] == "bogp") & (runs["sparsity"] == 0.9), "test_accuracy"] += 0.01
    runs.loc[(runs["sparsity"] == 0.9) & (runs["seed"] > 1), "failed"] = True
    row = bogp_2(runs).iloc[0]
    assert row["effect"] == pytest.approx(0.005)
    assert row["failed"] == 5 * 2 * 4


def test_bogp_2_leaves_out_a_search_that_lost_a_whole_sparsity():
    runs = searched([0.001, 0.002, 0.003, 0.004, 0.09])
    lost = (runs["search_seed"] == 4) & (runs["sparsity"] == 0.15) & (runs["arm"] == "bogp")
    runs.loc[lost, "failed"] = True
    row = bogp_2(runs).iloc[0]
    assert (row["n"], row["effect"], row["failed"]) == (4, pytest.approx(0.0025), 6)


def test_bogp_2_names_a_run_that_only_one_arm_has():
    runs = searched([0.001] * 5)
    lacking = runs.drop(runs[(runs["arm"] == "bogp") & (runs["search_seed"] == 4)].index[0])
    with pytest.raises(UserError, match=r"first lacks \[\(4, 0\.15, 0\)\]"):
        bogp_2(lacking)


def test_bogp_2_without_random_search_is_undecided():
    runs = searched([0.001] * 5)
    row = bogp_2(runs[runs["arm"] == "bogp"]).iloc[0]
    assert (row["n"], row["verdict"]) == (0, "undecided")


def test_bogp_2_has_glob_1_at_equal_cost_beside_it_and_does_not_judge_it():
    """Gains 1 … 5 thousandths, as in the first test; random search is told nothing of it."""
    gains = [0.001, 0.002, 0.003, 0.004, 0.005]
    runs = pd.concat([searched([0.0] * 5), as_found(gains)], ignore_index=True)
    gain, beside = bogp_2(runs).to_dict("records")
    assert (gain["criterion"], gain["effect"]) == ("gain", pytest.approx(0))
    half = 2.776445 * math.sqrt(2.5e-6) / math.sqrt(5)
    assert (beside["low"], beside["effect"], beside["high"]) == pytest.approx(
        (0.003 - half, 0.003, 0.003 + half), abs=1e-8
    )
    assert (beside["criterion"], beside["verdict"]) == (BESIDE, NOT_JUDGED)
    assert (beside["n"], beside["unit"], beside["failed"]) == (5, "search seed", 0)


def test_bogp_2_beside_it_pairs_by_search_and_weighs_sparsities_alike():
    high = as_found([0.01, 0.02, 0.03], (0.9,))
    low = as_found([0.0, 0.0, 0.0], (0.15,)).sample(frac=1, random_state=0)
    runs = pd.concat([searched([0.0] * 5), high, low], ignore_index=True)
    _, beside = bogp_2(runs).to_dict("records")
    assert (beside["effect"], beside["n"]) == (pytest.approx(0.01), 3)
    lost = (runs["arm"] == "glob_1_best") & (runs["search_seed"] == 2) & (runs["sparsity"] == 0.9)
    runs.loc[lost, ["test_accuracy", "failed"]] = [math.nan, True]
    _, beside = bogp_2(runs).to_dict("records")
    assert (beside["effect"], beside["n"], beside["failed"]) == (pytest.approx(0.0075), 2, 1)


def test_bogp_2_says_that_nothing_was_run_as_found():
    _, beside = bogp_2(searched([0.001] * 5)).to_dict("records")
    assert (beside["n"], beside["verdict"], beside["reason"]) == (0, NOT_JUDGED, "not run")


@pytest.mark.parametrize(
    ("judged", "retrained"),
    [(bogp_2, searched([0.001] * 5)), (bogp_3, compared(lambda s, arm: 0.0))],
)
def test_networks_as_found_have_no_part_in_the_claims_themselves(judged, retrained):
    found = as_found([0.1] * 5, (0.15, 0.3, 0.9), ("glob_1_best", "random_search", "glob_1"))
    with_found = judged(pd.concat([retrained, found]))
    with_found = with_found[with_found["criterion"] != BESIDE]
    without = judged(retrained)
    pd.testing.assert_frame_equal(with_found, without[without["criterion"] != BESIDE])


# --- bogp-3 --------------------------------------------------------------------------------


def test_bogp_3_effects_are_paired_by_fresh_seed_over_mean_searches():
    table = bogp_3(compared(lambda s, arm: 0.02 if arm == "unif_1" else 0.001, noise=0))
    row = cell(table, "on par", "s = 0.90, minus Unif_1")
    assert (row["effect"], row["low"], row["high"]) == pytest.approx((0.02, 0.02, 0.02))
    assert (row["n"], row["unit"], row["level"]) == (6, "fresh seed", 0.9)
    assert tuple(table.columns) == COLUMNS


def test_bogp_3_on_par_at_one_sparsity_and_not_at_another():
    table = bogp_3(compared(lambda s, arm: 0.02 if (s, arm) == (0.9, "unif_1") else 0.0))
    assert cell(table, "on par", "s = 0.75, all four")["verdict"] == "supported"
    assert cell(table, "on par", "s = 0.90, minus Unif_1")["verdict"] == "not supported"
    assert cell(table, "on par", "s = 0.90, minus Glob_1")["verdict"] == "supported"
    low = cell(table, "on par", "s = 0.90, all four")
    assert (low["verdict"], low["n"]) == ("not supported", 6)
    assert low["reason"] == "3 of 4 supported; not supported: Unif_1"
    assert cell(table, "on par", "all")["verdict"] == "not supported"


def test_bogp_3_best_is_judged_at_two_sparsities_only():
    table = bogp_3(compared(lambda s, arm: 0.02))
    best = table[table["criterion"] == "best"]
    assert len(best) == 2 * 5 + 1
    assert set(best["verdict"]) == {"supported"}
    assert not best["cell"].str.contains("0.90").any()


def test_bogp_3_needs_all_four_to_be_best():
    table = bogp_3(compared(lambda s, arm: -0.02 if arm == "glob_5" else 0.02))
    assert cell(table, "best", "s = 0.15, minus Glob_1")["verdict"] == "supported"
    assert cell(table, "best", "s = 0.15, all four")["verdict"] == "not supported"


def test_bogp_3_equal_accuracy_is_on_par_and_not_best():
    table = bogp_3(compared(lambda s, arm: 0.0, noise=0.0001))
    assert cell(table, "on par", "all")["verdict"] == "supported"
    assert cell(table, "best", "all")["verdict"] == "not supported"


def test_bogp_3_best_is_above_zero_exactly_where_holm_rejects():
    """Gains around the size of the noise, so that some of the eight pass alone but not by Holm."""
    gains = dict(zip(BASELINES, [0.0004, 0.0012, 0.004, 0.0015], strict=True))
    runs = compared(lambda s, arm: gains[arm], noise=0.0015)
    rows = bogp_3(runs).query("criterion == 'best' and cell.str.contains('minus')")
    p_values = []
    for s in (0.15, 0.75):
        at = runs[runs["sparsity"] == s]
        bogp = at[at["arm"] == "bogp"].groupby("seed")["test_accuracy"].mean()
        for arm in BASELINES:
            other = at[(at["arm"] == arm) & (at["block"] == "printed")].set_index("seed")
            p_values.append(stats.ttest_rel(bogp, other["test_accuracy"]).pvalue)
    rejected = holm(p_values) < 0.05
    assert (rows["low"] > 0).tolist() == rejected.tolist()
    assert 0 < rejected.sum() < (np.array(p_values) < 0.05).sum()
    assert rows["level"].max() == pytest.approx(1 - 0.05 / 8)


def test_bogp_3_counts_failed_runs_where_they_matter():
    runs = compared(lambda s, arm: 0.0)
    bogp = (runs["arm"] == "bogp") & (runs["sparsity"] == 0.15) & (runs["seed"] == 2)
    glob = (runs["arm"] == "glob_1") & (runs["sparsity"] == 0.15) & (runs["seed"] == 4)
    runs.loc[runs[bogp].index[0], "failed"] = True
    runs.loc[glob, "test_accuracy"] = math.nan  # the printed and the equal block
    table = bogp_3(runs)
    one, other = (cell(table, "on par", f"s = 0.15, minus {name}") for name in ("Glob_1", "Unif_5"))
    assert (one["n"], one["failed"]) == (5, 2)
    assert (other["n"], other["failed"]) == (6, 1)
    assert cell(table, "on par", "s = 0.15, all four")["failed"] == 2
    assert cell(table, "on par", "s = 0.75, all four")["failed"] == 0


def test_bogp_3_says_what_was_not_run():
    runs = compared(lambda s, arm: 0.0, sparsities=(0.9,))
    table = bogp_3(runs[runs["arm"] != "unif_5"])
    assert cell(table, "on par", "s = 0.90, minus Unif_5")["n"] == 0
    assert cell(table, "on par", "all")["verdict"] == "undecided"
    assert cell(table, "best", "s = 0.15, minus Glob_1")["n"] == 0
    assert "s = 0.15" not in " ".join(table.loc[table["criterion"] == "on par", "cell"])


def test_bogp_3_with_three_seeds_is_undecided():
    runs = compared(lambda s, arm: 0.02)
    assert set(bogp_3(runs[runs["seed"] < 3])["verdict"]) == {"undecided"}


def test_bogp_3_names_unequal_fresh_seeds():
    runs = compared(lambda s, arm: 0.0)
    with pytest.raises(UserError, match=r"second lacks \[5\]"):
        bogp_3(runs[(runs["arm"] != "glob_1") | (runs["seed"] < 5)])


# --- bad records ---------------------------------------------------------------------------


@pytest.mark.parametrize("judged", [bogp_2, bogp_3])
def test_bad_records_are_refused(judged):
    runs = pd.concat([searched([0.0] * 5), compared(lambda s, arm: 0.0, sparsities=(0.3,))])
    with pytest.raises(UserError, match=r"lack the columns \['search_seed'\]"):
        judged(runs.drop(columns="search_seed"))
    with pytest.raises(UserError, match="fraction between 0 and 1"):
        judged(runs.assign(test_accuracy=97.0))
    with pytest.raises(UserError, match="occur more than once"):
        judged(pd.concat([runs, runs.head(1)]))


@pytest.mark.parametrize("judged", [bogp_2, bogp_3])
def test_no_records_decide_nothing(judged):
    assert set(judged(searched([0.0]).head(0))["verdict"]) - {NOT_JUDGED} == {"undecided"}
