"""What a search gives up against every mask of its database trained on several seeds.

The value of a mask to a search of seed s is its advantage (`best_mask`) over the seeds other
than s: never the seed it was chosen on, so the luck of the choice is not in it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from graphprune.claims.best_mask import advantages, components
from graphprune.errors import UserError

QUANTITIES = ("advantage", "regret", "regret_measured", "percentile")


def worth(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What each mask (the index) is worth to a search of `seed`; columns QUANTITIES.

    table: of `best_mask.score_table`. A seed that is not in it leaves all its seeds to judge
    by. Zero of advantage is the mean mask. regret_measured: the greatest advantage minus the
    mask's; too large, since that greatest one is the best of many noisy means. regret: the
    same with the advantage expected of that best mask (`Components.reliability`) in its
    place; the mask's own is not shrunken, since it was not chosen by these seeds. A single
    one may thus be negative. percentile: share of masks below it, ties counting half, in %.
    NaN for a mask that failed on all those seeds.
    """
    others = table.drop(columns=seed, errors="ignore")
    own = advantages(others)
    complete = own[others.notna().all(axis=1)]
    expected = components(table).reliability(others.shape[1]) * complete.max()
    percentile = stats.percentileofscore(complete, own, kind="mean")
    return pd.DataFrame(
        {
            "advantage": own,
            "regret": expected - own,
            "regret_measured": complete.max() - own,
            "percentile": np.where(own.isna(), np.nan, percentile),
        }
    )


def followed(
    searches: pd.DataFrame, table: pd.DataFrame, by: Sequence[str] = ("strategy",)
) -> pd.DataFrame:
    """What each search's best mask so far is worth, one row a step.

    searches: their logs; `by` and search_seed name a search. The best so far is by the
    search's own scores, the first among equals. Columns: `by`, search_seed, step, mask (NaN
    until a training has succeeded), and QUANTITIES. UserError if a search trained a mask that
    the table does not hold.
    """
    unknown = sorted(set(searches["mask"]) - set(table.index))
    if unknown:
        raise UserError(
            f"the searches trained masks {unknown[:5]}, which the table of every mask does not "
            f"hold (it has {len(table)}); both must be of one database: rerun the older of them"
        )
    values = {seed: worth(table, int(seed)) for seed in searches["search_seed"].unique()}
    parts = []
    for key, log in searches.groupby([*by, "search_seed"], sort=False):
        log = log.sort_values("step")
        best = incumbents(log)
        found = values[log["search_seed"].iloc[0]].reindex(best).reset_index(drop=True)
        names: dict[str, Any] = dict(zip([*by, "search_seed"], key, strict=True))
        steps = pd.DataFrame({"step": log["step"].to_numpy(), "mask": best.to_numpy()})
        parts.append(steps.assign(**names).join(found))
    return pd.concat(parts, ignore_index=True)[[*by, "search_seed", "step", "mask", *QUANTITIES]]


def incumbents(log: pd.DataFrame) -> pd.Series:
    """The best mask so far at each step of one search; NaN before any training succeeded."""
    scores = log["score"].astype(float).fillna(-np.inf)
    before = scores.cummax().shift(fill_value=-np.inf)
    return log["mask"].astype(float).where(scores > before).ffill()


def chosen(path: pd.DataFrame) -> pd.DataFrame:
    """The rows of `followed` at which each search ended: the mask it chose."""
    searches = [name for name in path.columns if name not in ("step", "mask", *QUANTITIES)]
    return path.sort_values("step", kind="stable").groupby(searches, sort=False).tail(1)


def drawn(table: pd.DataFrame, budget: int) -> pd.DataFrame:
    """What to expect of drawing `budget` different masks at random, in place of searching.

    The best of them by their score on one seed is worth what it is by the other seeds; the
    mean over all draws is exact, and taken over all seeds of the table. One row a quantity:
    mean, sd (of single draws), n (seeds).
    """
    moments = []
    for seed in table.columns:
        values = worth(table, int(seed)).dropna()
        chance = chances(table[seed], budget).loc[values.index].to_numpy()
        chance = chance / chance.sum()
        moments.append(np.stack([chance @ values, chance @ values**2]))
    mean, square = np.mean(moments, axis=0)
    sd = np.sqrt(np.maximum(square - mean**2, 0))
    return pd.DataFrame({"mean": mean, "sd": sd, "n": table.shape[1]}, index=list(QUANTITIES))


def chances(scores: pd.Series, budget: int) -> pd.Series:
    """Probability that each mask is the best of `budget` drawn without replacement.

    Masks of equal score share theirs; one that failed (NaN) is never the best.
    """
    total = len(scores)
    size = min(budget, total)
    levels, place, counts = np.unique(
        scores.fillna(-np.inf).to_numpy(), return_inverse=True, return_counts=True
    )
    better = total - np.cumsum(counts)
    none_better = stats.hypergeom.pmf(0, total, better, size)
    best = np.diff(none_better, prepend=0.0) * np.isfinite(levels)
    return pd.Series((best / counts)[place] / best.sum(), index=scores.index)
