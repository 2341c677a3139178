"""rgp-3 on made-up graphs whose dependence on ASPL is known; Pearson's r against scipy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphprune.claims.association import pearson_interval, pearsons
from graphprune.claims.records import claim
from graphprune.claims.rgp_3 import BOTH, CHAIN, NOT_JUDGED, band_cell, rgp_3
from graphprune.claims.statistics import bootstrap
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

DRAWS = 200


def graphs(aspl, gr, neurons, band=None):
    """One graph for each ASPL; the chain, or a band of this lower end."""
    aspl = np.asarray(aspl, dtype=float)
    kind = "chain" if band is None else "band"
    return pd.DataFrame(
        {
            "set": kind,
            "band": np.nan if band is None else band,
            "graph": [f"{kind} {band} {i}" for i in range(len(aspl))],
            "aspl": aspl,
            "gradient_resistance": np.asarray(gr, dtype=float) * np.ones(len(aspl)),
            "neurons": np.asarray(neurons, dtype=float) * np.ones(len(aspl)),
        }
    )


def noisy(noise, n=40, seed=0, band=None):
    rng = np.random.default_rng(seed)
    x = np.linspace(3, 8, n)
    errors = noise * rng.normal(size=(2, n))
    return graphs(x, 2 * x + errors[0], 900 - 10 * (x + errors[1]), band)


def judged(table, draws=DRAWS):
    verdicts = rgp_3(table, draws)
    assert tuple(verdicts.columns) == COLUMNS
    assert set(verdicts["claim"]) == {"rgp-3"}
    return verdicts.set_index(["cell", "criterion"])


def test_straight_lines_support_the_claim():
    verdicts = judged(noisy(0))
    for name, r in (("gr", 1), ("aopu", -1)):
        row = verdicts.loc[CHAIN, name]
        assert (row["effect"], row["low"], row["high"]) == pytest.approx((r, r, r))
        assert (row["verdict"], row["n"], row["unit"]) == ("supported", 40, "graph")
        assert (row["level"], row["failed"]) == (0.95, 0)
    assert verdicts.loc[(CHAIN, BOTH), "verdict"] == "supported"
    assert np.isnan(verdicts.loc[(CHAIN, BOTH), "effect"])


def test_the_effect_is_pearsons_with_the_general_bootstrap():
    table = noisy(1.5)
    row = judged(table).loc[CHAIN, "gr"]
    expected = bootstrap(
        table,
        "graph",
        lambda drawn: stats.pearsonr(drawn["aspl"], drawn["gradient_resistance"]).statistic,
        draws=DRAWS,
    )
    assert row["effect"] == pytest.approx(expected.estimate)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))


def test_a_loose_dependence_is_not_enough():
    verdicts = judged(noisy(4))
    assert verdicts.loc[(CHAIN, "gr"), "high"] < 0.9
    assert set(verdicts.loc[CHAIN, "verdict"]) == {"not supported"}


def test_the_wrong_sign_speaks_against_the_claim():
    x = np.linspace(3, 8, 20)
    verdicts = judged(graphs(x, -x, x))
    assert set(verdicts.loc[CHAIN, "verdict"]) == {"not supported"}


def test_bands_stand_beside_and_change_nothing():
    chain = noisy(0)
    table = pd.concat([noisy(3, band=4.5), chain, noisy(0, band=3.0)], ignore_index=True)
    verdicts = judged(table)
    cells = list(dict.fromkeys(verdicts.index.get_level_values("cell")))
    assert cells == [CHAIN, band_cell(3.0), band_cell(4.5)]
    assert all("(beside)" in cell for cell in cells[1:])
    pd.testing.assert_frame_equal(verdicts.loc[[CHAIN]], judged(chain))
    for cell in cells[1:]:
        assert set(verdicts.loc[cell, "verdict"]) == {NOT_JUDGED}
        assert list(verdicts.loc[cell].index) == ["gr", "aopu"]
    assert verdicts.loc[(cells[1], "gr"), "effect"] == pytest.approx(1)


def test_infinite_resistance_is_left_out_of_its_correlation_and_counted():
    table = noisy(0)
    table.loc[[0, 7], "gradient_resistance"] = np.inf
    verdicts = judged(table).loc[CHAIN]
    assert verdicts["n"].to_dict() == {"gr": 38, "aopu": 40, BOTH: 38}
    assert verdicts["failed"].to_dict() == {"gr": 2, "aopu": 0, BOTH: 0}
    assert verdicts.loc["gr", "effect"] == pytest.approx(1)


def test_only_infinite_resistance_decides_nothing():
    verdicts = judged(graphs(np.linspace(3, 8, 9), np.inf, -np.arange(9))).loc[CHAIN]
    assert (verdicts.loc["gr", "verdict"], verdicts.loc["gr", "n"]) == ("undecided", 0)
    assert verdicts.loc[BOTH, "verdict"] == "undecided"


@pytest.mark.parametrize("band", [None, 3.0])
def test_a_constant_side_has_no_correlation_and_the_reason_says_so(band):
    x = np.linspace(3, 3.1, 11)
    chain = [] if band is None else [noisy(0)]
    verdicts = judged(pd.concat([*chain, graphs(x, 5.1, 900 - x, band)], ignore_index=True))
    row = verdicts.loc[CHAIN if band is None else band_cell(band), "gr"]
    assert (row["effect"], row["low"], row["high"]) == (0, 0, 0)
    assert "gradient resistance is 5.1 everywhere" in row["reason"]
    assert row["verdict"] == ("not supported" if band is None else NOT_JUDGED)


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_few_graphs_decide_nothing(n):
    verdicts = judged(noisy(0, n)).loc[CHAIN]
    assert set(verdicts["verdict"]) == {"undecided"}
    assert set(verdicts["n"]) == {n}


def test_a_table_without_a_column_is_refused():
    with pytest.raises(UserError, match="neurons"):
        rgp_3(noisy(0).drop(columns="neurons"))


def test_the_record_asks_for_both_correlations():
    assert [criterion.name for criterion in claim("rgp-3").criteria] == ["gr", "aopu"]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=5, max_size=5),
        min_size=1,
        max_size=4,
    )
)
def test_pearsons_of_many_samples_are_scipys(samples):
    x, y = np.moveaxis(np.array(samples, dtype=float), -1, 0)
    for left, right, r in zip(x, y, pearsons(x, y), strict=True):
        constant = np.ptp(left) == 0 or np.ptp(right) == 0
        expected = 0.0 if constant else stats.pearsonr(left, right).statistic
        assert r == pytest.approx(expected, abs=1e-9)


def test_pearson_of_nothing_and_of_one():
    assert np.isnan(pearsons(np.empty(0), np.empty(0)))
    one = pearson_interval(noisy(0, 1), "graph", "aspl", "neurons")
    assert (one.n, one.estimate) == (1, 0)
    assert np.isnan(one.low)


def test_rows_of_a_graph_are_averaged_and_gaps_left_out():
    table = noisy(0, 10)
    twice = pd.concat([table.assign(neurons=table["neurons"] + d) for d in (-5, 5)])
    gap = pd.concat([twice, table.head(1).assign(graph="gap", neurons=np.nan)])
    effect = pearson_interval(gap, "graph", "aspl", "neurons", draws=DRAWS)
    assert effect == pearson_interval(table, "graph", "aspl", "neurons", draws=DRAWS)
