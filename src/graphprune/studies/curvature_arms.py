"""What a trained network is pruned by in the study of neural curvature: names, scores, masks."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from graphprune.masks.mask import Masks, parameters
from graphprune.pruning.context import Context
from graphprune.pruning.methods import method
from graphprune.pruning.prune import kept_by
from graphprune.pruning.score import score
from graphprune.runs.scored import Scored
from graphprune.seeds import derive

POSITIVE, NEGATIVE = "positive", "negative"
MAGNITUDE, UNIFORM, SCALED = "magnitude", "magnitude_uniform", "magnitude_scaled"
DEAD_FIRST, DEAD_SCALED = "dead_first", "dead_scaled"
WANDA, RANDOM = "wanda", "random"
# arm -> (row of METHODS, whether every layer loses the same share)
ARMS: dict[str, tuple[str, bool]] = {
    POSITIVE: ("curvature", False),
    NEGATIVE: ("curvature", False),
    MAGNITUDE: ("weight_magnitude", False),
    UNIFORM: ("weight_magnitude", True),
    SCALED: ("weight_magnitude", False),
    DEAD_FIRST: ("weight_magnitude", False),
    DEAD_SCALED: ("weight_magnitude", False),
    WANDA: ("wanda", True),
    RANDOM: ("random_global", False),
}
# Within one layer magnitude is one order, whatever it is scaled by.
LAYER_ARMS = (POSITIVE, NEGATIVE, MAGNITUDE, DEAD_FIRST, WANDA, RANDOM)
RETRAINED_ARMS = (POSITIVE, NEGATIVE, MAGNITUDE, SCALED, RANDOM)


def arm_masks(
    model: nn.Module,
    arm: str,
    cuts: Sequence[float],
    scored: Scored,
    per_class: int,
    seed: int,
    layer: str | None = None,
) -> list[Masks]:
    """Masks after removing each share of `cuts`, of all weights or of those of `layer` alone.

    scored: of `model`, whose weights have its names. per_class: how many examples of each class
    curvature looks at. The masks of `layer` hold that layer alone.
    """
    row, uniform = ARMS[arm]
    keep = keep_scores(model, arm, scored, per_class, seed)
    if layer is not None:
        keep = {layer: keep[layer]}
    full = Masks.full(model, keep)
    keep = {name: values.to(full[name].device) for name, values in keep.items()}
    way = method(row, allocation="uniform" if uniform else "global")
    return [kept_by(keep, way, cut, full, Context()) for cut in cuts]


def keep_scores(
    model: nn.Module, arm: str, scored: Scored, per_class: int, seed: int
) -> dict[str, Tensor]:
    """Tensor name -> what `arm` ranks weights by, in float64: the lowest go first.

    positive: the highest curvature goes first; negative is the reverse of its order.
    magnitude_scaled: the curvature that a layer would have if it followed |w| exactly
    (`imitated`). dead_first: weights from or to units that no example wakes go first, then by
    magnitude; dead_scaled: then by scaled magnitude. wanda: |w| · ‖x‖.
    """
    names = scored.names
    if arm in (POSITIVE, NEGATIVE):
        sign = -1 if arm == POSITIVE else 1
        return {n: sign * rank for n, rank in curvature_ranks(scored, per_class).items()}
    if arm == RANDOM:
        drawn = Context(torch.Generator().manual_seed(derive(seed, "curvature/random")))
        return score("random", model, Masks.full(model, names), drawn)
    sizes = {n: w.detach().abs().double().cpu() for n, w in parameters(model, names).items()}
    if arm == WANDA:
        return {n: size * torch.from_numpy(scored.norms[n]) for n, size in sizes.items()}
    if arm in (SCALED, DEAD_SCALED):
        sizes = {n: -values for n, values in imitated(sizes, scored, per_class).items()}
    if arm in (DEAD_FIRST, DEAD_SCALED):
        ends = [(float(size.min()), float(size.max())) for size in sizes.values()]
        step = max(high for _, high in ends) - min(low for low, _ in ends) + 1
        dead = {n: torch.from_numpy(scored.dead[n]) for n in names}
        sizes = {n: torch.where(dead[n], size - step, size) for n, size in sizes.items()}
    return sizes


def curvature_ranks(scored: Scored, per_class: int) -> dict[str, Tensor]:
    """Tensor name -> place of each weight's curvature among all, from 0 for the lowest.

    By the lower bound, then by the upper one; of equal ones the first weight is lower.
    """
    lower, upper = scored.interval(per_class)
    ends = [np.concatenate([end[n].ravel() for n in scored.names]) for end in (upper, lower)]
    order = np.lexsort((np.arange(len(ends[0])), *ends))
    ranks = np.empty(len(order))
    ranks[order] = np.arange(len(order))
    parts = np.split(ranks, np.cumsum([lower[n].size for n in scored.names])[:-1])
    return {
        name: torch.from_numpy(part.reshape(lower[name].shape))
        for name, part in zip(scored.names, parts, strict=True)
    }


def imitated(sizes: Mapping[str, Tensor], scored: Scored, per_class: int) -> dict[str, Tensor]:
    """Tensor name -> top − s·|w|: curvature as it would be if the relay bound with one s held.

    top: what curvature tends to as |w| → 0, 2 between hidden layers and 1 at the ends. s: the
    layer's median of (top − curvature)/|w| over weights below top; 1 where there is none.
    """
    lower, _ = scored.interval(per_class)
    found = {}
    for name, size in sizes.items():
        top = 1.0 if name in (scored.names[0], scored.names[-1]) else 2.0
        gap = top - torch.from_numpy(lower[name])
        live = (gap > 0) & (size > 0)
        scale = float((gap[live] / size[live]).median()) if bool(live.any()) else 1.0
        found[name] = top - scale * size
    return found
