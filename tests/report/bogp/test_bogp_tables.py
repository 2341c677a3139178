"""BoGP's tables, against numbers worked out by hand and by scipy."""

import math

import pandas as pd
import pytest
from report_cases import (
    DENSE,
    GLOB,
    LEVEL,
    dense,
    failed,
    found,
    one_search,
    records,
    runs,
    search_log,
    searches,
)
from scipy import stats

from graphprune.claims.bogp import NOT_JUDGED, bogp_2_and_3
from graphprune.report.bogp.tables import costs_per_search, search_table, table1
from graphprune.runs.record import RunRecord, to_frame


def cell(table, arm, block="equal", level=LEVEL):
    rows = table[(table["arm"] == arm) & (table["block"] == block) & (table["sparsity"] == level)]
    assert len(rows) == 1
    return rows.iloc[0]


def with_found(*levels):
    """Everything at these sparsities, the networks as found among it."""
    chosen = levels or (LEVEL,)
    extra = to_frame([record for level in chosen for record in found(level)])
    return pd.concat([records(*chosen), extra], ignore_index=True)


def test_mean_sd_and_n_are_over_the_retrainings():
    table = table1(records(), searches())
    glob = cell(table, "glob_1", "printed")
    assert glob["accuracy"] == pytest.approx(0.95)
    assert glob["sd"] == pytest.approx(0.02)  # ddof 1: deviations 0, −.02, .02
    assert (glob["n"], glob["seeds"], glob["searches"], glob["failed"]) == (3, 3, 0, 0)
    bogp = cell(table, "bogp")
    assert bogp["accuracy"] == pytest.approx(5.72 / 6)
    assert bogp["sd"] == pytest.approx(math.sqrt(0.00113333333 / 5), rel=1e-6)
    assert (bogp["n"], bogp["seeds"], bogp["searches"]) == (6, 3, 2)


def test_the_drop_is_paired_by_seed_with_a_t_interval():
    table = table1(records(), searches())
    glob = cell(table, "glob_1", "printed")
    interval = stats.ttest_rel(DENSE, GLOB).confidence_interval(0.95)
    assert (glob["drop"], glob["drop_sd"]) == pytest.approx((0.02, 0.01))  # .02, .03, .01
    assert (glob["drop_low"], glob["drop_high"]) == pytest.approx((interval.low, interval.high))
    bogp = cell(table, "bogp")  # the mean over searches first: three pairs, not six
    interval = stats.ttest_rel(DENSE, (0.95, 0.95, 0.96)).confidence_interval(0.95)
    assert (bogp["drop"], bogp["drop_n"]) == (pytest.approx(0.05 / 3), 3)
    assert (bogp["drop_low"], bogp["drop_high"]) == pytest.approx((interval.low, interval.high))
    assert cell(table, "dense", "-", 0.0)["drop"] == 0


def test_pairs_are_made_by_seed_and_not_by_position():
    rows = with_found()
    shuffled = rows.sample(frac=1, random_state=1)
    mine, theirs = (table1(frame, searches()) for frame in (rows, shuffled))
    pd.testing.assert_frame_equal(mine, theirs)


def test_a_failed_run_is_counted_and_not_averaged_in():
    glob = runs("glob_1", GLOB, block="printed")
    broken = RunRecord(**{**failed(glob[1]).to_dict(), "compression": 9.0, "seconds": 90.0})
    table = table1(to_frame([*dense(), glob[0], broken, glob[2]]), searches())
    row = cell(table, "glob_1", "printed")
    assert row["accuracy"] == pytest.approx(0.96)
    assert (row["n"], row["failed"], row["drop_n"], row["cost_n"]) == (2, 1, 2, 2)
    assert row["drop"] == pytest.approx(0.015)
    assert (row["compression"], row["seconds"]) == (4.25, 0.5)


def test_an_arm_that_failed_altogether_is_named():
    rows = to_frame([*dense(), *map(failed, runs("glob_1", GLOB, block="printed"))])
    row = cell(table1(rows, searches()), "glob_1", "printed")
    assert math.isnan(row["accuracy"])
    assert (row["n"], row["failed"], row["drop_n"], row["cost_n"]) == (0, 3, 0, 0)


def test_a_mask_met_twice_is_paid_once():
    costs = costs_per_search(searches())
    # Two trainings and three steps of .5 s, three trainings and three steps.
    assert costs.loc[(LEVEL, "bayesian"), "trainings"].tolist() == [2, 3]
    assert costs.loc[(LEVEL, "bayesian"), "seconds"].tolist() == pytest.approx([3.5, 4.5])
    assert costs.loc[(LEVEL, "random"), "trainings"].tolist() == [3, 3]


def test_the_search_is_part_of_the_cost_of_what_it_found_and_of_nothing_else():
    table = table1(records(), searches())
    bogp = cell(table, "bogp")  # 3 and 4 trainings, 4 and 5 s: two searches are n = 2
    assert (bogp["trainings"], bogp["trainings_sd"]) == pytest.approx((3.5, math.sqrt(0.5)))
    assert (bogp["seconds"], bogp["seconds_sd"]) == pytest.approx((4.5, math.sqrt(0.5)))
    assert bogp["cost_n"] == 2
    other = cell(table, "random_search")
    assert (other["trainings"], other["trainings_sd"]) == (4, 0)
    glob = cell(table, "glob_1", "printed")
    assert (glob["trainings"], glob["seconds"], glob["seconds_sd"], glob["cost_n"]) == (
        1,
        0.5,
        0,
        3,
    )


def test_a_control_of_a_winner_costs_no_search():
    extra = runs("rows_permuted", GLOB, search_seed=0) + runs("rows_permuted", GLOB, search_seed=1)
    row = cell(table1(to_frame([*dense(), *extra]), searches()), "rows_permuted")
    assert (row["trainings"], row["cost_n"]) == (1, 6)


def test_a_search_of_another_name_is_paid_too():
    extra = runs("grid_search", GLOB, search_seed=0)
    log = search_log("grid", 0, [1, 2], [0.5, 0.6])
    row = cell(table1(to_frame([*dense(), *extra]), log), "grid_search")
    assert (row["trainings"], row["cost_n"]) == (3, 1)


def test_scope_compression_and_speed_up_are_told():
    row = cell(table1(records(), searches()), "bogp")
    assert (row["scope"], row["compression"], row["speedup_macs"]) == ("first", 4.25, 4)
    assert (row["compression_sd"], row["speedup_macs_sd"]) == (0, 0)


def test_counts_that_vary_have_a_spread():
    glob = runs("glob_1", GLOB, block="printed")
    rows = to_frame([*dense(), *glob])
    of_glob = rows["arm"] == "glob_1"
    rows.loc[of_glob, "compression"] = [4.0, 5.0, 6.0]
    rows.loc[of_glob, "macs_kept"] = [592, 592, 1184]
    row = cell(table1(rows, searches()), "glob_1", "printed")
    assert (row["compression"], row["compression_sd"]) == (5, 1)
    assert (row["speedup_macs"], row["speedup_macs_sd"]) == pytest.approx(
        (10 / 3, 2 / math.sqrt(3))
    )


def test_the_papers_number_stands_beside_its_own_arm_only():
    table = table1(records(0.15, LEVEL), searches(0.15, LEVEL))
    assert cell(table, "bogp")["paper_accuracy"] == 0.951
    assert cell(table, "bogp", level=0.15)["paper_accuracy"] == 0.972
    assert cell(table, "glob_1", "printed")["paper_accuracy"] == 0.945
    assert cell(table, "dense", "-", 0.0)["paper_accuracy"] == 0.97
    assert math.isnan(cell(table, "random_search")["paper_accuracy"])


def test_seeds_that_do_not_match_those_of_dense_are_refused():
    rows = records()
    rows.loc[(rows["arm"] == "glob_1") & (rows["seed"] == 102), "seed"] = 103
    with pytest.raises(ValueError, match="same units on both sides"):
        table1(rows, searches())


# As found


def test_networks_as_found_are_rows_of_their_own():
    """Two searches: no retrainings among them, and none of them among the retrainings."""
    table = table1(with_found(), searches())
    bogp = cell(table, "bogp", "found")
    assert (bogp["accuracy"], bogp["n"], bogp["searches"]) == (pytest.approx(0.96), 2, 2)
    assert bogp["sd"] == pytest.approx(0.02 / math.sqrt(2))
    assert math.isnan(bogp["drop"])  # dense ran on other seeds
    assert bogp["budget"] == 3
    rest = table[table["block"] != "found"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, table1(records(), searches()))


def test_bogp_as_found_is_compared_by_search_seed():
    table = table1(with_found(), searches())
    glob, other = (cell(table, arm, "found") for arm in ("glob_1_best", "random_search"))
    interval = stats.ttest_rel((0.97, 0.95), (0.94, 0.95)).confidence_interval(0.95)
    assert (glob["bogp_minus"], glob["bogp_minus_n"]) == (pytest.approx(0.015), 2)
    assert glob["bogp_minus_sd"] == pytest.approx(0.03 / math.sqrt(2))
    assert (glob["bogp_minus_low"], glob["bogp_minus_high"]) == pytest.approx(
        (interval.low, interval.high)
    )
    assert other["bogp_minus"] == pytest.approx(0.005)


def test_retrained_bogp_is_compared_at_equal_weights_by_fresh_seed():
    table = table1(records(), searches())
    other = cell(table, "random_search", "equal")  # BoGP .95 .95 .96, the other .93 .935 .95
    assert (other["bogp_minus"], other["bogp_minus_n"]) == (pytest.approx(0.015), 3)
    assert other["bogp_minus_sd"] == pytest.approx(0.005)
    lacking = table[(table["block"] != "equal") | (table["arm"] == "bogp")]
    assert lacking["bogp_minus"].isna().all()


def test_what_was_found_costs_its_search_and_the_best_of_many_all_of_them():
    table = table1(with_found(), searches())
    bogp, glob = (cell(table, arm, "found") for arm in ("bogp", "glob_1_best"))
    assert (bogp["trainings"], bogp["seconds"], bogp["cost_n"]) == pytest.approx((2.5, 4.0, 2))
    assert (glob["trainings"], glob["seconds"], glob["cost_n"]) == (3, 1.5, 2)


def test_as_found_without_a_bayesian_search_has_nothing_to_compare_with():
    rows = with_found()
    table = table1(rows[rows["arm"] != "bogp"], searches())
    assert math.isnan(cell(table, "glob_1_best", "found")["bogp_minus"])
    assert cell(table, "glob_1_best", "found")["accuracy"] == pytest.approx(0.945)


# The searches


def test_the_winners_score_is_compared_with_its_retraining():
    table = search_table(searches(), with_found())
    row = table[table["strategy"] == "bayesian"].iloc[0]
    # Best .99 and .97, retrained .96 and .95: .03 and .02 too good.
    assert row["best_val"] == pytest.approx(0.98)
    assert row["retrained_val"] == pytest.approx(0.955)
    assert (row["curse"], row["curse_n"]) == (pytest.approx(0.025), 2)
    assert row["curse_sd"] == pytest.approx(0.01 / math.sqrt(2))
    half = stats.t.ppf(0.975, 1) * 0.005  # sd .01/√2, over √2
    assert (row["curse_low"], row["curse_high"]) == pytest.approx((0.025 - half, 0.025 + half))
    assert row["best_val_sd"] == pytest.approx(0.02 / math.sqrt(2))
    assert (row["searches"], row["steps"], row["trainings"]) == (2, 3, 2.5)
    assert row["trainings_sd"] == pytest.approx(math.sqrt(0.5))
    assert row["test"] == pytest.approx((0.95 + 0.9566666667) / 2)
    assert row["failed"] == 0


def test_failed_trainings_of_a_search_are_counted():
    log = search_log("bayesian", 0, [4, 7, 5], [0.98, math.nan, 0.97])
    rows, _ = one_search()
    assert search_table(log, rows)["failed"].tolist() == [1]


# The claims


def test_the_claims_are_judged_from_the_records():
    table = bogp_2_and_3(with_found(0.15, 0.75))
    assert set(table["claim"]) == {"bogp-2", "bogp-3"}
    gain, beside = (row for _, row in table[table["claim"] == "bogp-2"].iterrows())
    # Search 0: .01 over the three seeds; search 1: .02.
    assert gain["effect"] == pytest.approx((0.01 + 0.02) / 2)
    assert gain["verdict"] == "undecided"  # two searches are fewer than five
    assert (beside["effect"], beside["verdict"]) == (pytest.approx(0.015), NOT_JUDGED)


def test_claims_without_the_runs_they_need_are_undecided():
    rows, _ = one_search()
    assert set(bogp_2_and_3(rows)["verdict"]) == {"undecided", NOT_JUDGED}
