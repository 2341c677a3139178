"""The rows of Table 1 and what the paper printed."""

import pandas as pd
import pytest

from graphprune.pruning.methods import METHODS
from graphprune.report.bogp.arms import (
    PAPER,
    PAPER_ARMS,
    PAPER_BASE,
    PAPER_SPARSITIES,
    ROWS,
    printed,
    rows_of,
)


@pytest.mark.parametrize(
    ("name", "sparsity", "accuracy"),
    [
        ("BoGP", 0.15, 0.972),
        ("BoGP", 0.9, 0.951),
        ("Glob1", 0.9, 0.945),
        ("Glob5", 0.6, 0.970),
        ("Unif1", 0.9, 0.810),
        ("Unif5", 0.75, 0.965),
        ("", 0.9, None),
        ("BoGP", 0.5, None),
        ("BoGP", 0.0, None),
    ],
)
def test_the_papers_table(name, sparsity, accuracy):
    assert printed(name, sparsity) == accuracy


def test_the_papers_table_is_complete():
    assert PAPER_BASE == 0.970
    assert all(len(row) == len(PAPER_SPARSITIES) == 6 for row in PAPER.values())
    assert {row.paper for row in ROWS if row.paper} == set(PAPER)


def test_rows_are_unique_and_their_methods_exist():
    assert len({(row.block, row.arm) for row in ROWS}) == len(ROWS)
    assert len({row.label for row in ROWS}) == len(ROWS)
    searched = {"bogp", "random_search", "fresh_mask", "rows_permuted", "nodes_relabelled"}
    assert {row.arm for row in ROWS} - searched - {"glob_1_best"} <= set(METHODS)


@pytest.mark.parametrize("block", ["equal", "printed"])
def test_every_way_of_five_rounds_has_a_row_in_both_blocks(block):
    arms = {row.arm for row in ROWS if row.block == block}
    assert {f"{kind}_{way}" for kind in ("glob", "unif") for way in ("1", "5", "5_rewind")} <= arms


def test_the_papers_arms_are_those_with_a_printed_number():
    baselines = ("glob_1", "glob_5", "unif_1", "unif_5")
    assert dict(PAPER_ARMS[:1]) == {"equal": "bogp"}
    assert PAPER_ARMS[1:] == tuple(("printed", arm) for arm in baselines)


def test_what_was_run_beyond_the_known_rows_comes_behind_them():
    found = pd.DataFrame(
        {"block": ["equal", "printed", "printed"], "arm": ["glob_1", "random_global", "glob_1"]}
    )
    rows = rows_of(found)
    assert rows[: len(ROWS)] == ROWS
    assert [(row.block, row.arm, row.label) for row in rows[len(ROWS) :]] == [
        ("printed", "random_global", "random_global")
    ]
