"""nc-1, nc-2 and nc-3 against areas, crossings and correlations worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.curvature import curve_table, nc_1, nc_2, nc_3
from graphprune.errors import UserError

SEEDS = range(5)
CUTS = (0.0, 0.5, 1.0)
# Accuracy at each cut; a little is added a seed, so that there is a spread.
ACCURACY = {
    "positive": (0.9, 0.885, 0.1),
    "negative": (0.9, 0.2, 0.1),
    "magnitude": (0.9, 0.87, 0.1),
    "magnitude_scaled": (0.9, 0.885, 0.1),
    "dead_first": (0.9, 0.88, 0.1),
    "random": (0.9, 0.3, 0.1),
}


def records(block="pruned", network="relu", counts=(2,), **changes):
    rows = [
        {
            "network": network,
            "block": block,
            "scope": "all",
            "arm": arm,
            "per_class": count,
            "level": cut,
            "seed": seed,
            "test_accuracy": accuracy + (0.001 * seed if 0 < cut < 1 else 0),
            "failure": "",
        }
        for arm, values in {**ACCURACY, **changes}.items()
        for count in counts
        for seed in SEEDS
        for cut, accuracy in zip(CUTS, values, strict=True)
    ]
    return pd.DataFrame(rows)


def row(table, criterion, cell):
    (found,) = table[(table["criterion"] == criterion) & (table["cell"] == cell)].to_dict("records")
    return found


def test_area_and_removable_share_are_those_counted_by_hand():
    table = curve_table(records()).set_index(["arm", "seed"])
    # Trapezoids: (.9 + .885)/4 + (.885 + .1)/4.
    assert table.loc[("positive", 0), "area"] == pytest.approx((0.9 + 2 * 0.885 + 0.1) / 4)
    # .015 lost at one half: .01 at a third.
    assert table.loc[("positive", 0), "removable"] == pytest.approx(0.5 * 0.01 / 0.015)
    # At seed 4 .011 is lost at one half.
    assert table.loc[("positive", 4), "removable"] == pytest.approx(0.5 * 0.01 / 0.011)
    assert table.loc[("random", 0), "removable"] == pytest.approx(0.5 * 0.01 / 0.6)


def test_what_never_loses_a_point_can_go_whole_and_a_failed_cut_leaves_nothing():
    kept = curve_table(records(positive=(0.9, 0.9, 0.9)))
    assert (kept.loc[kept["arm"] == "positive", "removable"] == 1).all()
    broken = records()
    broken.loc[(broken["seed"] == 0) & (broken["level"] == 0.5), "failure"] = "diverged"
    table = curve_table(broken)
    assert table.loc[table["seed"] == 0, ["area", "removable"]].isna().all(axis=None)
    assert table.loc[table["seed"] != 0, ["area", "removable"]].notna().all(axis=None)
    assert row(nc_1(table), "area", "relu")["failed"] == 1


def test_nc_1_is_the_mean_area_between_positive_and_negative_first():
    found = row(nc_1(curve_table(records())), "area", "relu")
    assert found["effect"] == pytest.approx(2 * (0.885 - 0.2) / 4)
    assert (found["n"], found["verdict"]) == (5, "supported")
    reverse = records(positive=ACCURACY["negative"], negative=ACCURACY["positive"])
    verdicts = nc_1(curve_table(reverse))
    assert row(verdicts, "area", "relu")["verdict"] == "not supported"
    assert row(verdicts, "all", "every network")["verdict"] == "not supported"


def test_nc_1_corrects_for_networks_and_layers_stand_beside():
    both = pd.concat(
        [records(), records(network="tanh"), records("layers").assign(scope="fc1.weight")]
    )
    table = nc_1(curve_table(both))
    judged = table[table["cell"].isin(["relu", "tanh"])]
    assert (judged["level"] >= 0.95).all()
    assert judged["level"].max() == pytest.approx(0.975)
    assert row(table, "area", "relu, fc1.weight")["verdict"] == "not judged"


def test_nc_2_needs_every_rival():
    table = nc_2(curve_table(records()))
    verdicts = {name: row(table, name, "relu") for name in ("magnitude", "dead first")}
    assert all(found["verdict"] == "supported" for found in verdicts.values())
    first = [0.5 * 0.01 / (0.015 - 0.001 * s) for s in SEEDS]
    other = [0.5 * 0.01 / (0.03 - 0.001 * s) for s in SEEDS]
    assert verdicts["magnitude"]["effect"] == pytest.approx(np.mean(first) - np.mean(other))
    same = row(table, "scaled magnitude", "relu")
    assert (same["effect"], same["verdict"]) == (0, "not supported")
    assert row(table, "all", "every network")["verdict"] == "not supported"
    assert row(table, "random", "relu")["verdict"] == "not judged"


def test_only_the_most_examples_are_compared():
    few = records(counts=(1,)).query("arm == 'positive'")
    few = few.assign(test_accuracy=0.0)
    with_few = nc_2(curve_table(pd.concat([few, records()])))
    pd.testing.assert_frame_equal(with_few, nc_2(curve_table(records())))


def test_fewer_than_five_seeds_decide_nothing():
    table = nc_1(curve_table(records().query("seed < 4")))
    assert row(table, "area", "relu")["verdict"] == "undecided"


def agreement(spearman, live=0.99):
    rows = [
        {
            "network": "relu",
            "layer": layer,
            "name": f"fc{layer}.weight",
            "per_class": count,
            "seed": seed,
            "spearman": value + 0.001 * seed - (0.5 if count == 1 else 0),
            "spearman_live": live,
            "failure": "",
        }
        for layer, value in enumerate(spearman, 1)
        for count in (1, 2)
        for seed in SEEDS
    ]
    return pd.DataFrame(rows)


def test_nc_3_judges_each_layer_by_the_most_examples():
    table = nc_3(agreement([0.98, 0.8]))
    first, second = (row(table, "spearman", f"relu, layer {i} (fc{i})") for i in (1, 2))
    assert first["effect"] == pytest.approx(0.982)
    assert (first["verdict"], second["verdict"]) == ("supported", "not supported")
    assert row(table, "live weights", "relu, layer 2 (fc2)")["verdict"] == "not judged"
    assert row(table, "all", "every layer")["verdict"] == "not supported"
    assert row(nc_3(agreement([0.98, 0.97])), "all", "every layer")["verdict"] == "supported"


def test_records_of_another_kind_are_refused():
    with pytest.raises(UserError, match=r"lack the columns \['arm'\]"):
        curve_table(records().drop(columns="arm"))
