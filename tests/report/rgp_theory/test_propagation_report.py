"""RGP's Figure 3 and its numbers, on made-up graphs, and the paper's example by hand."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from graphprune.claims.rgp_3 import CHAIN, band_cell, rgp_3
from graphprune.graphs.aspl import aspl
from graphprune.graphs.generators import ring_lattice, swapped
from graphprune.report.rgp_theory.example import example_table, mean_distances
from graphprune.report.rgp_theory.propagation import figure3, propagation_page

pytestmark = pytest.mark.filterwarnings("error")

DRAWS = 50
N, K, LAYERS = 64, 4, 15


def rows(aspl_values, gr, neurons, clustering, band=None):
    kind = "chain" if band is None else "band"
    x = np.asarray(aspl_values, dtype=float)
    ones = np.ones(len(x))
    return pd.DataFrame(
        {
            "set": kind,
            "band": np.nan if band is None else band,
            "graph": [f"{kind} {band} {i:03d}" for i in range(len(x))],
            "aspl": x,
            "clustering": clustering * ones,
            "gradient_resistance": gr * ones,
            "neurons": neurons * ones,
            "parameters": 4 * (1 + neurons) * ones,
        }
    )


def chain(n=12):
    x = np.linspace(3, 8, n)
    return rows(x, 2 * x, 900 - 50 * x, x / 16)


def band(low, slope, seed=0, n=8):
    x = np.linspace(low, low + 0.01, n)
    noise = np.random.default_rng(seed).normal(size=n)
    return rows(x, 2 * low + slope * (x - low) + 0.1 * noise, 700 + noise, 0.1 + 0.01 * noise, low)


def spread():
    return pd.concat([band(4.5, 0, 1), chain(), band(3.0, 200, 2)], ignore_index=True)


def page_of(table):
    return propagation_page(table, rgp_3(table, DRAWS), N, K, LAYERS, draws=DRAWS)


def lines(page, first):
    """Cells of the table rows that begin with `first`, in the order of the page."""
    found = [line.strip("| ").split(" | ") for line in page.markdown().splitlines()]
    return [cells for cells in found if cells[0] == first]


def test_the_top_panels_hold_the_chain_and_the_bottom_ones_the_bands():
    table = spread()
    figure = figure3(table, N, K, LAYERS)
    *panels, bar = figure.axes
    assert len(panels) == 4
    assert bar.get_ylabel() == "clustering coefficient"
    for axes, name in zip(panels[:2], ("gradient_resistance", "neurons"), strict=True):
        (points,) = axes.collections
        np.testing.assert_allclose(points.get_offsets(), chain()[["aspl", name]].to_numpy())
        assert axes.get_xlabel() == "ASPL (steps)"
    assert [axes.get_ylabel() for axes in panels[:2]] == [
        "GR (rounds), mean over nodes",
        "AOPU (neurons), mean over nodes",
    ]
    limits = [axes.get_lines()[0].get_ydata()[0] for axes in panels[:2]]
    assert limits == [15, 14 * 64]
    for axes, name in zip(panels[2:], ("gradient_resistance", "neurons"), strict=True):
        low, high = axes.get_lines()[:2]
        for line, value in ((low, 3.0), (high, 4.5)):
            graphs = table[table["band"] == value]
            expected = graphs[name] - graphs[name].mean()
            np.testing.assert_allclose(line.get_ydata(), expected)
        assert low.get_color() != high.get_color()
        assert low.get_marker() != high.get_marker()


def test_the_legend_has_the_correlation_and_the_dashed_line_the_slope_of_the_chain():
    table = spread()
    axes = figure3(table, N, K, LAYERS).axes[2]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    for place, low in enumerate((3.0, 4.5)):
        graphs = table[table["band"] == low]
        r = np.corrcoef(graphs["aspl"], graphs["gradient_resistance"])[0, 1]
        assert labels[place] == f"from {low:g}: r = {r:+.2f} (8)"
    (dashed,) = [line for line in axes.get_lines() if line.get_linestyle() == "--"]
    (left, right), (bottom, top) = dashed.get_data()
    assert (top - bottom) / (right - left) == pytest.approx(2)


def test_infinite_resistance_has_no_point_there_and_is_counted():
    table = spread()
    table.loc[[0, 10], "gradient_resistance"] = np.inf  # of the band 4.5 and of the chain
    figure = figure3(table, N, K, LAYERS)
    assert len(figure.axes[0].collections[0].get_offsets()) == 11
    assert len(figure.axes[1].collections[0].get_offsets()) == 12
    assert "(7)" in figure.axes[2].get_legend().get_texts()[1].get_text()
    first, second, _ = lines(page_of(table), CHAIN)
    assert (first[1][-4:], first[2][-4:], first[3]) == ("(11)", "(12)", "1")
    assert second[2].endswith("(11)")
    assert lines(page_of(table), band_cell(4.5))[0][3] == "1"


@pytest.mark.parametrize(
    "table",
    [
        chain(),
        chain(1),
        spread().query("`set` == 'band'"),
        pd.concat([chain(), band(3.0, 0, n=1)]),
        pd.concat([chain(), rows([3.0, 3.0, 3.0], 5.0, 700.0, 0.1, 3.0)]),
        pd.concat([chain(), rows([3.0, 3.1], np.inf, 700.0, 0.1, 3.0)]),
        chain().head(0),
    ],
)
def test_small_and_constant_tables_are_shown_too(table):
    figure = figure3(table, N, K, LAYERS)
    figure.canvas.draw()
    bands = table["band"].nunique()
    assert len(figure.axes) == (5 if bands else 3)
    assert page_of(table).html()


def test_the_page_gives_r_with_interval_and_n_for_the_chain_and_each_band():
    page = page_of(spread())
    for cell, n in ((CHAIN, 12), (band_cell(3.0), 8), (band_cell(4.5), 8)):
        correlations, described, clustering = lines(page, cell)
        for value in (*correlations[1:3], *clustering[1:4]):
            r, low, high, count = value.replace("[", "").replace("]", "").replace(",", "").split()
            assert float(low) <= float(r) <= float(high)
            assert count == f"({n})"
        assert described[-1] == "+1.000"  # parameters are a line in neurons
        assert all(f"({n})" in value for value in described[2:5])
    assert lines(page, CHAIN)[0][1] == "+1.000 [+1.000, +1.000] (12)"
    assert lines(page, CHAIN)[2][1] == "+1.000 [+1.000, +1.000] (12)"


def test_the_page_names_where_gr_is_least_and_the_verdict():
    table = chain()
    table.loc[4, "gradient_resistance"] = 1.0
    text = page_of(table).markdown()
    where = f"the least GR is 1.00, at ASPL {table['aspl'][4]:.3f}."
    assert f"least ASPL (3.000) has GR 6.00; {where}" in text
    assert "## rgp-3:" in text
    (row,) = [line for line in page_of(spread()).markdown().splitlines() if "| both |" in line]
    assert "supported" in row


def test_the_example_contradicts_itself_over_the_whole_graph():
    first, second = example_table().to_dict("records")
    assert (first["aspl"], first["gr"]) == (1.5, 4)
    assert (second["aspl"], second["gr"]) == (1.6, pytest.approx(3.2))
    assert (first["neurons"], first["parameters"]) == (14, 20)
    assert (second["neurons"], second["parameters"]) == pytest.approx((15.4, 24.4))
    assert [row["node_aspl"] for row in (first, second)] == [1.5, 1.25]
    assert [row["node_gr"] for row in (first, second)] == [4, 3]
    text = page_of(spread()).markdown()
    assert "ASPL rises from 1.5 to 1.6, while mean GR falls from 4 to 3.2" in text
    assert "degrees are 3, 2, 3, 1, 1" in text


def test_mean_distances_are_networkx():
    graph = swapped(ring_lattice(20, 4), 15, seed=1)
    lengths = dict(nx.all_pairs_shortest_path_length(graph.to_networkx()))
    expected = [sum(lengths[node].values()) / 19 for node in range(20)]
    assert mean_distances(graph).tolist() == pytest.approx(expected)
    assert mean_distances(graph).mean() == pytest.approx(aspl(graph))
