"""What is drawn is what was measured."""

import io
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer
from report_cases import GLOB, dense, found, one_search, records, runs, search_log, searches

from graphprune.report.bogp import figures
from graphprune.report.bogp.tables import table1
from graphprune.report.output import Page, write_page
from graphprune.runs.record import to_frame

pytestmark = pytest.mark.filterwarnings("error")
LEVELS = (0.15, 0.45, 0.75, 0.9)


def visible(figure):
    return [axes for axes in figure.axes if axes.axison]


def lines_of(axes):
    return [(line.get_xdata(), line.get_ydata()) for line in axes.lines]


# Convergence


def test_convergence_has_a_panel_for_each_sparsity_and_a_line_for_each_search():
    figure = figures.convergence(searches(*LEVELS))
    figure.draw_without_rendering()
    panels = visible(figure)
    assert [axes.get_title() for axes in panels] == [f"s = {level:g}" for level in LEVELS]
    for axes in panels:
        assert len(axes.lines) == 6  # two strategies, two searches each and their mean
    labels = [text.get_text() for text in panels[0].get_legend().get_texts()]
    assert labels == ["Bayesian optimisation", "random search"]


def test_convergence_shows_the_best_so_far_in_per_cent():
    (axes,) = visible(figures.convergence(searches()))
    drawn = [y.tolist() for _, y in lines_of(axes)]
    assert drawn[:3] == [
        pytest.approx([98, 99, 99]),
        pytest.approx([95, 97, 97]),
        pytest.approx([96.5, 98, 98]),
    ]
    assert all(x.tolist() == [1, 2, 3] for x, _ in lines_of(axes))


def test_the_mean_begins_where_every_search_has_a_score():
    log = pd.concat(
        [
            search_log("bayesian", 0, [1, 2, 3], [math.nan, 0.9, 0.8]),
            search_log("bayesian", 1, [1, 2, 3], [0.6, 0.7, 0.8]),
        ]
    )
    (axes,) = visible(figures.convergence(log))
    first, _, mean = [y for _, y in lines_of(axes)]
    np.testing.assert_allclose(first, [np.nan, 90, 90])
    np.testing.assert_allclose(mean, [np.nan, 80, 85])


def test_convergence_of_one_search_of_a_new_strategy_at_one_sparsity():
    figure = figures.convergence(search_log("grid", 0, [1], [0.5]))
    figure.draw_without_rendering()
    (axes,) = visible(figure)
    assert [y.tolist() for _, y in lines_of(axes)] == [[50], [50]]
    assert axes.get_legend().get_texts()[0].get_text() == "grid"


# Accuracy against properties


def database(**columns):
    return pd.DataFrame(columns)


PROPERTY = database(
    aspl=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    edge_connectivity=[3] * 8,
    cycle_length=[3, 4, np.inf, 3, 5, 4, 3, 4],
)


def panel(figure, title):
    (axes,) = [axes for axes in visible(figure) if axes.get_title() == title]
    return axes


def drawn_points(axes):
    """Points of all lines but the one that marks zero."""
    points = [np.column_stack(line) for line in lines_of(axes)[:-1]]
    return np.concatenate(points)


def test_every_trained_mask_is_a_point_in_sd_and_in_points_from_its_searchs_mean():
    names = ["aspl", "edge_connectivity", "cycle_length"]
    figure = figures.accuracy_against_properties(searches(), {0.9: PROPERTY}, names)
    figure.draw_without_rendering()
    assert len(visible(figure)) == 3
    points = drawn_points(panel(figure, "ASPL"))
    # Masks 4, 7, 5, 6 of seed 0 (mean .97) and 1, 2, 3, 0 of seed 1; what the second
    # strategy found again is drawn once.
    masks = np.array([4, 7, 1, 2, 3, 5, 6, 0])
    scores = np.array([0.98, 0.99, 0.95, 0.97, 0.96, 0.94, 0.97, 0.96])
    means = np.array([0.97, 0.97, 0.96, 0.96, 0.96, 0.97, 0.97, 0.96])
    aspl = PROPERTY["aspl"].to_numpy()
    np.testing.assert_allclose(points[:, 0], (aspl[masks] - 4.5) / aspl.std())
    np.testing.assert_allclose(points[:, 1], 100 * (scores - means), atol=1e-9)


def test_a_constant_property_is_a_column_of_points_at_zero():
    noisy = PROPERTY.assign(edge_connectivity=0.1 * (1 + 1e-16 * np.arange(8)))
    for frame in (PROPERTY, noisy):
        figure = figures.accuracy_against_properties(
            searches(), {0.9: frame}, ["edge_connectivity"]
        )
        points = drawn_points(panel(figure, "edge connectivity"))
        assert len(points) == 8
        assert (points[:, 0] == 0).all()


def test_an_infinite_property_has_no_point_and_moves_no_other():
    figure = figures.accuracy_against_properties(searches(), {0.9: PROPERTY}, ["cycle_length"])
    figure.draw_without_rendering()
    x = drawn_points(panel(figure, "cycle length"))[:, 0]
    finite = np.array([3, 4, 3, 5, 4, 3, 4])
    assert sorted(x[np.isfinite(x)]) == pytest.approx(
        sorted((finite - finite.mean()) / finite.std())
    )
    assert (~np.isfinite(x)).sum() == 1


def test_a_property_that_is_never_finite_leaves_an_empty_panel():
    frame = database(aspl=[np.inf] * 8)
    figure = figures.accuracy_against_properties(searches(), {0.9: frame}, ["aspl"])
    figure.draw_without_rendering()
    assert not np.isfinite(drawn_points(panel(figure, "ASPL"))[:, 0]).any()


def test_sparsities_have_their_own_databases_colours_and_legend():
    other = PROPERTY.assign(aspl=PROPERTY["aspl"] * 10 + 3)
    figure = figures.accuracy_against_properties(
        searches(0.15, 0.9), {0.9: PROPERTY, 0.15: other}, ["aspl"]
    )
    (axes,) = visible(figure)
    first, second = axes.lines[:2]
    np.testing.assert_allclose(first.get_xdata(), second.get_xdata())  # a change of unit
    assert first.get_color() != second.get_color()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["s = 0.15", "s = 0.9"]


def test_a_failed_training_has_no_point():
    log = search_log("bayesian", 0, [4, 7, 5], [0.98, math.nan, 0.96])
    figure = figures.accuracy_against_properties(log, {0.9: PROPERTY}, ["aspl"])
    y = drawn_points(panel(figure, "ASPL"))[:, 1]
    np.testing.assert_allclose(y, [1, np.nan, -1])


# Table 1 as a picture


def bars(axes):
    """label -> (x, y, low, high) of the points and their intervals."""
    drawn = {}
    for container in axes.containers:
        assert isinstance(container, ErrorbarContainer)
        line, _, (segments,) = container
        ends = [s[:, 1] if s.ndim == 2 else (np.nan, np.nan) for s in segments.get_segments()]
        points = line.get_xdata(), line.get_ydata(), *zip(*ends, strict=True)
        drawn[container.get_label()] = np.array(points, dtype=float)
    return drawn


GRAPHS = "equal weights: masks of graphs"
WEIGHTS = "equal weights: magnitude and random weights"
PRINTED = "printed scope: all weight matrices"


def test_drops_and_intervals_are_those_of_the_table():
    table = table1(records(*LEVELS), searches(*LEVELS))
    figure = figures.drops(table)
    figure.draw_without_rendering()
    equal, printed = visible(figure)
    assert (equal.get_title(), printed.get_title()) == (GRAPHS, PRINTED)
    assert set(bars(equal)) == {"BoGP: the searches' winners", "Random search's winners"}
    assert set(bars(printed)) == {"Glob 1", "BoGP: the searches' winners"}
    for axes, arm, label in (
        (equal, "random_search", "Random search's winners"),
        (printed, "glob_1", "Glob 1"),
    ):
        rows = table[table["arm"] == arm].sort_values("sparsity")
        x, *drawn = bars(axes)[label]
        assert np.abs(x - np.array(LEVELS)).max() < 0.05
        for values, name in zip(drawn, ("drop", "drop_low", "drop_high"), strict=True):
            np.testing.assert_allclose(values, 100 * rows[name])


def test_drops_from_the_csv_that_the_rule_reads(tmp_path):
    table = table1(records(0.15), searches(0.15))
    files = {f"t_{kind}": str(tmp_path / f"t.{kind}") for kind in ("csv", "md", "html")}
    write_page(Page("t"), table, files, "t")
    read = pd.read_csv(files["t_csv"], keep_default_na=False, na_values=[""])
    for mine, theirs in zip(
        visible(figures.drops(read)), visible(figures.drops(table)), strict=True
    ):
        for label, drawn in bars(theirs).items():
            np.testing.assert_allclose(bars(mine)[label], drawn)


EVERY_EQUAL = (
    "fresh_mask",
    "rows_permuted",
    "nodes_relabelled",
    "random_unstructured",
    "glob_1",
    "glob_5",
    "glob_5_rewind",
    "unif_1",
    "unif_5",
    "unif_5_rewind",
)
EVERY_PRINTED = EVERY_EQUAL[4:]


@pytest.fixture(scope="module")
def full():
    """Table 1 with every arm of both blocks, and networks as found."""
    extra = [
        record
        for block, arms in (("equal", EVERY_EQUAL), ("printed", EVERY_PRINTED))
        for arm in arms
        if (block, arm) != ("printed", "glob_1")  # among the records already
        for record in runs(arm, GLOB, block=block)
    ]
    table = pd.concat([records(), to_frame([*extra, *found()])], ignore_index=True)
    return table1(table, searches())


def test_every_arm_is_drawn_once_beside_bogp_and_told_apart(full):
    figure = figures.drops(full)
    figure.draw_without_rendering()
    panels = visible(figure)
    assert [axes.get_title() for axes in panels] == [GRAPHS, WEIGHTS, PRINTED]
    assert [len(bars(axes)) for axes in panels] == [5, 8, 7]
    for axes in panels:
        looks = {
            (line.get_color(), line.get_marker(), line.get_linestyle())
            for line, *_ in (container.lines for container in axes.containers)
        }
        assert len(looks) == len(axes.containers)
        x = [values[0] for values in bars(axes).values()]
        assert len(np.unique(np.round(x, 6))) == len(x)  # no bar hides another
        assert np.abs(np.array(x) - LEVELS[-1]).max() < 0.05


def test_the_legend_covers_no_data(full):
    figure = figures.drops(full)
    figure.savefig(io.BytesIO())
    for axes in visible(figure):
        assert axes.get_legend().get_window_extent().y1 <= axes.get_window_extent().y0


def test_panels_of_blocks_that_were_not_run_are_left_out(full):
    def titles(table):
        figure = figures.drops(table)
        figure.draw_without_rendering()
        return [axes.get_title() for axes in visible(figure)]

    assert titles(full[full["block"] != "printed"]) == [GRAPHS, WEIGHTS]
    assert titles(full[full["block"] != "equal"]) == [PRINTED]
    assert titles(full[full["block"].isin(["-", "found"])]) == [""]


def test_a_setting_is_named_above_the_figures(full):
    drawn = [
        figures.drops(full, "setting deep"),
        figures.convergence(searches(), "setting deep"),
        figures.accuracy_against_properties(searches(), {0.9: PROPERTY}, ["aspl"], "setting deep"),
    ]
    assert [figure.get_suptitle() for figure in drawn] == ["setting deep"] * 3
    assert figures.drops(full).get_suptitle() == ""


def test_one_search_at_one_sparsity_is_drawn():
    rows, log = one_search()
    figure = figures.drops(table1(rows, log))
    figure.draw_without_rendering()
    assert all(list(bars(axes)) == ["BoGP: the searches' winners"] for axes in visible(figure))


def test_intervals_without_bounds_and_panels_without_arms_are_drawn():
    rows = to_frame([*dense()[:1], *runs("bogp", (0.9,) * 3, search_seed=0)[:1]])
    _, log = one_search()
    figure = figures.drops(table1(rows, log))
    figure.draw_without_rendering()
    assert [len(bars(axes)) for axes in visible(figure)] == [1]
    only_dense = table1(to_frame(dense()), log)
    figures.drops(only_dense).draw_without_rendering()


def test_a_method_that_the_table_does_not_know_is_drawn_too():
    extra = runs("random_global", (0.9, 0.91, 0.92), block="printed")
    _, log = one_search()
    figure = figures.drops(table1(to_frame([*dense(), *extra]), log))
    assert "random_global" in bars(visible(figure)[0])
