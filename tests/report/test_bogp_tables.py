"""BoGP's tables, against numbers worked out by hand and by scipy."""

import math
import re
from itertools import pairwise

import pandas as pd
import pytest
from report_cases import (
    DENSE,
    GLOB,
    LEVEL,
    dense,
    failed,
    one_search,
    records,
    runs,
    search_log,
    searches,
)
from scipy import stats

from graphprune.report.bogp_pages import claims_page, search_page, setup_note, table1_page
from graphprune.report.bogp_tables import claims_table, search_costs, search_table, table1
from graphprune.runs.record import to_frame

RECIPE = {"learning_rate": 0.02, "val_accuracy": {"0.01": 0.9, "0.02": 0.95}}
ACCURACY = re.compile(r"(\d+\.\d\d|–) ± (\d+\.\d\d|–) \(\d+(×\d+)?(, \d+ failed)?\)")


def cell(table, arm, block="equal", level=LEVEL):
    found = table[(table["arm"] == arm) & (table["block"] == block) & (table["sparsity"] == level)]
    assert len(found) == 1
    return found.iloc[0]


def tables_of(markdown):
    """The tables of a page, each as (the text before it, rows of cells)."""
    found = []
    blocks = markdown.split("\n\n")
    for before, block in pairwise(blocks):
        if block.startswith("|"):
            lines = [line.strip("| ").split(" | ") for line in block.splitlines()]
            found.append((before, [lines[0], *lines[2:]]))
    return found


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
    assert glob["drop"] == pytest.approx(0.02)
    assert (glob["drop_low"], glob["drop_high"]) == pytest.approx((interval.low, interval.high))
    bogp = cell(table, "bogp")  # the mean over searches first: three pairs, not six
    interval = stats.ttest_rel(DENSE, (0.95, 0.95, 0.96)).confidence_interval(0.95)
    assert bogp["drop"] == pytest.approx(0.05 / 3)
    assert (bogp["drop_low"], bogp["drop_high"]) == pytest.approx((interval.low, interval.high))
    assert cell(table, "dense", "-", 0.0)["drop"] == 0


def test_pairs_are_made_by_seed_and_not_by_position():
    found = records()
    shuffled = found.sample(frac=1, random_state=1)
    mine, theirs = (table1(frame, searches()) for frame in (found, shuffled))
    pd.testing.assert_frame_equal(mine, theirs)


def test_a_failed_run_is_counted_and_not_averaged_in():
    glob = runs("glob_1", GLOB, block="printed")
    found = to_frame([*dense(), glob[0], failed(glob[1]), glob[2]])
    table = table1(found, searches())
    row = cell(table, "glob_1", "printed")
    assert row["accuracy"] == pytest.approx(0.96)
    assert (row["n"], row["failed"]) == (2, 1)
    assert row["drop"] == pytest.approx(0.015)
    shown = table1_page(table, "").markdown()
    assert "96.00 ± 1.41 (2, 1 failed)" in shown


def test_an_arm_that_failed_altogether_is_named():
    found = to_frame([*dense(), *map(failed, runs("glob_1", GLOB, block="printed"))])
    table = table1(found, searches())
    row = cell(table, "glob_1", "printed")
    assert math.isnan(row["accuracy"])
    assert (row["n"], row["failed"]) == (0, 3)
    shown = table1_page(table, "").markdown()
    assert "| Glob 1 | – ± – (0, 3 failed) |" in shown
    assert "| Glob 1 | – [–, –] |" in shown
    assert "nan" not in shown


def test_a_mask_met_twice_is_paid_once():
    costs = search_costs(searches())
    # Two trainings and three steps of .5 s, three trainings and three steps.
    assert costs.loc[(LEVEL, "bayesian"), "trainings"] == pytest.approx(2.5)
    assert costs.loc[(LEVEL, "bayesian"), "seconds"] == pytest.approx((3.5 + 4.5) / 2)
    assert costs.loc[(LEVEL, "random"), "trainings"] == pytest.approx(3)


def test_the_search_is_part_of_the_cost_of_what_it_found_and_of_nothing_else():
    table = table1(records(), searches())
    assert cell(table, "bogp")["trainings"] == pytest.approx(2.5 + 1)
    assert cell(table, "bogp")["seconds"] == pytest.approx(4 + 0.5)
    assert cell(table, "random_search")["trainings"] == pytest.approx(3 + 1)
    assert cell(table, "glob_1", "printed")["trainings"] == 1
    assert cell(table, "glob_1", "printed")["seconds"] == 0.5


def test_scope_compression_and_speed_up_are_told():
    row = cell(table1(records(), searches()), "bogp")
    assert (row["scope"], row["compression"], row["speedup_macs"]) == ("first", 4.25, 4)


def test_the_papers_number_stands_beside_its_own_arm_only():
    table = table1(records(0.15, LEVEL), searches(0.15, LEVEL))
    assert cell(table, "bogp")["paper_accuracy"] == 0.951
    assert cell(table, "bogp", level=0.15)["paper_accuracy"] == 0.972
    assert cell(table, "glob_1", "printed")["paper_accuracy"] == 0.945
    assert cell(table, "dense", "-", 0.0)["paper_accuracy"] == 0.97
    assert math.isnan(cell(table, "random_search")["paper_accuracy"])


def test_every_accuracy_cell_shows_mean_sd_and_n():
    table = table1(records(0.15, LEVEL), searches(0.15, LEVEL))
    found = tables_of(table1_page(table, "note").markdown())
    accuracies = [rows for before, rows in found if before.startswith("Test accuracy")]
    assert len(accuracies) == 2
    for rows in accuracies:
        assert rows[0] == ["arm", "s = 0.15", "s = 0.9"]
        for row in rows[1:]:
            assert len(row) == 3
            assert all(ACCURACY.fullmatch(text) for text in row[1:]), row
    flat = {row[0]: row[2] for rows in accuracies for row in rows[1:]}
    assert flat["Dense (base)"] == "97.00 ± 1.00 (3)"
    assert flat["BoGP: the searches' winners"] == "95.33 ± 1.51 (2×3)"
    assert flat["Glob 1"] == "95.00 ± 2.00 (3)"


def test_the_other_tables_of_the_page():
    table = table1(records(), searches())
    found = tables_of(table1_page(table, "note").markdown())
    drops = next(rows for before, rows in found if before.startswith("Drop from the dense"))
    assert ["BoGP: the searches' winners", "+1.67 [+0.23, +3.10]"] in drops
    assert all(row[0] != "Dense (base)" for row in drops)
    costs = next(rows for before, rows in found if before.startswith("Cost of one use"))
    assert ["BoGP: the searches' winners", "3.5 / 4.50"] in costs
    before, beside = found[-1]
    assert before.startswith("Drop from base in points, ours")
    assert ["BoGP: the searches' winners", "+1.67 / +1.9"] in beside
    assert ["Glob 1", "+2.00 / +2.5"] in beside


def test_an_arm_missing_at_one_sparsity_leaves_an_empty_cell():
    found = records(0.15, LEVEL)
    found = found[~((found["arm"] == "glob_1") & (found["level"] == 0.15))]
    table = table1(found, searches(0.15, LEVEL))
    page = table1_page(table, "").markdown()
    assert "| Glob 1 |  | 95.00 ± 2.00 (3) |" in page


def test_a_method_that_the_table_does_not_know_is_shown_under_its_own_name():
    extra = runs("random_global", GLOB, block="printed")
    table = table1(to_frame([*dense(), *extra]), searches())
    assert cell(table, "random_global", "printed")["n"] == 3
    assert "| random_global | 95.00 ± 2.00 (3) |" in table1_page(table, "").markdown()


def test_seeds_that_do_not_match_those_of_dense_are_refused():
    found = records()
    found.loc[(found["arm"] == "glob_1") & (found["seed"] == 102), "seed"] = 103
    with pytest.raises(ValueError, match="same units on both sides"):
        table1(found, searches())


def test_the_winners_score_is_compared_with_its_retraining():
    table = search_table(searches(), records())
    row = table[table["strategy"] == "bayesian"].iloc[0]
    # Best .99 and .97, retrained .96 and .95: .03 and .02 too good.
    assert row["best_val"] == pytest.approx(0.98)
    assert row["retrained_val"] == pytest.approx(0.955)
    assert row["curse"] == pytest.approx(0.025)
    half = stats.t.ppf(0.975, 1) * 0.005  # sd .01/√2, over √2
    assert (row["curse_low"], row["curse_high"]) == pytest.approx((0.025 - half, 0.025 + half))
    assert row["best_val_sd"] == pytest.approx(0.02 / math.sqrt(2))
    assert (row["searches"], row["steps"], row["distinct_masks"]) == (2, 3, 2.5)
    assert row["test"] == pytest.approx((0.95 + 0.9566666667) / 2)
    assert row["failed"] == 0
    assert "+2.50 [" in search_page(table).markdown()


def test_failed_trainings_of_a_search_are_counted():
    log = search_log("bayesian", 0, [4, 7, 5], [0.98, math.nan, 0.97])
    found, _ = one_search()
    assert search_table(log, found)["failed"].tolist() == [1]


def test_one_search_has_no_spread_and_says_so():
    found, log = one_search()
    page = search_page(search_table(log, found)).markdown()
    assert "99.00 ± – (1)" in page
    assert "+3.00 [–, –]" in page
    assert "nan" not in page
    assert "nan" not in table1_page(table1(found, log), "").markdown()


def test_the_claims_are_judged_from_the_records():
    table = claims_table(records(0.15, 0.75))
    assert set(table["claim"]) == {"bogp-2", "bogp-3"}
    gain = table[table["claim"] == "bogp-2"].iloc[0]
    # Search 0: .01 over the three seeds; search 1: .02.
    assert gain["effect"] == pytest.approx((0.01 + 0.02) / 2)
    assert gain["verdict"] == "undecided"  # two searches are fewer than five
    page = claims_page(table).markdown()
    assert "+1.50 [" in page
    assert "2 (search seed)" in page
    assert "fewer than 5" in page
    assert page.count("## bogp-") == 2


def test_claims_without_the_runs_they_need_are_undecided():
    found, _ = one_search()
    table = claims_table(found)
    assert set(table["verdict"]) == {"undecided"}
    assert "nan" not in claims_page(table).markdown()


def test_the_note_tells_what_was_run():
    note = setup_note(records(), RECIPE)
    for words in ("digits", "mlp", "2,410 parameters", "2,368", "full_batch", "50 epochs", "cpu"):
        assert words in note
    assert "100, 101, 102" in note
    assert "validation split" in note
    paper = setup_note(records().assign(protocol="paper"), RECIPE)
    assert "test set was also the validation set" in paper
    both = records().assign(device=lambda frame: frame["arm"].map(device_of))
    assert "on cpu and cuda" in setup_note(both, RECIPE)


def device_of(arm):
    return "cuda" if arm == "dense" else "cpu"
