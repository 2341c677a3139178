"""RGP's Figure 6: searches against the bound, on made-up searches and small real ones."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

from graphprune.claims.rgp_4 import rgp_4
from graphprune.graphs.aspl import aspl, minimise_aspl
from graphprune.graphs.bounds import aspl_lower_bound, moore_sizes
from graphprune.graphs.generators import random_regular, ring_lattice
from graphprune.report.rgp_theory.bound import (
    LABELS,
    bound_table,
    figure6,
    full_layers,
    methods,
    traces_figure,
)
from graphprune.report.rgp_theory.bound_page import bound_page, printed_bound, printed_theta

pytestmark = pytest.mark.filterwarnings("error")

UNIT = 2 / (64 * 63)
# method -> degree -> pairs of steps above the bound, one a seed
ABOVE = {
    "catalogue": {4: [24], 6: [0], 7: [27], 20: [0], 36: [0]},
    "random_regular": {4: [600, 620, 640], 6: [270] * 3, 7: [400] * 3, 20: [0, 1, 0], 36: [0] * 3},
    "annealing": {4: [50, 51, 52], 6: [0, 2, 4], 7: [100] * 3, 20: [0] * 3, 36: [0] * 3},
    "algorithm_1": {4: [140, 130, 150], 6: [10] * 3, 7: [110] * 3, 20: [0] * 3, 36: [0] * 3},
}


def searches(above=ABOVE, n=64):
    rows = []
    for method, degrees in above.items():
        for k, values in degrees.items():
            for seed, value in enumerate(values):
                catalogue = method == "catalogue"
                rows.append(
                    {
                        "method": method,
                        "n": n,
                        "k": k,
                        "seed": -1 if catalogue else seed,
                        "aspl": float(aspl_lower_bound(n, k)) + value * UNIT,
                        "start_aspl": 8.0,
                        "steps": 10_000 + seed,
                        "accepted": 100,
                        "seconds": float("nan") if catalogue else 0.1 * (1 + seed),
                        "found": "4-fold rotation" if catalogue else "",
                    }
                )
    return pd.DataFrame(rows)


def row_of(table, method, k):
    (row,) = table[(table["method"] == method) & (table["k"] == k)].to_dict("records")
    return row


def page_of(table):
    return bound_page(table, rgp_4(table)).markdown()


def cells_of(text, heading, k):
    """By column: the row of degree `k` in the table below a heading."""
    lines = text.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
    table = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    (row,) = [row for row in table if row[0] == str(k)]
    return dict(zip(table[0], row, strict=True))


def test_a_row_for_each_degree_and_method_in_the_order_of_the_labels():
    table = bound_table(searches())
    assert len(table) == 20
    assert methods(table) == ["algorithm_1", "annealing", "random_regular", "catalogue"]
    row = row_of(table, "algorithm_1", 4)
    assert row["aspl"] == pytest.approx(20 / 7 + 140 * UNIT)
    assert row["aspl_sd"] == pytest.approx(10 * UNIT)
    assert row["gap"] == pytest.approx(140 * UNIT / (20 / 7))
    assert (row["n"], row["failed"], row["met"]) == (3, 0, 0)
    assert row["seconds"] == pytest.approx(0.2)
    assert row["steps"] == 10_001
    row = row_of(table, "random_regular", 20)
    assert (row["met"], row["n"]) == (2, 3)
    row = row_of(table, "random_regular", 36)
    assert (row["met"], row["gap"], row["gap_sd"], row["aspl_sd"]) == (3, 0, 0, 0)


def test_failed_searches_are_counted_and_not_averaged_in():
    table = searches()
    one = (table["method"] == "algorithm_1") & (table["k"] == 4)
    table.loc[one & (table["seed"] == 2), "aspl"] = np.nan
    row = row_of(bound_table(table), "algorithm_1", 4)
    assert (row["n"], row["failed"]) == (2, 1)
    assert row["aspl"] == pytest.approx(20 / 7 + 135 * UNIT)
    table.loc[one, "aspl"] = np.nan
    row = row_of(bound_table(table), "algorithm_1", 4)
    assert (row["n"], row["failed"]) == (0, 3)
    text = page_of(table)
    assert cells_of(text, "ASPL", 4)["Algorithm 1"] == "– ± – (0, 3 failed)"
    assert cells_of(text, "Gap to the bound", 4)["Algorithm 1"] == "– ± – (0, 3 failed)"
    figure6(table).canvas.draw()


def test_theta_counts_the_rings_that_are_full():
    assert [full_layers(64, k) for k in (3, 4, 5, 6, 7, 8, 36)] == [4, 3, 2, 2, 2, 1, 1]
    assert full_layers(10, 3) == 2  # Petersen: filled exactly
    assert full_layers(5, 4) == 1
    assert full_layers(7, 2) == 3
    assert full_layers(8, 2) == 3
    for k in range(3, 37):
        assert full_layers(64, k) == math.floor(printed_theta(64, k) + 1e-9)
        nodes = 1 + sum(k * (k - 1) ** i for i in range(full_layers(64, k)))
        assert nodes == moore_sizes(64, k)[full_layers(64, k)]


def test_the_printed_formula_is_not_the_bound():
    assert printed_bound(64, 4) == pytest.approx(4 + 24 + 108 + 4 * 11 / 63)
    assert printed_theta(64, 4) == pytest.approx(math.log(63 * 2 / 4 + 1) / math.log(3))
    text = page_of(searches())
    assert "136.7" in text
    assert "θ = 3.17" in text
    assert "4 at k = 3, 3 at k = 4, 2 at k = 5–7, 1 at k = 8–36, so this holds" in text


def test_the_figure_has_the_bound_and_each_method_with_its_spread():
    figure = figure6(searches())
    top, bottom = figure.axes
    table = bound_table(searches())
    labels = [text.get_text() for text in top.get_legend().get_texts()]
    assert labels == ["lower bound", *(LABELS[name] for name in methods(table))]
    bound = top.get_lines()[0]
    assert list(bound.get_xdata()) == [4, 6, 7, 20, 36]
    assert list(bound.get_ydata()) == pytest.approx(
        [float(aspl_lower_bound(64, k)) for k in (4, 6, 7, 20, 36)]
    )
    for axes, name, factor in ((top, "aspl", 1), (bottom, "gap", 100)):
        bars = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
        assert len(bars) == 4
        for bar, method in zip(bars, methods(table), strict=True):
            rows = table[table["method"] == method]
            assert list(bar.lines[0].get_ydata()) == pytest.approx(list(factor * rows[name]))
            places = np.asarray(bar.lines[0].get_xdata(), dtype=float)
            np.testing.assert_allclose(places, rows["k"], atol=0.25)
        assert len({bar.lines[0].get_color() for bar in bars}) == 4
    assert list(bars[-1].lines[0].get_xdata()) == [4, 6, 7, 20, 36]
    assert bottom.get_yscale() == "symlog"
    assert "%" in bottom.get_ylabel()
    assert bottom.get_xlabel() == "degree k"
    assert [text.get_text() for text in top.texts] == ["θ:", "3", "2", "1"]


@pytest.mark.parametrize("missing", list(ABOVE))
def test_a_missing_method_is_left_out(missing):
    table = searches({name: rows for name, rows in ABOVE.items() if name != missing})
    assert LABELS[missing] not in [t.get_text() for t in figure6(table).axes[0].get_legend().texts]
    text = page_of(table)
    assert f"| {LABELS[missing]} |" not in text
    if missing == "random_regular":
        assert "No random regular graphs were drawn" in text
    if missing == "algorithm_1":
        assert "algorithm_1 (decides)" in text
        assert "undecided" in text


@pytest.mark.parametrize(
    "table",
    [
        searches().query("seed <= 0"),
        searches({"algorithm_1": {8: [100]}}),
        searches({"mine": {8: [100, 101]}}),
        searches().head(0),
    ],
)
def test_small_tables_are_shown_too(table):
    figure6(table).canvas.draw()
    assert page_of(table)


def test_the_page_says_what_is_met_and_by_how_many():
    text = page_of(searches())
    cells = cells_of(text, "Gap to the bound", 6)
    assert cells["annealing"] == "0.04 ± .04 (3), 1 met"
    assert (cells["best known here"], cells["optimum"]) == ("met", "proved")
    assert cells_of(text, "Gap to the bound", 20)["Algorithm 1"] == "met (3)"
    assert cells_of(text, "Gap to the bound", 4)["optimum"] == "open"
    cells = cells_of(text, "ASPL", 4)
    assert cells["Algorithm 1"] == f"{20 / 7 + 140 * UNIT:.4f} ± .0050 (3)"
    assert (cells["θ"], cells["found by"]) == ("3", "4-fold rotation")
    assert cells_of(text, "Time", 4)["Algorithm 1"] == "0.200 ± .100 (3); 10,001 steps"
    assert "best known here" not in cells_of(text, "Time", 4)


def test_the_page_says_where_nothing_is_left_to_optimise_and_where_it_is_open():
    text = page_of(searches())
    assert "At k = 36 every random regular graph is already at the bound" in text
    assert "At k = 20 some of them are." in text
    assert "No graph here meets the bound at k = 4, 7; the widest gap" in text
    assert f"is {100 * 27 * UNIT / (19 / 9):.2f} %, at k = 7" in text
    everywhere = searches({"random_regular": {k: [0, 0] for k in range(20, 24)}})
    text = page_of(everywhere)
    assert "At k = 20–23 every random regular graph" in text
    assert "At every degree some graph meets the bound." in text
    nowhere = page_of(searches({"random_regular": {4: [600]}}))
    assert "At no degree is every random regular graph at the bound already" in nowhere


def test_the_verdict_is_on_the_page_in_per_cent():
    text = page_of(searches())
    (row,) = [line for line in text.splitlines() if "close: algorithm_1" in line]
    assert "| 100.0 [100.0, 100.0] | 3 (seed) | undecided |" in row
    assert "## rgp-4:" in text


def traces():
    rows = []
    for k in (4, 12):
        start = ring_lattice(24, k)
        for method, name in (("hill_climb", "algorithm_1"), ("anneal", "annealing")):
            for seed in range(2):
                found = minimise_aspl(start, 300, seed, method, trace=True)
                values = [aspl(start), *found.trace["aspl"]]
                rows += [
                    {"method": name, "n": 24, "k": k, "seed": seed, "step": step, "aspl": value}
                    for step, value in enumerate(values)
                    if step in (0, len(values) - 1) or value != values[step - 1]
                ]
    return pd.DataFrame(rows)


def test_a_panel_a_degree_and_a_line_a_search():
    table = traces()
    figure = traces_figure(table)
    panels = [axes for axes in figure.axes if axes.axison]
    for axes, k in zip(panels, (4, 12), strict=True):
        bound = float(aspl_lower_bound(24, k))
        assert axes.get_title() == f"k = {k}, bound {bound:.3f}"
        assert (axes.get_xscale(), axes.get_yscale()) == ("symlog", "symlog")
        assert len(axes.get_lines()) == 4
        first = table[(table["k"] == k) & (table["method"] == "algorithm_1")].query("seed == 0")
        line = axes.get_lines()[0]
        assert list(line.get_xdata()) == list(first["step"])
        np.testing.assert_allclose(line.get_ydata(), first["aspl"] - bound, atol=1e-12)
        assert len({line.get_color() for line in axes.get_lines()}) == 2
    assert min(panels[1].get_lines()[0].get_ydata()) == 0  # met, not a rounding error
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Algorithm 1", "annealing"]


def test_a_search_without_a_step_and_no_searches():
    met = aspl(random_regular(16, 12, 0))
    one = {"method": "algorithm_1", "n": 16, "k": 12, "seed": 0, "step": 0, "aspl": met}
    figure = traces_figure(pd.DataFrame([one]))
    figure.canvas.draw()
    assert list(figure.axes[0].get_lines()[0].get_ydata()) == [0]
    traces_figure(pd.DataFrame([one]).head(0)).canvas.draw()
