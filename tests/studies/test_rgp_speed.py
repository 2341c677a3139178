"""The forms of a network that are timed: all compute the same, and what is counted is true."""

import pandas as pd
import pytest
import torch

from graphprune.claims.rgp_6 import NETWORK, rgp_6
from graphprune.graphs.catalogue import best_regular_graph
from graphprune.report.rgp_speed.speed import speed_figure, speed_table
from graphprune.report.rgp_speed.speed_page import speed_page
from graphprune.studies.rgp_speed import DENSE, OURS, STOCK, STOCK_FORMS, built, images, speeds

MODEL = {"name": "cifar_resnet", "depth": 8}
NODES, DEGREE = 16, 3


@pytest.fixture(scope="module")
def case():
    return built(MODEL, NODES, DEGREE, seed=0)


def test_all_forms_compute_the_same(case):
    x = images(4, seed=1)
    with torch.no_grad():
        outputs = {form: network(x) for form, network in case.forms.items()}
    assert set(outputs) == {*DENSE, STOCK, OURS}
    for form, logits in outputs.items():
        torch.testing.assert_close(logits, outputs["contiguous"], rtol=1e-4, atol=1e-5, msg=form)


def test_masks_are_the_graph_blown_up(case):
    wanted = best_regular_graph(NODES, DEGREE).adjacency.sum() / NODES**2
    for name, mask in case.masks.items():
        assert mask.float().mean().item() == pytest.approx(wanted), name


@pytest.fixture(scope="module")
def measured():
    options = {
        "networks": [{"name": "small", "model": MODEL}],
        "nodes": NODES,
        "degrees": [DEGREE],
        "batches": [2],
        "turns": 5,
        "seed": 0,
    }
    return speeds(options)


def test_every_form_and_layer_is_timed_in_every_turn(measured, case):
    times, layers = measured
    assert len(times) == 5 * 4 * (1 + len(case.masks))
    assert (times["ms"] >= 0).all()
    assert len(layers) == 1 + len(case.masks)
    inner = layers[layers["layer"] != NETWORK]
    counted = inner["macs_dense"] / inner["macs_kept"]
    assert counted.to_numpy() == pytest.approx(inner["theoretical"].to_numpy())
    # The kept share of every layer is the graph's density: 3 of 16 nodes.
    assert inner["theoretical"].to_numpy() == pytest.approx(NODES / DEGREE)
    whole = layers[layers["layer"] == NETWORK]
    assert whole["theoretical"].item() < NODES / DEGREE  # the dense first and last layer count
    chosen = set(", ".join(layers["chosen_stock"]).split(", ")) - {"", "channels last"}
    assert chosen <= STOCK_FORMS


def test_the_thread_count_is_put_back():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    speeds({"networks": [], "nodes": 4, "degrees": [], "batches": [], "turns": 1, "seed": 0})
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_the_page_says_what_was_measured(measured):
    times, layers = measured
    table = speed_table(times, layers)
    assert len(table) == 2 * len(layers)
    networks = table[table["layer"] == NETWORK]
    text = speed_page(table, rgp_6(times)).markdown()
    for _, row in networks.iterrows():
        assert f"{row['measured']:.2f}×" in text
        assert f"{row['theoretical']:.2f}×" in text
    assert "rgp-6" in text
    assert "nan" not in text
    figure = speed_figure(table)
    assert figure.subfigs[0].get_supxlabel().startswith("theoretical speed-up")


def test_whole_networks_have_a_panel_for_each_batch_size(measured):
    table = speed_table(*measured)
    both = pd.concat([table, table.assign(batch=32)])
    titles = [axes.get_title() for axes in speed_figure(both).get_axes()]
    assert [t for t in titles if t.startswith("whole")] == [
        f"whole networks, batch {batch}" for batch in (2, 32)
    ]
