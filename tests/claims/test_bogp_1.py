"""bogp-1 on made-up accuracies whose effects are known."""

import math

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.bogp_1 import BOTH, MIN_MASKS, agreement, bogp_1, explained
from graphprune.claims.verdict import COLUMNS
from graphprune.errors import UserError

pytestmark = pytest.mark.filterwarnings("error")


def crossed(masks, seeds=5, mask_sd=0.0, seed_sd=0.0, noise=0.0, rng_seed=0):
    """Accuracies of masks (rows) on shared seeds (columns)."""
    rng = np.random.default_rng(rng_seed)
    values = 0.9 + mask_sd * rng.normal(size=(masks, 1)) + seed_sd * rng.normal(size=(1, seeds))
    return pd.DataFrame(values + noise * rng.normal(size=(masks, seeds)))


def source(name="random", icc=(0.5, 0.3, 0.7, 50), r2=(0.5, 0.3, 0.7, 50), failed=0):
    row = {"source": name, "sparsity": 0.9, "failed": failed}
    for effect, values in (("icc", icc), ("r2", r2)):
        keys = (effect, f"{effect}_low", f"{effect}_high", f"{effect}_n")
        row |= dict(zip(keys, values, strict=True))
    return row


# The effects


def test_masks_alone_make_an_icc_of_one():
    effect = agreement(crossed(20, mask_sd=0.01, noise=1e-6))
    assert effect.low > 0.999
    assert (effect.n, effect.unit) == (20, "mask")
    assert effect.p_value < 1e-10


def test_noise_alone_makes_an_interval_that_contains_zero():
    effect = agreement(crossed(50, noise=0.01))
    assert effect.low < 0 < effect.high < 0.2
    assert effect.p_value > 0.05


def test_what_seeds_do_to_all_masks_alike_lowers_the_icc():
    """True ICC 1 / (1 + 4 + 1)."""
    effects = [
        agreement(crossed(100, 20, mask_sd=0.01, seed_sd=0.02, noise=0.01, rng_seed=s)).estimate
        for s in range(20)
    ]
    assert np.mean(effects) == pytest.approx(1 / 6, abs=0.03)


def test_r2_of_means_that_follow_a_property_and_of_means_that_do_not():
    rng = np.random.default_rng(0)
    properties = pd.DataFrame({"aspl": rng.normal(size=60), "constant": 3.0})
    assert explained(0.9 + 0.01 * properties["aspl"], properties).low > 0.999
    assert explained(pd.Series(rng.normal(size=60)), properties).estimate < 0.1


def test_properties_that_never_vary_explain_nothing():
    means = pd.Series(np.random.default_rng(0).normal(size=30))
    properties = pd.DataFrame({"degree": 0.1 * (1 + 1e-16 * np.arange(30)), "cycles": 3.0})
    assert explained(means, properties).estimate <= 0


def test_masks_with_infinite_properties_have_no_part_in_r2():
    x = np.random.default_rng(0).normal(size=40)
    means = pd.Series(0.9 + 0.01 * x)
    means.iloc[:3] = 0.1  # would spoil the fit
    properties = pd.DataFrame({"x": x, "aspl": np.r_[[np.inf] * 3, np.full(37, 2.0)]})
    effect = explained(means, properties)
    assert (effect.n, effect.unit) == (37, "mask")
    assert effect.low > 0.999


@pytest.mark.parametrize("masks", range(MIN_MASKS))
def test_few_masks_have_no_effects(masks):
    table = crossed(masks, noise=0.01)
    properties = pd.DataFrame({"aspl": np.arange(masks) ** 2}, index=table.index)
    for effect in (agreement(table), explained(table.mean(axis=1), properties)):
        assert math.isnan(effect.estimate)
        assert effect.n == masks


# The verdicts


def verdicts(*rows):
    found = bogp_1(pd.DataFrame(rows))
    return {(r["cell"], r["criterion"]): r["verdict"] for r in found.to_dict("records")}


def test_rows_have_the_columns_of_the_other_claims():
    some = (0.5, 0.3, 0.7, 48)
    found = bogp_1(pd.DataFrame([source(r2=some), source("mixture", r2=some, failed=2)]))
    assert tuple(found.columns) == COLUMNS
    assert list(found["criterion"]) == ["icc", "r2", BOTH] * 2
    assert list(found["cell"]) == ["random, s = 0.90"] * 3 + ["mixture, s = 0.90"] * 3
    assert list(found["n"]) == [50, 48, 48] * 2
    assert list(found["failed"]) == [0] * 3 + [2] * 3
    assert set(found["claim"]) == {"bogp-1"}
    np.testing.assert_allclose(
        found.loc[0, ["effect", "low", "high"]].astype(float), [0.5, 0.3, 0.7]
    )


@pytest.mark.parametrize(
    ("icc", "r2", "both"),
    [
        ((0.5, 0.11, 0.7, 50), (0.5, 0.11, 0.7, 50), "supported"),
        ((0.5, 0.3, 0.7, 50), (0.2, 0.05, 0.4, 50), "undecided"),
        ((0.5, 0.3, 0.7, 50), (-0.1, -0.3, 0.08, 50), "not supported"),
        ((0.0, -0.1, 0.05, 50), (0.5, 0.3, 0.7, 50), "not supported"),
        ((0.5, 0.3, 0.7, 4), (0.5, 0.3, 0.7, 4), "undecided"),
        ((math.nan, math.nan, math.nan, 3), (math.nan, math.nan, math.nan, 0), "undecided"),
    ],
)
def test_both_lower_bounds_must_exceed_a_tenth(icc, r2, both):
    assert verdicts(source(icc=icc, r2=r2))["random, s = 0.90", BOTH] == both


def test_each_source_is_judged_for_itself():
    found = verdicts(source(), source("undirected", icc=(0, -0.1, 0.05, 50)))
    assert found["random, s = 0.90", BOTH] == "supported"
    assert found["undirected, s = 0.90", BOTH] == "not supported"


def test_missing_columns_are_named():
    with pytest.raises(UserError, match="r2_low"):
        bogp_1(pd.DataFrame([source()]).drop(columns="r2_low"))
