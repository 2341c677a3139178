"""Which weights unit pruning removes: AUC against a shuffled null (Theorem 1), and histograms."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from torch import nn

from graphprune.counts import kept_count
from graphprune.pruning.scope import tensors
from graphprune.runs.kept import KeptNet
from graphprune.seeds import generator
from graphprune.studies.weight_unit_arms import (
    RANDOM_UNIT,
    SCOPE,
    UNIT,
    WEIGHT,
    pruned_masks,
)

BINS = 40
RESAMPLES = 1000


def auc_table(nets: Sequence[KeptNet], ks: Sequence[float], shuffles: int) -> pd.DataFrame:
    """One row a seed, layer, k strictly between 0 and 1, and arm (unit, random_unit).

    auc: the share of pairs of a removed and a kept weight in which the removed one is smaller
    in magnitude (a tie counts half): .5 if units go at random, 1 if the smallest weights go. NaN
    where nothing is removed or kept. null: the mean of the same after shuffling the layer's weights
    across its rows, `shuffles` times, and pruning its units anew; null_sd between shuffles. NaN for
    random units, whose null is .5. low, high: 95 % bootstrap interval of auc over units
    (`units_interval`). layer: from 1. failure: that of the training.
    """
    rows: list[dict[str, Any]] = []
    inner = [k for k in ks if 0 < k < 1]
    for net in nets:
        if net.failure:
            rows += [
                {"seed": net.seed, "layer": 0, "k": k, "arm": UNIT, "failure": net.failure}
                for k in inner
            ]
            continue
        model = net.build()
        for number, name in enumerate(tensors(model, SCOPE), 1):
            rows += _layer_rows(net, model, number, name, inner, shuffles)
    columns = ["seed", "layer", "name", "k", "arm", "auc", "low", "high", "null", "null_sd"]
    columns += ["units", "failure"]
    return pd.DataFrame(rows, columns=columns)


def _layer_rows(
    net: KeptNet, model: nn.Module, number: int, name: str, ks: Sequence[float], shuffles: int
) -> list[dict[str, Any]]:
    weights = magnitudes(model, name)
    ranks = stats.rankdata(weights).reshape(weights.shape)
    null = shuffled_aucs(weights, ranks, ks, shuffles, net.seed, name)
    rows = []
    for arm in (UNIT, RANDOM_UNIT):
        for place, k in enumerate(ks):
            kept = pruned_masks(model, arm, k, net.seed)[name].numpy()
            mine = arm == UNIT
            low, high = units_interval(weights, ~kept[:, 0], net.seed, f"units/{name}/{arm}/{k}")
            rows.append(
                {
                    "seed": net.seed,
                    "layer": number,
                    "name": name,
                    "k": k,
                    "arm": arm,
                    "auc": auc(ranks, ~kept[:, 0]),
                    "low": low,
                    "high": high,
                    "null": null[:, place].mean() if mine else np.nan,
                    "null_sd": null[:, place].std(ddof=1) if mine and shuffles > 1 else np.nan,
                    "units": len(weights),
                    "failure": "",
                }
            )
    return rows


def magnitudes(model: nn.Module, name: str) -> np.ndarray:
    """(units, inputs) |w| of the tensor `name`, in float64."""
    return np.abs(model.get_parameter(name).detach().double().numpy())


def auc(ranks: np.ndarray, removed: np.ndarray) -> float:
    """P(a weight of a removed row < one of a kept row), ties counted half; NaN without a pair.

    ranks: (units, inputs) of the weights, from 1, averaged over ties; removed: (units,) bool.
    Mann and Whitney's statistic.
    """
    first = int(removed.sum()) * ranks.shape[1]
    second = ranks.size - first
    if not first or not second:
        return float("nan")
    above = ranks[removed].sum() - first * (first + 1) / 2
    return float(1 - above / (first * second))


def units_interval(
    weights: np.ndarray, removed: np.ndarray, seed: int, stream: str
) -> tuple[float, float]:
    """95 % percentile interval of the AUC when units are drawn anew; NaN below two on a side.

    Removed and kept units are drawn with replacement, each with all its weights, since the weights
    of a unit are not independent of one another. AUC is linear in a unit's placement, the mean over
    its weights of the share of the other side's weights that are larger (of a removed unit) or
    smaller (of a kept one), but for how the two sides' draws meet, which is of second order; so
    placements are drawn (Obuchowski, Biometrics 53, 1997, on AUCs of clusters).
    """
    if removed.sum() < 2 or (~removed).sum() < 2:
        return float("nan"), float("nan")
    below, above = weights[removed], weights[~removed]
    first, second = 1 - _placements(below, above), _placements(above, below)
    rng = generator(seed, stream)
    drawn = _resampled(rng, first) + _resampled(rng, second) - first.mean()
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _placements(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each row, the mean share of `others` that its weights exceed, ties counted half."""
    ascending = np.sort(others, axis=None)
    sides = [np.searchsorted(ascending, rows, side) for side in ("left", "right")]
    return np.mean(sides, axis=0).mean(axis=1) / ascending.size


def _resampled(rng: np.random.Generator, placements: np.ndarray) -> np.ndarray:
    """(RESAMPLES,) means of as many placements, drawn with replacement."""
    size = len(placements)
    return rng.multinomial(size, np.full(size, 1 / size), RESAMPLES) @ placements / size


def shuffled_aucs(
    weights: np.ndarray,
    ranks: np.ndarray,
    ks: Sequence[float],
    shuffles: int,
    seed: int,
    stream: str,
) -> np.ndarray:
    """(shuffles, ks): the AUC of unit pruning by l2 norm after dealing the weights to rows anew."""
    rng = generator(seed, f"shuffled/{stream}")
    values = np.empty((shuffles, len(ks)))
    units = len(weights)
    for row in values:
        dealt = rng.permutation(weights.size).reshape(weights.shape)
        norms = (weights.ravel()[dealt] ** 2).sum(axis=1)
        order, mixed = np.argsort(norms, kind="stable"), ranks.ravel()[dealt]
        for place, k in enumerate(ks):
            removed = np.zeros(units, dtype=bool)
            removed[order[: units - kept_count(units, k)]] = True
            row[place] = auc(mixed, removed)
    return values


def histogram_table(nets: Sequence[KeptNet], ks: Sequence[float]) -> pd.DataFrame:
    """Counts of |w| removed and kept, in BINS equal bins from 0 to the layer's largest weight.

    One row a seed, layer, k strictly between 0 and 1, arm (weight, unit) and bin [low, high). The
    bins of a layer are those of all seeds. Failed trainings have no rows.
    """
    built = {net.seed: net.build() for net in nets if not net.failure}
    rows: list[pd.DataFrame] = []
    names = tensors(next(iter(built.values())), SCOPE) if built else ()
    for number, name in enumerate(names, 1):
        found = {seed: magnitudes(model, name) for seed, model in built.items()}
        edges = np.linspace(0, max(values.max() for values in found.values()), BINS + 1)
        for seed, values in found.items():
            for arm in (WEIGHT, UNIT):
                for k in (k for k in ks if 0 < k < 1):
                    kept = pruned_masks(built[seed], arm, k, seed)[name].numpy()
                    counted = {"removed": values[~kept], "kept": values[kept]}
                    rows.append(
                        pd.DataFrame(
                            {
                                "seed": seed,
                                "layer": number,
                                "k": k,
                                "arm": arm,
                                "low": edges[:-1],
                                "high": edges[1:],
                                **{n: np.histogram(v, edges)[0] for n, v in counted.items()},
                            }
                        )
                    )
    columns = ["seed", "layer", "k", "arm", "low", "high", "removed", "kept"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)
