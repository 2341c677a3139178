"""Where every mask was trained: how masks differ, how lucky the best is, what searches miss."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
from graphprune.claims.regret import QUANTITIES, chosen, drawn, followed
from graphprune.claims.statistics import Effect, mean_interval, paired_difference, unknown
from graphprune.report.bogp.figures import COLOURS, NAMES
from graphprune.report.cells import POINTS

COLUMNS = ("about", "quantity", "estimate", "sd", "low", "high", "n", "unit")
MASKS, BEST, DRAW, DRAWS = "masks", "best mask", "one drawn", "best of drawn"
PAIR = ("bayesian", "random")
LEVEL = 0.95


def regret_table(exhaustive: pd.DataFrame, searches: pd.DataFrame) -> pd.DataFrame:
    """Every number of the page, one row each: COLUMNS, accuracies as fractions.

    exhaustive: every mask of a database on every seed (mask, seed, score). searches: the
    logs of searches of that database. `about` is MASKS, BEST, a strategy, DRAW (one mask
    drawn at random), DRAWS (the best of as many as the searches have steps), or the
    difference of the two strategies. sd is that over the n units, but for the best mask's
    advantage (its error) and its shrunken one (what stays unknown). low and high bound 95 %
    intervals; those of noise_maximum hold 95 % of the draws. Errors as of `score_table` and
    `followed`.
    """
    table = score_table(exhaustive)
    rows = [*_masks(exhaustive, table), *_best(table), *_searches(table, searches)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


Row = tuple[str, str, float, float, float, float, int, str]


def _row(about: str, quantity: str, effect: Effect, sd: float = float("nan")) -> Row:
    return (about, quantity, effect.estimate, sd, effect.low, effect.high, effect.n, effect.unit)


def _masks(exhaustive: pd.DataFrame, table: pd.DataFrame) -> Iterator[Row]:
    complete, parts = table.dropna(), components(table)
    long = table.stack().rename("score").reset_index()
    icc = icc_two_way(long, "mask", "seed", "score", LEVEL)
    # Without the seeds' own differences, as means over the same seeds are compared.
    within = icc_two_way(long, "mask", "seed", "score", LEVEL, consistency=True)
    n, k = parts.masks, parts.seeds
    yield _row(
        MASKS, "accuracy", unknown("mask", complete.mean(axis=1).mean(), n), _sd_of_means(table)
    )
    yield _row(MASKS, "icc", icc)
    low, high = (_sd_masks(parts, bound) for bound in (within.low, within.high))
    yield _row(MASKS, "sd_masks", Effect(parts.sd_masks, low, high, n, LEVEL, "mask"))
    yield _row(MASKS, "sd_seeds", unknown("seed", parts.sd_seeds, k))
    yield _row(MASKS, "sd_noise", unknown("mask", parts.sd_noise, n))
    yield _row(MASKS, "reliability", _reliability(parts, within))
    failed = int(exhaustive["score"].isna().sum())
    yield _row(MASKS, "failed", unknown("training", failed, len(exhaustive)))
    yield _row(MASKS, "left_out", unknown("mask", len(table) - n, exhaustive["mask"].nunique()))


def _sd_of_means(table: pd.DataFrame) -> float:
    return float(table.dropna().mean(axis=1).std(ddof=1))


def _sd_masks(parts: Components, icc: float) -> float:
    """The masks' sd that belongs to a bound of the intraclass correlation."""
    return parts.sd_masks if icc >= 1 else float(parts.sd_noise * np.sqrt(max(0, icc) / (1 - icc)))


def _reliability(parts: Components, icc: Effect) -> Effect:
    """Of a mean over all seeds, with the bounds that belong to those of ICC(3,1).

    Spearman–Brown; ICC(3,k) of Shrout and Fleiss 1979, p. 426.
    """
    k = parts.seeds
    low, high = (k * max(0, c) / (1 + (k - 1) * max(0, c)) for c in (icc.low, icc.high))
    return replace(icc, estimate=parts.reliability(k), low=float(low), high=float(high))


def _best(table: pd.DataFrame) -> Iterator[Row]:
    best, parts, folds = best_mask(table), components(table), cross_fitted(table)
    noise = noise_maxima(table)
    k, draws = parts.seeds, len(noise)
    yield _row(BEST, "mask", unknown("seed", best.mask, k))
    yield _row(BEST, "accuracy", unknown("seed", best.accuracy, k))
    error = parts.sd_noise / np.sqrt(k)
    yield _row(BEST, "advantage", unknown("seed", best.advantage, k), error)
    yield _row(BEST, "shrunken", unknown("seed", best.shrunken, k), best.shrunken_sd)
    yield _row(BEST, "luck", unknown("seed", best.advantage - best.shrunken, k))
    low, high = np.quantile(noise, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    maximum = Effect(float(noise.mean()), float(low), float(high), draws, LEVEL, "draw")
    yield _row(BEST, "noise_maximum", maximum, float(noise.std(ddof=1)))
    above = (1 + (noise >= best.advantage).sum()) / (1 + draws)
    yield _row(BEST, "p_value", unknown("draw", above, draws))
    yield _row(BEST, "expected_maximum", unknown("mask", expected_maximum(table), parts.masks))
    for name in ("picked", "left_out"):
        # Folds share their data, so they give a spread but no interval.
        mean = unknown("seed", folds[name].mean(), len(folds))
        yield _row(BEST, name, mean, float(folds[name].std(ddof=1)))


def _searches(table: pd.DataFrame, searches: pd.DataFrame) -> Iterator[Row]:
    ends = chosen(followed(searches, table))
    budget = int(searches["step"].max()) + 1
    # Which mask is truly best is unknown, but not how good it must be.
    truth = expected_maximum(table)
    ends = ends.assign(regret_true=truth - ends["advantage"])
    many = drawn(table, budget)
    for strategy, found in ends.groupby("strategy", sort=True):
        by_seed, name = found.set_index("search_seed"), str(strategy)
        yield _row(name, "searches", unknown("search seed", len(by_seed), len(by_seed)))
        for quantity in (*QUANTITIES, "regret_true"):
            values = by_seed[quantity]
            yield _row(name, quantity, mean_interval(values, LEVEL), float(values.std(ddof=1)))
        beyond = by_seed["advantage"] - many.at["advantage", "mean"]
        yield _row(name, "beyond_drawing", mean_interval(beyond, LEVEL), float(beyond.std(ddof=1)))
    yield _row(DRAWS, "budget", unknown("mask", budget, budget))
    yield from _drawn(DRAW, drawn(table, 1), truth)
    yield from _drawn(DRAWS, many, truth)
    if set(PAIR) <= set(ends["strategy"]):
        a, b = (
            ends[ends["strategy"] == name].set_index("search_seed")["advantage"] for name in PAIR
        )
        sd = float((a - b).std(ddof=1))
        yield _row(" − ".join(PAIR), "advantage", paired_difference(a, b, LEVEL), sd)


def _drawn(about: str, expected: pd.DataFrame, truth: float) -> Iterator[Row]:
    regret = expected.loc["advantage"].copy()
    regret["mean"] = truth - regret["mean"]
    for quantity, value in [*expected.iterrows(), ("regret_true", regret)]:
        mean = unknown("seed", value["mean"], int(value["n"]))
        yield _row(about, str(quantity), mean, value["sd"])


def regret_figure(exhaustive: pd.DataFrame, searches: pd.DataFrame) -> Figure:
    """Regret of each search's best mask so far (points) against the masks asked for.

    Thin lines are single searches, thick ones their mean, which begins where all of them
    have a value. Dashed: the best of as many masks drawn at random, its mean over all draws.
    Dotted: one mask drawn at random. Beside it the means of all masks, sorted, against the
    best that noise alone would give.
    """
    table = score_table(exhaustive)
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _curves(left, table, searches)
    _sorted_means(right, table)
    return figure


def _curves(axes: Axes, table: pd.DataFrame, searches: pd.DataFrame) -> None:
    for strategy, path in followed(searches, table).groupby("strategy", sort=True):
        lines = POINTS * path.pivot(index="step", columns="search_seed", values="regret")
        colour = COLOURS.get(str(strategy), "grey")
        axes.plot(lines.index + 1, lines, color=colour, alpha=0.3, linewidth=0.8)
        name = f"{NAMES.get(str(strategy), str(strategy))} ({lines.shape[1]})"
        mean = lines.mean(axis=1, skipna=False)
        axes.plot(lines.index + 1, mean, color=colour, linewidth=2, label=name)
    steps = np.arange(1, int(searches["step"].max()) + 2)
    expected = [POINTS * drawn(table, int(step)).at["regret", "mean"] for step in steps]
    axes.plot(steps, expected, "--", color="black", linewidth=1, label="as many drawn at random")
    axes.axhline(expected[0], linestyle=":", color="black", linewidth=1, label="one drawn")
    axes.axhline(0, color="#999", linewidth=0.6)
    axes.set_xlabel("masks asked for")
    axes.set_ylabel("regret of the best so far, on other seeds (points)")
    axes.legend(fontsize=8, frameon=False)


def _sorted_means(axes: Axes, table: pd.DataFrame) -> None:
    means = POINTS * advantages(table.dropna()).sort_values()
    low, high = POINTS * np.quantile(noise_maxima(table), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    parts = components(table)
    axes.plot(np.arange(len(means)), means, ".", markersize=3, color="#555", label="measured")
    shrunken = parts.reliability(parts.seeds) * means
    axes.plot(np.arange(len(means)), shrunken, color=COLOURS["bayesian"], label="shrunken")
    label = "best of masks that do not differ (95 %)"
    axes.axhspan(low, high, color=COLOURS["random"], alpha=0.3, linewidth=0, label=label)
    axes.axhline(0, color="#999", linewidth=0.6)
    axes.set_xlabel(f"all {len(means)} masks, sorted by their mean over {parts.seeds} seeds")
    axes.set_ylabel("advantage over the mean mask (points)")
    axes.legend(fontsize=8, frameon=False, loc="upper left")
