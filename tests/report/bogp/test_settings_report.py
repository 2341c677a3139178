"""Settings side by side: the numbers of each where they belong, and what is missing said."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.container import ErrorbarContainer

from graphprune.report.bogp.settings import COLUMNS, extent, network, settings_table
from graphprune.report.bogp.settings_figure import settings_figure
from graphprune.report.bogp.settings_page import settings_page

pytestmark = pytest.mark.filterwarnings("error")

SIX = [0.15, 0.3, 0.45, 0.6, 0.75, 0.9]
PARTS = ["comparison", "ablation", "regret", "tradeoff", "identifiability"]


def described(parts=PARTS, nodes=32, hidden=(32,), recipe="full_batch", sparsities=SIX, seeds=3):
    return {
        "parts": parts,
        "nodes": nodes,
        "model": {"name": "mlp", "hidden": list(hidden)},
        "scope": "first" if len(hidden) == 1 else "inner",
        "recipe": recipe,
        "masks": {"sparsities": sparsities, "count": 1000},
        "search": {"seeds": [0, 1, 2, 3, 4], "starts": 5, "steps": 20},
        "final_seeds": list(range(100, 110)),
        "ablation": {"sparsity": 0.9, "steps": 10, "seeds": list(range(seeds))},
        "regret": {"sparsity": 0.9, "seeds": list(range(seeds))},
        "tradeoff": {
            "alphas": [0.1, 0.9],
            "wide": {"low": 0.05, "high": 0.99, "count": 60},
            "seeds": list(range(seeds)),
            "steps": 20,
        },
        "identifiability": {
            "sources": ["random", "ws_flex"],
            "sparsity": 0.9,
            "masks": 50,
            "seeds": [200, 201, 202, 203, 204],
        },
    }


DESCRIPTIONS = {
    "main": described(),
    "n16": described(["identifiability"], nodes=16),
    "deep": described(["identifiability"], hidden=(32, 32, 32)),
    "minibatch": described(["comparison"], recipe="minibatch", sparsities=[0.9]),
}


def sources(icc, *names):
    """An identifiability table in which every source has this ICC, .1 to either side."""
    row = {"sparsity": 0.9, "masks": 50, "seeds": 5, "failed": 0, "n": 50, "sd_masks": 0.011}
    row |= {"mean_accuracy": 0.92, "sd_seeds": 0.018, "icc_p": 0.01}
    for name, value in (("icc", icc), ("r2", 0.25), ("r2_permuted", -0.03)):
        row |= {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}
        row |= {f"{name}_n": 50, f"{name}_infinite": 0}
    return pd.DataFrame([{"source": name, **row} for name in names])


def arms(base, drop, levels):
    """A Table 1 with the dense network, BoGP's winners and arms that do not belong here."""
    rows = [arm("-", "dense", "Dense (base)", 0.0, base, 0.0)]
    for level in levels:
        rows.append(arm("equal", "bogp", "BoGP: the searches' winners", level, base, drop))
        rows.append(arm("found", "bogp", "BoGP, as found", level, base, np.nan))
        rows.append(arm("printed", "glob_1", "Glob 1", level, base, 0.5))
    return pd.DataFrame(rows)


def arm(block, name, label, level, base, drop):
    return {
        "block": block,
        "arm": name,
        "label": label,
        "sparsity": level,
        "accuracy": base - drop,
        "sd": 0.007,
        "n": 10,
        "seeds": 10,
        "failed": 0,
        "drop": drop,
        "drop_sd": 0.005,
        "drop_n": 10,
        "drop_low": drop - 0.01,
        "drop_high": drop + 0.01,
    }


IDENTIFIABILITY = {
    "main": sources(0.16, "ws_flex", "random"),
    "n16": sources(0.4, "random"),
    "deep": sources(0.6, "random"),
}
TABLE1 = {"main": arms(0.96, 0.03, [0.3, 0.9]), "minibatch": arms(0.95, 0.02, [0.9])}


def claim_rows(*rows):
    keys = ("claim", "criterion", "cell", "verdict", "n")
    return pd.DataFrame([dict(zip(keys, row, strict=True)) for row in rows])


CLAIMS = {
    "main": claim_rows(
        ("bogp-1", "icc", "random, s = 0.90", "supported", 50),
        ("bogp-1", "icc and r2", "random, s = 0.90", "not supported", 50),
        ("bogp-2", "gain", "mean over s", "undecided", 5),
        ("bogp-2", "beside it", "mean over s, as found", "not judged", 5),
    ),
    "n16": claim_rows(("bogp-1", "icc and r2", "random, s = 0.90", "supported", 48)),
}


@pytest.fixture
def table():
    return settings_table(DESCRIPTIONS, IDENTIFIABILITY, TABLE1)


def lines(page, heading):
    """The cells of the first table under a heading of the Markdown page, header first."""
    after = page.markdown().split(f"## {heading}")[1].split("\n")
    rows = []
    for line in after:
        if line.startswith("| "):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif rows and not line.startswith("|"):
            break
    return rows


# The table


def test_a_row_for_each_source_and_each_compared_arm(table):
    assert tuple(table.columns) == COLUMNS
    found = table.groupby(["setting", "part"]).size().to_dict()
    assert found == {
        ("main", "identifiability"): 2,
        ("main", "comparison"): 3,
        ("n16", "identifiability"): 1,
        ("deep", "identifiability"): 1,
        ("minibatch", "comparison"): 2,
    }


def test_numbers_are_those_of_the_setting(table):
    cells = table.set_index(["setting", "part", "name", "sparsity"])
    random = cells.loc[("n16", "identifiability", "random", 0.9)]
    assert (random["nodes"], random["network"], random["recipe"]) == (16, "mlp 32", "full_batch")
    assert (random["icc"], random["icc_low"], random["r2_permuted"]) == (0.4, 0.4 - 0.1, -0.03)
    assert (random["accuracy"], random["sd"], random["sd_seeds"]) == (0.92, 0.011, 0.018)
    assert np.isnan(random["drop"])
    winner = cells.loc[("minibatch", "comparison", "bogp", 0.9)]
    assert (winner["drop"], winner["drop_n"], winner["recipe"]) == (0.02, 10, "minibatch")
    assert np.isnan(winner["icc"])


def test_a_network_is_named_by_its_widths():
    assert network(described(hidden=(32, 32, 32))) == "mlp 32–32–32"
    assert network({"model": {"name": "vgg16"}}) == "vgg16"
    assert network({"model": {"name": "vgg16", "hidden": None}}) == "vgg16"


@pytest.mark.parametrize("part", PARTS)
def test_the_extent_of_a_part_is_that_of_the_config(part):
    found = extent(DESCRIPTIONS["main"], part)
    assert found is not None
    several = part in ("comparison", "tradeoff")
    assert found.sparsities == (tuple(SIX) if several else (0.9,))
    assert found.seeds == (5 if part in ("comparison", "identifiability") else 3)
    assert extent(described([]), part) is None


# The page


def test_what_was_not_run_is_said(table):
    page = settings_page(DESCRIPTIONS, table, CLAIMS)
    head, main, n16, *_ = lines(page, "What was run")
    assert head[5:] == PARTS
    assert "not run" not in main
    assert n16[0] == "n16"
    assert n16[5:9] == ["not run"] * 4
    assert "2 × 50 × 5" in n16[9]
    assert "s = 0.15 … 0.9 (6)" in main[5]


def test_what_the_full_plan_has_beyond_it_is_listed(table):
    text = settings_page(DESCRIPTIONS, table, CLAIMS).markdown()
    beyond = text.split("beyond what was run")[1].split("## ")[0]
    rows = {line.split(" | ")[0].strip("| "): line for line in beyond.splitlines() if "|" in line}
    assert "ablation 3, regret 3, tradeoff 3" in rows["main"]
    assert "ablation, regret, identifiability at s = 0.15, 0.3, 0.45, 0.6, 0.75" in rows["main"]
    assert "comparison, ablation, regret, tradeoff" in rows["n16"]
    assert "ablation, regret, tradeoff, identifiability" in rows["minibatch"]
    assert "comparison at s = 0.15, 0.3, 0.45, 0.6, 0.75" in rows["minibatch"]
    whole = described(["comparison", "tradeoff"], seeds=5)
    text = settings_page({"all": whole}, table[:0], {}).markdown()
    assert "| all | ablation, regret, identifiability | – | – |" in text


def test_the_sweep_goes_from_few_nodes_to_many_random_first(table):
    head, *rows = lines(settings_page(DESCRIPTIONS, table, CLAIMS), "Masks against seeds")
    order = [(row[1].split(",")[0], row[2], row[3]) for row in rows]
    assert order == [
        ("mlp 32", "random", "16"),
        ("mlp 32", "random", "32"),
        ("mlp 32", "ws_flex", "32"),
        ("mlp 32–32–32", "random", "32"),
    ]
    shown = dict(zip(head, rows[0], strict=True))
    assert shown["masks × seeds"] == "50 × 5"
    assert shown["val accuracy (%)"] == "92.00 ± 1.10 (50)"
    assert shown["sd of seeds"] == "1.80 (50)"
    assert shown["ICC [95 %]"] == "0.40 [0.30, 0.50] (50)"
    assert shown["R², rows permuted"] == "-0.03 [-0.13, 0.07] (50)"


def test_recipes_stand_beside_each_other_with_sd_and_n(table):
    page = settings_page(DESCRIPTIONS, table, CLAIMS)
    assert lines(page, "Recipes") == [
        ["arm", "main (full_batch)", "minibatch (minibatch)"],
        ["Dense (base), accuracy", "96.00 ± .70 (10)", "95.00 ± .70 (10)"],
        ["BoGP: the searches' winners, s = 0.3", "+3.00 ± .50 (10)", "not run"],
        ["BoGP: the searches' winners, s = 0.9", "+3.00 ± .50 (10)", "+2.00 ± .50 (10)"],
    ]
    assert "differ in the recipe alone: main and minibatch." in page.markdown()


def test_settings_that_differ_in_more_are_not_called_alike():
    several = {**DESCRIPTIONS, "minibatch": described(["comparison"], 16, recipe="minibatch")}
    table = settings_table(several, {}, TABLE1)
    assert (
        "No two settings differ in the recipe alone" in settings_page(several, table, {}).markdown()
    )


def test_verdicts_are_those_that_decide(table):
    page = settings_page(DESCRIPTIONS, table, CLAIMS)
    assert lines(page, "Verdicts") == [
        ["claim", "what", "main", "n16", "deep", "minibatch"],
        [
            "bogp-1",
            "icc and r2: random, s = 0.90",
            "not supported (50)",
            "supported (48)",
            "not run",
            "not run",
        ],
        ["bogp-2", "gain: mean over s", "undecided (5)", "not run", "not run", "not run"],
    ]


def test_without_any_results_the_page_says_so():
    table = settings_table(DESCRIPTIONS, {}, {})
    assert len(table) == 0
    page = settings_page(DESCRIPTIONS, table, {})
    text = page.markdown()
    assert "No setting has results of part 'identifiability'" in text
    assert "No setting has results of part 'comparison'" in text
    assert lines(page, "What was run")[1][5].endswith("no results")
    assert "(no rows)" in text.split("## Verdicts")[1]
    assert page.html()
    (axes,) = settings_figure(table).axes
    assert axes.texts[0].get_text() == "no results on masks against seeds"


def test_masks_too_few_for_an_effect_leave_a_dash():
    few = sources(0.2, "random").assign(n=3, icc_n=3, r2_n=3, sd_masks=np.nan)
    few[[name for name in few if name.startswith(("icc", "r2")) and "_n" not in name]] = np.nan
    table = settings_table(DESCRIPTIONS, {"n16": few, "main": few.iloc[:0]}, {})
    (_, row) = lines(settings_page(DESCRIPTIONS, table, {}), "Masks against seeds")
    assert row[8:10] == ["– (3)", "– (3)"]
    assert "nan" not in " ".join(row)
    settings_figure(table).draw_without_rendering()


# The figure


def test_a_line_for_each_network_and_recipe_and_a_marker_for_each_source(table):
    figure = settings_figure(table)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    bars = [c for c in axes.containers if isinstance(c, ErrorbarContainer)]
    assert [np.asarray(bar.lines[0].get_ydata()).tolist() for bar in bars] == [
        [0.4, 0.16],
        [0.16],
        [0.6],
    ]
    shallow, flex, deep = (bar.lines[0] for bar in bars)
    assert shallow.get_color() == flex.get_color() != deep.get_color()
    assert shallow.get_marker() == deep.get_marker() != flex.get_marker()
    np.testing.assert_allclose(np.asarray(shallow.get_xdata(), dtype=float), [16, 32], rtol=0.1)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["16", "32"]
    (spans,) = bars[0].lines[2]
    np.testing.assert_allclose([s[:, 1] for s in spans.get_segments()], [[0.3, 0.5], [0.06, 0.26]])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "mlp 32, first, full_batch",
        "mlp 32–32–32, inner, full_batch",
        "random",
        "ws flex",
    ]
