"""The ablation's numbers by hand, its page and its figure."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from report_cases import search_log

from graphprune.claims.best_mask import score_table
from graphprune.claims.regret import worth
from graphprune.claims.statistics import Effect, holm
from graphprune.errors import UserError
from graphprune.report.bogp.ablation import (
    CHOICES,
    PRINTED,
    ablation_figure,
    ablation_table,
    told_apart,
)
from graphprune.report.bogp.ablation_page import ablation_page

pytestmark = pytest.mark.filterwarnings("error")

COMBINATIONS = list(
    itertools.product(("none", "minmax", "zscore"), ("cosine", "l1", "l2"), ("asked", "fetched"))
)
SEEDS = range(5)


def one(combination, seed, scores, masks=(0, 1, 2), seconds=0.5):
    log = search_log("bayesian", seed, list(masks), scores)
    log = log.assign(similarity=[0.9, 0.7, 0.8], search_seconds=seconds)
    return log.assign(**dict(zip(CHOICES, combination, strict=True)))


def ablation(extra=lambda combination, seed: 0.0, seeds=SEEDS, combinations=COMBINATIONS):
    """Each combination finds .9 + its extra on every seed, and a seed's own on top."""
    logs = []
    for combination in combinations:
        for seed in seeds:
            best = 0.9 + 0.01 * seed + extra(combination, seed)
            logs.append(one(combination, seed, [0.8, best, 0.85]))
    return pd.concat(logs, ignore_index=True)


def noise(scale=0.002, rng_seed=0):
    rng = np.random.default_rng(rng_seed)
    return lambda combination, seed: scale * rng.normal()


def exhaustive(masks=3, seeds=SEEDS, rng_seed=0):
    rng = np.random.default_rng(rng_seed)
    pairs = itertools.product(range(masks), seeds)
    return pd.DataFrame(
        [{"mask": mask, "seed": seed, "score": 0.9 + rng.normal(0, 0.01)} for mask, seed in pairs]
    )


def row(table, combination):
    (found,) = table[(table[CHOICES] == list(combination)).all(axis=1)].to_dict("records")
    return found


def y_of(line):
    return line.get_ydata()


def x_of(line):
    return line.get_xdata()


def labels_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


# The table


def test_each_combination_has_a_row_and_the_printed_one_is_first():
    log = ablation(noise())
    table = ablation_table(log.iloc[::-1])
    assert tuple(table.loc[0, CHOICES]) == PRINTED
    assert {tuple(c) for c in table[CHOICES].to_numpy()} == set(COMBINATIONS)
    assert (table["n"] == 5).all()
    assert (table["steps"] == 3).all()


def test_a_row_by_hand():
    log = pd.concat(
        [
            ablation(seeds=range(2)),
            one(("none", "l3", "asked"), 0, [0.5, 0.7, 0.6], masks=[4, 4, 5], seconds=1.0),
            one(("none", "l3", "asked"), 1, [0.9, 0.9, math.nan], masks=[7, 7, 7], seconds=2.0),
        ]
    )
    found = row(ablation_table(log), ("none", "l3", "asked"))
    assert found["best_val"] == pytest.approx(0.8)
    assert found["best_val_sd"] == pytest.approx(np.sqrt(0.02))
    assert (found["distinct"], found["came_back"]) == (1.5, 1.5)
    assert found["similarity"] == 0.8
    assert (found["seconds"], found["failed"]) == (4.5, 1)
    assert found["difference"] == pytest.approx((0.7 - 0.9 + 0.9 - 0.91) / 2)
    assert found["difference_n"] == 2
    assert found["difference_low"] < found["difference"] < found["difference_high"]


def test_the_printed_combination_is_compared_with_nothing():
    table = ablation_table(ablation(noise()))
    compared = [name for name in table if name.startswith("difference")]
    assert table.loc[0, compared].isna().all()
    assert table.loc[1:, compared].notna().all(axis=None)


def test_p_values_are_corrected_over_all_comparisons():
    table = ablation_table(ablation(noise()))
    others = table.iloc[1:]
    assert len(others) == 17
    np.testing.assert_allclose(others["difference_p_holm"], holm(others["difference_p"]))
    assert (others["difference_p_holm"] >= others["difference_p"]).all()


def test_a_large_difference_is_told_from_noise_and_nothing_else_is():
    better, extra = ("zscore", "l2", "fetched"), noise()
    log = ablation(lambda c, seed: extra(c, seed) + 0.05 * (c == better))
    table = ablation_table(log)
    verdicts = table.set_index(CHOICES)["difference_told_apart"]
    assert verdicts[better] == "yes"
    assert (verdicts.drop([better, PRINTED]) == "no").all()
    text = ablation_page(table).markdown()
    assert "Distinguishable from noise in the best score found: zscore, l2, fetched (+" in text


def test_pure_noise_is_not_told_apart_where_single_intervals_exclude_zero():
    table = ablation_table(ablation(noise(rng_seed=0))).iloc[1:]
    assert (table["difference_p"] < 0.05).any()
    assert (table["difference_told_apart"] == "no").all()


@pytest.mark.parametrize(
    ("effect", "p", "said"),
    [
        (Effect(0.1, 0.05, 0.15, 5, 0.95, ""), 0.01, "yes"),
        (Effect(0.1, 0.05, 0.15, 5, 0.95, ""), 0.2, "no"),
        (Effect(0.1, 0.05, 0.15, 4, 0.95, ""), 0.01, "undecided"),
        (Effect(0.1, 0.1, 0.1, 5, 0.95, ""), 0.0, "undecided"),
        (Effect(0.0, 0.0, 0.0, 5, 0.95, ""), 1.0, "no"),
    ],
)
def test_what_can_be_told_apart(effect, p, said):
    assert told_apart(effect, p) == said


def test_a_search_that_failed_throughout_is_left_out_of_n():
    log = ablation(noise())
    lost = (log["scaling"] == "minmax") & (log["search_seed"] == 2)
    log.loc[lost, ["score", "best"]] = np.nan
    table = ablation_table(log)
    found = row(table, ("minmax", "l1", "asked"))
    assert (found["searches"], found["n"], found["difference_n"], found["failed"]) == (5, 4, 4, 3)
    text = ablation_page(table).markdown()
    assert "18 trainings failed" in text
    assert "nan" not in text


def test_without_the_printed_combination_nothing_can_be_compared():
    with pytest.raises(UserError, match="no search of the printed combination none, cosine, asked"):
        ablation_table(ablation(combinations=COMBINATIONS[1:]))


# With every mask trained


def test_chosen_masks_are_judged_on_other_seeds():
    log, truth = ablation(noise()), exhaustive()
    table = ablation_table(log, truth)
    values = [worth(score_table(truth), seed).loc[1] for seed in SEEDS]  # every search chose 1
    for name in ("advantage", "regret"):
        expected = [value[name] for value in values]
        np.testing.assert_allclose(table[name], np.mean(expected))
        np.testing.assert_allclose(table[f"{name}_sd"], np.std(expected, ddof=1))
    assert (table["chosen_n"] == 5).all()
    assert (table.loc[1:, "chosen_difference"] == 0).all()
    assert (table.loc[1:, "chosen_difference_told_apart"] == "no").all()
    plain = ablation_table(log)
    pd.testing.assert_frame_equal(table[plain.columns], plain)


def test_a_combination_that_chooses_better_masks_has_less_regret():
    log, truth = ablation(noise()), exhaustive(rng_seed=1)
    truth.loc[truth["mask"] == 2, "score"] += 0.2
    better = ("minmax", "l2", "asked")
    mine = (log[CHOICES] == list(better)).all(axis=1)
    log.loc[mine, "mask"] = log.loc[mine, "mask"].map({0: 0, 1: 2, 2: 1})
    found = row(table := ablation_table(log, truth), better)
    assert found["regret"] == pytest.approx(0, abs=0.01)
    assert table.loc[0, "regret"] == pytest.approx(0.2, abs=0.03)
    assert found["chosen_difference"] == pytest.approx(0.2, abs=0.03)
    assert found["chosen_difference_told_apart"] == "yes"
    text = ablation_page(table).markdown()
    assert "in the advantage of the chosen mask: minmax, l2, asked (+" in text
    assert "No difference in the best score found is distinguishable from noise" in text


# Page and figure


def test_the_page_states_numbers_with_spread_and_n():
    table = ablation_table(ablation(noise()), exhaustive())
    page = ablation_page(table, "What was run.", "main")
    text = page.markdown()
    assert "What was run." in text
    assert "none, cosine, asked (printed)" in text
    assert "The best of 3 noisy scores is biased upward" in text
    assert "correction for 17 comparisons" in text
    found = row(table, ("none", "l1", "asked"))
    sd = f"{100 * found['best_val_sd']:.2f}".removeprefix("0")
    assert f"{100 * found['best_val']:.2f} ± {sd} (5)" in text
    low, high = 100 * found["difference_low"], 100 * found["difference_high"]
    assert f"[{low:+.2f}, {high:+.2f}] (5)" in text
    assert text.count("| none, l1, asked |") == 3
    assert "nan" not in text
    assert "<table" in page.html()


@pytest.mark.parametrize("seeds", [range(1), range(2), range(3)])
def test_with_few_searches_all_is_undecided(seeds):
    table = ablation_table(ablation(noise(), seeds))
    assert (table.loc[1:, "difference_told_apart"] == "undecided").all()
    text = ablation_page(table).markdown()
    assert f"stays undecided, with {len(seeds)} pairs at most" in text
    assert "nan" not in text


def test_the_figure_has_a_panel_for_scaling_and_measure_and_a_colour_for_what_is_told():
    log = ablation(noise(), range(2))
    figure = ablation_figure(log)
    figure.draw_without_rendering()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [f"scaling {s}, {m}" for s, m, t in COMBINATIONS if t == "asked"]
    first = figure.axes[0]
    assert labels_of(first) == ["asked (2)", "fetched (2)"]
    asked = log[(log[CHOICES] == list(PRINTED)).all(axis=1)]
    by_seed = [100 * rows["best"].to_numpy() for _, rows in asked.groupby("search_seed")]
    for line, expected in zip(first.lines, [*by_seed, np.mean(by_seed, axis=0)], strict=False):
        np.testing.assert_allclose(y_of(line), expected)
        np.testing.assert_array_equal(x_of(line), [1, 2, 3])
    assert len({line.get_color() for line in first.lines}) == 2


def test_a_failed_search_is_drawn_as_far_as_it_goes():
    log = ablation(noise())
    log.loc[log["search_seed"] == 1, ["score", "best"]] = np.nan
    figure = ablation_figure(log)
    figure.draw_without_rendering()
    (mean,) = [line for line in figure.axes[0].lines if line.get_label() == "asked (5)"]
    assert np.isnan(y_of(mean)).all()
