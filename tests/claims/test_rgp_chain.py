"""rgp-1 and rgp-7 on made-up graphs whose dependence on ASPL is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from graphprune.claims.association import slope_interval
from graphprune.claims.rgp_chain import BOTH, NOT_JUDGED, better_half, graph_means, rgp_1, rgp_7
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")
DRAWS, GRAPHS, SEEDS = 300, 12, 3


def runs(slope, network="net", degree=4, noise=0.0005, seed=0, aspl=None):
    """Every graph on every seed; accuracy is linear in ASPL."""
    rng = np.random.default_rng(seed)
    properties = np.random.default_rng(99).uniform(size=(GRAPHS, 2))  # of the graph alone
    lengths = np.linspace(3, 8, GRAPHS) if aspl is None else np.asarray(aspl, dtype=float)
    rows = [
        {
            "network": network,
            "nodes": 64,
            "degree": degree,
            "graph": f"chain {g}",
            "seed": s,
            "test_accuracy": 0.9 + slope * (length - 3) + noise * rng.normal(),
            "failure": "",
            "aspl": length,
            "clustering": properties[g, 0],
            "spectral_gap": properties[g, 1],
        }
        for g, length in enumerate(lengths)
        for s in range(SEEDS)
    ]
    return pd.DataFrame(rows)


def by(verdicts):
    assert tuple(verdicts.columns) == COLUMNS
    return verdicts.set_index(["criterion", "cell"])


def test_a_falling_line_supports_rgp_1_and_a_rising_one_speaks_against_it():
    for slope, verdict in ((-0.01, "supported"), (0.01, "not supported")):
        verdicts = by(rgp_1(runs(slope), DRAWS))
        row = verdicts.loc[("slope", "net 64_4")]
        assert row["effect"] == pytest.approx(slope, abs=0.001)
        assert (row["n"], row["unit"], row["verdict"]) == (GRAPHS, "graph", verdict)
        assert verdicts.loc[(BOTH, "net, all degrees"), "verdict"] == verdict


def test_noise_leaves_rgp_1_undecided():
    assert by(rgp_1(runs(0, noise=0.01), DRAWS)).loc[(BOTH, "net 64_4"), "verdict"] == "undecided"


def test_degrees_are_decided_stepwise():
    table = pd.concat([runs(-0.01, degree=4), runs(0, degree=6, noise=0.02, seed=1)])
    verdicts = by(rgp_1(table, DRAWS))
    assert verdicts.loc[("slope", "net 64_4"), "level"] == pytest.approx(0.975)
    assert verdicts.loc[("slope", "net 64_6"), "level"] == pytest.approx(0.95)


def test_graphs_of_one_aspl_cannot_be_judged():
    verdicts = by(rgp_1(runs(0, aspl=np.full(GRAPHS, 2.0)), DRAWS))
    row = verdicts.loc[("slope", "net 64_4")]
    assert row["verdict"] == "undecided"
    assert "same ASPL" in row["reason"]


def test_the_better_half_and_partial_correlations_stand_beside():
    verdicts = rgp_1(runs(-0.01), DRAWS)
    beside = verdicts[verdicts["verdict"] == NOT_JUDGED]
    assert {"better half: slope", "given clustering", "given spectral gap"} <= set(
        beside["criterion"]
    )
    half = better_half(graph_means(runs(-0.01)))
    assert half["aspl"].max() <= (3 + 8) / 2
    assert len(half) == GRAPHS // 2


def test_a_failed_run_is_left_out_of_its_graph_and_counted():
    table = runs(-0.01, noise=0)
    table.loc[0, ["failure", "test_accuracy"]] = ["the loss is nan", np.nan]
    means = graph_means(table)
    assert list(means.loc[means["graph"] == "chain 0", "n"]) == [SEEDS - 1]
    assert by(rgp_1(table, DRAWS)).loc[("slope", "net 64_4"), "failed"] == 1


def test_two_networks_that_rank_alike_support_rgp_7():
    table = pd.concat([runs(-0.01, "one"), runs(-0.02, "two", seed=1)])
    row = rgp_7(table, DRAWS).iloc[0]
    means = graph_means(table).pivot(index="graph", columns="network", values="accuracy")
    assert row["effect"] == pytest.approx(stats.spearmanr(means["one"], means["two"]).statistic)
    assert (row["verdict"], row["n"]) == ("supported", GRAPHS)
    assert row["cell"] == "one with two, 64_4"


def test_networks_without_common_graphs_are_not_run():
    row = rgp_7(pd.concat([runs(0, "one", 4), runs(0, "two", 6)]), DRAWS).iloc[0]
    assert (row["verdict"], row["n"]) == ("undecided", 0)


def test_a_lacking_column_is_named():
    with pytest.raises(UserError, match="clustering"):
        rgp_1(runs(0).drop(columns="clustering"))


def test_a_slope_is_that_of_least_squares_over_units():
    table = runs(-0.02, noise=0.01)
    effect = slope_interval(table, "graph", "aspl", "test_accuracy", draws=DRAWS)
    means = table.groupby("graph")[["aspl", "test_accuracy"]].mean()
    assert effect.estimate == pytest.approx(np.polyfit(means["aspl"], means["test_accuracy"], 1)[0])
    assert effect.low < -0.02 < effect.high
    assert effect.n == GRAPHS


def test_a_slope_on_what_does_not_vary_is_zero():
    table = runs(0, aspl=np.full(GRAPHS, 3.3), noise=0.01)
    effect = slope_interval(table, "graph", "aspl", "test_accuracy", draws=DRAWS)
    assert (effect.estimate, effect.low, effect.high) == (0, 0, 0)
