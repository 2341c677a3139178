"""Edge pruning's page and figures from trainings made by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from edges_cases import SEEDS, dense, failed, grid, training

from graphprune.claims.edges import edge_1, edge_2
from graphprune.report.edges.figures import graph_figure, heat_figure, pareto_figure, trail_figure
from graphprune.report.edges.page import add_search, edges_page
from graphprune.report.edges.tables import (
    found_table,
    pareto,
    search_difference,
    summary,
    with_dense,
)

ARMS = ("edges_per_layer", "edges_random", "random_at_init", "weights", "rgp", "random_regular")


def compared():
    rows = [training(block="compared", seed=s, accuracy=0.93, norm="mean") for s in SEEDS]
    rows += [training(block="compared", seed=s, accuracy=0.92, norm="max") for s in SEEDS]
    rows += [training("at_init", "compared", seed=s, accuracy=0.95) for s in SEEDS]
    for arm in ARMS:
        norm = "mean" if arm == "edges_per_layer" else "-"
        rows += [training(arm, "compared", seed=s, accuracy=0.9, norm=norm) for s in SEEDS]
    rows[-1] = failed(rows[-1])
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def runs():
    return with_dense({"mlp": dense()}, pd.concat([grid(), compared()], ignore_index=True))


@pytest.fixture(scope="module")
def table(runs):
    return summary(runs)


def row(table, arm, block, **where):
    rows = table[(table["arm"] == arm) & (table["block"] == block)]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    (found,) = rows.to_dict("records")
    return found


def trail():
    rows = []
    for p in (0.1, 0.4):
        for seed in SEEDS[:2]:
            for step, aspl in ((0, 1.0), (10, 1.5), (20, math.inf if p == 0.4 else 2.0)):
                rows.append(
                    {
                        "network": "mlp",
                        "block": "grid",
                        "event": "masks",
                        "p": p,
                        "k": 10,
                        "seed": seed,
                        "iteration": step,
                        "aspl": aspl,
                        "clustering": 1 / (1 + step),
                        "density": 1 / (1 + step),
                        "whole": np.isfinite(aspl),
                    }
                )
    return pd.DataFrame(rows)


def test_a_row_has_means_over_seeds_and_the_drop_paired_by_seed(table):
    found = row(table, "edges", "compared", norm="mean")
    assert found["accuracy"] == pytest.approx(0.93)
    assert found["drop"] == pytest.approx((0.04 + 0.03 + 0.05 + 0.04 + 0.04) / 5)
    assert found["drop_n"] == found["n"] == 5
    assert found["parameters_removed"] == pytest.approx(1 - 567 / 2410)
    assert found["flops_removed"] == pytest.approx(1 - 592 / 2368)


def test_a_failed_training_is_counted_and_never_averaged(table):
    found = row(table, "random_regular", "compared")
    assert (found["n"], found["failed"]) == (4, 1)
    assert found["accuracy"] == pytest.approx(0.9)
    assert found["drop_n"] == 4


def test_when_graphs_fell_apart_is_told():
    rows = [training(seed=s) for s in SEEDS[:3]]
    rows += [training(seed=503, disconnected_at=30, aspl=math.inf)]
    rows += [training(seed=504, disconnected_at=20, aspl=math.inf, emptied_at=50)]
    found = row(summary(with_dense({"mlp": dense()}, pd.DataFrame(rows))), "edges", "grid")
    assert (found["fell_apart"], found["first_step"], found["last_step"]) == (2, 20, 30)
    assert (found["connected"], found["aspl"], found["emptied"]) == (3, 1.5, 1)


def test_the_pareto_front_holds_what_nothing_beats():
    rows = pd.DataFrame(
        {
            "sparsity": [0.1, 0.5, 0.5, 0.9, 0.8],
            "accuracy": [0.97, 0.95, 0.96, 0.9, 0.9],
            "n": [3, 3, 3, 3, 3],
        }
    )
    assert pareto(rows)["sparsity"].tolist() == [0.1, 0.5, 0.9]
    assert pareto(rows)["accuracy"].tolist() == [0.97, 0.96, 0.9]
    assert pareto(rows.iloc[:0]).empty
    assert len(pareto(pd.concat([rows.iloc[:1]] * 2))) == 2  # equals do not beat each other


def test_the_page_says_all_of_it(table, runs):
    verdicts = {"edge-1": edge_1(runs), "edge-2": edge_2(runs, draws=50)}
    page = edges_page(table, runs, verdicts, "what was run", "mean")
    text = page.markdown()
    for words in (
        "what was run",
        "The dense network: 97.00 ± .71 (5).",
        "mlp: compared at P = 0.1, K = 10",
        "| max | 92.00 ± .00 (5) | +1.00 [+1.00, +1.00] (5) |",
        "| edges, once before training | 95.00 ± .00 (5) | -2.00 [-2.00, -2.00] (5) |",
        "| random regular graph from the start | 90.00 ± .00 (4, 1 failed) |",
        "edge-1: Low P costs little",
        "edge-2: Accuracy relates",
    ):
        assert words in text
    assert "nan" not in text.lower().replace("loss is nan", "")
    assert "<h1>" in page.html()


def found_runs():
    rows = []
    for arm, search_seed, accuracy in (
        ("bayesian", 0, 0.95),
        ("bayesian", 1, 0.93),
        ("random", 0, 0.92),
        ("random", 1, 0.92),
        ("grid", -1, 0.94),
    ):
        rows += [
            training(
                arm, "search", seed=s, search_seed=search_seed, accuracy=accuracy, sparsity=0.5
            )
            for s in (600, 601, 602)
        ]
    return pd.DataFrame(rows)


def test_searches_are_compared_on_fresh_seeds(table, runs):
    found = found_table(found_runs(), alpha=0.1)
    assert found["objective"].tolist() == pytest.approx([1.0, 0.98, 0.97, 0.97, 0.99])
    effect = search_difference(found)
    assert (effect.estimate, effect.n) == (pytest.approx(0.02), 2)
    logs = pd.DataFrame(
        [
            {"network": "mlp", "strategy": s, "search_seed": seed, "score": value}
            for s in ("bayesian", "random")
            for seed in (0, 1)
            for value in (1.01, 0.9, math.nan)
        ]
    )
    page = edges_page(table, runs, {}, "", "mean")
    add_search(page, found_runs(), logs, 0.1)
    text = page.markdown()
    assert "(3 trainings each, 4 of all failed)" in text
    assert (
        "| Bayesian | 0 | 0.1 | 10 | 101.00 | 100.00 ± .00 (3) | 95.00 ± .00 (3) | 50.0 |" in text
    )
    assert "in points: +2.00" in text


def test_figures_hold_what_they_show(table, runs):
    heat = heat_figure(table)
    shown = [text.get_text() for text in heat.axes[0].texts]
    assert len(shown) == 3 * 2
    assert shown[0] == f"{100 * row(table, 'edges', 'grid', p=0.1, k=20)['accuracy']:.1f}"
    assert len(pareto_figure(table).axes) == 1
    lines = trail_figure(trail()).axes[0].lines
    assert list(lines[0].get_ydata()) == [1.0, 1.5, 2.0]
    assert list(lines[1].get_xdata()) == [0, 10]  # in pieces from step 20 on
    assert list(lines[2].get_xdata()) == [10]  # the cross
    dots = graph_figure(runs).axes[0].collections[0].get_offsets()
    assert len(dots) == 3 * 2 * 5


def test_without_a_grid_figures_say_so(runs):
    alone = summary(runs[runs["block"] != "grid"])
    for figure in (
        heat_figure(alone),
        graph_figure(runs[runs["block"] != "grid"]),
        trail_figure(trail().assign(block="compared")),
    ):
        assert len(pareto_figure(alone).axes) == 1
        assert "no network runs part grid" in figure.axes[0].texts[0].get_text()
