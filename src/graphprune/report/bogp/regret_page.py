"""The page on regret: the best mask of a database, its luck, and what the searches gave up."""

import pandas as pd

from graphprune.report.bogp.figures import NAMES
from graphprune.report.bogp.regret import BEST, DRAW, DRAWS, MASKS, PAIR
from graphprune.report.cells import NONE, accuracy, interval, points, titled
from graphprune.report.output import Page

MIN_SEARCHES = 5


def regret_page(table: pd.DataFrame, note: str = "", setting: str = "") -> Page:
    """`regret_table` for readers. note: data set, network and recipe, in a few sentences."""
    title = "BoGP: the best mask, how much of it is luck, and the searches' regret"
    page = Page(titled(title, setting))
    cells = table.set_index(["about", "quantity"])
    if note:
        page.text(note)
    page.text(
        f"Every mask of the database was trained on the same {_count(cells, BEST, 'mask')} seeds: "
        f"{_count(cells, MASKS, 'failed')} trainings, {_value(cells, MASKS, 'failed'):.0f} failed. "
        "The masks with a failed training, "
        f"{_value(cells, MASKS, 'left_out'):.0f} of {_count(cells, MASKS, 'left_out')}, are not "
        "in the first two tables. All accuracies are on validation data. The advantage of a mask "
        "is its accuracy minus that of the mean mask on the same seeds, in points."
    )
    _about_masks(page, cells)
    _about_best(page, cells)
    _about_searches(page, cells)
    return page


def _about_masks(page: Page, cells: pd.DataFrame) -> None:
    page.heading("Masks against seeds")
    page.text(
        "The score of a training is taken to be mean + mask + seed + noise. The intraclass "
        "correlation (ICC) is the masks' share of the variance of single trainings, the "
        "reliability their share of the variance of means over all seeds. Standard deviations "
        "are of single trainings; that of the masks is of their true means, so it is smaller "
        "than the sd of the measured means beside the accuracy."
    )
    icc, rel, sd = (cells.loc[(MASKS, name)] for name in ("icc", "reliability", "sd_masks"))
    all_masks, noise = cells.loc[(MASKS, "accuracy")], cells.loc[(MASKS, "sd_noise")]
    seeds = cells.loc[(MASKS, "sd_seeds")]
    lines = {
        "val accuracy (%), mean ± sd of masks (n masks)": accuracy(
            all_masks["estimate"], all_masks["sd"], f"{all_masks['n']:.0f}"
        ),
        "ICC [95 %] (n masks)": _share(icc),
        "sd of the masks' true means [95 %] (n masks)": (
            f"{points(sd['estimate'])} [{points(sd['low'])}, {points(sd['high'])}] ({sd['n']:.0f})"
        ),
        "sd of the noise (n masks)": f"{points(noise['estimate'])} ({noise['n']:.0f})",
        "sd of what a seed does to all masks alike (n seeds)": (
            f"{points(seeds['estimate'])} ({seeds['n']:.0f})"
        ),
        f"reliability of a mean over {seeds['n']:.0f} seeds [95 %] (n masks)": _share(rel),
    }
    page.table(pd.DataFrame({"what": lines.keys(), "value": lines.values()}))


def _about_best(page: Page, cells: pd.DataFrame) -> None:
    masks, seeds = _count(cells, MASKS, "accuracy"), _count(cells, BEST, "mask")
    page.heading("The best mask, and how much of it is luck")
    page.text(
        f"The mask with the highest of {masks} noisy means owes part of its lead to luck. Three "
        "answers to how much: its advantage shrunken to what is to be expected of it (best "
        "linear unbiased prediction: the advantage times the reliability); the lead that the "
        f"best of {masks} masks would have if they did not differ at all (each seed's residuals "
        "of the model above are dealt to the masks anew, "
        f"{_count(cells, BEST, 'noise_maximum')} times; no normal noise is assumed); and a cross "
        "check: pick the best mask on all seeds but one, and score it on the one left out."
    )
    advantage, shrunken = cells.loc[(BEST, "advantage")], cells.loc[(BEST, "shrunken")]
    noise, luck = cells.loc[(BEST, "noise_maximum")], _value(cells, BEST, "luck")
    picked, left = cells.loc[(BEST, "picked")], cells.loc[(BEST, "left_out")]
    lines = {
        f"val accuracy (%) of mask {_value(cells, BEST, 'mask'):.0f} (n seeds)": (
            f"{points(_value(cells, BEST, 'accuracy'))} ({seeds})"
        ),
        "measured advantage ± its error (n seeds)": _plus(advantage),
        "expected advantage (shrunken) ± what stays unknown (n seeds)": _plus(shrunken),
        "luck: measured − expected (n seeds)": f"{points(luck, '+')} ({seeds})",
        f"best of {masks} masks that do not differ ± sd [95 % of draws] (n draws)": (
            f"{_plus(noise, '')} {interval(noise['low'], noise['high'])} ({noise['n']:.0f})"
        ),
        "p: masks that do not differ have a best as good": (
            f"{_value(cells, BEST, 'p_value'):.2g} ({_count(cells, BEST, 'p_value')})"
        ),
        "picked without one seed: advantage there ± sd (n folds)": _plus(picked),
        "the same masks on the seed left out ± sd (n folds)": _plus(left),
        "expected of the truly best mask, whichever it is (n masks)": (
            f"{points(_value(cells, BEST, 'expected_maximum'), '+')} ({masks})"
        ),
    }
    page.table(pd.DataFrame({"what": lines.keys(), "points": lines.values()}))
    share = 100 * luck / advantage["estimate"] if advantage["estimate"] > 0 else float("nan")
    if pd.notna(share):
        page.text(
            f"So about {share:.0f} % of the best mask's measured advantage is luck. The folds of "
            "the cross check share their data; their sd says how they scatter, not how sure "
            "their mean is."
        )


def _about_searches(page: Page, cells: pd.DataFrame) -> None:
    budget = f"{_value(cells, DRAWS, 'budget'):.0f}"
    page.heading("What the searches gave up")
    page.text(
        "The mask a search chose is judged on the seeds other than the search's own, never on "
        "the one it was chosen by; where the table of all masks lacks the search's seed, on all "
        "of them. Regret, measured: the best mask's advantage on those seeds minus the chosen "
        "one's; too large, since the best of many noisy means is too good. Regret, expected: the "
        "same with the advantage that is to be expected of that best mask, so against what "
        "training every mask on those seeds would get; a search's may be negative. Regret, true "
        "best: against the truly best mask, whichever it is (last row of the table above; it "
        "takes masks and noise to be normal). Rank: the share of all masks that the chosen one "
        "beats by those noisy means, which draw it towards 50. Means ± sd over searches with "
        "95 % t interval (n). All searches are judged by one table, whose own noise the "
        "intervals do not hold."
    )
    page.text(
        f"Beside them what drawing masks at random would give: one, or the best of {budget} "
        "different ones by their score on one seed, exact means over all draws ± sd of a single "
        "draw (n seeds). 'Beyond drawing' is the chosen mask's advantage minus that best's. "
        "Searches that come back to a mask, or can reach few, train fewer different ones."
    )
    strategies = [about for about, quantity in cells.index if quantity == "searches"]
    rows = [(name, NAMES.get(name, name)) for name in strategies]
    rows += [(DRAW, "one mask drawn"), (DRAWS, f"best of {budget} drawn")]
    page.table(pd.DataFrame([_line(cells, about, label) for about, label in rows]))
    for name in strategies:
        lost = _count(cells, name, "searches") - _count(cells, name, "regret")
        if lost:
            page.text(
                f"{lost} of {_count(cells, name, 'searches')} searches ({NAMES.get(name, name)}) "
                "have no value: all their trainings failed, or the chosen mask's on all other "
                "seeds did."
            )
    if (" − ".join(PAIR), "advantage") in cells.index:
        page.text(_paired(cells.loc[(" − ".join(PAIR), "advantage")]))


def _line(cells: pd.DataFrame, about: str, label: str) -> dict[str, str]:
    line = {"masks chosen by": label}
    for name, title in (
        ("advantage", "advantage"),
        ("regret_measured", "regret, measured"),
        ("regret", "regret, expected"),
        ("regret_true", "regret, true best"),
        ("percentile", "rank (%)"),
        ("beyond_drawing", "beyond drawing"),
    ):
        known = (about, name) in cells.index
        line[title] = _mean(cells.loc[(about, name)], name) if known else ""
    return line


def _mean(cell: pd.Series, name: str) -> str:
    """Mean ± sd, its interval where there is one, and n; a rank is in per cent already."""
    if name == "percentile":
        sd = NONE if pd.isna(cell["sd"]) else f"{cell['sd']:.0f}"
        mean = NONE if pd.isna(cell["estimate"]) else f"{cell['estimate']:.0f}"
        return f"{mean} ± {sd} ({cell['n']:.0f})"
    text = f"{points(cell['estimate'], '+')} ± {points(cell['sd'])}"
    bounds = f" {interval(cell['low'], cell['high'])}" if pd.notna(cell["low"]) else ""
    return f"{text}{bounds} ({cell['n']:.0f})"


def _paired(cell: pd.Series) -> str:
    text = (
        "Bayesian optimisation minus random search, paired by search seed (same starting "
        f"points): {points(cell['estimate'], '+')} ± {points(cell['sd'])} points "
        f"{interval(cell['low'], cell['high'])} ({cell['n']:.0f}), in advantage; in regret the "
        "same with the other sign."
    )
    if cell["n"] < MIN_SEARCHES:
        return f"{text} With fewer than {MIN_SEARCHES} searches each, no verdict is given."
    if cell["low"] > 0 or cell["high"] < 0:
        better = "Bayesian optimisation" if cell["low"] > 0 else "random search"
        return f"{text} The interval excludes 0: {better} chose better masks here."
    return f"{text} The interval holds 0: the two cannot be told apart here."


def _plus(cell: pd.Series, n: str = "n") -> str:
    text = f"{points(cell['estimate'], '+')} ± {points(cell['sd'])}"
    return f"{text} ({cell['n']:.0f})" if n else text


def _share(cell: pd.Series) -> str:
    bounds = ", ".join(NONE if pd.isna(b) else f"{b:.2f}" for b in (cell["low"], cell["high"]))
    return f"{cell['estimate']:.2f} [{bounds}] ({cell['n']:.0f})"


def _value(cells: pd.DataFrame, about: str, quantity: str) -> float:
    return float(cells.at[(about, quantity), "estimate"])


def _count(cells: pd.DataFrame, about: str, quantity: str) -> int:
    return int(cells.at[(about, quantity), "n"])
