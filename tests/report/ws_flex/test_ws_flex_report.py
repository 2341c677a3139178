"""The report of graph2nn's study, on accuracies whose pattern is known."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from report_cases import failed, runs
from scipy import stats

from graphprune.claims.sweet_spot import (
    QUOTED,
    Rectangle,
    against_best,
    against_complete,
    rectangle,
)
from graphprune.claims.ws_flex import (
    among_themselves,
    associations,
    explained,
    graphs_table,
    in_bands,
    swept,
)
from graphprune.errors import UserError
from graphprune.report.ws_flex import words
from graphprune.report.ws_flex.figure import plane_figure
from graphprune.report.ws_flex.page import ws_flex_page
from graphprune.report.ws_flex.words import named
from graphprune.runs.record import to_frame

MANY = 12
DRAWS = 200
NOISE = np.array([-0.002, 0.0, 0.002])


def graphs(many=MANY):
    """C and L unrelated to each other, density falling with L; the complete graph last."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(many):
        length = 1.2 + 2 * number / many
        rows.append(
            {
                "graph": f"ws_flex {number}",
                "kind": "ws_flex",
                "k": 20 - number,
                "p": 0.1,
                "seed": number % 3,
                "edges": 100,
                "density": 0.9 - 0.06 * number + 0.02 * (number % 2),
                "graph6": "",
                "clustering": rng.uniform(0.1, 0.9),
                "aspl": length,
            }
        )
    complete = {"graph": "complete", "kind": "complete", "k": 31, "p": 0.0, "seed": 0}
    rows.append(complete | {"edges": 496, "density": 1.0, "clustering": 1.0, "aspl": 1.0})
    return pd.DataFrame(rows)


def records(table, accuracy, noise=NOISE):
    """Three runs a graph; accuracy: from a row of the table."""
    found = []
    for place, (_, row) in enumerate(table.iterrows()):
        values = tuple(accuracy(row) + np.roll(noise, place))
        widened = {"macs_kept": 1000 + place, "sparsity": 1 - row["density"]}
        width = round(64 / row["density"])
        one = to_frame(runs(row["kind"], values, graph=row["graph"], **widened))
        found.append(one.assign(width=width))
    return pd.concat(found, ignore_index=True)


def by_density(row):
    return 0.95 - 0.05 * row["density"]


@pytest.fixture(scope="module")
def plane():
    return graphs()


@pytest.fixture(scope="module")
def of_density(plane):
    found = records(plane, by_density)
    return graphs_table(plane, found), found


def test_a_row_holds_cost_and_outcome_of_its_graph(of_density):
    table, found = of_density
    assert len(table) == MANY + 1
    for _, row in table.iterrows():
        own = found[found["graph"] == row["graph"]]
        assert row["accuracy"] == pytest.approx(own["test_accuracy"].mean())
        assert row["sd"] == pytest.approx(own["test_accuracy"].std(ddof=1))
        assert row["n"] == 3
        assert row["density_in_scope"] == pytest.approx(row["density"])
        assert row["macs_excess"] == pytest.approx(row["macs"] / (1000 + MANY) - 1)
    assert "complete" not in set(swept(table)["graph"])


def test_failed_runs_are_counted_and_not_averaged(plane):
    found = records(plane, by_density)
    broken = failed(runs("ws_flex", (0.9, 0.9, 0.9), graph="ws_flex 3")[0])
    mine = found["graph"] == "ws_flex 3"
    one = to_frame([broken]).assign(width=70)
    mixed = pd.concat([found[~mine], found[mine].iloc[1:], one], ignore_index=True)
    row = graphs_table(plane, mixed).set_index("graph").loc["ws_flex 3"]
    assert (row["n"], row["failed"]) == (2, 1)
    assert row["accuracy"] == pytest.approx(found[mine]["test_accuracy"].iloc[1:].mean())
    gone = pd.concat([found[~mine], one, one.assign(seed=101)], ignore_index=True)
    table = graphs_table(plane, gone)
    assert len(swept(table)) == MANY - 1
    page = ws_flex_page(table, gone, draws=DRAWS)
    assert f"{MANY - 1} of {MANY - 1}" in page.markdown()
    assert plane_figure(table, gone).axes


def test_records_of_other_graphs_are_refused(plane):
    with pytest.raises(UserError, match="do not belong together"):
        graphs_table(plane.iloc[1:], records(plane, by_density))
    with pytest.raises(UserError, match=r"no columns \['width'\]"):
        graphs_table(plane, records(plane, by_density).drop(columns="width"))


def test_what_follows_density_alone_has_nothing_left_for_l(of_density):
    table, _ = of_density
    found = associations(table, draws=DRAWS).set_index(["quantity", "given"])
    assert found.loc[("density", ""), "estimate"] == pytest.approx(-1)
    assert found.loc[("aspl", ""), "estimate"] > 0.9
    assert abs(found.loc[("aspl", "density"), "estimate"]) < 1e-6
    assert (found["n"] == MANY).all()
    own = among_themselves(table)
    assert np.allclose(own, own.T)
    assert own.loc["density", "aspl"] < -0.9
    known = swept(table)
    expected = stats.spearmanr(known["density"], known["clustering"]).statistic
    assert own.loc["density", "clustering"] == pytest.approx(expected)


def test_bands_hold_all_graphs_from_sparse_to_dense(of_density):
    bands = in_bands(of_density[0], draws=DRAWS)
    first = bands[bands["quantity"] == "aspl"]
    assert first["n"].sum() == MANY
    assert (first["most"].iloc[:-1].to_numpy() < first["least"].iloc[1:].to_numpy()).all()


def test_variance_is_explained_by_what_made_it(of_density):
    found = explained(of_density[0], draws=DRAWS).set_index("quantities")["estimate"]
    assert found["density"] > 0.99
    assert found["density"] > found["clustering"]


@pytest.mark.parametrize(
    ("names", "text"),
    [("", ""), ("aspl", "L"), ("density, aspl", "density and L"), (["width"], "width")],
)
def test_quantities_are_named_as_readers_know_them(names, text):
    assert named(names) == text


def test_the_sweet_spot_holds_the_best_and_what_no_test_tells_from_it(of_density):
    table, found = of_density
    tests = against_best(table, found).set_index("graph")
    best = swept(table).set_index("graph")["accuracy"].idxmax()
    assert tests.loc[best, "kept"]
    assert np.isnan(tests.loc[best, "p_value"])
    values = {name: runs["test_accuracy"] for name, runs in found.groupby("graph")}
    for name in tests.index.drop(best):
        p = stats.ttest_ind(values[best], values[name], equal_var=False, alternative="greater")
        assert tests.loc[name, "p_value"] == pytest.approx(p.pvalue)
        assert tests.loc[name, "kept"] == (p.pvalue >= 0.05)
        assert tests.loc[name, "adjusted"] >= p.pvalue
    assert 0 < tests["kept"].sum() < MANY
    ours = rectangle(table, tests.index[tests["kept"]].to_series())
    assert ours.holds(table.set_index("graph")).loc[tests.index[tests["kept"]]].all()


def test_equal_runs_without_spread_are_not_told_apart(plane):
    same = records(plane, lambda row: 0.9, noise=np.zeros(3))
    tests = against_best(graphs_table(plane, same), same)
    assert tests["kept"].all()
    worse = records(plane, lambda row: 0.9 + 0.01 * (row["graph"] == "ws_flex 2"), np.zeros(3))
    tests = against_best(graphs_table(plane, worse), worse)
    assert list(tests.loc[tests["kept"], "graph"]) == ["ws_flex 2"]


def test_graphs_are_held_against_the_complete_one(of_density):
    table, found = of_density
    tests = against_complete(table, found)
    assert (tests["difference"] > 0).all()
    assert (tests["worse"] > 0.5).all()
    assert tests.set_index("graph")["better"].loc[f"ws_flex {MANY - 1}"] < 0.05
    told = words.beside_dense(table, found)
    assert f"{MANY} of {MANY} graphs (100 %)" in told
    assert "significantly worse 0" in told


def test_a_rectangle_holds_its_border():
    where = Rectangle(0.1, 0.5, 1.8, 2.7)
    table = pd.DataFrame({"clustering": [0.1, 0.5, 0.51], "aspl": [1.8, 2.7, 2.0]})
    assert list(where.holds(table)) == [True, True, False]
    assert str(QUOTED) == "C [0.10, 0.50], L [1.82, 2.75]"


def test_graphs_that_differ_by_noise_alone_are_called_noise(plane):
    rng = np.random.default_rng(3)
    found = records(plane, lambda row: 0.9)
    noisy = found.assign(test_accuracy=0.9 + rng.normal(0, 0.01, len(found)))
    assert "orders noise" in words.graphs_or_seeds(noisy)
    assert "Graphs do differ" in words.graphs_or_seeds(records(plane, by_density))


def test_the_page_says_what_the_numbers_say(of_density):
    table, found = of_density
    text = ws_flex_page(table, found, "a note.", draws=DRAWS).markdown()
    assert "a note." in text
    assert f"{MANY} graphs and the complete one, {3 * (MANY + 1)} trainings" in text
    assert "not to be told from 0" in text
    assert "winner's curse" in text
    assert "| complete |" in text
    assert f"the best 10 of {MANY} graphs" in text
    best = swept(table)["accuracy"].max()
    assert f"{100 * best:.2f} ±" in text
    assert "nan" not in text


def test_the_figure_shows_every_graph_twice(of_density):
    table, found = of_density
    figure = plane_figure(table, found)
    left, right = figure.axes[:2]
    points = sum(len(c.get_offsets()) for c in left.collections)
    assert points == MANY + 1
    assert len(right.containers) == MANY
    assert isinstance(figure, matplotlib.figure.Figure)
    assert "average shortest path length L" in left.get_ylabel()


def test_a_page_of_failures_says_so(plane):
    lost = [
        to_frame([failed(run) for run in runs(row["kind"], (0.9,) * 3, graph=row["graph"])])
        for _, row in plane.iterrows()
    ]
    found = pd.concat(lost, ignore_index=True).assign(width=64)
    table = graphs_table(plane, found)
    assert "nothing to compare" in ws_flex_page(table, found).markdown()
    assert plane_figure(table, found).axes


def test_a_lost_dense_network_leaves_the_rest(plane):
    found = records(plane, by_density)
    dense = found["arm"] == "complete"
    lost = to_frame([failed(run) for run in runs("complete", (0.9,) * 3, graph="complete")])
    mixed = pd.concat([found[~dense], lost.assign(width=64)], ignore_index=True)
    table = graphs_table(plane, mixed)
    text = ws_flex_page(table, mixed, draws=DRAWS).markdown()
    assert "nothing to compare with" in text
    assert plane_figure(table, mixed).axes
