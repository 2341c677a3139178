"""The pages and figures of neural curvature, from records made up for them."""

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.curvature import curve_table, nc_1, nc_2, nc_3
from graphprune.report.curvature.figures import (
    accuracy_figure,
    examples_figure,
    layers_figure,
    spearman_figure,
)
from graphprune.report.curvature.labels import LABELS, STYLES
from graphprune.report.curvature.layers_page import layers_page
from graphprune.report.curvature.page import curvature_page, networks_table
from graphprune.report.curvature.tables import accuracy_table, agreement_table, curve_summary
from graphprune.studies.curvature_arms import ARMS, LAYER_ARMS, RETRAINED_ARMS

CUTS = np.linspace(0, 1, 20)
SEEDS = range(5)
NETWORKS = {"relu": "plain", "robust": "adversarial"}
LAYERS = ("conv1.weight", "fc1.weight")


def curve(network, block, scope, arm, count, cuts=CUTS):
    slope = 1 + 0.1 * list(LABELS).index(arm)
    return [
        {
            "network": network,
            "training": NETWORKS[network],
            "block": block,
            "scope": scope,
            "arm": arm,
            "per_class": count,
            "level": cut,
            "seed": seed,
            "sparsity": cut,
            "test_accuracy": 0.95 - 0.85 * cut**3 * min(1, slope) - 0.001 * seed,
            "test_loss": 0.1 + cut,
            "failure": "",
        }
        for cut in cuts
        for seed in SEEDS
    ]


@pytest.fixture(scope="module")
def records():
    rows = []
    for network in NETWORKS:
        rows += curve(network, "pruned", "all", "positive", 1)
        for arm in ARMS:
            rows += curve(network, "pruned", "all", arm, 2)
        for layer in LAYERS:
            for arm in LAYER_ARMS:
                rows += curve(network, "layers", layer, arm, 2)
    for arm in RETRAINED_ARMS:
        rows += curve("relu", "retrained", "all", arm, 2, [0, 0.5, 0.9])
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def agreement():
    rows = [
        {
            "network": network,
            "seed": seed,
            "layer": layer,
            "name": name,
            "per_class": count,
            "weights": 100,
            "spearman": 0.9 + 0.01 * layer + 0.001 * seed,
            "spearman_live": 0.99,
            "dead": 0.25,
            "gap": 0.5 if layer == 1 else 0.0,
            "exact": 0.75 if layer == 1 else 1.0,
            "accuracy": 0.9,
            "robust": 0.5,
            "failure": "",
        }
        for network in NETWORKS
        for seed in SEEDS
        for layer, name in enumerate(LAYERS, 1)
        for count in (1, 2)
    ]
    failed = {"network": "robust", "seed": 9, "per_class": 0, "failure": "too few examples"}
    return pd.DataFrame([*rows, failed])


@pytest.fixture(scope="module")
def page(records, agreement):
    curves = curve_table(records)
    verdicts = {"nc-1": nc_1(curves), "nc-2": nc_2(curves)}
    networks = networks_table(agreement, records)
    table, summary = accuracy_table(records), curve_summary(curves)
    return curvature_page(table, summary, networks, verdicts, "Told.").markdown()


def test_every_arm_has_a_label_and_a_style_of_its_own():
    assert set(LABELS) == set(STYLES) == set(ARMS)
    assert len(set(STYLES.values())) == len(STYLES)


def test_cells_are_means_over_the_seeds_that_did_not_fail(records):
    broken = records.copy()
    cell = (broken["block"] == "pruned") & (broken["arm"] == "random") & (broken["level"] == 0)
    broken.loc[cell & (broken["seed"] == 0), "failure"] = "diverged"
    row = accuracy_table(broken).query(
        "network == 'relu' and block == 'pruned' and arm == 'random' and level == 0"
    )
    assert row[["n", "failed"]].to_numpy().tolist() == [[4, 1]]
    assert row["accuracy"].item() == pytest.approx(0.95 - 0.0025)
    assert row["accuracy_sd"].item() == pytest.approx(np.std([1, 2, 3, 4], ddof=1) / 1000)


def test_differences_are_computed_from_positive_first_by_seed(records):
    summary = curve_summary(curve_table(records))
    mine = summary.query("network == 'relu' and block == 'pruned' and most")
    assert list(mine["arm"]) == list(LABELS)
    own = mine[mine["arm"] == "positive"].iloc[0]
    assert own["area_difference"] == own["removable_difference"] == 0
    assert own["area_n"] == 5


def test_the_page_shows_every_arm_network_and_verdict(page):
    for word in (*LABELS.values(), "relu", "robust", "against PGD", "nc-1", "nc-2", "Told."):
        assert word in page
    assert "9: too few examples" in page
    assert "90.00 ± .00 (5)" in page
    assert "95.00" in page or "94.80 ± .16 (5)" in page
    assert "after retraining: relu" in page
    assert "after retraining: robust" not in page


def test_the_page_of_layers_tells_what_is_not_exact(records, agreement):
    summary = curve_summary(curve_table(records))
    page = layers_page(agreement_table(agreement), summary, nc_3(agreement), "Told.").markdown()
    assert "0.912 ± .002 (5)" in page
    assert "25.0%, at most 0.5" in page
    assert "nc-3" in page
    assert "One layer pruned at a time" in page


def test_figures_have_a_panel_a_network_or_layer_and_all_arms(records, agreement):
    table = accuracy_table(records)
    accuracy, layers = accuracy_figure(table), layers_figure(table)
    assert len([axes for axes in accuracy.axes if axes.lines]) == 2
    assert [text.get_text() for text in accuracy.legends[0].texts] == list(LABELS.values())
    assert len(layers.axes) == 4
    assert len(accuracy_figure(table, "retrained").axes) == 1
    counts = examples_figure(table)
    assert [text.get_text() for text in counts.legends[0].texts] == ["1 a class", "2 a class"]
    spearman = spearman_figure(agreement_table(agreement), 0.95)
    assert spearman.axes[0].get_ylabel().startswith("Spearman")
    assert spearman.axes[0].get_xlabel() == "layer"


def test_what_was_not_run_makes_an_empty_figure_and_no_section(records):
    table = accuracy_table(records[records["block"] == "pruned"])
    for figure in (layers_figure(table), accuracy_figure(table, "retrained")):
        assert not any(axes.lines for axes in figure.axes)
