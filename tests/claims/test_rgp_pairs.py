"""rgp-2, rgp-5, rgp-8 and rgp-9 on made-up trainings whose differences are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from graphprune.claims.rgp_pairs import BOTH, NOT_JUDGED, rgp_2, rgp_5, rgp_8, rgp_9
from graphprune.claims.statistics import holm_levels
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")
SEEDS = range(6)


def runs(by_arm, degree=6, nodes=64, network="net", **columns):
    """Rows of one degree: arm -> accuracy of each seed."""
    options = {
        "model": "resnet18",
        "dataset": "cifar10",
        "parameters": 1000,
        "parameters_kept": 90,
        "full_width": True,
        "failure": "",
    }
    rows = [
        {
            "network": network,
            "nodes": nodes if arm != "dense" else np.nan,
            "degree": degree if arm != "dense" else np.nan,
            "arm": arm,
            "seed": seed,
            "test_accuracy": accuracy,
            **options,
            **columns,
        }
        for arm, accuracies in by_arm.items()
        for seed, accuracy in zip(SEEDS, accuracies, strict=True)
    ]
    return pd.DataFrame(rows)


def around(mean, seed, sd=0.004):
    return mean + sd * np.random.default_rng(seed).normal(size=len(SEEDS))


def by(verdicts):
    assert tuple(verdicts.columns) == COLUMNS
    return verdicts.set_index(["criterion", "cell"])


@pytest.mark.parametrize(("judge", "other"), [(rgp_2, "random_graph"), (rgp_9, "random_regular")])
def test_a_difference_is_paired_by_seed(judge, other):
    luck = around(0.9, 0, sd=0.1)  # shared by the arms of a seed, so it must not count
    table = runs({"rgp": luck + 0.01 + 1e-4 * np.arange(6), other: luck})
    row = by(judge(table)).loc[("difference", "net 64_6")]
    expected = 0.01 + 1e-4 * np.arange(6)
    half = stats.t.ppf(0.975, 5) * expected.std(ddof=1) / np.sqrt(6)
    assert row["effect"] == pytest.approx(expected.mean())
    assert (row["low"], row["high"]) == pytest.approx(
        (expected.mean() - half, expected.mean() + half)
    )
    assert (row["verdict"], row["n"], row["unit"]) == ("supported", 6, "graph")


def test_holm_goes_over_the_degrees_of_a_network():
    gaps = {4: around(0.02, 1), 6: around(0.004, 2), 10: around(0.0, 3)}
    table = pd.concat(
        [
            runs({"rgp": 0.9 + gap, "random_regular": np.full(6, 0.9)}, degree)
            for degree, gap in gaps.items()
        ]
    )
    verdicts = by(rgp_9(table))
    p_values = [stats.ttest_1samp(gap, 0).pvalue for gap in gaps.values()]
    levels = [verdicts.loc[("difference", f"net 64_{k}"), "level"] for k in gaps]
    assert levels == pytest.approx(list(holm_levels(p_values)))
    together = verdicts.loc[("difference", "net, all degrees")]
    assert together["verdict"] == "undecided"
    assert "net 64_10" in together["reason"]


def test_what_stands_beside_is_not_judged():
    table = runs(
        {"rgp": around(0.9, 0), "random_graph": around(0.9, 1), "random_regular": around(0.9, 2)}
    )
    row = by(rgp_2(table)).loc[("random regular minus random graph", "net 64_6")]
    assert row["verdict"] == NOT_JUDGED


def test_a_failed_run_takes_its_pair_along():
    table = runs({"rgp": around(0.9, 0), "random_regular": around(0.8, 1)})
    table.loc[(table["arm"] == "rgp") & (table["seed"] == 2), "failure"] = "the loss is nan"
    row = by(rgp_9(table)).loc[("difference", "net 64_6")]
    assert (row["n"], row["failed"]) == (5, 1)


def test_rgp_5_judges_full_networks_on_cifar10_with_more_than_nine_tenths_removed():
    dense = around(0.95, 0)
    good = runs({"dense": dense, "rgp": dense - 0.01})
    verdicts = by(rgp_5(good))
    row = verdicts.loc[("resnet18", "net 64_6, 91.0% of the parameters removed")]
    assert row["effect"] == pytest.approx(0.01)
    assert row["verdict"] == "supported"
    assert verdicts.loc[(BOTH, "both networks"), "verdict"] == "undecided"  # vgg16 was not run


@pytest.mark.parametrize("order", [(6, 4), (4, 6)])
def test_rgp_5_judges_where_the_least_is_removed_whatever_the_order(order):
    kept = {6: 90, 4: 60}
    dense = around(0.95, 0)
    table = pd.concat(
        [runs({"dense": dense})]
        + [runs({"rgp": dense - 0.01}, k, parameters_kept=kept[k]) for k in order]
    )
    verdicts = by(rgp_5(table))
    assert ("resnet18", "net 64_6, 91.0% of the parameters removed") in verdicts.index
    beside = verdicts.loc[("drop", "net 64_4, 94.0% of the parameters removed")]
    assert beside["verdict"] == NOT_JUDGED


@pytest.mark.parametrize(
    "columns",
    [{"full_width": False}, {"dataset": "digits"}, {"parameters_kept": 200}, {"model": "mlp"}],
)
def test_rgp_5_leaves_other_networks_beside(columns):
    verdicts = rgp_5(runs({"dense": around(0.9, 0), "rgp": around(0.9, 1)}, **columns))
    beside = verdicts[verdicts["criterion"] == "drop"]
    assert list(beside["verdict"]) == [NOT_JUDGED]
    assert set(verdicts.loc[verdicts["criterion"] != "drop", "verdict"]) == {"undecided"}


def test_rgp_8_fits_the_trend_of_each_seed_over_the_degree():
    table = pd.concat(
        [runs({"rgp": 0.8 + 0.002 * degree + around(0, 7)}, degree) for degree in (4, 10, 20)]
    )
    row = by(rgp_8(table)).loc[("trend", "net")]
    assert row["effect"] == pytest.approx(0.002)
    assert (row["verdict"], row["n"], row["unit"]) == ("supported", 6, "seed")


def test_rgp_8_compares_with_iterative_magnitude_at_the_low_ratio_alone():
    arms = {"rgp": around(0.90, 0), "magnitude_iterative": around(0.93, 1)}
    table = pd.concat([runs(arms, 20), runs(arms, 6)])
    verdicts = by(rgp_8(table))
    assert verdicts.loc[("minus magnitude", "net 64_20"), "verdict"] == "supported"
    assert verdicts.loc[("minus magnitude", "net 64_6"), "verdict"] == NOT_JUDGED
    assert verdicts.loc[("trend", "not run"), "verdict"] == "undecided"
    assert verdicts.loc[(BOTH, "all"), "verdict"] == "undecided"


def test_arms_that_were_not_run_give_no_rows():
    assert rgp_2(runs({"rgp": around(0.9, 0)})).empty


def test_a_table_without_a_column_or_with_a_run_twice_is_refused():
    table = runs({"rgp": around(0.9, 0)})
    with pytest.raises(UserError, match="lack the columns \\['failure'\\]"):
        rgp_2(table.drop(columns="failure"))
    with pytest.raises(UserError, match="occur more than once"):
        rgp_9(pd.concat([table, table]))
