"""rgp-4 on made-up searches whose distance from the bound is known."""

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.rgp_4 import BOTH, DEGREES, NOT_JUDGED, rgp_4, with_gaps
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError
from graphprune.graphs.aspl import aspl
from graphprune.graphs.bounds import aspl_lower_bound
from graphprune.graphs.generators import random_regular

pytestmark = pytest.mark.filterwarnings("error")

DECIDES = "algorithm_1 (decides)"


def searches(above, method="algorithm_1", seeds=5, degrees=DEGREES, n=64):
    """A search of every degree a seed; above(k, seed): how many pairs of steps over the bound."""
    rows = [
        {
            "method": method,
            "n": n,
            "k": k,
            "seed": seed,
            "aspl": float(aspl_lower_bound(n, k)) + 2 * above(k, seed) / (n * (n - 1)),
        }
        for seed in (range(seeds) if method != "catalogue" else [-1])
        for k in degrees
    ]
    return pd.DataFrame(rows)


def only(*far, size=1):
    """`size` pairs above the bound at these degrees, on it elsewhere."""
    return lambda k, seed: size if k in far else 0


def judged(table):
    verdicts = rgp_4(table)
    assert tuple(verdicts.columns) == COLUMNS
    assert set(verdicts["claim"]) == {"rgp-4"}
    return verdicts.set_index(["cell", "criterion"])


def test_the_bound_everywhere_supports_the_claim():
    verdicts = judged(searches(only()))
    for name in ("close", "reached"):
        row = verdicts.loc[DECIDES, name]
        assert (row["effect"], row["low"], row["high"]) == (1, 1, 1)
        assert (row["verdict"], row["n"], row["unit"]) == ("supported", 5, "seed")
        assert (row["level"], row["failed"]) == (0.95, 0)
    assert verdicts.loc[(DECIDES, BOTH), "verdict"] == "supported"


def test_one_step_above_at_one_large_degree_is_not_the_bound():
    """Meeting is exact: a gap of .03 % is close, but no bound met."""
    row = judged(searches(only(20))).loc[DECIDES]
    assert row.loc["close", "effect"] == 1
    assert row.loc["reached", "effect"] == pytest.approx(24 / 25)
    assert row["verdict"].to_dict() == {
        "close": "supported",
        "reached": "not supported",
        BOTH: "not supported",
    }


def test_small_degrees_may_miss_the_bound():
    row = judged(searches(only(*range(3, 12)))).loc[DECIDES]
    assert set(row["verdict"]) == {"supported"}


def test_too_many_degrees_far_from_the_bound():
    far = searches(only(*range(3, 11), size=400))
    gap = with_gaps(far).query("k == 3")["gap"].iloc[0]
    assert gap == pytest.approx(800 / (64 * 63) / float(aspl_lower_bound(64, 3)))
    assert gap > 0.05
    row = judged(far).loc[DECIDES]
    assert row.loc["close", "effect"] == pytest.approx(26 / 34)
    assert row.loc["close", "verdict"] == "not supported"
    assert row.loc["reached", "verdict"] == "supported"


def test_one_seed_that_misses_leaves_it_open():
    table = searches(lambda k, seed: int(k == 20 and seed == 3))
    row = judged(table).loc[DECIDES, "reached"]
    assert row["effect"] == pytest.approx(1 - 1 / 125)
    assert row["low"] < 1 < row["high"]
    assert row["verdict"] == "undecided"


@pytest.mark.parametrize("seeds", [1, 3, 4])
def test_few_seeds_decide_nothing(seeds):
    row = judged(searches(only(), seeds=seeds)).loc[DECIDES]
    assert set(row["verdict"]) == {"undecided"}
    assert set(row["n"]) == {seeds}
    assert "fewer than 5" in row.loc["close", "reason"]


def test_other_methods_stand_beside_and_the_catalogue_is_no_search():
    one = searches(only())
    others = [searches(only(4, size=500), m) for m in ("annealing", "random_regular", "catalogue")]
    verdicts = judged(pd.concat([*others, one], ignore_index=True))
    cells = list(dict.fromkeys(verdicts.index.get_level_values("cell")))
    assert cells == [DECIDES, "annealing (beside)", "random_regular (beside)"]
    pd.testing.assert_frame_equal(verdicts.loc[[DECIDES]], judged(one))
    for cell in cells[1:]:
        assert list(verdicts.loc[cell].index) == ["close", "reached"]
        assert set(verdicts.loc[cell, "verdict"]) == {NOT_JUDGED}
        assert verdicts.loc[(cell, "close"), "effect"] == pytest.approx(33 / 34)


@pytest.mark.parametrize("table", [searches(only(), "annealing"), searches(only()).head(0)])
def test_without_algorithm_1_nothing_is_decided(table):
    row = judged(table).loc[DECIDES]
    assert set(row["verdict"]) == {"undecided"}
    assert set(row["n"]) == {0}


def test_a_seed_with_a_failed_or_missing_search_is_left_out():
    table = searches(only(), seeds=7)
    table.loc[(table["seed"] == 2) & (table["k"] == 20), "aspl"] = np.nan
    table = table[~((table["seed"] == 5) & (table["k"] == 4))]
    row = judged(table).loc[DECIDES]
    assert row["n"].to_dict() == {"close": 5, "reached": 6, BOTH: 5}
    assert set(row["failed"]) == {1}
    assert "2 of 7 seeds lack a degree" in row.loc["close", "reason"]
    assert "1 of 7 seeds lack a degree" in row.loc["reached", "reason"]
    assert set(row["verdict"]) == {"supported"}


def test_some_degrees_are_judged_and_the_reason_says_so():
    row = judged(searches(only(4), degrees=(2, 4, 12, 40))).loc[DECIDES]
    assert "2 of the 34 degrees 3–36 were searched" in row.loc["close", "reason"]
    assert "1 of the 25 degrees 12–36 were searched" in row.loc["reached", "reason"]
    assert row.loc["close", "effect"] == 1
    small = judged(searches(only(), degrees=(3, 4), n=16)).loc[DECIDES]
    assert (small.loc["reached", "n"], small.loc["reached", "verdict"]) == (0, "undecided")


def test_gaps_of_real_graphs():
    graphs = {(k, seed): random_regular(64, k, seed) for k in (4, 36) for seed in (0, 1)}
    table = pd.DataFrame(
        [
            {"method": "random_regular", "n": 64, "k": k, "seed": seed, "aspl": aspl(graph)}
            for (k, seed), graph in graphs.items()
        ]
    )
    gaps = with_gaps(table)
    assert gaps["met"].tolist() == [False, False, True, True]
    assert gaps["gap"].tolist()[2:] == [0, 0]
    assert (gaps["gap"][:2] > 0.05).all()
    assert gaps["bound"].tolist() == pytest.approx([20 / 7] * 2 + [10 / 7] * 2)


def test_tables_that_cannot_be_judged_are_refused():
    with pytest.raises(UserError, match="aspl"):
        rgp_4(searches(only()).drop(columns="aspl"))
    with pytest.raises(UserError, match="more than once"):
        rgp_4(pd.concat([searches(only())] * 2))
    with pytest.raises(UserError, match="one size"):
        rgp_4(pd.concat([searches(only()), searches(only(), degrees=(4,), n=32)]))
