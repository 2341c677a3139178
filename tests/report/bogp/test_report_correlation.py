"""Figure 8 and the table of kept properties."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh

from graphprune.graphs.correlation import correlations, kept_properties, mean_correlation
from graphprune.graphs.property_names import PROPERTIES
from graphprune.report.bogp.correlation import correlation_figure, kept_page, kept_table
from graphprune.report.labels import SHORT

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def properties():
    rng = np.random.default_rng(0)
    x = rng.normal(size=50)
    aspl = rng.uniform(2, 3, size=50)
    aspl[:2] = np.inf
    bridges = np.zeros(50)
    bridges[0] = 4  # varies only where the graph is disconnected
    frame = pd.DataFrame(
        {
            "average_degree_centrality": x,
            "edge_connectivity": 7,
            "average_clustering": -x,
            "aspl": aspl,
            "bridges": bridges,
        }
    )
    return {0.5: frame, 0.9: frame.assign(edge_connectivity=rng.integers(1, 5, size=50))}


@pytest.fixture
def table(properties):
    kept = {s: kept_properties(correlations(frame), 0.9) for s, frame in properties.items()}
    return kept_table(properties, kept)


def row(table, sparsity, name):
    found = table[(table["sparsity"] == sparsity) & (table["property"] == name)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_numbers_are_those_of_the_finite_values(table, properties):
    assert len(table) == 10
    aspl = properties[0.5]["aspl"][2:]
    found = row(table, 0.5, "aspl")
    assert (found["n"], found["disconnected"]) == (48, 2)
    assert found["mean"] == pytest.approx(aspl.mean())
    assert found["sd"] == pytest.approx(np.std(aspl, ddof=1))
    assert (found["min"], found["max"]) == (aspl.min(), aspl.max())


def test_why_a_property_was_left_out(table):
    reasons = {name: row(table, 0.5, name)["left_out"] for name in table["property"]}
    assert reasons == {
        "average_degree_centrality": "",
        "edge_connectivity": "constant",
        "average_clustering": "correlated",
        "aspl": "",
        "bridges": "constant",
    }
    assert row(table, 0.9, "edge_connectivity")["kept"]
    assert (table["kept"] == (table["left_out"] == "")).all()


def test_the_page_shows_each_property_at_each_sparsity(table):
    page = kept_page(table, 0.9).markdown()
    assert "exceeds 0.9" in page
    lines = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| ")}
    assert lines["| property"] == "| property | s = 0.5 | s = 0.9 |"
    assert lines["| edge connectivity"].startswith("| edge connectivity | 7 ± 0 [constant] | ")
    assert lines["| edge connectivity"].count("[") == 1
    assert lines["| clustering"].count("[correlated]") == 2
    assert lines["| ASPL"].count("(2 disconnected)") == 2


def test_a_property_that_is_never_finite_is_constant():
    frame = pd.DataFrame({"aspl": [np.inf, np.inf], "average_clustering": [0.1, 0.2]})
    table = kept_table({0.9: frame}, {0.9: []})
    assert row(table, 0.9, "aspl")["n"] == 0
    assert row(table, 0.9, "aspl")["left_out"] == "constant"
    kept_page(table, 0.9).html()


def heat_map(figure):
    axes = figure.axes[0]
    (mesh,) = [c for c in axes.collections if isinstance(c, QuadMesh)]
    return axes, np.ma.filled(np.ma.array(mesh.get_array(), dtype=float), np.nan).reshape(5, 5)


def test_the_figure_shows_the_mean_correlation(properties):
    mean = mean_correlation({s: correlations(frame) for s, frame in properties.items()})
    figure = correlation_figure(mean, 50, 2)
    figure.draw_without_rendering()
    axes, shown = heat_map(figure)
    np.testing.assert_array_equal(shown, mean.to_numpy())
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "degree centrality",
        "edge connectivity",
        "clustering",
        "ASPL",
        "bridges",
    ]
    numbers = [text.get_text() for text in axes.texts]
    assert numbers[:3] == ["1.00", f"{mean.iloc[0, 1]:.2f}", "-1.00"]
    assert len(numbers) == mean.notna().sum(axis=None)
    assert axes.get_title() == "Mean over 2 sparsities of r within one, 50 masks each"


def test_a_figure_of_properties_that_never_vary_is_drawn_too(properties):
    mean = mean_correlation({0.5: correlations(properties[0.5])})
    figure = correlation_figure(mean * np.nan, 50, 1)
    figure.draw_without_rendering()
    axes, shown = heat_map(figure)
    assert np.isnan(shown).all()
    assert "1 sparsity of" in axes.get_title()


def test_every_property_has_a_name_for_readers():
    assert set(SHORT) == set(PROPERTIES)
    assert len(set(SHORT.values())) == len(SHORT)
