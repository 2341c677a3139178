"""The pages of the searches and of the claims, and the note on what was run."""

import pandas as pd
import pytest
from report_cases import found, one_search, records, searches

from graphprune.claims.bogp import bogp_2_and_3
from graphprune.claims.verdict import COLUMNS
from graphprune.report.bogp.pages import chosen, claims_page, search_page, setup_note
from graphprune.report.bogp.tables import search_table
from graphprune.runs.record import to_frame

RECIPE = {
    "learning_rate": 0.02,
    "epochs": 50,
    "val_accuracy": {"0.1": {"50": 0.9}, "0.02": {"50": 0.95}, "0.003": {"50": 0.8}},
    "val_sd": {"0.1": {"50": 0.1}, "0.02": {"50": 0.0031}, "0.003": {"50": 0.1}},
    "n": 5,
    "target_accuracy": None,
}
NO_CHOICE = {
    "learning_rate": 0.02,
    "epochs": 50,
    "val_accuracy": {},
    "val_sd": {},
    "n": 0,
    "target_accuracy": None,
}


def minibatch(target, **means):
    """One rate; `means` by number of epochs, of which 10 was chosen."""
    of_epochs = {name.removeprefix("e"): mean for name, mean in means.items()}
    return {
        "learning_rate": 0.0003,
        "epochs": 10,
        "val_accuracy": {"0.0003": of_epochs},
        "val_sd": {"0.0003": dict.fromkeys(of_epochs, 0.002)},
        "n": 3,
        "target_accuracy": target,
    }


# What was run


def test_the_note_tells_what_was_run():
    note = setup_note(records(), RECIPE)
    for words in ("digits", "mlp", "2,410 parameters", "2,368", "full_batch", "50 epochs", "cpu"):
        assert words in note
    assert "100, 101, 102" in note
    assert "validation split" in note
    paper = setup_note(records().assign(protocol="paper"), RECIPE)
    assert "test set was also the validation set" in paper


def test_the_note_names_devices_and_precision():
    assert "on cpu in fp32." in setup_note(records(), RECIPE)
    rows = records()
    rows.loc[rows["arm"] == "dense", ["device", "precision"]] = ["cuda", "bf16"]
    assert "on cpu in fp32 and cuda in bf16." in setup_note(rows, RECIPE)


def test_a_chosen_rate_is_told_with_its_spread_and_n():
    assert chosen(RECIPE) == (
        "Chosen for the dense network on val: the rate among 0.003, 0.02, 0.1; "
        "the best mean is 95.00 ± .31 (5) %. "
    )
    assert chosen(RECIPE) in setup_note(records(), RECIPE)


def test_no_choice_is_not_told():
    assert chosen(NO_CHOICE) == ""
    assert "Chosen" not in setup_note(records(), NO_CHOICE)


def test_epochs_are_told_with_the_target_that_they_had_to_reach():
    reached = chosen(minibatch(0.97, e5=0.96, e10=0.971, e20=0.98))
    assert reached == (
        "Chosen for the dense network on val: the epochs among 5, 10, 20; "
        "the fewest epochs that reach the target of 97.0 %, with 97.10 ± .20 (3) %. "
    )
    missed = chosen(minibatch(0.97, e5=0.9, e10=0.96))
    assert "none reaches the target of 97.0 %, the best mean is 96.00 ± .20 (3) %." in missed


def test_both_choices_are_told():
    recipe = RECIPE | {
        "val_accuracy": {"0.02": {"50": 0.95, "100": 0.9}, "0.1": {"50": 0.9, "100": 0.9}},
    }
    assert "the rate among 0.02, 0.1 and the epochs among 50, 100;" in chosen(recipe)


def test_a_spread_that_one_seed_does_not_have_is_a_dash():
    recipe = RECIPE | {"val_sd": {"0.02": {"50": None}}, "n": 1}
    assert "95.00 ± – (1) %" in chosen(recipe)


# The searches


def test_every_mean_of_the_searches_has_its_spread_and_n():
    page = search_page(search_table(searches(), records()), "deep").markdown()
    assert page.startswith("# BoGP: what the searches found (setting deep)\n")
    (line,) = [line for line in page.splitlines() if line.startswith("| bayesian, s = 0.9")]
    half = "| +2.50 ± .71 (2) | [-3.85, +8.85] |"  # t(.975, 1) = 12.706, times .005
    assert half in line
    assert "| 98.00 ± 1.41 (2) | 95.50 ± .71 (2) |" in line
    assert "| 2.5 ± .7 (2) | 4.00 ± .71 (2) |" in line


def test_one_search_has_no_spread_and_says_so():
    rows, log = one_search()
    page = search_page(search_table(log, rows)).markdown()
    assert "99.00 ± – (1)" in page
    assert "| +3.00 ± – (1) | [–, –] |" in page
    assert "nan" not in page


# The claims


def judged(claim, criterion="gain", **changes):
    row = {
        "claim": claim,
        "criterion": criterion,
        "cell": "all",
        "effect": 0.123,
        "low": -0.05,
        "high": 0.3,
        "level": 0.95,
        "n": 5,
        "unit": "mask",
        "verdict": "undecided",
        "reason": "too wide",
        "failed": 0,
    }
    return pd.DataFrame([{**row, **changes}], columns=COLUMNS)


def test_accuracies_are_shown_in_points_and_the_rest_as_it_is():
    table = pd.concat([judged("bogp-2"), judged("bogp-1", "icc"), judged("bogp-4", "spearman")])
    page = claims_page(table).markdown()
    assert "gain: all | +12.30 [-5.00, +30.00] (95 %) |" in page
    for name in ("icc", "spearman"):
        assert f"{name}: all | +0.12 [-0.05, +0.30] (95 %) |" in page
    assert page.count("| why (fractions, not points) |") == 1
    assert page.count("| why |") == 2


def test_claims_of_all_kinds_stand_on_one_page_in_order():
    table = pd.concat([judged(f"bogp-{number}", "x") for number in (5, 3, 1, 2, 4)])
    page = claims_page(table, "deep").markdown()
    heads = [line.split(":")[0] for line in page.splitlines() if line.startswith("## ")]
    assert heads == [f"## bogp-{number}" for number in range(1, 6)]
    assert page.startswith("# BoGP: the paper's claims, judged (setting deep)\n")


def test_each_claim_says_how_many_units_a_verdict_needs():
    page = claims_page(pd.concat([judged("bogp-1", "icc"), judged("bogp-2")])).markdown()
    assert "No verdict with fewer than 50 units (mask)." in page
    assert "No verdict with fewer than 5 units (search seed)." in page


def test_an_effect_without_bounds_has_dashes_and_a_summary_has_none():
    rows = pd.concat([judged("bogp-2", low=float("nan"), high=float("nan")), summary()])
    lines = claims_page(rows).markdown().splitlines()
    assert any("| +12.30 [–, –] (95 %) |" in line for line in lines)
    assert any(line.startswith("| gain: all four |  | 5 (mask) |") for line in lines)


def summary():
    nothing = dict.fromkeys(("effect", "low", "high"), float("nan"))
    return judged("bogp-2", cell="all four", **nothing)


def test_the_verdicts_of_these_records():
    rows = pd.concat([records(0.15, 0.75), to_frame([*found(0.15), *found(0.75)])])
    page = claims_page(bogp_2_and_3(rows)).markdown()
    assert "+1.50 [" in page
    assert "2 (search seed)" in page
    assert "fewer than 5" in page
    assert "beside it: mean over s, as found, minus Glob_1 at equal cost" in page
    assert page.count("not judged |") == 1
    assert page.count("## bogp-") == 2


@pytest.mark.parametrize("rows", [one_search()[0], records()])
def test_no_cell_reads_nan(rows):
    assert "nan" not in claims_page(bogp_2_and_3(rows)).markdown()
