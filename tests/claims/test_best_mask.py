"""Every mask on every seed: populations whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.agreement import icc_two_way
from graphprune.claims.best_mask import (
    Components,
    advantages,
    best_mask,
    components,
    cross_fitted,
    expected_maximum,
    noise_maxima,
    score_table,
)
from graphprune.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

NOISE = 0.006


def population(masks=400, seeds=4, sd_masks=0.005, sd_seeds=0.004, rng_seed=0):
    """A table of scores, and the masks' true advantages."""
    rng = np.random.default_rng(rng_seed)
    mask = rng.normal(0, sd_masks, masks)
    scores = 0.9 + mask[:, None] + rng.normal(0, sd_seeds, seeds)
    table = pd.DataFrame(scores + rng.normal(0, NOISE, (masks, seeds)))
    return table.rename_axis(index="mask", columns="seed"), mask - mask.mean()


def long(table):
    return table.stack().rename("score").reset_index()


# The table


def test_the_table_has_a_row_a_mask_and_a_column_a_seed():
    table, _ = population(5, 3)
    shuffled = long(table).sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(score_table(shuffled), table)


def test_a_seed_on_which_all_failed_is_left_out_and_failures_stay_nan():
    table, _ = population(5, 4)
    table[2] = np.nan
    table.loc[1, 0] = np.nan
    found = score_table(long(table.fillna(-1)).replace(-1, np.nan))
    assert list(found.columns) == [0, 1, 3]
    assert found.isna().sum().sum() == 1


def test_a_pair_that_occurs_twice_is_named():
    frame = long(population(3, 3)[0])
    with pytest.raises(UserError, match=r"mask and seed occur more than once: \[\(1, 2\)\]"):
        score_table(pd.concat([frame, frame[(frame["mask"] == 1) & (frame["seed"] == 2)]]))


@pytest.mark.parametrize(("masks", "seeds"), [(1, 3), (5, 1)])
def test_too_few_masks_or_seeds(masks, seeds):
    with pytest.raises(UserError, match=f"found {masks} masks on {seeds} seeds"):
        score_table(long(population(masks, seeds)[0]))


# Where the spread comes from


def test_components_of_a_large_population_are_those_it_was_drawn_with():
    table, _ = population(4000, 40, sd_seeds=0.02)
    parts = components(table)
    assert (parts.masks, parts.seeds) == (4000, 40)
    assert parts.sd_masks == pytest.approx(0.005, rel=0.05)
    assert parts.sd_noise == pytest.approx(NOISE, rel=0.02)
    assert parts.sd_seeds == pytest.approx(table.mean().std(ddof=1), rel=0.01)


def test_components_agree_with_the_intraclass_correlation():
    table, _ = population(60, 5)
    parts = components(table)
    icc = icc_two_way(long(table), "mask", "seed", "score", consistency=True).estimate
    share = parts.sd_masks**2 / (parts.sd_masks**2 + parts.sd_noise**2)
    assert share == pytest.approx(icc)
    assert parts.reliability(1) == pytest.approx(icc)
    assert parts.reliability(5) == pytest.approx(5 * icc / (1 + 4 * icc))  # Spearman–Brown


def test_components_by_hand():
    table = pd.DataFrame([[1.0, 3.0], [5.0, 5.0]])  # residuals ±.5, mask means 2 and 5
    parts = components(table)
    assert parts.sd_noise == pytest.approx(1)
    assert parts.sd_masks == pytest.approx(np.sqrt(4.5 - 0.5))
    assert parts.sd_seeds == pytest.approx(0)
    assert parts.reliability(2) == pytest.approx(4 / 4.5)


def test_masks_that_do_not_differ_have_no_reliability():
    assert Components(9, 3, 0.0, 0.1, 0.0).reliability(3) == 0
    same = pd.DataFrame([[0.7, 0.8, 0.9]] * 6)
    parts = components(same)
    assert (parts.sd_masks, parts.sd_noise, parts.reliability(3)) == (0, 0, 0)
    assert parts.sd_seeds == pytest.approx(0.1)


def test_what_a_seed_does_to_all_masks_alike_changes_nothing():
    table, _ = population(30, 3)
    moved = table + np.array([0.1, 0.0, -0.2])
    np.testing.assert_allclose(advantages(moved), advantages(table), atol=1e-12)
    assert components(moved).sd_masks == pytest.approx(components(table).sd_masks)
    assert best_mask(moved).shrunken == pytest.approx(best_mask(table).shrunken)


def test_a_mask_that_failed_once_is_in_no_variance_but_has_an_advantage():
    table, _ = population(30, 3)
    holed = table.copy()
    holed.loc[4, 1] = np.nan
    without = table.drop(index=4)
    assert components(holed) == components(without)
    assert advantages(holed).drop(index=4).equals(advantages(without))
    left = (table.loc[4] - without.mean())[[0, 2]].mean()
    assert advantages(holed)[4] == pytest.approx(left)


# The best mask


def test_without_differences_nothing_of_the_advantage_is_expected_to_remain():
    shares, truths = [], []
    for rng_seed in range(40):
        table, _ = population(sd_masks=0, rng_seed=rng_seed)
        best = best_mask(table)
        shares.append(best.shrunken / best.advantage)
        truths.append(cross_fitted(table)["left_out"].mean())
    assert best.advantage > 2 * NOISE / 2
    assert np.mean(shares) < 0.05
    assert np.mean(truths) == pytest.approx(0, abs=3 * NOISE / np.sqrt(4 * 40))


def test_where_masks_differ_much_nearly_all_of_it_remains():
    table, truth = population(sd_masks=0.1)
    best = best_mask(table)
    assert best.mask == truth.argmax()
    assert best.shrunken > 0.99 * best.advantage
    assert best.shrunken_sd < 0.05 * 0.1
    assert (noise_maxima(table) < best.advantage).all()
    folds = cross_fitted(table)
    assert (folds["mask"] == best.mask).all()
    assert folds["left_out"].mean() == pytest.approx(best.advantage)


def test_the_shrunken_advantage_is_what_the_best_mask_is_worth_on_average():
    observed, shrunken, spread, true, best_there_is, expected = ([] for _ in range(6))
    for rng_seed in range(150):
        table, truth = population(100, 3, sd_masks=0.004, rng_seed=rng_seed)
        best = best_mask(table)
        observed.append(best.advantage)
        shrunken.append(best.shrunken)
        spread.append(best.shrunken_sd)
        true.append(truth[best.mask])
        best_there_is.append(truth.max())
        expected.append(expected_maximum(table, draws=50))
    error = np.std(true) / np.sqrt(150)
    assert np.mean(shrunken) == pytest.approx(np.mean(true), abs=3 * error)
    assert np.mean(observed) > np.mean(true) + 10 * error
    assert np.std(np.subtract(true, shrunken)) == pytest.approx(np.mean(spread), rel=0.25)
    assert np.mean(expected) == pytest.approx(np.mean(best_there_is), rel=0.05)


def test_the_best_of_equal_masks_is_the_first():
    table = pd.DataFrame([[0.5, 0.5], [0.7, 0.9], [0.9, 0.7], [0.5, 0.5]], index=[3, 5, 8, 9])
    best = best_mask(table)
    assert (best.mask, best.accuracy) == (5, pytest.approx(0.8))
    assert best.advantage == pytest.approx(0.15)


def test_a_mask_that_failed_cannot_be_the_best():
    table, _ = population(20, 3)
    table.loc[7] = [0.99, 0.99, np.nan]
    assert best_mask(table).mask != 7


# Luck


def test_the_noise_of_the_best_is_that_of_independent_normal_means():
    table, _ = population(300, 4, sd_masks=0.05)
    rng = np.random.default_rng(1)
    normal = [rng.normal(0, NOISE / 2, 300).max() for _ in range(2000)]
    maxima = noise_maxima(table)
    assert maxima.mean() == pytest.approx(np.mean(normal), rel=0.05)
    assert maxima.std() == pytest.approx(np.std(normal), rel=0.2)


def test_noise_is_scaled_up_from_residuals_of_few_seeds():
    ratio = []
    for rng_seed in range(30):
        table, _ = population(100, 2, sd_masks=0, rng_seed=rng_seed)
        ratio.append(noise_maxima(table, draws=50).mean() / best_mask(table).advantage)
    assert np.mean(ratio) == pytest.approx(1, abs=0.1)


def test_draws_repeat_with_their_seed():
    table, _ = population(20, 3)
    assert (noise_maxima(table, 20, 1) == noise_maxima(table, 20, 1)).all()
    assert (noise_maxima(table, 20, 1) != noise_maxima(table, 20, 2)).any()


def test_the_cross_check_by_hand():
    table = pd.DataFrame([[0.9, 0.5, 0.7], [0.6, 0.8, 0.6], [0.3, 0.5, 0.8]])
    # Centred: [.3, -.1, 0], [0, .2, -.1], [-.3, -.1, .1]; without seed 2 two masks are equal.
    folds = cross_fitted(table).set_index("seed")
    assert list(folds["mask"]) == [1, 0, 0]
    assert folds["picked"].to_numpy() == pytest.approx([0.05, 0.15, 0.1])
    assert folds["left_out"].to_numpy() == pytest.approx([0, -0.1, 0])
