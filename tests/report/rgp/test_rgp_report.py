"""RGP's pages and figures: their numbers by hand, and what they must say."""

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.rgp_chain import rgp_1, rgp_7
from graphprune.claims.rgp_pairs import rgp_2, rgp_5, rgp_8, rgp_9
from graphprune.report.rgp.accuracy import LABELS, accuracy_table
from graphprune.report.rgp.accuracy_figures import arms_figure, regular_figure
from graphprune.report.rgp.accuracy_page import accuracy_page
from graphprune.report.rgp.chain import chain_figure, chain_page, transfer_figure
from graphprune.report.rgp.note import note
from graphprune.report.rgp.printed import others, printed, printed_accuracy
from graphprune.studies.rgp_arms import ARMS

DENSE, RGP, RING = (0.95, 0.93, 0.94), (0.93, 0.92, 0.94), (0.90, 0.91, 0.89)


def record(network, arm, degree, seed, accuracy, **changes):
    pruned = arm != "dense"
    row = {
        "network": network,
        "model": "resnet18",
        "dataset": "cifar10",
        "protocol": "held_out",
        "recipe": "rgp",
        "nodes": 64 if pruned else np.nan,
        "degree": degree if pruned else np.nan,
        "arm": arm,
        "graph": f"{arm} 0",
        "seed": seed,
        "test_accuracy": accuracy,
        "failure": "",
        "parameters": 1000,
        "parameters_kept": 250 if pruned else 1000,
        "macs": 8000,
        "macs_kept": 1600 if pruned else 8000,
        "trainings": 1,
        "seconds": 2.0,
        "epochs": 4,
        "precision": "fp32",
        "device": "cpu",
        "aspl": 2.5 if pruned else np.nan,
        "clustering": 0.1 if pruned else np.nan,
        "spectral_gap": 0.2 if pruned else np.nan,
        "full_width": True,
        "paper_parameters": 200 if pruned else np.nan,
        "paper_parameters_dense": 1000 if pruned else np.nan,
        "paper_flops": 3000.0 if pruned else np.nan,
        "paper_flops_dense": 16000.0 if pruned else np.nan,
    }
    return {**row, **changes}


def runs(network="net", degrees=(6,)):
    rows = [record(network, "dense", 0, seed, value) for seed, value in enumerate(DENSE)]
    for degree in degrees:
        for arm, values in (("rgp", RGP), ("ring", RING), ("random_regular", RGP)):
            rows += [record(network, arm, degree, seed, v) for seed, v in enumerate(values)]
    return pd.DataFrame(rows)


def line(table, arm, degree=6):
    return table[(table["arm"] == arm) & (table["degree"] == degree)].iloc[0]


def test_every_arm_has_a_label():
    assert tuple(LABELS) == ("dense", *ARMS)


def test_the_table_has_means_drops_and_sizes():
    table = accuracy_table(runs())
    ring = line(table, "ring")
    assert ring["accuracy"] == pytest.approx(0.90)
    assert ring["sd"] == pytest.approx(0.01)
    assert ring["drop"] == pytest.approx(np.mean(np.subtract(DENSE, RING)))
    assert ring["rgp_minus"] == pytest.approx(np.mean(np.subtract(RGP, RING)))
    assert (ring["drop_n"], ring["n"], ring["failed"]) == (3, 3, 0)
    assert (ring["compression"], ring["speedup"]) == (4, 5)
    assert line(table, "rgp")["printed"] == pytest.approx(93.05)
    assert line(table, "dense", 0)["printed"] == pytest.approx(94.73)
    assert pd.isna(ring["printed"])


def test_a_failed_run_is_counted_and_left_out():
    table = runs()
    bad = (table["arm"] == "ring") & (table["seed"] == 0)
    table.loc[bad, ["failure", "test_accuracy"]] = ["the loss is nan", np.nan]
    ring = line(accuracy_table(table), "ring")
    assert (ring["n"], ring["failed"], ring["drop_n"]) == (2, 1, 2)
    assert ring["accuracy"] == pytest.approx(0.90)


def page_of(table):
    judges = {"rgp-9": rgp_9, "rgp-2": rgp_2, "rgp-5": rgp_5, "rgp-8": rgp_8}
    verdicts = {name: judge(table) for name, judge in judges.items()}
    told = note(table, "made from lossily compressed files", ["vgg16 64_20"])
    return accuracy_page(accuracy_table(table), verdicts, told, "inner", "sparse").markdown()


def test_the_page_tells_accuracies_sizes_and_what_is_quoted():
    text = page_of(runs())
    assert "93.00 ± 1.00 (3)" in text
    assert "4.00× / 5.00×; 1" in text
    assert "made from lossily compressed files" in text
    assert "Outstanding, not trained yet: vgg16 64_20." in text
    assert "quoted, not measured here" in text
    assert "| cifar10 | resnet18 | 64_6 | 93.05 | 93.00 ± 1.00 (3) |" in text
    assert "| cifar10 | vgg16 | 64_6 | 91.45 | not run |" in text
    for row in others().itertuples():
        assert row.method in text


def test_paper_counts_are_shown_where_they_say_something():
    assert "Sizes as counted in the paper" in page_of(runs())
    plain = runs().assign(paper_flops=16000.0)
    assert "Sizes as counted in the paper" not in page_of(plain)


def test_the_figures_have_a_panel_a_network_and_a_point_an_arm():
    table = accuracy_table(pd.concat([runs("one", (4, 6)), runs("two")]))
    panels = arms_figure(table).axes
    assert [panel.get_title() for panel in panels] == ["one", "two"]
    assert [len(panel.containers) for panel in panels] == [2, 1]
    regular = regular_figure(table).axes
    assert [len(panel.containers) for panel in regular] == [3, 3]


def test_figures_stand_without_a_dense_network_or_with_failed_runs_only():
    table = runs()
    table.loc[table["arm"] == "ring", ["failure", "test_accuracy"]] = ["lost", np.nan]
    arms_figure(accuracy_table(table)).canvas.draw()
    regular_figure(accuracy_table(table)).canvas.draw()


def chain_runs(network="net", degree=6, graphs=6):
    rng = np.random.default_rng(0)
    rows = []
    for g in range(graphs):
        shape = {"aspl": 2 + g, "clustering": 0.1 * g, "spectral_gap": 0.5 - 0.05 * g}
        rows += [
            record(
                network, "chain", degree, s, 0.9 + 0.01 * rng.normal(), graph=f"chain {g}", **shape
            )
            for s in range(3)
        ]
    return pd.DataFrame(rows)


def test_the_chain_page_asks_whether_graphs_differ_and_judges():
    table = pd.concat([chain_runs("one"), chain_runs("two")])
    page = chain_page(table, rgp_1(table, 50), rgp_7(table, 50), note(table, ""))
    text = page.markdown()
    assert "Do graphs differ at all?" in text
    assert "64_6 chain 5" in text
    assert "one with two, 64_6" in text


def test_the_chain_figure_has_three_properties_a_network():
    figure = chain_figure(pd.concat([chain_runs("one"), chain_runs("two")]))
    assert len(figure.axes) == 6
    both = pd.concat([chain_runs("one", 4), chain_runs("two", 4)])
    (panel,) = transfer_figure(both).axes
    graphs = chain_runs("one", 4)["graph"].nunique()
    assert len(panel.lines[0].get_xdata()) == graphs
    (panel,) = transfer_figure(pd.concat([both, chain_runs("three", 6)])).axes
    assert len(panel.lines[0].get_xdata()) == graphs


def test_networks_without_common_graphs_are_told_so():
    (panel,) = transfer_figure(pd.concat([chain_runs("one", 4), chain_runs("two", 6)])).axes
    assert "no two networks share graphs" in [text.get_text() for text in panel.texts]


def test_what_is_printed_is_found_by_network_and_degree():
    assert printed_accuracy("cifar100", "resnet18", 64, 6) == 71.51
    assert printed_accuracy("cifar10", "resnet56", 16, 4) == 91.50
    assert printed_accuracy("cifar10", "resnet18", 0, 0) == 94.73
    assert printed_accuracy("digits", "mlp", 64, 6) is None
    rows = list(printed())
    assert len(rows) == len({row[:4] for row in rows})
