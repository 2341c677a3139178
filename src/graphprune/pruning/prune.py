"""One pruning step: score → reduce → allocate → select → expand."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks, refuse_grouped
from graphprune.masks.mask import Masks, restricted
from graphprune.pruning.allocate import Ask, allocate
from graphprune.pruning.context import Context
from graphprune.pruning.granularity import Granularity, Grouping
from graphprune.pruning.methods import Method
from graphprune.pruning.names import GRANULARITIES
from graphprune.pruning.score import score
from graphprune.pruning.select import select
from graphprune.registry import resolve


def next_masks(
    model: nn.Module,
    method: Method,
    names: Iterable[str],
    sparsity: float,
    previous: Masks,
    context: Context,
) -> Masks:
    """The masks after pruning the tensors `names` of `model` to `sparsity` by `method`.

    `sparsity` is pruned / all groups of the method's granularity. Only survivors of `previous`
    are kept, so masks are nested; tensors of `previous` outside `names` stay as they are, and
    so does the model (`Masks.apply_` sets weights to zero). Sparsity 0 asks for nothing:
    `previous` is returned, whatever the source. Where what is kept is given (`Method.told`:
    a block mask, counts of reference masks, explicit densities), any other sparsity is taken
    as "prune to what is given". The result lies on the device of `previous`.

    UserError if the request cannot be met, naming layer and numbers.
    """
    alive = _in_scope(model, names, previous)
    if not 0 <= sparsity <= 1:
        raise UserError(f"sparsity must lie in [0, 1], found {sparsity}")
    if sparsity == 0:
        return previous
    if method.source == "none":
        raise UserError(f"a method that prunes nothing has sparsity 0, asked was {sparsity}")
    if method.source == "graph":
        kept = _by_graph(model, alive, context)
    else:
        kept = _by_score(model, method, sparsity, alive, context)
    masks = Masks({**previous, **(alive & kept)})
    if not method.allow_empty_layer:
        _forbid_empty(masks, alive, sparsity)
    return masks


def empty_layers(masks: Masks) -> tuple[str, ...]:
    """Names of the tensors of which nothing is kept: where a network has collapsed."""
    return tuple(name for name, kept in masks.kept().items() if kept == 0)


def _in_scope(model: nn.Module, names: Iterable[str], previous: Masks) -> Masks:
    names = tuple(names)
    if not names:
        raise UserError("no tensor to prune: the list of names is empty")
    alive = restricted(previous, names)
    alive.check(model)
    return alive


def _by_graph(model: nn.Module, alive: Masks, context: Context) -> Masks:
    if context.psi is None:
        raise UserError("source 'graph' needs a block mask in context.psi; none was given")
    return block_masks(model, alive, context.psi)


def _by_score(
    model: nn.Module, method: Method, sparsity: float, alive: Masks, context: Context
) -> Masks:
    if method.granularity == "edge":
        refuse_grouped(model, alive)
    scores = score(method.score, model, alive, context)
    return kept_by(scores, method, sparsity, alive, context)


def kept_by(
    scores: Mapping[str, torch.Tensor],
    method: Method,
    sparsity: float,
    alive: Masks,
    context: Context,
) -> Masks:
    """Of the weights in `alive` those that `method` keeps by these scores, whatever its own is."""
    granularity: Granularity = resolve(GRANULARITIES, method.granularity, "granularity")(
        Grouping(method.aggregate, context.n, method.shared, method.keep_self_loops)
    )
    alive = alive.to(next(iter(scores.values())).device)
    pools = granularity.reduce(scores, alive)
    survivors = granularity.survivors(alive)
    ask = Ask(
        totals={pool: groups.numel() for pool, groups in survivors.items()},
        sparsity=sparsity,
        reference=_reference_counts(granularity, alive, context.reference)
        if method.allocation == "matched"
        else None,
        densities=context.densities,
    )
    kept: dict[str, torch.Tensor] = {}
    for share, keep in allocate(method.allocation, ask).items():
        chosen = select(
            torch.cat([pools[pool] for pool in share]),
            torch.cat([survivors[pool] for pool in share]),
            keep,
            where=f"the {method.granularity}s of {', '.join(share)}",
        )
        kept |= zip(share, chosen.split([ask.totals[pool] for pool in share]), strict=True)
    return granularity.expand(kept, like=alive)


def _reference_counts(
    granularity: Granularity, alive: Masks, reference: Masks | None
) -> dict[str, int] | None:
    """Groups that the reference keeps, of the tensors that are pruned here."""
    if reference is None:
        return None
    for name, mask in alive.items():
        if name not in reference or reference[name].shape != mask.shape:
            found = tuple(reference[name].shape) if name in reference else "no such mask"
            raise UserError(
                f"reference masks: expected a mask of shape {tuple(mask.shape)} for '{name}', "
                f"found {found}"
            )
    shared = Masks({name: reference[name] for name in alive})
    return {pool: int(groups.sum()) for pool, groups in granularity.survivors(shared).items()}


def _forbid_empty(masks: Masks, before: Masks, sparsity: float) -> None:
    for name in empty_layers(masks):
        if name in before and bool(before[name].any()):
            raise UserError(
                f"at sparsity {sparsity} nothing would be left of '{name}' "
                f"({before.kept()[name]} of {before.total()[name]} weights were); lower the "
                "sparsity, allocate uniformly, or set allow_empty_layer"
            )
