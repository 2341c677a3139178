"""The critical reading: its words follow the numbers, and say what was not run."""

import math

import numpy as np
import pandas as pd
import pytest

from graphprune.claims.statistics import differences, mean_interval
from graphprune.report.bogp.reading import COLUMNS, Run, reading, reading_page
from graphprune.report.bogp.reading_words import Number

pytestmark = pytest.mark.filterwarnings("error")

RUN = Run("digits", "held_out", "fp32")
PARTS = ["comparison", "ablation", "regret", "tradeoff", "identifiability"]
MASKS = "Can masks be told apart from seeds?"
PROPERTIES = "Do the graph's properties explain what masks differ in?"
RANDOM = "Does Bayesian search beat random search, and how much is luck?"
RIVALS = "Does the searched mask beat an unsearched one, and magnitude?"
CHOICES = "Do the choices of the search matter?"
ALPHA = "Does α trade accuracy for sparsity?"
RECIPES = "Is the printed base reached, and does the recipe matter?"
LIMITS = "What can this run not say?"


def described(parts=PARTS, nodes=32, hidden=(32,), recipe="full_batch", seeds=5, fresh=5):
    block = {"sparsity": 0.9, "steps": 20, "seeds": list(range(seeds))}
    return {
        "parts": parts,
        "nodes": nodes,
        "model": {"name": "mlp", "hidden": list(hidden)},
        "scope": "first" if len(hidden) == 1 else "inner",
        "recipe": recipe,
        "masks": {"sparsities": [0.15, 0.3, 0.45, 0.6, 0.75, 0.9]},
        "search": {"seeds": list(range(seeds)), "starts": 5, "steps": 20},
        "final_seeds": list(range(fresh)),
        "ablation": block,
        "regret": block,
        "tradeoff": {**block, "alphas": [0.1, 0.9], "wide": {"low": 0.05, "high": 0.99}},
        "identifiability": {**block, "sources": ["random"], "masks": 50},
    }


def said(question, descriptions, **tables):
    """All that the page says about a question, as one text."""
    data = reading(descriptions, tables, RUN)
    texts = data.drop_duplicates(["question", "number"]).set_index("question")["statement"]
    return " ".join(texts.loc[[question]])


def effect(name, *numbers):
    """Estimate, low, high and n, in columns."""
    return dict(zip((name, f"{name}_low", f"{name}_high", f"{name}_n"), numbers, strict=True))


def source(name="random", icc=(0.1, 0.05, 0.2), r2=(0.0, -0.1, 0.1), permuted=(0.0, -0.1, 0.1)):
    row = {"source": name, "sparsity": 0.9, "masks": 50, "seeds": 5, "failed": 0, "n": 50}
    row |= {"mean_accuracy": 0.92, "sd_masks": 0.01, "sd_seeds": 0.02}
    for column, value in (("icc", icc), ("r2", r2), ("r2_permuted", permuted)):
        row |= effect(column, *value, 50)
    return row


def sources(**changes):
    return pd.DataFrame([source(**changes)])


def claims(*rows):
    """Rows (claim, criterion, cell, effect, low, high, n, verdict, reason)."""
    names = ("claim", "criterion", "cell", "effect", "low", "high", "n", "verdict", "reason")
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return frame.assign(unit="search seed", level=0.95, failed=0)


def gain(estimate, low, high, n=5):
    return claims(("bogp-2", "gain", "mean over s", estimate, low, high, n, "", ""))


ONE = {"main": described()}


@pytest.mark.parametrize(
    ("icc", "expected"),
    [
        ((0.8, 0.6, 0.9), "the mask decides more than the seed"),
        ((0.5, 0.3, 0.7), "whether mask or seed decides more is open"),
        ((0.2, 0.1, 0.4), "masks differ, but the seed decides more"),
        ((0.0, -0.1, 0.07), "masks are not shown to differ; if they do, their share is hardly"),
        ((-0.2, -0.3, -0.1), "no sign that masks differ"),
        ((0.3, math.nan, math.nan), "there is no interval to judge by"),
    ],
)
def test_what_the_icc_says_follows_its_interval(icc, expected):
    verdicts = [
        "decides more than the seed",
        "is open",
        "but the seed decides more",
        "not shown to differ",
        "no sign",
        "In main there is no interval to judge by",
    ]
    text = said(MASKS, ONE, identifiability={"main": sources(icc=icc)})
    assert expected in text
    assert sum(verdict in text for verdict in verdicts) == 1


@pytest.mark.parametrize(
    ("many", "expected"),
    [((0.05, 0.01, 0.2), "falls"), ((0.9, 0.8, 0.95), "grows"), ((0.2, 0.1, 0.4), "not shown to")],
)
def test_node_counts_are_compared_where_nothing_else_differs(many, expected):
    settings = {
        "n16": described(nodes=16),
        "n128": described(nodes=128),
        "deep": described(nodes=128, hidden=(32, 32)),
    }
    found = {"n16": sources(icc=(0.5, 0.3, 0.7)), "n128": sources(icc=many)}
    found["deep"] = sources(icc=(0.99, 0.98, 1.0))
    text = said(MASKS, settings, identifiability=found)
    trend = next(part for part in text.split(". ") if "With more nodes" in part)
    assert expected in trend
    assert "16 (n16) and 128 nodes (n128)" in trend
    assert "deep" not in trend


def test_a_search_needs_as_many_trainings_as_spearman_brown_says():
    """(1 − ρ)/ρ trainings make half of a mean's variance the mask's: 9, 4 and 19 of .1, .2, .05."""
    settings = {"main": described(nodes=128)}
    text = said(MASKS, settings, identifiability={"main": sources(icc=(0.1, 0.05, 0.2))})
    assert "At the paper's 128 nodes (main) a mask would need about 9 trainings (4 to 19)" in text
    none = said(MASKS, settings, identifiability={"main": sources(icc=(0.0, -0.1, 0.2))})
    assert "no shown difference between masks to follow" in none
    assert "about 4 trainings" in none
    assert "128 nodes were not run; at 32 (main)" in said(
        MASKS, ONE, identifiability={"main": sources()}
    )


def test_other_sources_are_sorted_by_what_is_shown():
    table = pd.DataFrame(
        [source(), source("ws_flex", (0.0, -0.1, 0.1)), source("mixture", (0.3, 0.2, 0.4))]
    )
    text = said(MASKS, ONE, identifiability={"main": table})
    assert "masks differ (interval above 0) for mixture 0.30 [0.20, 0.40]" in text
    assert "not shown to differ for ws_flex" in text
    assert "A mixture also holds the differences between its sources" in text


def test_properties_that_predict_in_the_shallow_net_are_not_called_a_cause():
    table = sources(r2=(0.4, 0.2, 0.6), permuted=(0.0, -0.1, 0.1))
    text = said(PROPERTIES, ONE, identifiability={"main": table})
    assert "in 1 of 1 cases they predict part of it" in text
    assert "cannot be the cause: where R² lies above 0 it comes from something else" in text
    assert "none of the 1 stays above 0" in text
    kept = said(
        PROPERTIES,
        ONE,
        identifiability={"main": sources(r2=(0.4, 0.2, 0.6), permuted=(0.4, 0.2, 0.6))},
    )
    assert "1 of the 1 stay above 0" in kept


def test_properties_that_predict_nothing():
    deep = {"deep": described(hidden=(32, 32))}
    text = said(PROPERTIES, ONE | deep, identifiability={"main": sources(), "deep": sources()})
    assert "are not shown to explain what masks differ in" in text
    assert "there, too, the properties are not shown to explain anything" in text
    assert "predict part" not in text


def test_properties_that_predict_in_the_deep_net_may_be_a_cause():
    deep = {"deep": described(hidden=(32, 32))}
    table = sources(r2=(0.4, 0.2, 0.6))
    text = said(PROPERTIES, deep, identifiability={"deep": table})
    assert "the graph may be why" in text
    assert "Only the first matrix masked, as in the paper: not run." in text


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((0.01, 0.005, 0.015, 5), "In main Bayesian search beats random search."),
        ((-0.01, -0.015, -0.005, 5), "In main it does worse than random search."),
        ((0.001, -0.01, 0.012, 5), "neither is shown to be better, and it leaves Bayesian search"),
        ((0.01, 0.005, 0.015, 3), "too few searches for a verdict (fewer than 5)"),
    ],
)
def test_bayesian_against_random(numbers, expected):
    verdicts = ["beats random", "does worse", "neither is shown", "too few searches"]
    text = said(RANDOM, ONE, claims={"main": gain(*numbers)})
    assert expected in text
    assert sum(verdict in text for verdict in verdicts) == 1
    assert f"n = {numbers[3]} search seeds" in text


def test_luck_is_counted_where_the_interval_lies_above_0():
    rows = [
        {"sparsity": 0.3, "strategy": "bayesian", **effect("curse", 0.01, -0.01, 0.03, 5)},
        {"sparsity": 0.9, "strategy": "bayesian", **effect("curse", 0.04, 0.02, 0.06, 5)},
    ]
    text = said(RANDOM, ONE, search={"main": pd.DataFrame(rows)})
    assert "Bayesian +1.00 to +4.00 points, interval above 0 at 1 of 2 s" in text
    assert "shown too good at 1 of 2" in text
    assert "throughout" in said(RANDOM, ONE, search={"main": pd.DataFrame(rows[1:])})
    assert "is not shown" in said(RANDOM, ONE, search={"main": pd.DataFrame(rows[:1])})


def whole_database(p_value, bayesian):
    rows = [
        ("masks", "sd_masks", 0.007, 0.005, 0.009, 400, "mask"),
        ("best mask", "advantage", 0.03, math.nan, math.nan, 3, "seed"),
        ("best mask", "shrunken", 0.012, math.nan, math.nan, 3, "seed"),
        ("best mask", "noise_maximum", 0.025, 0.02, 0.03, 2000, "draw"),
        ("best mask", "luck", 0.018, math.nan, math.nan, 3, "seed"),
        ("best mask", "p_value", p_value, math.nan, math.nan, 2000, "draw"),
        ("best mask", "expected_maximum", 0.02, math.nan, math.nan, 400, "mask"),
        ("bayesian", "advantage", *bayesian, 5, "search seed"),
        ("random", "advantage", 0.0, -0.01, 0.01, 5, "search seed"),
        ("best of drawn", "advantage", 0.004, math.nan, math.nan, 3, "seed"),
        ("best of drawn", "budget", 25, math.nan, math.nan, 25, "mask"),
    ]
    names = ("about", "quantity", "estimate", "low", "high", "n", "unit")
    return pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])


def test_where_the_whole_database_was_trained():
    text = said(RANDOM, ONE, regret={"main": whole_database(0.2, (0.0, -0.01, 0.01))})
    assert "All 400 masks trained on 3 seeds (main, s = 0.9)" in text
    assert "1.80 (60 %) is luck and +1.20 to be expected" in text
    assert "is not unusual where masks do not differ" in text
    assert "Neither is shown to choose better than the mean mask" in text
    clear = said(RANDOM, ONE, regret={"main": whole_database(0.001, (0.02, 0.01, 0.03))})
    assert "a best this good is unusual where masks do not differ" in clear
    assert "Better than the mean mask is what Bayesian search chose" in clear


def arm(name, drop, half, block="equal", n=5, level=0.9, minus=None):
    row = {"block": block, "arm": name, "label": name, "sparsity": level, "accuracy": 0.96 - drop}
    row |= {"sd": 0.005, "n": n, "seeds": n, "failed": 0, "trainings": 5 if "_5" in name else 1}
    row |= effect("drop", drop, drop - half, drop + half, n)
    return row | effect("bogp_minus", *(minus or (math.nan,) * 3), n if minus else 0)


def table1(*arms, base=0.96):
    dense = arm("dense", 0.0, 0.0, "-", level=0.0) | {"accuracy": base}
    return pd.DataFrame([dense, arm("bogp", 0.02, 0.002), *arms])


def test_a_win_and_a_loss_against_rivals_are_counted_beside_what_chance_does():
    table = table1(arm("fresh_mask", 0.04, 0.003), arm("glob_1", 0.01, 0.003))
    text = said(RIVALS, ONE, table1={"main": table})
    assert (
        "Of 2 comparisons 2 intervals exclude 0: BoGP's winner is ahead in 1, behind in 1" in text
    )
    assert "one in twenty, about 0.1, would by chance" in text
    assert "'Fresh mask, not searched': +2.00 points in main; ahead at 1 (main s = 0.9 " in text
    assert "+2.00 [+1.50, +2.50]" in text
    assert "'Magnitude, 1 round': -1.00 points in main; ahead at 0, behind at 1" in text
    assert "times as long" not in text
    assert "BoGP, rows permuted: not run." in text
    assert "holds the paired one" in text


def test_a_rival_that_trains_for_longer_is_said_to():
    arms = ("glob_1", "glob_5", "glob_5_rewind")
    table = table1(*(arm(name, -0.01, 0.003) for name in arms))
    text = said(RIVALS, ONE, table1={"main": table})
    told = "It trains a network 5 times as long, which alone may explain where it leads."
    assert text.count(told) == 1
    assert f"of 1 (n = 5 fresh seeds). {told}" in text.partition("'Magnitude, 5 rounds'")[2]


def test_drops_that_overlap_show_nothing():
    text = said(RIVALS, ONE, table1={"main": table1(arm("fresh_mask", 0.022, 0.01))})
    assert "Of 1 comparisons 0 intervals exclude 0" in text
    assert "ahead at 0, behind at 0 of 1 (n = 5 fresh seeds)" in text


def test_paired_differences_are_used_where_the_table_has_them():
    paired = arm("fresh_mask", 0.022, 0.01, minus=(0.002, 0.001, 0.003))
    text = said(RIVALS, ONE, table1={"main": table1(paired)})
    assert "ahead at 1 (main s = 0.9 +0.20 [+0.10, +0.30]), behind at 0 of 1" in text
    assert "holds the paired one" not in text


def test_arms_on_different_seeds_and_few_seeds_make_no_verdict():
    other = said(RIVALS, ONE, table1={"main": table1(arm("fresh_mask", 0.04, 0.003, n=4))})
    assert "Of 0 comparisons 0 intervals exclude 0" in other
    few = table1(arm("fresh_mask", 0.04, 0.003, minus=(0.02, 0.01, 0.03)) | {"bogp_minus_n": 3})
    text = said(RIVALS, ONE, table1={"main": few})
    assert "With fewer than 5 seeds, too few for a verdict: 1." in text


@pytest.mark.parametrize("seed", range(20))
def test_the_interval_from_two_drops_holds_the_paired_one(seed):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=5) * rng.uniform(0, 2)
    dense, bogp, other = (pd.Series(0.9 + 0.01 * (shared + rng.normal(size=5))) for _ in range(3))
    drops = [mean_interval(differences(dense, arm)) for arm in (bogp, other)]
    arms = [
        arm(name, 0, 0) | effect("drop", one.estimate, one.low, one.high, 5)
        for name, one in zip(("bogp", "fresh_mask"), drops, strict=True)
    ]
    table = pd.DataFrame([arm("dense", 0.0, 0.0, "-", level=0.0), *arms])
    data = reading(ONE, {"table1": {"main": table}}, RUN)
    found = data[data["quantity"].astype(str).str.startswith("BoGP minus fresh_mask")].iloc[0]
    paired = mean_interval(differences(bogp, other))
    assert found["effect"] == pytest.approx(paired.estimate)
    assert found["low"] <= paired.low + 1e-12
    assert found["high"] >= paired.high - 1e-12


def test_the_papers_own_comparison_gives_its_verdicts():
    rows = claims(("bogp-3", "on par", "all", math.nan, math.nan, math.nan, 5, "supported", ""))
    text = said(
        RIVALS, ONE, table1={"main": table1(arm("glob_1", 0.02, 0.01))}, claims={"main": rows}
    )
    assert "on par supported in main" in text


def ablation(verdict, n):
    printed = {"scaling": "none", "measure": "cosine", "tell": "asked"}
    other = printed | {"tell": "fetched", "difference_told_apart": verdict}
    other |= effect("difference", 0.01, 0.005, 0.015, n)
    return pd.DataFrame([printed, other])


def test_choices_are_told_apart_only_where_the_table_says_so():
    text = said(CHOICES, ONE, ablation={"main": ablation("yes", 5)})
    assert "told apart from noise: none, cosine, fetched" in text
    undecided = said(CHOICES, ONE, ablation={"main": ablation("undecided", 3)})
    assert "none is told apart from noise, all undecided with fewer than 5 pairs" in undecided
    assert "± 0.50 points" in undecided


@pytest.mark.parametrize(
    ("sparser", "worse", "n", "expected"),
    [
        ((0.7, 0.5, 0.9), (-0.6, -0.9, -0.1), 5, "α trades accuracy for sparsity"),
        ((0.7, 0.5, 0.9), (-0.6, -0.9, 0.1), 5, "that it costs accuracy is not shown"),
        ((-0.7, -0.9, -0.5), (0.6, 0.1, 0.9), 5, "chooses denser masks, against the claim"),
        ((0.7, 0.0, 0.9), (-0.6, -0.9, -0.1), 5, "is not shown to change the sparsity chosen"),
        ((0.7, 0.5, 0.9), (-0.6, -0.9, -0.1), 3, "undecided, fewer than 5 search seeds"),
    ],
)
def test_alpha(sparser, worse, n, expected):
    cell = "wide pool (decides)"
    rows = claims(
        ("bogp-5", "sparsity", cell, *sparser, n, "", ""),
        ("bogp-5", "accuracy", cell, *worse, n, "", ""),
        ("bogp-5", "sparsity", "levels pool (beside)", 0.9, 0.8, 1.0, n, "", ""),
    )
    text = said(ALPHA, ONE, claims={"main": rows})
    assert f"(n = {n} search seeds): " in text
    assert expected in text
    assert "The printed tables contradict each other" in text


@pytest.mark.parametrize(
    ("base", "expected"),
    [(0.99, "above it"), (0.971, "not told apart from it"), (0.95, "below it")],
)
def test_the_base_against_the_printed_one(base, expected):
    """sd .005 and n = 5: the interval is .62 points to either side."""
    text = said(RECIPES, ONE, table1={"main": table1(base=base)})
    assert expected in text
    assert "The printed one is of MNIST, these are of digits." in text
    assert "The comparison under another recipe: not run." in text


@pytest.mark.parametrize(("drop", "expected"), [(0.021, "which overlap"), (0.2, "which lie apart")])
def test_settings_that_differ_in_the_recipe_alone_are_compared(drop, expected):
    settings = ONE | {"minibatch": described(recipe="minibatch")}
    other = pd.DataFrame([arm("dense", 0, 0, "-", level=0.0), arm("bogp", drop, 0.002)])
    found = {"main": table1(), "minibatch": other}
    judged = {"main": gain(0.0, -0.01, 0.01), "minibatch": gain(0.02, 0.01, 0.03)}
    text = said(RECIPES, settings, table1=found, claims=judged)
    assert expected in text
    assert "the interval holds 0 in main and lies above 0 in minibatch" in text


def test_the_limits_name_few_seeds_missing_parts_and_what_would_decide():
    settings = {"main": described(seeds=3, fresh=3), "n16": described(["identifiability"])}
    reason = "leaves open; about n = 40 would decide"
    rows = claims(
        ("bogp-2", "gain", "mean over s", 0.0, -0.1, 0.1, 5, "undecided", reason),
        ("bogp-5", "sparsity", "x", 0.0, -0.1, 0.1, 5, "undecided", "no n can be named"),
    )
    text = said(LIMITS, settings, claims={"main": rows})
    assert (
        "comparison 3, ablation 3, regret 3, tradeoff 3, identifiability 3 and retraining" in text
    )
    assert "Not run: comparison, ablation, regret and tradeoff in n16." in text
    assert "bogp-2 about 40 search seeds (1 of 1 undecided intervals)" in text
    assert "bogp-5 no n named (0 of 1 undecided intervals)" in text
    assert "One data set (digits)" in text


def test_nothing_run_is_said_in_every_section():
    data = reading(ONE, {}, RUN)
    for question in (MASKS, PROPERTIES, RANDOM, RIVALS, CHOICES, ALPHA, RECIPES, LIMITS):
        texts = data.loc[data["question"] == question, "statement"]
        assert texts.str.contains("not run", case=False).any(), question


def test_settings_without_a_part_are_named():
    settings = ONE | {"n16": described(["identifiability"], nodes=16)}
    assert "Not run in n16." in said(
        RIVALS, settings, table1={"main": table1(arm("glob_1", 0, 0.1))}
    )


def test_every_number_has_a_row_and_the_page_every_statement():
    tables = {
        "identifiability": {"main": sources()},
        "table1": {"main": table1(arm("fresh_mask", 0.04, 0.003))},
        "claims": {"main": gain(0.01, 0.005, 0.015)},
    }
    data = reading(ONE, tables, RUN)
    assert tuple(data.columns) == COLUMNS
    row = data[data["quantity"] == "bogp-2 gain: mean over s"].iloc[0]
    assert (row["setting"], row["effect"], row["low"], row["n"]) == ("main", 0.01, 0.005, 5)
    markdown = reading_page(data).markdown()
    assert all(text in markdown for text in data["statement"])
    assert markdown.count("\n## ") == data["question"].nunique() == 8
    assert "nan" not in markdown


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [
        (0.1, 0.2, "above"),
        (-0.2, -0.1, "below"),
        (0.0, 0.2, "open"),
        (0.0, 0.0, "open"),
        (0.1, 0.1, "unknown"),
        (math.nan, 0.1, "unknown"),
    ],
)
def test_where_an_interval_lies(low, high, side):
    assert Number("main", "x", 0.1, low, high).side() == side
