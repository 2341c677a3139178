"""Regret from tables whose truth is known: the numbers, the page, the figure."""

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.best_mask import best_mask, components, score_table
from graphprune.claims.regret import worth
from graphprune.errors import UserError
from graphprune.report.bogp.regret import (
    BEST,
    COLUMNS,
    DRAW,
    DRAWS,
    MASKS,
    regret_figure,
    regret_table,
)
from graphprune.report.bogp.regret_page import regret_page

pytestmark = pytest.mark.filterwarnings("error")
POINTS = 100
NOISE = 0.006


def exhaustive(masks=120, seeds=3, sd_masks=0.005, rng_seed=0):
    """Every mask on every seed, and the masks' true means."""
    rng = np.random.default_rng(rng_seed)
    mask = rng.normal(0, sd_masks, masks)
    scores = 0.9 + mask[:, None] + rng.normal(0, NOISE, (masks, seeds))
    table = pd.DataFrame(scores).rename_axis(index="mask", columns="seed")
    return table.stack().rename("score").reset_index(), mask


def search(table, strategy, seed, masks):
    found = table.set_index(["seed", "mask"])["score"]
    scores = [found.get((seed, mask), 0.5) for mask in masks]
    log = pd.DataFrame({"step": range(len(masks)), "mask": masks, "score": scores})
    return log.assign(strategy=strategy, search_seed=seed)


def searches(table, bayesian, random, seeds=range(5)):
    """Searches of either strategy that asked for these masks, whatever their seed."""
    logs = [search(table, "bayesian", seed, bayesian) for seed in seeds]
    return pd.concat([*logs, *(search(table, "random", seed, random) for seed in seeds)])


def cells(table):
    assert list(table.columns) == list(COLUMNS)
    assert not table.duplicated(["about", "quantity"]).any()
    return table.set_index(["about", "quantity"])


def found(page, label):
    (line,) = [line for line in page.markdown().splitlines() if line.startswith(f"| {label}")]
    return line


def y_of(line):
    return line.get_ydata()


def labels_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


# The numbers


def test_the_numbers_are_those_of_the_model():
    frame, _ = exhaustive()
    table = score_table(frame)
    row = cells(regret_table(frame, searches(frame, [1, 2], [3, 4])))
    parts, best = components(table), best_mask(table)
    assert row.at[(MASKS, "sd_masks"), "estimate"] == parts.sd_masks
    assert row.at[(MASKS, "sd_noise"), "estimate"] == parts.sd_noise
    assert row.at[(MASKS, "reliability"), "estimate"] == parts.reliability(3)
    assert row.at[(MASKS, "accuracy"), "estimate"] == pytest.approx(frame["score"].mean())
    assert (row.loc[MASKS].loc[["accuracy", "icc", "sd_masks"], "n"] == 120).all()
    assert row.at[(BEST, "mask"), "estimate"] == best.mask
    assert row.at[(BEST, "luck"), "estimate"] == pytest.approx(best.advantage - best.shrunken)
    for quantity in ("sd_masks", "reliability", "icc"):
        low, estimate, high = row.loc[(MASKS, quantity), ["low", "estimate", "high"]]
        assert low < estimate < high
    assert row.at[(DRAWS, "budget"), "estimate"] == 2


@pytest.mark.parametrize("sd_masks", [0.0, 0.1])
def test_the_bounds_of_the_masks_spread_hold_the_truth(sd_masks):
    frame, _ = exhaustive(300, 4, sd_masks)
    row = cells(regret_table(frame, searches(frame, [1], [2]))).loc[(MASKS, "sd_masks")]
    assert row["low"] <= sd_masks <= row["high"]


def test_searches_that_find_the_best_mask_and_the_worst():
    frame, truth = exhaustive(seeds=5, sd_masks=0.1)
    log = searches(frame, [5, int(truth.argmax())], [int(truth.argmin())])
    row = cells(regret_table(frame, log))
    for quantity in ("regret", "regret_true", "regret_measured"):
        assert row.at[("bayesian", quantity), "estimate"] == pytest.approx(0, abs=0.004)
        assert row.at[("random", quantity), "estimate"] == pytest.approx(np.ptp(truth), abs=0.02)
        assert row.at[(DRAW, quantity), "estimate"] == pytest.approx(
            truth.max() - truth.mean(), abs=0.01
        )
    assert row.at[("bayesian", "percentile"), "estimate"] > 99
    assert row.at[("random", "percentile"), "estimate"] < 1
    assert (
        row.at[("bayesian", "beyond_drawing"), "low"]
        > 0
        > row.at[("random", "beyond_drawing"), "high"]
    )
    paired = row.loc[("bayesian − random", "advantage")]
    assert paired["estimate"] == pytest.approx(np.ptp(truth), abs=0.02)
    assert paired["n"] == 5


def test_a_search_is_judged_by_the_seeds_that_are_not_its_own():
    frame, _ = exhaustive(seeds=3)
    table = score_table(frame)
    row = cells(regret_table(frame, searches(frame, [7], [9], seeds=range(4))))
    values = [worth(table, seed).at[7, "regret"] for seed in range(4)]
    cell = row.loc[("bayesian", "regret")]
    assert cell["estimate"] == pytest.approx(np.mean(values))
    assert cell["sd"] == pytest.approx(np.std(values, ddof=1))
    assert cell["n"] == 4
    # The difference between strategies is the same in regret, but for its sign.
    gap = row.at[("random", "regret"), "estimate"] - cell["estimate"]
    assert row.at[("bayesian − random", "advantage"), "estimate"] == pytest.approx(gap)


def test_where_masks_do_not_differ_no_search_gives_anything_up():
    regret, measured = [], []
    for rng_seed in range(15):
        frame, _ = exhaustive(80, 3, 0.0, rng_seed)
        row = cells(regret_table(frame, searches(frame, list(range(25)), [1], seeds=range(3))))
        regret.append(row.at[("bayesian", "regret"), "estimate"])
        measured.append(row.at[("bayesian", "regret_measured"), "estimate"])
        assert row.at[(DRAWS, "regret"), "estimate"] == pytest.approx(0, abs=0.003)
    assert np.mean(regret) == pytest.approx(0, abs=0.0015)
    assert np.mean(measured) > 0.007


def test_failures_are_counted_and_left_out():
    frame, truth = exhaustive(sd_masks=0.1)
    best = int(truth.argmax())
    frame.loc[(frame["mask"] == best) & (frame["seed"] == 1), "score"] = np.nan
    log = searches(frame, [5], [6])
    log.loc[(log["strategy"] == "random") & (log["search_seed"] == 2), "score"] = np.nan
    table = regret_table(frame, log)
    row = cells(table)
    assert row.at[(MASKS, "failed"), "estimate"] == row.at[(MASKS, "left_out"), "estimate"] == 1
    assert row.at[(BEST, "mask"), "estimate"] != best
    assert row.at[(MASKS, "icc"), "n"] == 119
    assert row.at[("random", "regret"), "n"] == 4
    assert row.at[("bayesian − random", "advantage"), "n"] == 4
    text = regret_page(table).markdown()
    assert "360 trainings, 1 failed" in text
    assert "1 of 120" in text
    assert "1 of 5 searches (random search) have no value" in text
    assert "nan" not in text


def test_searches_of_another_database():
    frame, _ = exhaustive(20)
    with pytest.raises(UserError, match="both must be of one database"):
        regret_table(frame, searches(frame, [3], [20]))


# The page


def test_the_page_states_numbers_with_spread_and_n():
    frame, _ = exhaustive()
    table = regret_table(frame, searches(frame, [1, 2], [3, 4]))
    page, row = regret_page(table, "What was run.", "main"), cells(table)
    text = page.markdown()
    assert text.startswith("# BoGP: the best mask, how much of it is luck")
    assert "What was run." in text
    shrunken = row.loc[(BEST, "shrunken")]
    line = found(page, "expected advantage (shrunken)")
    assert f"{POINTS * shrunken['estimate']:+.2f} ± {POINTS * shrunken['sd']:.2f} (3)" in line
    regret = row.loc[("bayesian", "regret")]
    low, high = POINTS * regret["low"], POINTS * regret["high"]
    mean, sd = POINTS * regret["estimate"], POINTS * regret["sd"]
    cell = f"{mean:+.2f} ± {sd:.2f} [{low:+.2f}, {high:+.2f}] (5)"
    assert cell in found(page, "Bayesian optimisation")
    assert "best of 2 drawn" in text
    for said in ("each seed's residuals", "pick the best mask on all seeds but one", "too large"):
        assert said in text
    share = 100 * row.at[(BEST, "luck"), "estimate"] / row.at[(BEST, "advantage"), "estimate"]
    assert f"about {share:.0f} % of the best mask's measured advantage is luck" in text
    assert "nan" not in text
    assert "<table" in page.html()


def test_the_page_gives_a_verdict_only_on_five_searches():
    frame, truth = exhaustive(sd_masks=0.1)
    best, worst = [int(truth.argmax())], [int(truth.argmin())]
    for bayesian, random, seeds, said in (
        (best, worst, range(5), "Bayesian optimisation chose better masks here"),
        (worst, best, range(5), "random search chose better masks here"),
        (best, best, range(5), "cannot be told apart here"),
        (best, worst, range(4), "no verdict is given"),
    ):
        table = regret_table(frame, searches(frame, bayesian, random, seeds))
        assert said in regret_page(table).markdown()


def test_one_strategy_and_one_search_have_a_page_and_a_figure():
    frame, _ = exhaustive(6, 2)
    log = search(frame, "grid", 0, [1, 2])
    table = regret_table(frame, log)
    text = regret_page(table).markdown()
    assert "| grid |" in text
    assert "(1)" in text
    assert "paired by search seed" not in text
    assert "nan" not in text
    regret_figure(frame, log).draw_without_rendering()


def test_equal_scores_have_a_page_and_a_figure():
    frame, _ = exhaustive(10, 3)
    frame["score"] = 0.5
    log = searches(frame, [1, 2], [3])
    page = regret_page(regret_table(frame, log))
    assert "is luck" not in page.markdown().split("## What the searches")[0].rsplit("|", 1)[1]
    assert "nan" not in page.markdown()
    regret_figure(frame, log).draw_without_rendering()


# The figure


def test_curves_are_the_regret_of_the_best_so_far():
    frame, _ = exhaustive()
    table = score_table(frame)
    log = searches(frame, [1, 2, 3], [4, 5, 6], seeds=range(2))
    figure = regret_figure(frame, log)
    figure.draw_without_rendering()
    curves, means = figure.axes
    thin = [y_of(line) for line in curves.lines[:2]]
    for seed, line in enumerate(thin):
        best = [max(range(1, k + 2), key=lambda m: table.at[m, seed]) for k in range(3)]
        np.testing.assert_allclose(line, POINTS * worth(table, seed).loc[best, "regret"])
    np.testing.assert_allclose(y_of(curves.lines[2]), np.mean(thin, axis=0))
    expected = ["Bayesian optimisation (2)", "random search (2)", "as many drawn at random"]
    assert labels_of(curves) == [*expected, "one drawn"]
    sorted_means = y_of(means.lines[0])
    assert len(sorted_means) == 120
    assert (np.diff(sorted_means) >= 0).all()
    shrunken = y_of(means.lines[1])
    assert shrunken[-1] == pytest.approx(POINTS * best_mask(table).shrunken)


def test_the_lines_of_drawing_are_those_of_the_table():
    frame, _ = exhaustive()
    log = searches(frame, [1, 2, 3, 4], [4, 5, 6, 7], seeds=range(2))
    curves = regret_figure(frame, log).axes[0]
    row = cells(regret_table(frame, log))
    (dashed,) = [line for line in curves.lines if line.get_label() == "as many drawn at random"]
    assert y_of(dashed)[0] == pytest.approx(POINTS * row.at[(DRAW, "regret"), "estimate"])
    assert y_of(dashed)[-1] == pytest.approx(POINTS * row.at[(DRAWS, "regret"), "estimate"])


def test_a_search_that_failed_throughout_leaves_its_mean_out():
    frame, _ = exhaustive()
    log = searches(frame, [1, 2], [3, 4], seeds=range(2))
    log.loc[(log["strategy"] == "random") & (log["search_seed"] == 1), "score"] = np.nan
    figure = regret_figure(frame, log)
    figure.draw_without_rendering()
    (mean,) = [x for x in figure.axes[0].lines if x.get_label() == "random search (2)"]
    assert np.isnan(y_of(mean)).all()
