"""Pages and figures of weight and unit pruning, on numbers that can be checked by hand."""

import numpy as np
import pandas as pd
import pytest
from report_cases import runs

from graphprune.claims.sigmoid import aic_table
from graphprune.claims.weight_unit import unit_1, unit_2, unit_4
from graphprune.claims.weight_unit_time import break_even, latency_summary, unit_3
from graphprune.report.weight_unit.figures import (
    accuracy_figure,
    latency_figure,
    training_figure,
)
from graphprune.report.weight_unit.labels import LABELS
from graphprune.report.weight_unit.latency_page import latency_page
from graphprune.report.weight_unit.page import weight_unit_page
from graphprune.report.weight_unit.tables import accuracy_table, auc_summary, losses_table
from graphprune.report.weight_unit.weights_figures import auc_figure, histogram_figure, shown_k
from graphprune.report.weight_unit.weights_page import weights_page
from graphprune.runs.record import to_frame

KS = (0, 0.25, 0.5, 0.75, 0.9, 1)
SEEDS = (100, 101, 102)
FALL = {"weight": 4, "unit": 1.5, "random_weight": 1, "random_unit": 0.5}


@pytest.fixture
def records():
    """Accuracy .9 − .8·k^fall, seeds .01 apart."""
    found = []
    for block in ("pruned", "retrained"):
        for arm, fall in FALL.items():
            for k in KS if block == "pruned" else (0, 0.5):
                values = tuple(0.9 - 0.8 * k**fall + 0.01 * seed for seed in (0, 1, 2))
                found += runs(arm, values, block=block, level=k, sparsity=k)
    return to_frame(found)


@pytest.fixture
def curves():
    rows = [
        (seed, epoch, 1 / epoch, 1 - 0.5 / epoch, 0.2 + abs(epoch - 2) / 10, 0.9, epoch == 2, "")
        for seed in SEEDS
        for epoch in (1, 2, 3)
    ]
    columns = ["seed", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    return pd.DataFrame(rows, columns=[*columns, "kept", "failure"])


@pytest.fixture
def auc():
    rows = [
        (seed, layer, f"layers.{layer}", k, arm, 0.55 + 0.01 * layer, 0.5, 0.6, null, 0.01, 8, "")
        for seed in SEEDS
        for layer in (1, 2)
        for k in (0.25, 0.5)
        for arm, null in (("unit", 0.52), ("random_unit", np.nan))
    ]
    columns = ["seed", "layer", "name", "k", "arm", "auc", "low", "high"]
    columns += ["null", "null_sd", "units", "failure"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def latency():
    rows = []
    for arm, forms in (("weight", ("coo",)), ("unit", ("coo", "shrunk"))):
        for k in (0, 0.5, 0.9, 1):
            for batch in (1, 100):
                for repeat in range(3):
                    for form in ("dense_linear", "dense_mm", *forms):
                        slow = 1.0 if form.startswith("dense") else 1.5 - k
                        rows.append((arm, k, 1 - k, batch, form, repeat, 1e-3 * slow))
    columns = ["arm", "k", "density", "batch", "form", "repeat", "seconds"]
    return pd.DataFrame(rows, columns=columns)


def page_of(curves, records):
    aics = aic_table(records)
    verdicts = {"unit-1": unit_1(records), "unit-4": unit_4(aics)}
    return weight_unit_page(curves, records, accuracy_table(records), aics, verdicts).markdown()


def test_the_table_has_means_over_seeds(records):
    table = accuracy_table(records).set_index(["block", "arm", "k"])
    row = table.loc[("pruned", "random_weight", 0.5)]
    assert row["accuracy"] == pytest.approx(0.51)
    assert row["accuracy_sd"] == pytest.approx(0.01)
    assert (row["n"], row["failed"]) == (3, 0)


def test_a_failed_run_is_counted_and_not_averaged(records):
    where = (records["arm"] == "unit") & (records["level"] == 0.5) & (records["seed"] == 101)
    records.loc[where, "failure"] = "the loss is nan in epoch 2"
    records.loc[where, "test_accuracy"] = np.nan
    row = accuracy_table(records).set_index(["block", "arm", "k"]).loc[("pruned", "unit", 0.5)]
    assert (row["n"], row["failed"]) == (2, 1)
    assert row["accuracy"] == pytest.approx(0.9 - 0.8 * 0.5**1.5 + 0.01)


def test_losses_name_what_is_never_lost(records):
    table = losses_table(records).set_index(["block", "arm", "loss"])
    lost = table.loc[("pruned", "random_weight", "50 points")]
    assert (lost["k"], lost["n"], lost["never"]) == (pytest.approx(0.625), 3, 0)
    assert table.loc[("retrained", "weight", "50 points"), "never"] == 3


def test_the_page_says_what_was_run_and_found(records, curves):
    text = page_of(curves, records)
    for words in (
        "seeds 100, 101, 102",
        "the test set was read once",
        "| 100 | 2 | 0.5000 | 0.2000 | 75.00 | 90.00 |",
        "| 0.5 | 86.00 ± 1.00 (3)",
        "unit-1: Unit pruning degrades earlier",
        "unit-4: Accuracy against k looks sigmoid.",
        "int(k·N)",
        "never)",
    ):
        assert words in text
    assert "nan" not in text


def test_the_page_names_a_failed_training(records, curves):
    curves.loc[curves["seed"] == 101, ["kept", "failure"]] = [False, "the loss is nan in epoch 3"]
    assert "the loss is nan in epoch 3" in page_of(curves, records)


def test_a_study_of_which_every_training_failed_is_still_told(records, curves, auc):
    why = "the loss is nan in epoch 1"
    outcomes = ["test_accuracy", "test_loss"]
    records[outcomes] = np.nan
    records, curves, auc = (table.assign(failure=why) for table in (records, curves, auc))
    text = page_of(curves.assign(kept=False), records)
    assert why in text
    assert "– ± – (0, 3 failed)" in text
    assert "nan ±" not in text
    assert "undecided" in text
    assert "(no rows)" in weights_page(auc_summary(auc), unit_2(auc)).markdown()
    assert len(training_figure(curves).axes) == 2
    assert len(accuracy_figure(accuracy_table(records)).axes) == 4
    assert len(auc_figure(auc_summary(auc), 0.05).axes) == 1


def test_the_protocol_of_the_paper_is_told(records, curves):
    assert "is the test set" in page_of(curves, records.assign(protocol="paper"))


def test_the_page_of_weights_shows_auc_null_and_difference(auc):
    text = weights_page(auc_summary(auc), unit_2(auc)).markdown()
    assert "| 1 | 8 | 0.560 | ± 0.050 | 0.520 | +0.040 | +0.040 | 0.560 | 3 |" in text
    assert "+0.050 ± 0.000 (3)" in text
    assert "unit-2" in text


def test_the_page_of_times_shows_break_even(latency):
    summary = latency_summary(latency)
    even = break_even(summary)
    text = latency_page(summary, even, unit_3(latency), 1).markdown()
    # 1.5 − k over dense reaches 1 at k = .5, density .5.
    assert "below 0.5; least 0.5×" in text
    assert "unit-3" in text
    assert LABELS["unit"] in text
    assert len(latency_figure(summary, even).axes) == 4


def test_figures_have_a_panel_for_each_thing_shown(records, curves, auc):
    assert len(training_figure(curves).axes) == 2
    assert len(accuracy_figure(accuracy_table(records)).axes) == 4
    only = records[records["block"] == "pruned"]
    assert len(accuracy_figure(accuracy_table(only)).axes) == 2
    assert len(auc_figure(auc_summary(auc), 0.05).axes) == 2


def test_histograms_show_the_k_next_to_one_half():
    rows = [
        (1, layer, k, arm, low, low + 1, 3 - low, low)
        for layer in (1, 2)
        for k in (0.25, 0.6, 0.9)
        for arm in ("weight", "unit")
        for low in (0, 1)
    ]
    columns = ["seed", "layer", "k", "arm", "low", "high", "removed", "kept"]
    table = pd.DataFrame(rows, columns=columns)
    assert shown_k(table["k"]) == 0.6
    figure = histogram_figure(table)
    assert [axes.get_title() for axes in figure.axes][-1] == "layer 2: units, by l2 norm, k = 0.6"
    assert len(histogram_figure(table.iloc[:0]).axes) == 1
