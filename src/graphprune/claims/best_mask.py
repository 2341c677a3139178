"""Every mask on every seed: how much masks differ, and how much of the best one is luck.

The model of a crossed table is score = mean + mask + seed + noise, all three random. A
mask's *advantage* is its score minus the mean of all masks on the same seed, averaged over
seeds: what a seed does to all masks alike is not in it. Scores are fractions.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from graphprune.errors import UserError

MIN_SEEDS = 2
MIN_MASKS = 2


def score_table(exhaustive: pd.DataFrame) -> pd.DataFrame:
    """Scores, one row a mask, one column a seed; NaN where a training failed.

    exhaustive: columns mask, seed, score. A seed on which every training failed is left out.
    UserError if a pair of mask and seed occurs twice, or if fewer than 2 masks succeeded on
    each of at least 2 seeds.
    """
    twice = exhaustive.duplicated(["mask", "seed"])
    if twice.any():
        pairs = exhaustive.loc[twice, ["mask", "seed"]].to_records(index=False).tolist()
        raise UserError(
            "a table of every mask on every seed has one score for each pair, but these pairs "
            f"of mask and seed occur more than once: {pairs[:5]}. Keep one of each."
        )
    table = exhaustive.pivot(index="mask", columns="seed", values="score").astype(float)
    table = table.dropna(axis="columns", how="all")
    seeds, masks = table.shape[1], len(table.dropna())
    if seeds < MIN_SEEDS or masks < MIN_MASKS:
        raise UserError(
            f"regret needs at least {MIN_MASKS} masks that were trained on each of at least "
            f"{MIN_SEEDS} seeds without failing; found {masks} masks on {seeds} seeds. Add seeds "
            "to config key bogp.regret.seeds, or lower the recipe's learning_rate."
        )
    return table


@dataclass(frozen=True)
class Components:
    """Where the spread of scores comes from, as standard deviations of single trainings.

    sd_masks: of the masks' true means. sd_seeds: what a seed does to all masks alike.
    sd_noise: the rest. masks, seeds: how many they are from.
    """

    masks: int
    seeds: int
    sd_masks: float
    sd_seeds: float
    sd_noise: float

    def reliability(self, seeds: int) -> float:
        """Share of the variance of mask means over `seeds` seeds that belongs to the masks, 0 … 1.

        A mask's advantage times this is its best linear unbiased prediction (BLUP; Robinson
        1991, section 1).
        """
        if self.sd_masks == 0:
            return 0.0
        return self.sd_masks**2 / (self.sd_masks**2 + self.sd_noise**2 / seeds)


def components(table: pd.DataFrame) -> Components:
    """Two-way random-effects analysis of variance of the masks that failed on no seed.

    Negative estimates of a variance are 0. Source: Searle, Casella and McCulloch 1992, §4.6.
    """
    complete = table.dropna()
    n, k = complete.shape
    noise = float((_residuals(complete) ** 2).sum() / ((n - 1) * (k - 1)))
    between = centred(complete).mean(axis=1).var(ddof=1) - noise / k
    seeds = complete.mean().var(ddof=1) - noise / n
    masks, common = (float(np.sqrt(max(0.0, variance))) for variance in (between, seeds))
    return Components(n, k, masks, common, float(np.sqrt(noise)))


def centred(table: pd.DataFrame) -> pd.DataFrame:
    """Scores minus their seed's mean over the masks that failed on no seed."""
    # Twelve decimals: far below one image of any data set, far above what rounding leaves.
    return (table - table.dropna().mean()).round(12)


def advantages(table: pd.DataFrame) -> pd.Series:
    """Every mask's advantage, over the seeds on which it did not fail; NaN where it always did."""
    return _means(centred(table))


def _means(scores: pd.DataFrame) -> pd.Series:
    # Coarser than `centred`, so that equal means are equal: ties are common, as accuracies
    # are counts of images.
    return scores.mean(axis=1).round(10)


def _residuals(complete: pd.DataFrame) -> np.ndarray:
    left = centred(complete)
    return left.sub(left.mean(axis=1), axis=0).to_numpy()


@dataclass(frozen=True)
class BestMask:
    """The mask with the highest mean, the first among equals, and what it may be worth.

    accuracy, advantage: as observed. shrunken: the advantage that is to be expected of it
    (BLUP), and shrunken_sd its standard deviation given the observations, under normality.
    """

    mask: int
    accuracy: float
    advantage: float
    shrunken: float
    shrunken_sd: float


def best_mask(table: pd.DataFrame) -> BestMask:
    """The best of the masks that failed on no seed."""
    complete = table.dropna()
    observed = advantages(complete)
    mask, parts = observed.idxmax(), components(table)
    weight = parts.reliability(parts.seeds)
    return BestMask(
        int(mask),
        float(complete.loc[mask].mean()),
        float(observed.max()),
        float(weight * observed.max()),
        float(parts.sd_masks * np.sqrt(1 - weight)),
    )


def noise_maxima(table: pd.DataFrame, draws: int = 2000, seed: int = 0) -> np.ndarray:
    """(draws,) advantages of the best of as many masks if masks did not differ at all.

    Noise is not taken to be normal: each draw deals every seed's residuals of the two-way
    model to the masks anew. Residuals are smaller than the noise they estimate, and are
    scaled up to it.
    """
    residuals = _residuals(table.dropna())
    n, k = residuals.shape
    noise = residuals * np.sqrt(n * k / ((n - 1) * (k - 1)))
    rng = np.random.default_rng(seed)
    return np.array([rng.permuted(noise, axis=0).mean(axis=1).max() for _ in range(draws)])


def expected_maximum(table: pd.DataFrame, draws: int = 2000, seed: int = 0) -> float:
    """The advantage expected of the truly best mask, whichever it is, given all scores.

    Mean over draws of the greatest of the masks' true advantages, each normal about its
    shrunken one. Never below the shrunken advantage of the mask that looks best, but for the
    error of the simulation.
    """
    parts = components(table)
    weight = parts.reliability(parts.seeds)
    shrunken = weight * advantages(table.dropna()).to_numpy()
    sd = parts.sd_masks * np.sqrt(1 - weight)
    rng = np.random.default_rng(seed)
    return float(np.mean([rng.normal(shrunken, sd).max() for _ in range(draws)]))


def cross_fitted(table: pd.DataFrame) -> pd.DataFrame:
    """For every seed: the best mask of all other seeds, scored on that one.

    Columns seed, mask, picked (its advantage on the seeds it was picked on), left_out (its
    advantage on the seed left out, which is free of the luck of the choice).
    """
    scores = centred(table.dropna())
    rows = []
    for seed in scores.columns:
        others = _means(scores.drop(columns=seed))
        mask = others.idxmax()
        rows.append((seed, mask, others.max(), scores.at[mask, seed]))
    return pd.DataFrame(rows, columns=["seed", "mask", "picked", "left_out"])
