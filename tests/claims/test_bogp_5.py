"""bogp-5 on made-up winners whose dependence on alpha is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from graphprune.claims.bogp import COLUMNS
from graphprune.claims.bogp_5 import BOTH, bogp_5
from graphprune.errors import UserError

DRAWS = 100
ALPHAS = (0.1, 0.15, 0.25, 0.5, 0.75, 0.9)
SPARSER = {alpha: 0.6 + 0.05 * place for place, alpha in enumerate(ALPHAS)}
WIDE, LEVELS = "wide pool (decides)", "levels pool (beside)"


def records(sparsity=SPARSER, searches=5, fresh=(100, 101), pool="wide", accuracy=None):
    """Every search's winner at every alpha on every fresh seed; accuracy(s, search, seed)."""
    told = accuracy or (lambda s, search, seed: 1 - s / 2 + 0.01 * (seed - 100.5))
    rows = [
        {
            "block": pool,
            "level": alpha,
            "search_seed": search,
            "seed": seed,
            "sparsity_asked": s,
            "test_accuracy": told(s, search, seed),
            "failure": "",
        }
        for search in range(searches)
        for alpha, s in sparsity.items()
        for seed in fresh
    ]
    return pd.DataFrame(rows)


def noisy(seed=0, **changes):
    """Winners that follow alpha loosely, and accuracies that follow them loosely."""
    rng = np.random.default_rng(seed)
    table = records(**changes)
    shifts = {key: rng.normal(0, 0.1) for key in table.groupby(["search_seed", "level"]).groups}
    keys = table[["search_seed", "level"]].itertuples(index=False)
    table["sparsity_asked"] += [shifts[tuple(key)] for key in keys]
    return table.assign(test_accuracy=1 - table["sparsity_asked"] + rng.normal(0, 0.1, len(table)))


def judged(table, draws=DRAWS):
    verdicts = bogp_5(table, draws)
    assert tuple(verdicts.columns) == COLUMNS
    assert set(verdicts["claim"]) == {"bogp-5"}
    return verdicts.set_index(["cell", "criterion"])


def fail(table, where):
    """The runs there failed: no accuracy, and why."""
    return table.assign(
        test_accuracy=table["test_accuracy"].mask(where),
        failure=table["failure"].mask(where, "loss is NaN"),
    )


def test_sparser_and_less_accurate_masks_with_alpha_support_the_claim():
    verdicts = judged(records())
    for criterion, sign in (("sparsity", 1), ("accuracy", -1)):
        row = verdicts.loc[WIDE, criterion]
        assert (row["effect"], row["low"], row["high"]) == pytest.approx((sign, sign, sign))
        assert (row["verdict"], row["n"], row["unit"]) == ("supported", 5, "search seed")
        assert (row["level"], row["failed"]) == (0.95, 0)
    assert verdicts.loc[(WIDE, BOTH), "verdict"] == "supported"
    assert np.isnan(verdicts.loc[(WIDE, BOTH), "effect"])


def test_the_effect_is_spearmans_over_all_winners():
    table = noisy()
    verdicts = judged(table)
    winners = table.groupby(["search_seed", "level"]).mean(numeric_only=True).reset_index()
    assert len(winners) == 30
    for criterion, column in (("sparsity", "sparsity_asked"), ("accuracy", "test_accuracy")):
        expected = stats.spearmanr(winners["level"], winners[column]).statistic
        assert 0.2 < abs(expected) < 0.95
        assert verdicts.loc[(WIDE, criterion), "effect"] == pytest.approx(expected)


def test_the_interval_resamples_search_seeds_with_all_their_winners():
    table = noisy()
    winners = table.groupby(["search_seed", "level"]).mean(numeric_only=True).reset_index()
    alphas = np.tile(ALPHAS, 5)
    shares = winners["sparsity_asked"].to_numpy().reshape(5, 6)
    rng = np.random.default_rng(0)
    drawn = [shares[rng.integers(5, size=5)].ravel() for _ in range(DRAWS)]
    values = [stats.spearmanr(alphas, sample).statistic for sample in drawn]
    row = judged(table).loc[WIDE, "sparsity"]
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_more_fresh_seeds_of_the_same_outcome_are_no_more_evidence():
    few, many = records(), records(fresh=(100, 100.5, 101))
    pd.testing.assert_frame_equal(judged(few), judged(many))
    once = noisy(fresh=(100,))
    twice = pd.concat([once, once.assign(seed=101)], ignore_index=True)
    pd.testing.assert_frame_equal(judged(once), judged(twice))


def test_the_order_of_the_runs_does_not_matter():
    table = noisy()
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(judged(table), judged(shuffled))


def test_a_constant_sparsity_is_not_supported_and_the_reason_says_why():
    table = records(
        dict.fromkeys(ALPHAS, 0.9), accuracy=lambda s, search, seed: 0.9 + 0.01 * search
    )
    verdicts = judged(table)
    row = verdicts.loc[WIDE, "sparsity"]
    assert (row["effect"], row["low"], row["high"]) == (0, 0, 0)
    assert row["verdict"] == "not supported"
    assert "sparsity 0.9 whatever alpha is, so the correlation is undefined" in row["reason"]
    assert "undefined" not in verdicts.loc[(WIDE, "accuracy"), "reason"]  # searches differ
    assert verdicts.loc[(WIDE, BOTH), "verdict"] == "not supported"


def test_each_search_at_its_own_sparsity_is_no_effect_of_alpha():
    table = records(dict.fromkeys(ALPHAS, 0.9))
    table["sparsity_asked"] += 0.01 * table["search_seed"]
    row = judged(table).loc[WIDE, "sparsity"]
    assert (row["effect"], row["verdict"]) == (0, "not supported")
    assert "undefined" not in row["reason"]


def test_alpha_that_makes_masks_denser_speaks_against_the_claim():
    denser = dict(zip(ALPHAS, reversed(SPARSER.values()), strict=True))
    verdicts = judged(records(denser))
    assert set(verdicts.loc[WIDE, "verdict"]) == {"not supported"}
    assert verdicts.loc[(WIDE, "sparsity"), "effect"] == pytest.approx(-1)


def test_one_side_alone_does_not_carry_the_claim():
    rng = np.random.default_rng(0)
    verdicts = judged(records(accuracy=lambda s, search, seed: rng.uniform()))
    assert verdicts.loc[(WIDE, "sparsity"), "verdict"] == "supported"
    assert verdicts.loc[(WIDE, "accuracy"), "verdict"] == "undecided"
    assert verdicts.loc[(WIDE, BOTH), "verdict"] == "undecided"


@pytest.mark.parametrize("searches", [1, 2, 4])
def test_few_searches_decide_nothing(searches):
    for sparsity in (SPARSER, dict.fromkeys(ALPHAS, 0.9)):
        verdicts = judged(records(sparsity, searches)).loc[WIDE]
        assert set(verdicts["verdict"]) == {"undecided"}
        assert set(verdicts["n"]) == {searches}
        assert f"n = {searches} (search seed), fewer than 5" in verdicts["reason"].iloc[0]


def test_pools_are_judged_apart_and_the_wide_one_first():
    six = records(dict.fromkeys(ALPHAS, 0.9), pool="levels")
    table = pd.concat([six, records()], ignore_index=True)
    verdicts = judged(table)
    assert list(dict.fromkeys(verdicts.index.get_level_values("cell"))) == [WIDE, LEVELS]
    assert len(verdicts) == 6
    assert set(verdicts.loc[WIDE, "verdict"]) == {"supported"}
    assert verdicts.loc[(LEVELS, "sparsity"), "verdict"] == "not supported"
    assert verdicts.loc[(LEVELS, BOTH), "verdict"] == "not supported"
    pd.testing.assert_frame_equal(verdicts.loc[[WIDE]], judged(records()))


def test_without_the_pool_that_decides_nothing_is_decided():
    verdicts = judged(records(pool="levels"))
    assert set(verdicts.loc[WIDE, "verdict"]) == {"undecided"}
    assert set(verdicts.loc[WIDE, "n"]) == {0}
    assert set(verdicts.loc[LEVELS, "verdict"]) == {"supported"}


def test_failed_runs_are_counted_and_left_out_of_a_winners_mean():
    table = records(accuracy=lambda s, search, seed: 1 - s if seed == 100 else 0.5)
    verdicts = judged(fail(table, table["seed"] == 101)).loc[WIDE]
    assert set(verdicts["failed"]) == {30}
    assert verdicts.loc["accuracy", "effect"] == pytest.approx(-1)
    assert verdicts.loc["accuracy", "n"] == 5


def test_a_search_with_a_winner_that_never_trained_is_left_out_of_accuracy_alone():
    table = records(searches=6)
    verdicts = judged(fail(table, (table["search_seed"] == 2) & (table["level"] == 0.9))).loc[WIDE]
    assert verdicts["n"].to_dict() == {"sparsity": 6, "accuracy": 5, BOTH: 5}
    assert set(verdicts["failed"]) == {2}
    assert set(verdicts["verdict"]) == {"supported"}


def test_one_alpha_compares_nothing():
    verdicts = judged(records({0.5: 0.9})).loc[WIDE]
    assert set(verdicts["verdict"]) == {"undecided"}
    assert set(verdicts["n"]) == {0}
    assert "only one alpha" in verdicts.loc["sparsity", "reason"]


def test_records_without_a_column_are_refused():
    with pytest.raises(UserError, match="sparsity_asked"):
        bogp_5(records().drop(columns="sparsity_asked"))
