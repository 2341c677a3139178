"""Masks against seeds on hand-made records, and the spread of the sources."""

import numpy as np
import pytest
from report_cases import failed, runs

from graphprune.errors import UserError
from graphprune.graphs.property_names import PROPERTIES
from graphprune.masks.build_database import build
from graphprune.report.bogp import identifiability_figures as figures
from graphprune.report.bogp.identifiability import identifiability_table, spread_table
from graphprune.report.bogp.identifiability_page import identifiability_note, identifiability_page
from graphprune.runs.record import RunRecord, to_frame
from graphprune.studies.permuted import mask_properties

pytestmark = pytest.mark.filterwarnings("error")

SEEDS = (200, 201, 202, 203)
NAMES = ["average_degree_centrality", "average_clustering"]


@pytest.fixture(scope="module")
def databases():
    return [build(source, 16, 0.75, 60, 0, PROPERTIES) for source in ("random", "undirected")]


def trained(database, accuracy, masks=50, seeds=SEEDS):
    """One record per mask and seed; `accuracy` is a function of both."""
    (base,) = runs(database.parameters["source"], (0.5, 0.5, 0.5))[:1]
    made = []
    for number in range(masks):
        for seed in seeds:
            changes = {"graph": f"mask {number}", "seed": seed, "block": "identifiability"}
            changes |= {"val_accuracy": accuracy(number, seed), "test_accuracy": np.nan}
            made.append(RunRecord(**{**base.to_dict(), **changes}))
    return made


def noise(scale, rng_seed=0):
    rng = np.random.default_rng(rng_seed)
    return lambda number, seed: 0.9 + scale * rng.normal()


def by_clustering(database, scale=0.0):
    values = database.table["average_clustering"]
    extra = noise(scale)
    return lambda number, seed: extra(number, seed) - 0.2 + 0.3 * values[number]


def table_of(records, databases, names=NAMES):
    properties = mask_properties(databases, len(databases[0]), names)
    return identifiability_table(records, properties)


def only(table, source):
    (row,) = table[table["source"] == source].to_dict("records")
    return row


def texts(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def panels(figure):
    return [axes for axes in figure.axes if axes.axison]


# The table


def test_a_source_with_an_effect_and_one_without(databases):
    random, undirected = databases
    records = trained(random, by_clustering(random, 1e-4)) + trained(undirected, noise(0.01))
    table = table_of(to_frame(records), databases)
    assert list(table["source"]) == ["random", "undirected"]
    graph, luck = only(table, "random"), only(table, "undirected")
    assert graph["icc_low"] > 0.99
    assert graph["r2_low"] > 0.99
    assert graph["verdict"] == "supported"
    assert luck["icc_low"] < 0 < luck["icc_high"]
    assert luck["icc_p"] > 0.01
    assert luck["r2"] < 0.1
    assert luck["verdict"] != "supported"
    for row in (graph, luck):
        assert (row["masks"], row["seeds"], row["n"], row["failed"]) == (50, 4, 50, 0)
        assert row["icc_n"] == row["r2_n"] == row["r2_permuted_n"] == 50


def test_permuting_rows_takes_away_what_depends_on_the_graph(databases):
    (random, _) = databases
    records = to_frame(trained(random, by_clustering(random)))
    row = only(table_of(records, [random], ["average_clustering"]), "random")
    assert row["r2"] > 0.99
    assert row["r2_permuted"] < 0.5
    assert row["r2_permuted_high"] < row["r2_low"]


def test_a_mask_without_properties_is_named(databases):
    (random, _) = databases
    records = to_frame(trained(random, noise(0.01), masks=9))
    with pytest.raises(UserError, match="lacks mask 7 of source 'random'"):
        identifiability_table(records, mask_properties([random], 7, NAMES))


def test_the_spreads_by_hand(databases):
    (random, _) = databases
    values = {0: (0.90, 0.92), 1: (0.94, 0.96), 2: (0.90, 0.94)}
    records = trained(random, lambda number, seed: values[number][seed], masks=3, seeds=(0, 1))
    row = only(table_of(to_frame(records), [random]), "random")
    assert row["mean_accuracy"] == pytest.approx((0.91 + 0.95 + 0.92) / 3)
    assert row["sd_masks"] == pytest.approx(np.std([0.91, 0.95, 0.92], ddof=1))
    assert row["sd_seeds"] == pytest.approx(np.sqrt((0.0002 + 0.0002 + 0.0008) / 3))


def test_a_mask_with_a_failed_run_is_left_out_and_counted(databases):
    (random, _) = databases
    whole = trained(random, noise(0.01), masks=20)
    lost = [failed(r) if (r.graph, r.seed) == ("mask 4", 201) else r for r in whole]
    without = [r for r in whole if r.graph != "mask 4"]
    row, other = (only(table_of(to_frame(found), [random]), "random") for found in (lost, without))
    assert (row["masks"], row["n"], row["failed"]) == (20, 19, 1)
    for name in ("mean_accuracy", "sd_masks", "sd_seeds", "icc", "icc_low", "r2", "r2_permuted"):
        assert row[name] == other[name]


def test_masks_of_disconnected_graphs_are_left_out_of_r2_and_counted():
    database = build("undirected", 16, 0.75, 60, 0, PROPERTIES)
    infinite = int(np.isinf(database.table["aspl"][:50]).sum())
    assert 0 < infinite < 45
    records = to_frame(trained(database, noise(0.01)))
    row = only(table_of(records, [database], ["aspl"]), "undirected")
    assert (row["r2_n"], row["r2_infinite"]) == (50 - infinite, infinite)
    assert row["r2_permuted_n"] + row["r2_permuted_infinite"] == 50
    assert row["icc_n"] == 50


@pytest.mark.parametrize(("masks", "seeds"), [(0, 2), (1, 1), (1, 3), (4, 2), (6, 1)])
def test_tiny_studies_have_a_table_a_page_and_figures(databases, masks, seeds):
    records = to_frame(
        trained(databases[0], noise(0.01), masks, SEEDS[:seeds])
        + trained(databases[1], noise(0.01), 2, SEEDS[:2])
    )
    table = table_of(records, databases)
    row = only(table, "random")
    assert np.isnan(row["icc"])
    assert row["n"] == masks
    assert row["verdict"] == "undecided"
    if masks < 5:
        assert np.isnan(row["r2"])
        assert np.isnan(row["r2_permuted"])
    page = identifiability_page(table, identifiability_note(records), spread_table(databases))
    assert "nan" not in page.markdown()
    figures.mask_means(records).draw_without_rendering()


def test_where_every_run_failed_nothing_is_known(databases):
    (random, _) = databases
    records = to_frame([failed(r) for r in trained(random, noise(0.01), masks=6)])
    row = only(table_of(records, [random]), "random")
    assert (row["n"], row["failed"]) == (0, 24)
    assert np.isnan(row["mean_accuracy"])
    figures.mask_means(records).draw_without_rendering()


# The spread of the sources


def test_the_spread_is_beside_that_of_random(databases):
    table = spread_table(databases)
    assert len(table) == 2 * len(PROPERTIES)
    cells = table.set_index(["source", "property"])
    name = "average_clustering"
    sds = [database.table[name].std(ddof=1) for database in databases]
    assert cells.loc[("undirected", name), "sd"] == pytest.approx(sds[1])
    assert cells.loc[("undirected", name), "relative_sd"] == pytest.approx(sds[1] / sds[0])
    assert cells.loc[("random", name), "relative_sd"] == 1
    assert cells.loc[("random", name), "mean"] == pytest.approx(databases[0].table[name].mean())


def test_infinite_values_are_left_out_of_the_spread_and_counted(databases):
    row = spread_table(databases).set_index(["source", "property"]).loc[("undirected", "aspl")]
    aspl = databases[1].table["aspl"]
    assert row["n"] == np.isfinite(aspl).sum() < 60
    assert row["n"] + row["disconnected"] == 60
    assert row["sd"] == pytest.approx(aspl[np.isfinite(aspl)].std(ddof=1))


def test_equal_mask_density_is_not_equal_graph_density():
    """A directed mask joins a pair with probability 1 − s², a symmetric one with 1 − s."""
    databases = [build(source, 32, 0.9, 40, 0, PROPERTIES) for source in ("random", "undirected")]
    cells = spread_table(databases).set_index(["source", "property"])["mean"]
    degree = "average_degree_centrality"
    assert cells["random", degree] == pytest.approx(0.19, abs=0.01)
    assert cells["undirected", degree] == pytest.approx(0.10, abs=0.01)


def test_without_random_there_is_nothing_to_stand_beside(databases):
    table = spread_table(databases[1:])
    assert table["relative_sd"].isna().all()
    figures.spread(databases[1:]).draw_without_rendering()


# Page and figures


def test_the_page_shows_numbers_with_their_n(databases):
    records = to_frame(
        trained(databases[0], by_clustering(databases[0], 1e-4))
        + trained(databases[1], noise(0.01))
    )
    table = table_of(records, databases)
    page = identifiability_page(table, identifiability_note(records), spread_table(databases))
    text = page.markdown()
    assert "50 × 4" in text
    row = only(table, "undirected")
    assert f"{100 * row['mean_accuracy']:.2f} ± {100 * row['sd_masks']:.2f} (50)" in text
    assert f"{row['r2']:.2f} [{row['r2_low']:.2f}, {row['r2_high']:.2f}] (50)" in text
    for said in ("intraclass correlation", "Rows permuted", "graph density", "200, 201, 202, 203"):
        assert said in text
    assert "nan" not in text
    assert "<table" in page.html()


def test_the_spread_has_a_panel_for_each_property_and_a_row_for_each_source(databases):
    figure = figures.spread(databases[::-1])
    figure.draw_without_rendering()
    shown = panels(figure)
    assert len(shown) == len(PROPERTIES)
    assert texts(shown[0]) == ["random", "undirected"]
    (aspl,) = [axes for axes in shown if axes.get_title() == "ASPL"]
    low, high = aspl.get_xlim()
    finite = databases[0].table["aspl"]
    finite = finite[np.isfinite(finite)]
    assert low <= finite.min() < finite.max() <= high


def test_masks_are_drawn_sorted_with_the_band_of_the_seeds(databases):
    values = {0: (0.90, 0.92), 1: (0.94, 0.96), 2: (0.90, 0.94)}
    records = trained(
        databases[0], lambda number, seed: values[number][seed], masks=3, seeds=(0, 1)
    )
    figure = figures.mask_means(to_frame(records))
    figure.draw_without_rendering()
    (axes,) = panels(figure)
    ((points, _, (bars,)),) = axes.containers
    np.testing.assert_allclose(points.get_ydata(), [91, 92, 95])
    lengths = [np.ptp(segment[:, 1]) for segment in bars.get_segments()]
    np.testing.assert_allclose(lengths, 2 * np.sqrt([2, 8, 2]))
    (band,) = axes.patches
    sd = 100 * np.sqrt((0.0002 + 0.0002 + 0.0008) / 3)
    np.testing.assert_allclose(
        [band.get_y(), band.get_y() + band.get_height()], [278 / 3 - sd, 278 / 3 + sd]
    )
