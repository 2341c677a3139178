"""BoGP's ablation: what scaling, similarity and choice of what is told are worth to the search."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphprune.claims.best_mask import score_table
from graphprune.claims.regret import chosen, followed
from graphprune.claims.statistics import Effect, holm, paired_difference
from graphprune.errors import UserError
from graphprune.report.cells import POINTS
from graphprune.report.colours import BLUE, VERMILION

CHOICES = ["scaling", "measure", "tell"]
PRINTED = ("none", "cosine", "asked")
MIN_SEARCHES = 5
ALPHA = 0.05
COLOURS = {"asked": BLUE, "fetched": VERMILION}


def ablation_table(log: pd.DataFrame, truth: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per combination, the printed one first, accuracies as fractions.

    log: of the ablation. truth: every mask of the same database on every seed (mask, seed,
    score), if there is such a table. n: searches with a score. best_val, _sd: the best score
    a search found. difference: that minus the printed combination's, paired by search seed,
    with 95 % t interval, _n, _p, _p_holm (over all comparisons) and _told_apart (`told_apart`).
    distinct: different masks trained; came_back: steps that fetched one trained before;
    similarity: median over all steps; seconds: asking, fetching and telling in one search;
    failed: trainings. With `truth` also advantage and regret of the chosen mask on seeds
    other than the search's (`claims.regret.worth`), each with sd, and chosen_difference, as
    above but of the advantages. UserError if the printed combination is not in the log.
    """
    if not len(_of(log, PRINTED)):
        raise UserError(
            f"the ablation's log has no search of the printed combination {', '.join(PRINTED)}, "
            "to which the others are compared; delete the log and run the ablation again"
        )
    combinations = list(log.groupby(CHOICES, sort=False).groups)
    combinations.sort(key=lambda combination: combination != PRINTED)
    best = {c: _of(log, c).groupby("search_seed")["score"].max() for c in combinations}
    table = pd.DataFrame([_row(c, _of(log, c), best[c]) for c in combinations])
    table = table.join(_compared(best, "difference"))
    if truth is None:
        return table
    ends = chosen(followed(log, score_table(truth), CHOICES)).set_index("search_seed")
    worth = {c: _of(ends, c) for c in combinations}
    for name in ("advantage", "regret"):
        table[name] = [values[name].mean() for values in worth.values()]
        table[f"{name}_sd"] = [values[name].std(ddof=1) for values in worth.values()]
    table["chosen_n"] = [values["advantage"].count() for values in worth.values()]
    advantages = {c: values["advantage"] for c, values in worth.items()}
    return table.join(_compared(advantages, "chosen_difference"))


def _of(frame: pd.DataFrame, combination: tuple[str, ...]) -> pd.DataFrame:
    return frame[(frame[CHOICES] == list(combination)).all(axis=1)]


def _row(combination: tuple[str, ...], log: pd.DataFrame, best: pd.Series) -> dict[str, Any]:
    searches = log.groupby("search_seed")
    distinct, back = searches["mask"].nunique(), searches["repeated"].sum()
    seconds = searches["search_seconds"].sum()
    return {
        **dict(zip(CHOICES, combination, strict=True)),
        "searches": len(best),
        "n": int(best.count()),
        "steps": int(log["step"].max()) + 1,
        "best_val": best.mean(),
        "best_val_sd": best.std(ddof=1),
        "distinct": distinct.mean(),
        "distinct_sd": distinct.std(ddof=1),
        "came_back": back.mean(),
        "came_back_sd": back.std(ddof=1),
        "similarity": log["similarity"].median(),
        "seconds": seconds.mean(),
        "seconds_sd": seconds.std(ddof=1),
        "failed": int(log["score"].isna().sum()),
    }


def _compared(values: dict[tuple[str, ...], pd.Series], name: str) -> pd.DataFrame:
    """Every combination but the first minus the first, by search seed; indexed by its place."""
    (_, printed), *others = values.items()
    effects = [paired_difference(series, printed) for _, series in others]
    adjusted = holm([effect.p_value for effect in effects])
    columns = {
        name: [effect.estimate for effect in effects],
        f"{name}_low": [effect.low for effect in effects],
        f"{name}_high": [effect.high for effect in effects],
        f"{name}_n": [effect.n for effect in effects],
        f"{name}_p": [effect.p_value for effect in effects],
        f"{name}_p_holm": adjusted,
        f"{name}_told_apart": [told_apart(e, p) for e, p in zip(effects, adjusted, strict=True)],
    }
    return pd.DataFrame(columns, index=range(1, len(values)))


def told_apart(effect: Effect, adjusted_p: float) -> str:
    """Is this difference distinguishable from noise: "yes", "no" or "undecided"?

    Undecided with fewer than MIN_SEARCHES pairs, or where all differ by the same amount:
    accuracies are counts of images, and equal differences do not mean that there is no noise.
    """
    same = effect.low == effect.high and effect.estimate != 0
    if effect.n < MIN_SEARCHES or same:
        return "undecided"
    return "yes" if adjusted_p < ALPHA else "no"


def ablation_figure(log: pd.DataFrame) -> Figure:
    """Best val accuracy so far (%) against the masks asked for, a panel for scaling × measure.

    Thin lines are single searches, thick ones their mean, which begins where all of them
    have a training that did not fail. The colour is what the search is told.
    """
    scalings, measures = (list(dict.fromkeys(log[name])) for name in ("scaling", "measure"))
    size = (0.8 + 3.2 * len(measures), 0.8 + 2.5 * len(scalings))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(scalings), len(measures), sharex=True, sharey=True, squeeze=False)
    for row, scaling in zip(grid, scalings, strict=True):
        for axes, measure in zip(row, measures, strict=True):
            panel = log[(log["scaling"] == scaling) & (log["measure"] == measure)]
            _best_so_far(axes, panel)
            axes.set_title(f"scaling {scaling}, {measure}", fontsize=10)
    grid[0][0].legend(fontsize=8, frameon=False, loc="lower right", title="told the vector")
    figure.supxlabel("masks asked for", fontsize=10)
    figure.supylabel("best val accuracy so far (%)", fontsize=10)
    return figure


def _best_so_far(axes: Axes, log: pd.DataFrame) -> None:
    for tell, searches in log.groupby("tell", sort=True):
        best = POINTS * searches.pivot(index="step", columns="search_seed", values="best")
        colour = COLOURS.get(str(tell), "grey")
        axes.plot(best.index + 1, best, color=colour, alpha=0.3, linewidth=0.8)
        mean = best.mean(axis=1, skipna=False)
        label = f"{tell} ({best.shape[1]})"
        axes.plot(best.index + 1, mean, color=colour, linewidth=2, label=label)
