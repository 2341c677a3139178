"""bogp-4 on made-up accuracies of the 5-node graphs whose cause is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from graphprune.claims.bogp_4 import PROPERTIES, SAME_SIGN, bogp_4
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError
from graphprune.graphs.atlas import connected_graphs, graph_name
from graphprune.graphs.properties import graph_properties

DRAWS = 150


def graphs(n=5):
    found = connected_graphs(n)
    table = graph_properties(np.array([graph.adjacency for graph in found]), PROPERTIES).round(8)
    table["graph"] = [graph_name(number) for number in range(len(found))]
    table["density"] = [graph.to_mask().mean() for graph in found]
    return table.assign(accuracy=0.9, failed=0)


def judged(accuracy, table=None):
    table = graphs() if table is None else table
    verdicts = bogp_4(table.assign(accuracy=accuracy), DRAWS)
    assert tuple(verdicts.columns) == COLUMNS
    return verdicts.set_index(["cell", "criterion"])


def test_accuracy_that_falls_with_aspl_supports_that_property():
    verdicts = judged(0.99 - 0.02 * graphs()["aspl"] ** 2)
    aspl = verdicts.loc["aspl"]
    assert aspl.loc["spearman", "effect"] == pytest.approx(-1)
    assert aspl.loc["partial spearman", "effect"] == pytest.approx(-1)
    assert set(aspl["verdict"]) == {"supported"}
    assert set(aspl["n"]) == {21}
    assert set(aspl["unit"]) == {"graph"}


def test_accuracy_that_follows_density_alone_is_not_monotone_in_the_properties():
    table = graphs()
    verdicts = judged(0.9 + 0.05 * table["density"])
    for name in PROPERTIES:
        rho = stats.spearmanr(table[name], table["density"]).statistic
        assert abs(rho) > 0.6
        assert verdicts.loc[(name, "spearman"), "effect"] == pytest.approx(rho)
        assert verdicts.loc[(name, "partial spearman"), "effect"] == pytest.approx(0, abs=1e-9)
        assert verdicts.loc[(name, "spearman"), "verdict"] == "supported"
        assert verdicts.loc[(name, SAME_SIGN), "verdict"] == "not supported"
    assert verdicts.loc[("all three", SAME_SIGN), "verdict"] == "not supported"


def test_all_three_need_each_of_them():
    verdicts = judged(0.99 - 0.02 * graphs()["aspl"])
    per_property = {verdicts.loc[(name, SAME_SIGN), "verdict"] for name in PROPERTIES}
    assert "supported" in per_property
    assert len(per_property) > 1
    assert verdicts.loc[("all three", SAME_SIGN), "verdict"] != "supported"


def test_opposite_signs_speak_against_the_claim():
    table = graphs()
    table["density"] = table["average_clustering"].rank() / 25
    rng = np.random.default_rng(0)
    table["aspl"] = table["density"].rank() + rng.uniform(-3, 3, 21)
    verdicts = judged(table["density"].rank() * 3 - table["aspl"], table)
    aspl = verdicts.loc["aspl"]
    assert aspl.loc["spearman", "low"] > 0
    assert aspl.loc["partial spearman", "high"] < 0
    assert aspl.loc[SAME_SIGN, "verdict"] == "not supported"
    assert "opposite" in aspl.loc[SAME_SIGN, "reason"]


def test_holm_begins_at_a_third_of_the_error_rate_and_relaxes_after_a_rejection():
    verdicts = judged(0.99 - 0.02 * graphs()["aspl"])
    levels = {name: verdicts.loc[(name, SAME_SIGN), "level"] for name in PROPERTIES}
    supported = verdicts.xs(SAME_SIGN, level="criterion")["verdict"] == "supported"
    assert levels["aspl"] == pytest.approx(1 - 0.05 / 3)
    open_ = [name for name in PROPERTIES if not supported[name]]
    assert open_
    assert {round(levels[name], 9) for name in open_} == {round(1 - 0.05 / len(open_), 9)}
    none = judged(np.random.default_rng(1).normal(0.9, 0.01, 21))
    assert set(none["level"][:-1].round(9)) == {round(1 - 0.05 / 3, 9)}


def test_graphs_that_lost_all_runs_are_left_out_and_failures_counted():
    table = graphs()
    table.loc[[2, 5], "failed"] = 3
    accuracy = (0.99 - 0.02 * table["aspl"]).mask(table["failed"] > 0)
    verdicts = judged(accuracy, table)
    assert set(verdicts["n"]) == {19}
    assert set(verdicts["failed"]) == {6}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_graphs_decide_nothing(n):
    verdicts = judged(0.9, graphs(n))
    assert set(verdicts["verdict"]) == {"undecided"}
    assert set(judged(np.nan, graphs(n))["n"]) == {0}


def test_the_rows_can_stand_below_those_of_other_claims():
    verdicts = bogp_4(graphs(3), DRAWS)
    assert len(verdicts) == 3 * 3 + 1
    assert set(verdicts["claim"]) == {"bogp-4"}
    assert len(pd.concat([verdicts, verdicts], ignore_index=True)) == 20


def test_a_table_without_a_property_is_refused():
    with pytest.raises(UserError, match="aspl"):
        bogp_4(graphs().drop(columns="aspl"))
