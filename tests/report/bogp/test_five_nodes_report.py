"""Figures 5–7 and their numbers, on made-up runs of the 5-node graphs."""

import re

import networkx as nx
import pandas as pd
import pytest
from report_cases import failed, runs
from scipy import stats

from graphprune.claims.bogp_4 import PROPERTIES, bogp_4
from graphprune.errors import UserError
from graphprune.graphs.atlas import connected_graphs, graph_name
from graphprune.report.bogp.five_nodes import (
    correlations_table,
    five_nodes,
    five_nodes_note,
    five_nodes_page,
    five_nodes_table,
)
from graphprune.runs.record import to_frame

DRAWS = 100
GRAPHS = connected_graphs(5)
RECIPE = {"learning_rate": 0.01, "val_accuracy": {"0.01": 0.9, "0.03": 0.8}}
CELL = re.compile(r"(\d+\.\d\d|–) ± (\d+\.\d\d|–) \(\d+(, \d+ failed)?\)")
MEAN = {number: 0.99 - 0.001 * number for number in range(21)}


def all_runs(means=MEAN):
    """Three runs a graph: its mean, and .01 below and above it."""
    return [
        run
        for number, mean in means.items()
        for run in runs(
            graph_name(number),
            (mean - 0.01, mean, mean + 0.01),
            graph=graph_name(number),
            block="five nodes",
            sparsity=1 - GRAPHS[number].to_mask().mean(),
        )
    ]


def table_of(means=MEAN):
    return five_nodes_table(to_frame(all_runs(means)), GRAPHS)


def aspl_of(number):
    return nx.average_shortest_path_length(GRAPHS[number].to_networkx())


def page_of(table, note=""):
    correlations = correlations_table(table, draws=DRAWS)
    return five_nodes_page(table, correlations, bogp_4(table, DRAWS), note)


def test_a_row_holds_the_graph_its_properties_and_its_accuracy():
    table = table_of()
    assert len(table) == 21
    for _, row in table.iterrows():
        number = int(row["graph"].split()[1])
        graph = GRAPHS[number].to_networkx()
        assert row["edges"] == graph.number_of_edges()
        assert row["density"] == pytest.approx((2 * row["edges"] + 5) / 25)
        assert row["density_in_scope"] == pytest.approx(row["density"])
        assert row["average_clustering"] == pytest.approx(nx.average_clustering(graph), abs=1e-7)
        assert row["aspl"] == pytest.approx(nx.average_shortest_path_length(graph), abs=1e-7)
        centrality = nx.eigenvector_centrality(graph, max_iter=100000, tol=1e-14)
        assert row["average_eigenvector_centrality"] == pytest.approx(
            sum(centrality.values()) / 5, abs=1e-7
        )
        assert row["accuracy"] == pytest.approx(MEAN[number])
        assert row["sd"] == pytest.approx(0.01)
        assert (row["n"], row["failed"]) == (3, 0)


def test_graphs_are_sorted_by_density_then_by_aspl():
    table = table_of()
    order = list(zip(table["density"].round(9), table["aspl"], strict=True))
    assert order == sorted(order)


def test_equal_properties_are_exactly_equal():
    """Ring and complete graph: rounding must not rank one above the other."""
    values = table_of()["average_eigenvector_centrality"]
    assert (values == values.max()).sum() == 2


def test_a_failed_run_is_counted_and_not_averaged_in():
    records = all_runs()
    records[0] = failed(records[0])  # of .98, .99, 1.00
    records[3:6] = [failed(record) for record in records[3:6]]
    table = five_nodes_table(to_frame(records), GRAPHS).set_index("graph")
    first, second = table.loc["graph 00"], table.loc["graph 01"]
    assert (first["n"], first["failed"]) == (2, 1)
    assert first["accuracy"] == pytest.approx(0.995)
    assert (second["n"], second["failed"]) == (0, 3)
    assert pd.isna(second["accuracy"])
    assert set(correlations_table(table.reset_index(), draws=DRAWS)["n"]) == {20}
    text = page_of(table.reset_index()).markdown()
    assert "(2, 1 failed)" in text
    assert "– ± – (0, 3 failed)" in text


def test_correlations_are_spearmans_over_graphs_and_given_density():
    correlations = correlations_table(table_of(), draws=DRAWS).set_index("property")
    table = table_of()
    for name in PROPERTIES:
        row = correlations.loc[name]
        assert row["spearman"] == pytest.approx(
            stats.spearmanr(table[name], table["accuracy"]).statistic
        )
        with_density = stats.spearmanr(table[name], table["density"]).statistic
        assert row["density"] == pytest.approx(with_density)
        accuracy = stats.spearmanr(table["accuracy"], table["density"]).statistic
        # The textbook formula of a partial correlation of first order, on ranks.
        expected = (row["spearman"] - accuracy * with_density) / (
            (1 - accuracy**2) * (1 - with_density**2)
        ) ** 0.5
        assert row["partial"] == pytest.approx(expected)
        assert row["spearman_low"] <= row["spearman"] <= row["spearman_high"]


def test_accuracy_from_aspl_stays_at_fixed_density_and_accuracy_from_density_does_not():
    by_aspl = table_of({n: 0.99 - 0.02 * aspl_of(n) for n in range(21)})
    row = correlations_table(by_aspl, draws=DRAWS).set_index("property").loc["aspl"]
    assert (row["spearman"], row["partial"]) == pytest.approx((-1, -1))
    assert row["partial_high"] < 0
    by_density = table_of({n: 0.9 + 0.05 * g.to_mask().mean() for n, g in enumerate(GRAPHS)})
    for _, row in correlations_table(by_density, draws=DRAWS).iterrows():
        assert abs(row["spearman"]) > 0.6
        assert row["partial"] == pytest.approx(0, abs=1e-9)


def test_the_page_says_that_density_differs_and_gives_n_and_sd_in_each_cell():
    text = page_of(table_of()).markdown()
    assert "is a monotonic function of multiple properties" in text
    assert "differ in density" in text
    assert "fixed density" in text
    cells = [line.split(" | ")[-1].strip("| ") for line in text.splitlines() if "| graph " in line]
    cells = [cell for cell in cells if cell != "test accuracy"]
    assert len(cells) == 21
    assert all(CELL.fullmatch(cell) for cell in cells)
    assert "density in scope" not in text  # nodes of equal size: it is the density


def test_unequal_nodes_are_pointed_out():
    records = to_frame(all_runs()).assign(sparsity=0.3)
    text = page_of(five_nodes_table(records, GRAPHS)).markdown()
    assert "no multiple of the number of nodes" in text
    assert "| density in scope |" in text


def test_the_note_names_rate_and_seeds():
    note = five_nodes_note(to_frame(all_runs()), RECIPE)
    assert "learning rate 0.01, the best on val among 0.01, 0.03" in note
    assert "100, 101, 102" in note
    fixed = {"learning_rate": 0.01, "val_accuracy": {}}
    assert "among" not in five_nodes_note(to_frame(all_runs()), fixed)


def test_the_figure_has_a_panel_a_property_and_a_point_with_a_bar_a_graph():
    figure = five_nodes(table_of())
    *panels, bar = figure.axes
    assert [axes.get_xlabel() for axes in panels] == [
        "clustering",
        "ASPL",
        "eigenvector centrality",
    ]
    assert [len(axes.containers) for axes in panels] == [21, 21, 21]
    assert all(container.has_yerr for container in panels[0].containers)
    assert "density" in bar.get_ylabel()
    points = {
        (round(line.get_xdata()[0], 6), round(line.get_ydata()[0], 6))
        for line, *_ in panels[1].containers
    }
    assert points == {(round(aspl_of(n), 6), round(100 * MEAN[n], 6)) for n in range(21)}
    colours = {line.get_color() for line, *_ in panels[0].containers}
    assert len(colours) == 7  # 4 … 10 edges


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1])
def test_tiny_inputs_are_shown_too(n, count):
    records = to_frame(runs("a", (0.9,) * 3, graph=graph_name(0))[:count])
    table = five_nodes_table(records, connected_graphs(n))
    page = page_of(table, five_nodes_note(records, RECIPE))
    assert page.html()
    assert "undecided" in page.markdown()
    assert len(five_nodes(table).axes[0].containers) == count


def test_runs_of_graphs_that_are_not_there_are_refused():
    with pytest.raises(UserError, match="graph 02"):
        five_nodes_table(to_frame(all_runs()), connected_graphs(3))
