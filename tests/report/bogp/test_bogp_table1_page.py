"""The page of Table 1: every number with spread and n, and what was not run named."""

import re
from itertools import pairwise

import pandas as pd
import pytest
from report_cases import GLOB, LEVEL, dense, failed, found, one_search, records, runs, searches

from graphprune.report.bogp.arms import PAPER_ARMS, PAPER_SPARSITIES
from graphprune.report.bogp.table1_page import not_run, table1_page
from graphprune.report.bogp.tables import table1
from graphprune.runs.record import to_frame

NUMBER = r"[+-]?\d*\.\d+"
MEASURED = re.compile(rf"({NUMBER}|–) ± ({NUMBER}|–) \(\d+(×\d+)?(, \d+ failed)?\)")
INTERVAL = re.compile(rf"\[({NUMBER}|–), ({NUMBER}|–)\]")
EXACT = re.compile(rf"{NUMBER}( ± {NUMBER})? / {NUMBER}( ± {NUMBER})? \(\d+\)")


def tables_of(markdown):
    """The tables of a page, each as (the text before it, rows of cells)."""
    tables = []
    blocks = markdown.split("\n\n")
    for before, block in pairwise(blocks):
        if block.startswith("|"):
            lines = [line.strip("| ").split(" | ") for line in block.splitlines()]
            tables.append((before, [lines[0], *lines[2:]]))
    return tables


def everything(*levels):
    """Table 1 of all blocks at these sparsities."""
    extra = to_frame([record for level in levels for record in found(level)])
    return table1(pd.concat([records(*levels), extra]), searches(*levels))


def shown(table, **options):
    return tables_of(table1_page(table, "note", **options).markdown())


def rows_below(tables, words, number=0):
    """Label -> cells of the number-th table whose text begins with `words`."""
    rows = [rows for before, rows in tables if before.startswith(words)][number]
    return {row[0]: row[1:] for row in rows}


def test_every_cell_is_a_number_with_spread_and_n_or_its_interval():
    tables = shown(everything(0.15, LEVEL))
    assert len(tables) == 2 * 4 + 3 + 1  # two blocks of four, as found, the paper's numbers
    for before, rows in tables:
        assert rows[0][1:] == ["s = 0.15", "s = 0.9"]
        for label, *texts in rows[1:]:
            shape = INTERVAL if label == "… 95 % interval" else MEASURED
            shape = EXACT if before.startswith("Compression") else shape
            shape = re.compile(r"[+-]\d+\.\d") if label == "… printed" else shape
            assert len(texts) == 2
            assert all(shape.fullmatch(text) for text in texts), (before, label, texts)


def test_accuracies_of_the_blocks():
    tables = shown(everything(LEVEL))
    equal, printed, chosen = (rows_below(tables, "Test accuracy", k) for k in range(3))
    assert equal["Dense (base)"] == printed["Dense (base)"] == ["97.00 ± 1.00 (3)"]
    assert equal["BoGP: the searches' winners"] == ["95.33 ± 1.51 (2×3)"]
    assert printed["BoGP: the searches' winners"] == equal["BoGP: the searches' winners"]
    assert printed["Glob 1"] == ["95.00 ± 2.00 (3)"]
    assert chosen["BoGP, as found"] == ["96.00 ± 1.41 (2)"]
    assert set(chosen) == {
        "arm",
        "BoGP, as found",
        "Random search, as found",
        "Glob 1, best on val",
    }


def test_a_drop_has_pairs_and_spread_and_below_it_its_interval():
    (before, rows), *_ = [t for t in shown(everything(LEVEL)) if t[0].startswith("Drop from the")]
    assert "paired by seed" in before
    bogp = next(number for number, row in enumerate(rows) if row[0].startswith("BoGP:"))
    # .97 − .95, .96 − .95 and .98 − .96 over three fresh seeds
    assert rows[bogp][1] == "+1.67 ± .58 (3)"
    assert rows[bogp + 1] == ["… 95 % interval", "[+0.23, +3.10]"]
    assert all(row[0] != "Dense (base)" for row in rows)


def test_the_cost_has_trainings_and_below_them_seconds():
    (_, rows), *_ = [t for t in shown(everything(LEVEL)) if t[0].startswith("Cost of one use")]
    bogp = next(number for number, row in enumerate(rows) if row[0].startswith("BoGP:"))
    assert rows[bogp][1] == "3.5 ± .7 (2)"
    assert rows[bogp + 1] == ["… seconds", "4.50 ± .71 (2)"]


def test_the_papers_numbers_stand_below_ours():
    before, rows = shown(everything(LEVEL))[-1]
    assert before.startswith("Drop from base in points, ours")
    assert rows[1:] == [
        ["BoGP: the searches' winners", "+1.67 ± .58 (3)"],
        ["… printed", "+1.9"],
        ["Glob 1", "+2.00 ± 1.00 (3)"],
        ["… printed", "+2.5"],
    ]


def test_as_found_names_its_budget_and_compares_by_search():
    page = table1_page(everything(LEVEL), "").markdown()
    assert "## As found: the network that 3 trainings bought, chosen on val, tested once" in page
    (_, rows), *_ = [t for t in tables_of(page) if t[0].startswith("BoGP's accuracy minus")]
    assert rows[0][0] == "BoGP minus …"
    assert [row[0] for row in rows[1:]] == [
        "Random search, as found",
        "… 95 % interval",
        "Glob 1, best on val",
        "… 95 % interval",
    ]
    assert rows[3][1] == "+1.50 ± 2.12 (2)"


def test_sections_that_were_not_run_are_left_out():
    page = table1_page(table1(records(), searches()), "").markdown()
    assert "As found" not in page
    only_equal = records()
    only_equal = only_equal[only_equal["block"] != "printed"]
    page = table1_page(table1(only_equal, searches()), "").markdown()
    assert "## Printed scope" not in page
    assert "## Equal weights" in page


# Sizes


def test_arms_of_one_size_share_a_line():
    names = ("glob_1", "glob_5", "unif_1", "unif_5")
    extra = [record for name in names for record in runs(name, GLOB, block="printed")]
    bogp = runs("bogp", GLOB, search_seed=0, compression=2.0)
    tables = shown(table1(to_frame([*dense(), *bogp, *extra]), searches()))
    sizes = rows_below(tables, "Compression", 1)
    assert sizes == {
        "arm": ["s = 0.9"],
        "BoGP: the searches' winners": ["2.00 / 4.00 (3)"],
        "every other arm": ["4.25 / 4.00 (12)"],
    }
    fewer = shown(table1(to_frame([*dense(), *bogp, *extra[:6]]), searches()))
    assert rows_below(fewer, "Compression", 1)["Glob 1, Glob 5"] == ["4.25 / 4.00 (6)"]


def test_sizes_that_vary_show_their_spread():
    rows = to_frame([*dense(), *runs("glob_1", GLOB, block="printed")])
    rows.loc[rows["arm"] == "glob_1", "compression"] = [4.0, 5.0, 6.0]
    sizes = rows_below(shown(table1(rows, searches())), "Compression")
    assert sizes["Glob 1"] == ["5.00 ± 1.00 / 4.00 (3)"]


# Failures and gaps


def test_failed_runs_are_named_and_no_cell_reads_nan():
    glob = runs("glob_1", GLOB, block="printed")
    one = table1(to_frame([*dense(), glob[0], failed(glob[1]), glob[2]]), searches())
    assert rows_below(shown(one), "Test accuracy")["Glob 1"] == ["96.00 ± 1.41 (2, 1 failed)"]
    whole = table1(to_frame([*dense(), *map(failed, glob)]), searches())
    page = table1_page(whole, "").markdown()
    assert "| Glob 1 | – ± – (0, 3 failed) |" in page
    assert "| Glob 1 | – / – (0) |" in page
    assert "nan" not in page


def test_one_search_has_no_spread_and_says_so():
    rows, log = one_search()
    assert "nan" not in table1_page(table1(rows, log), "").markdown()


def test_an_arm_missing_at_one_sparsity_leaves_an_empty_cell():
    rows = records(0.15, LEVEL)
    rows = rows[~((rows["arm"] == "glob_1") & (rows["level"] == 0.15))]
    page = table1_page(table1(rows, searches(0.15, LEVEL)), "").markdown()
    assert "| Glob 1 |  | 95.00 ± 2.00 (3) |" in page


def test_a_method_that_the_table_does_not_know_is_shown_under_its_own_name():
    extra = runs("random_global", GLOB, block="printed")
    table = table1(to_frame([*dense(), *extra]), searches())
    assert "| random_global | 95.00 ± 2.00 (3) |" in table1_page(table, "").markdown()


def all_of_the_paper():
    rows = [record for level in PAPER_SPARSITIES for record in arms_at(level)]
    return table1(to_frame([*dense(), *rows]), searches(*PAPER_SPARSITIES))


def arms_at(level):
    return [
        record
        for block, arm in PAPER_ARMS
        for record in runs(arm, GLOB, block=block, level=level, sparsity=level, search_seed=0)
    ]


def test_a_complete_table_says_so():
    assert "were run" in not_run(all_of_the_paper(), PAPER_SPARSITIES, PAPER_ARMS)


def test_what_is_missing_is_computed_from_the_table():
    table = all_of_the_paper()
    at = table["sparsity"].isin([0.15, 0.9, 0.0])
    gap = (table["arm"] == "unif_5") & (table["sparsity"] == 0.9)
    table = table[at & ~gap & (table["arm"] != "glob_5")]
    text = not_run(table, PAPER_SPARSITIES, PAPER_ARMS)
    assert text == (
        "Not run here, of the paper's table: s = 0.3; s = 0.45; s = 0.6; s = 0.75; Glob 5; "
        "Unif 5 at s = 0.9."
    )
    assert text in table1_page(table, "").markdown()


def test_what_is_expected_can_be_chosen():
    text = not_run(everything(LEVEL), [LEVEL], [("found", "glob_1_best"), ("equal", "glob_5")])
    assert text.endswith("table: Magnitude, 5 rounds.")


# What is explained


def test_rewind_is_explained_where_it_was_run():
    extra = runs("glob_5_rewind", GLOB, block="printed")
    page = table1_page(table1(to_frame([*dense(), *extra]), searches()), "").markdown()
    assert "it has nothing to rewind" in page
    assert "nothing to rewind" not in table1_page(everything(LEVEL), "").markdown()


@pytest.mark.parametrize(
    ("scope", "arms", "words"),
    [
        ("first", ["glob_1"], "Glob and Unif are the same"),
        ("inner", ["glob_1"], "ranks all its weights together."),
        ("inner", ["glob_1", "unif_1"], "per matrix each matrix for itself."),
    ],
)
def test_the_scope_says_whether_glob_and_unif_differ(scope, arms, words):
    extra = [record for arm in arms for record in runs(arm, GLOB, scope=scope)]
    page = table1_page(table1(to_frame([*dense(), *extra]), searches()), "").markdown()
    assert words in page


def test_a_setting_is_named_in_the_title():
    page = table1_page(everything(LEVEL), "", setting="deep").markdown()
    assert page.startswith("# BoGP, Table 1: test accuracy of masks and baselines (setting deep)\n")
