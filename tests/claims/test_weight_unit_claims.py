"""The verdicts on unit-1 to unit-4, on numbers whose verdict is known."""

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.sigmoid import aic_table, aics, logistic, piecewise
from graphprune.claims.weight_unit import first_crossing, loss_table, unit_1, unit_2, unit_4
from graphprune.claims.weight_unit_time import (
    break_even,
    crossing,
    latency_summary,
    ratio_table,
    unit_3,
)
from graphprune.errors import UserError

KS = np.array([0, 0.1, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 1])
SEEDS = range(5)


def records(weight=0.85, unit=0.45, noise=0.005, block="pruned"):
    """Logistic curves with their middles at these k."""
    rng = np.random.default_rng(0)
    rows = []
    for arm, middle in (("weight", weight), ("unit", unit)):
        for seed in SEEDS:
            curve = logistic(np.array([0.1, 0.95, middle + 0.01 * seed, 0.05]), KS)
            for k, accuracy in zip(KS, curve + noise * rng.normal(size=len(KS)), strict=True):
                rows.append((block, arm, k, seed, accuracy, ""))
    columns = ["block", "arm", "level", "seed", "test_accuracy", "failure"]
    return pd.DataFrame(rows, columns=columns)


def verdict(table, cell):
    (row,) = (row for _, row in table.iterrows() if row["cell"] == cell)
    return row["verdict"]


def test_the_crossing_is_interpolated_and_the_first():
    k = np.array([0, 0.5, 1])
    assert first_crossing(k, np.array([0, 0.02, 0.5]), 0.01) == pytest.approx(0.25)
    assert first_crossing(k, np.array([0, 0.1, 0.0]), 0.1) == pytest.approx(0.5)
    assert np.isnan(first_crossing(k, np.array([0, 0.0, 0.005]), 0.01))
    assert np.isnan(first_crossing(k, np.array([0, np.nan, 0.5]), 0.01))


def test_losses_are_against_the_network_at_0():
    table = loss_table(records(noise=0)).set_index(["arm", "seed", "loss"])["k"]
    assert table["weight", 0, "50 points"] > table["unit", 0, "50 points"] + 0.3
    assert table["unit", 0, "1 point"] < table["unit", 0, "5 points"]


def test_unit_1_is_supported_where_units_degrade_earlier():
    table = unit_1(pd.concat([records(), records(block="retrained")]))
    assert verdict(table, "all three losses") == "supported"
    assert (table.loc[table["cell"] == "retrained", "verdict"] == "not judged").all()
    assert len(table) == 3 + 1 + 3


def test_unit_1_is_not_supported_the_other_way_round():
    assert verdict(unit_1(records(0.45, 0.85)), "all three losses") == "not supported"


def test_unit_1_leaves_a_failed_seed_out_and_counts_it():
    broken = records()
    where = (broken["seed"] == 2) & (broken["arm"] == "unit")
    broken.loc[where, ["test_accuracy", "failure"]] = [np.nan, "the loss is nan in epoch 1"]
    table = unit_1(broken)
    assert set(table["n"]) == {4}
    assert set(table.loc[table["cell"] == "no retraining", "failed"]) == {1}
    assert verdict(table, "all three losses") == "undecided"


def test_records_without_a_column_are_refused():
    with pytest.raises(UserError, match=r"lack the columns \['failure'\]"):
        unit_1(records().drop(columns="failure"))


def aucs(excess):
    """Two layers; `excess` of each over a null of .52."""
    rng = np.random.default_rng(0)
    rows = [
        (seed, layer, k, "unit", 0.52 + more + 0.002 * rng.normal(), 0.52, "")
        for seed in SEEDS
        for layer, more in enumerate(excess, 1)
        for k in (0.25, 0.5)
    ]
    return pd.DataFrame(rows, columns=["seed", "layer", "k", "arm", "auc", "null", "failure"])


@pytest.mark.parametrize(
    ("excess", "expected"),
    [
        ((0.0, 0.03), "supported"),
        ((0.0, 0.08), "not supported"),
        ((0.0, 0.05), "undecided"),
        ((-0.08, 0.0), "not supported"),
    ],
)
def test_unit_2_asks_for_equivalence_in_every_layer(excess, expected):
    table = unit_2(aucs(excess))
    assert verdict(table, "each layer") == expected
    assert verdict(table, "layer 1" if excess[0] == 0 else "layer 2") == "supported"
    assert set(table["level"].head(2)) == {0.9}


def test_the_logistic_curve_wins_where_it_made_the_data():
    found = aics(KS, logistic(np.array([0.1, 0.95, 0.6, 0.08]), KS))
    assert found["logistic"] < found["piecewise"] - 10 < found["linear"]


def test_the_piecewise_curve_wins_where_it_made_the_data():
    k = np.linspace(0, 1, 24)
    found = aics(k, piecewise(np.array([0.9, 0.6, 0.0, -2.0]), k))
    assert found["piecewise"] < found["logistic"] - 10


def test_the_line_wins_where_it_made_the_data():
    noise = 0.01 * np.random.default_rng(1).normal(size=len(KS))
    found = aics(KS, 0.9 - 0.5 * KS + noise)
    assert found["linear"] < found["logistic"] + 4


def test_too_few_points_and_failed_runs_have_no_aic():
    assert np.isnan(list(aics(KS[:5], KS[:5]).values())).all()
    broken = records()
    broken.loc[broken.index[3], "failure"] = "the loss is nan in epoch 1"
    table = aic_table(broken)
    assert table["logistic"].isna().sum() == 1


def test_unit_4_needs_every_seed():
    good = aic_table(records())
    assert verdict(unit_4(good), "both, in each seed") == "supported"
    bad = good.copy()
    bad.loc[bad.index[0], "over_linear"] = 9.0
    table = unit_4(bad)
    assert verdict(table, "both, in each seed") == "not supported"
    reasons = table.set_index("cell")["reason"]
    assert reasons["weight pruning, pruned"].iloc[0] == "above 10 in 4 of 5 seeds"
    few = good[good["seed"] < 3]
    assert verdict(unit_4(few), "both, in each seed") == "undecided"


def latency(coo, batches=(100,), repeats=6):
    """Dense takes 1 (F.linear 2); COO: from k to its time over that."""
    rng = np.random.default_rng(0)
    rows = []
    for arm in ("weight", "unit"):
        for k in (0.5, 0.9, 0.95, 0.99):
            for batch in batches:
                for repeat in range(repeats):
                    slow = 1 + rng.random()  # all forms of a repeat alike
                    noise = 1 + 0.001 * rng.normal()
                    for form, seconds in (
                        ("dense_linear", 2.0),
                        ("dense_mm", 1.0),
                        ("coo", coo(k) * noise),
                    ):
                        rows.append((arm, k, 1 - k, batch, form, repeat, slow * seconds))
    columns = ["arm", "k", "density", "batch", "form", "repeat", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def test_ratios_are_to_the_faster_dense_form_of_the_same_repeat():
    table = ratio_table(latency(lambda k: 3.0))
    assert table.loc[table["form"] == "dense_mm", "ratio"].to_numpy() == pytest.approx(1)
    assert table.loc[table["form"] == "dense_linear", "ratio"].to_numpy() == pytest.approx(2)
    assert table.loc[table["form"] == "coo", "ratio"].to_numpy() == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize(
    ("coo", "expected"),
    [
        (lambda k: 5 * (1 - k) + 0.2, "supported"),
        (lambda k: 15 * (1 - k) + 0.2, "not supported"),  # slower than dense at .9
        (lambda k: 0.5 + 0.4 * k, "not supported"),  # faster than dense, but ever slower
    ],
)
def test_unit_3_asks_for_faster_than_dense_and_monotone(coo, expected):
    table = unit_3(latency(coo))
    assert verdict(table, "all from .9 on, batch 100") == expected
    judged = table[table["verdict"] != "not judged"]
    assert len(judged) == 2 * (3 + 2) + 1


def test_unit_3_judges_the_papers_batch_alone():
    table = unit_3(latency(lambda k: 0.5, batches=(1,)))
    assert verdict(table, "all from .9 on, batch 100") == "undecided"
    assert (table.iloc[1:]["verdict"] == "not judged").all()


def test_break_even_is_where_the_ratio_first_reaches_1():
    assert crossing(np.array([0.1, 0.2, 0.4]), np.array([0.5, 0.8, 1.2])) == pytest.approx(0.3)
    assert np.isnan(crossing(np.array([0.1, 0.2]), np.array([1.0, 2.0])))
    assert crossing(np.array([0.1, 1.0]), np.array([0.5, 0.9])) == 1.0
    found = break_even(latency_summary(latency(lambda k: 5 * (1 - k) + 0.2)))
    assert list(found["form"]) == ["coo", "coo"]
    # 5 d + .2 = 1 between the densities .1 and .5, at .16.
    assert found["density"].to_numpy() == pytest.approx(0.16, abs=0.002)
