"""What searches give up: values from other seeds only, and exact chances of drawing masks."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.best_mask import components
from graphprune.claims.regret import QUANTITIES, chances, chosen, drawn, followed, incumbents, worth
from graphprune.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")

TABLE = pd.DataFrame(
    [[0.9, 0.5, 0.7], [0.6, 0.8, 0.6], [0.3, 0.5, 0.8], [0.2, 0.2, 0.3]],
    index=pd.Index([0, 1, 2, 3], name="mask"),
    columns=pd.Index([0, 1, 2], name="seed"),
)


def noisy(masks=200, seeds=4, sd_masks=0.004, rng_seed=0):
    rng = np.random.default_rng(rng_seed)
    mask = rng.normal(0, sd_masks, masks)
    scores = 0.9 + mask[:, None] + rng.normal(0, 0.006, (masks, seeds))
    table = pd.DataFrame(scores).rename_axis(index="mask", columns="seed")
    return table, mask - mask.mean()


def log(masks, table=TABLE, seed=0, strategy="bayesian"):
    scores = table[seed].loc[masks].to_numpy() if seed in table else np.linspace(0, 1, len(masks))
    found = pd.DataFrame({"step": range(len(masks)), "mask": masks, "score": scores})
    return found.assign(strategy=strategy, search_seed=seed)


# What a mask is worth


def test_worth_by_hand():
    found = worth(TABLE, 0)  # seeds 1 and 2; their means over masks are .5 and .6
    assert list(found.columns) == list(QUANTITIES)
    assert found["advantage"].to_numpy() == pytest.approx([0.05, 0.15, 0.1, -0.3])
    assert found["regret_measured"].to_numpy() == pytest.approx([0.1, 0, 0.05, 0.45])
    expected = components(TABLE).reliability(2) * 0.15
    assert found["regret"].to_numpy() == pytest.approx(expected - found["advantage"].to_numpy())
    assert found["percentile"].to_numpy() == pytest.approx([37.5, 87.5, 62.5, 12.5])


def test_the_seed_a_mask_was_chosen_on_does_not_count():
    table, _ = noisy()
    changed = table.copy()
    changed[2] = np.random.default_rng(9).permutation(table[2])
    for name in ("advantage", "regret_measured", "percentile"):
        assert worth(table, 2)[name].equals(worth(changed, 2)[name])
        assert not worth(table, 1)[name].equals(worth(changed, 1)[name])


def test_a_search_of_another_seed_is_judged_by_all_seeds():
    found = worth(TABLE, 7)
    centred = TABLE - TABLE.mean()
    assert found["advantage"].to_numpy() == pytest.approx(centred.mean(axis=1).to_numpy())


def test_masks_that_failed_are_judged_by_what_is_left_and_are_not_the_best():
    table = TABLE.copy()
    table.loc[1, 1] = np.nan
    table.loc[3, [1, 2]] = np.nan
    found = worth(table, 0)  # zero is the mean of masks 0 and 2 on seeds 1 and 2
    assert found["advantage"].to_numpy() == pytest.approx(
        [-0.025, -0.15, 0.025, np.nan], nan_ok=True
    )
    assert found.loc[2, "regret_measured"] == pytest.approx(0)
    assert found.loc[3].isna().all()


def test_the_best_measured_mask_is_too_good_and_the_expected_one_is_not():
    measured, expected, truly = [], [], []
    for rng_seed in range(150):
        table, truth = noisy(100, 3, rng_seed=rng_seed)
        mask = 0  # any mask that no score has chosen
        found = worth(table, 0).loc[mask]
        others = table[[1, 2]].mean(axis=1)
        measured.append(found["regret_measured"])
        expected.append(found["regret"])
        truly.append(truth[others.idxmax()] - truth[mask])
    error = np.std(np.subtract(expected, truly)) / np.sqrt(150)
    assert np.mean(expected) == pytest.approx(np.mean(truly), abs=3 * error)
    assert np.mean(measured) > np.mean(truly) + 10 * error


# Searches


def test_the_incumbent_is_the_first_of_the_best_so_far():
    scores = [np.nan, 0.5, 0.4, 0.7, 0.7, np.nan, 0.8]
    found = incumbents(pd.DataFrame({"mask": range(7), "score": scores}))
    np.testing.assert_array_equal(found, [np.nan, 1, 1, 3, 3, 3, 6])


def test_a_search_is_followed_by_its_own_scores_and_judged_by_others():
    path = followed(log([3, 1, 0, 2]), TABLE)
    assert list(path["mask"]) == [3, 1, 0, 0]
    assert path["advantage"].to_numpy() == pytest.approx([-0.3, 0.15, 0.05, 0.05])
    assert path["regret_measured"].to_numpy() == pytest.approx([0.45, 0, 0.1, 0.1])
    assert list(path["step"]) == [0, 1, 2, 3]
    (end,) = chosen(path).to_dict("records")
    assert (end["strategy"], end["search_seed"], end["mask"]) == ("bayesian", 0, 0)


def test_each_search_ends_where_it_ends():
    searches = pd.concat(
        [log([3, 1]), log([2], strategy="random"), log([0, 3, 2], seed=2), log([1, 0], seed=8)]
    )
    ends = chosen(followed(searches, TABLE)).set_index(["strategy", "search_seed"])["mask"]
    assert ends.to_dict() == {
        ("bayesian", 0): 1,
        ("random", 0): 2,
        ("bayesian", 2): 2,
        ("bayesian", 8): 0,
    }


def test_searches_are_told_apart_by_any_columns():
    searches = pd.concat([log([3]).assign(tell="asked"), log([1]).assign(tell="fetched")])
    ends = chosen(followed(searches, TABLE, ["tell"]))
    assert ends.set_index("tell")["mask"].to_dict() == {"asked": 3, "fetched": 1}


def test_a_search_that_failed_throughout_has_no_value():
    searches = log([3, 1]).assign(score=np.nan)
    ends = chosen(followed(searches, TABLE))
    assert len(ends) == 1
    assert ends[list(QUANTITIES)].isna().all(axis=None)


def test_masks_of_another_database_are_named():
    with pytest.raises(UserError, match=r"trained masks \[11\]"):
        followed(log([0]).assign(mask=11), TABLE)


# Drawing masks at random


@pytest.mark.parametrize("budget", [1, 2, 3, 5, 6, 9])
@pytest.mark.parametrize(
    "scores",
    [
        [0.1, 0.5, 0.3, 0.9, 0.2, 0.7],
        [0.5, 0.5, 0.3, 0.9, 0.3, 0.9],
        [0.4, np.nan, 0.3, 0.4, np.nan, 0.7],
    ],
)
def test_chances_are_those_of_counting_all_draws(scores, budget):
    won = np.zeros(6)
    for draw in combinations(range(6), min(budget, 6)):
        values = np.array([scores[i] for i in draw])
        if np.isnan(values).all():
            continue
        best = np.flatnonzero(values == np.nanmax(values))
        won[[draw[i] for i in best]] += 1 / len(best)
    np.testing.assert_allclose(chances(pd.Series(scores), budget), won / won.sum(), atol=1e-12)


def test_drawing_is_the_mean_over_seeds_and_draws():
    expected = drawn(TABLE, 2)
    values = []
    for seed in TABLE.columns:
        for pair in combinations(TABLE.index, 2):
            best = TABLE.loc[list(pair), seed]
            winners = best.index[best == best.max()]
            values.append(worth(TABLE, seed).loc[winners].mean())
    frame = pd.DataFrame(values)
    np.testing.assert_allclose(expected["mean"], frame.mean(), atol=1e-12)
    assert (expected["n"] == 3).all()


def test_one_mask_drawn_is_any_mask():
    table, _ = noisy()
    expected = drawn(table, 1)
    assert expected.loc["advantage", "mean"] == pytest.approx(0, abs=1e-10)
    assert expected.loc["percentile", "mean"] == pytest.approx(50)
    means = [table.drop(columns=seed).mean(axis=1).std(ddof=0) for seed in table]
    assert expected.loc["advantage", "sd"] == pytest.approx(np.sqrt(np.mean(np.square(means))))


def test_drawing_more_helps_only_where_masks_differ():
    def gain(sd_masks):
        return np.mean(
            [drawn(noisy(200, 3, sd_masks, s)[0], 25).loc["advantage", "mean"] for s in range(20)]
        )

    assert gain(0.0) == pytest.approx(0, abs=0.0006)
    # Best of 25 by a score of reliability .9²/(.9² + .6²) = .69: E max of 25 normals is 1.965.
    assert gain(0.009) == pytest.approx(1.965 * 0.009 * np.sqrt(0.69), rel=0.1)


def test_masks_that_failed_are_never_drawn_to_be_kept():
    frame = TABLE.copy()
    frame.loc[0, 0] = np.nan
    assert chances(frame[0], 1)[0] == 0
    assert np.isfinite(drawn(frame, 2)["mean"]).all()
