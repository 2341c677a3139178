"""What every pruning method must satisfy: a new row of METHODS is tested here as it stands."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from pruning_cases import N
from torch import nn

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks
from graphprune.masks.mask import Masks
from graphprune.pruning import scope
from graphprune.pruning.granularity import Grouping
from graphprune.pruning.methods import METHODS, Method
from graphprune.pruning.names import GRANULARITIES
from graphprune.pruning.prune import next_masks
from graphprune.registry import resolve

PRUNING = sorted(name for name, row in METHODS.items() if row.source != "none")
ASKED = sorted(name for name in PRUNING if not METHODS[name].told)
SPARSITIES = (0.1, 1 / 3, 0.5, 0.9)

every_method = pytest.mark.parametrize("row", [METHODS[n] for n in PRUNING], ids=PRUNING)
every_asked = pytest.mark.parametrize("row", [METHODS[n] for n in ASKED], ids=ASKED)


def groups(row: Method, masks: Masks) -> dict[str, torch.Tensor]:
    """Pool -> (groups,) bool of the method's groups that `masks` keep."""
    grouping = Grouping(n=N, shared=row.shared, keep_self_loops=row.keep_self_loops)
    return resolve(GRANULARITIES, row.granularity, "granularity")(grouping).survivors(masks)


def start(build, names=None) -> tuple[nn.Module, tuple[str, ...], Masks]:
    model = build(0)
    names = names or scope.tensors(model, "all")
    return model, names, Masks.full(model, names)


def disturb(model: nn.Module, masks: Masks, seed: int) -> None:
    """What a stretch of training does: all weights move, pruned ones are zeroed again."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in masks:
            weight = model.get_parameter(name)
            weight.add_(torch.randn(weight.shape, generator=generator) * weight.std())
    masks.apply_(model)


@every_asked
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_exactly_the_asked_number_is_kept(row, sparsity, build, context):
    model, names, full = start(build)
    masks = next_masks(model, row, names, sparsity, full, context(full))
    counts = {pool: (int(kept.sum()), len(kept)) for pool, kept in groups(row, masks).items()}
    if row.allocation == "uniform":
        for kept, total in counts.values():
            assert kept == kept_count(total, sparsity)
    else:
        assert row.allocation == "global"
        total = sum(total for _, total in counts.values())
        assert sum(kept for kept, _ in counts.values()) == kept_count(total, sparsity)


@pytest.mark.parametrize("name", [n for n in PRUNING if METHODS[n].told])
def test_what_is_given_is_what_is_kept(name, build, context):
    model, names, full = start(build)
    given = context(full)
    masks = next_masks(model, METHODS[name], names, 0.5, full, given)
    if METHODS[name].source == "graph":
        assert masks == block_masks(model, names, given.psi)
    else:
        assert METHODS[name].allocation == "matched"
        assert masks.kept() == given.reference.kept()


@every_asked
def test_groups_go_as_a_whole(row, build, context):
    model, names, full = start(build)
    masks = next_masks(model, row, names, 0.5, full, context(full))
    if row.granularity == "unit":
        for mask in masks.values():
            assert torch.equal(mask.flatten(1).any(1), mask.flatten(1).all(1))
    if row.granularity == "edge":
        (kept,) = groups(row, masks).values() if row.shared else pytest.fail("test one graph")
        psi = torch.eye(N, dtype=torch.bool)
        i, j = torch.triu_indices(N, N, offset=1)
        psi[i, j] = psi[j, i] = kept
        assert masks == block_masks(model, names, psi.numpy())


@every_method
def test_one_seed_gives_one_mask(row, build, context):
    found = []
    for _ in range(2):
        model, names, full = start(build)
        found.append(next_masks(model, row, names, 0.6, full, context(full, seed=3)))
    assert found[0].digest() == found[1].digest()


@pytest.mark.parametrize("name", [n for n in PRUNING if METHODS[n].score == "random"])
def test_random_methods_depend_on_the_seed_and_on_nothing_else(name, build, context):
    model, names, full = start(build)
    one, two = (
        next_masks(model, METHODS[name], names, 0.5, full, context(full, seed)) for seed in (0, 8)
    )
    assert one != two
    other = next_masks(build(1), METHODS[name], names, 0.5, full, context(full, 0))
    assert one == other


@every_method
def test_the_model_is_not_touched(row, build, context):
    model, names, full = start(build)
    before = copy.deepcopy(model.state_dict())
    next_masks(model, row, names, 0.7, full, context(full))
    assert list(model.state_dict()) == list(before)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    copy.deepcopy(model)


@every_method
def test_protected_tensors_keep_values_and_masks(row, build, context):
    model, _, everything = start(build)
    inner = scope.tensors(model, "inner")
    before = copy.deepcopy(model.state_dict())
    masks = next_masks(
        model, row, inner, 0.7, everything, context(Masks({n: everything[n] for n in inner}))
    )
    masks.apply_(model)
    assert list(masks) == list(everything)
    assert any(masks[name].sum() < masks[name].numel() for name in inner)
    for name in set(everything) - set(inner):
        assert masks[name].all()
    for name, value in model.state_dict().items():
        if name not in inner:
            assert torch.equal(value, before[name])


@every_method
def test_masks_along_a_schedule_are_nested(row, build, context):
    model, names, masks = start(build)
    given = context(masks)
    for step, event in enumerate(row.plan(0.8, 501).events):
        following = next_masks(model, row, names, event.sparsity, masks, given)
        assert following.is_subset(masks)
        masks = following
        disturb(model, masks, step)
    assert masks.density() < 1


@every_method
def test_sparsity_zero_changes_nothing(row, build, context):
    model, names, full = start(build)
    assert next_masks(model, row, names, 0.0, full, context(full)) == full
    some = next_masks(model, row, names, 0.5, full, context(full))
    assert next_masks(model, row, names, 0.0, some, context(full)) == some


@every_method
def test_pruning_twice_to_one_sparsity_is_pruning_once(row, build, context):
    model, names, full = start(build)
    once = next_masks(model, row, names, 0.5, full, context(full))
    once.apply_(model)
    assert next_masks(model, row, names, 0.5, once, context(full)) == once


@every_asked
def test_sparsity_one_keeps_no_group(row, build, context):
    model, names, full = start(build)
    masks = next_masks(model, row, names, 1.0, full, context(full))
    assert not any(bool(kept.any()) for kept in groups(row, masks).values())


@every_method
@pytest.mark.parametrize("sparsity", [-0.1, 1.1, float("nan")])
def test_a_sparsity_outside_zero_to_one_is_refused(row, sparsity, build, context):
    model, names, full = start(build)
    with pytest.raises(UserError, match=r"sparsity must lie in \[0, 1\]"):
        next_masks(model, row, names, sparsity, full, context(full))


@every_asked
def test_what_is_pruned_cannot_be_asked_back(row, build, context):
    model, names, full = start(build)
    sparse = next_masks(model, row, names, 0.8, full, context(full))
    with pytest.raises(UserError, match=r"cannot keep \d+ of .*: \d+ of \d+ survive"):
        next_masks(model, row, names, 0.2, sparse, context(full))


@every_asked
def test_of_equal_scores_exactly_the_asked_number_is_kept_lowest_index_first(row, build, context):
    if row.score in ("random", "curvature", "wanda"):
        pytest.skip("scores of equal weights do not tie")
    model, names, full = start(build)
    with torch.no_grad():
        for name in names:
            model.get_parameter(name).fill_(-0.5)
    # Norms of groups of unequal size differ even where all weights are equal.
    changed = replace(row, aggregate="mean")
    masks = next_masks(model, changed, names, 0.5, full, context(full))
    found = groups(row, masks)
    pools = found.values() if row.allocation == "uniform" else [torch.cat(list(found.values()))]
    for kept in pools:
        keep = kept_count(len(kept), 0.5)
        assert kept.tolist() == [True] * keep + [False] * (len(kept) - keep)


@every_asked
def test_a_score_that_is_not_a_number_names_its_tensor(row, build, context):
    if row.score == "random":
        pytest.skip("random scores do not depend on the weights")
    model, names, full = start(build)
    with torch.no_grad():
        model.get_parameter(names[1]).view(-1)[3] = float("nan")
    with pytest.raises(UserError, match=f"'{names[1]}' is NaN for 1 of"):
        next_masks(model, row, names, 0.5, full, context(full))


@every_method
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_no_pruned_weight_comes_back(row, optimizer, build, context):
    """Prune in mid-training: by then momentum and moments of the pruned weights are not zero."""
    model, names, masks = start(build)
    optimiser = OPTIMISERS[optimizer](model)
    train(model, build.inputs, optimiser, masks, steps=3)
    masks = next_masks(model, row, names, 0.6, masks, context(masks))
    masks.apply_(model)
    kept_before = {n: model.get_parameter(n)[masks[n]].clone() for n in names}
    train(model, build.inputs, optimiser, masks, steps=5)
    for name in names:
        weight = model.get_parameter(name)
        assert (weight[~masks[name]] == 0).all()
        if masks[name].any():
            assert not torch.equal(weight[masks[name]], kept_before[name])


OPTIMISERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "sgd": lambda m: torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4),
    "adam": lambda m: torch.optim.Adam(m.parameters(), lr=0.01),
}


def train(model, shape, optimiser, masks: Masks, steps: int) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn((6, *shape), generator=generator)
    y = torch.arange(6) % 4
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()
        masks.apply_(model)


def test_without_masks_a_pruned_weight_does_come_back(build, context):
    """The test above can fail: momentum alone moves a weight that was set to zero."""
    model, names, full = start(build)
    optimiser = OPTIMISERS["sgd"](model)
    train(model, build.inputs, optimiser, full, steps=3)
    masks = next_masks(model, METHODS["glob_1"], names, 0.6, full, context(full))
    masks.apply_(model)
    train(model, build.inputs, optimiser, full, steps=1)
    assert any((model.get_parameter(n)[~masks[n]] != 0).any() for n in names)


def test_the_dense_method_prunes_nothing_and_says_so(build, context):
    model, names, full = start(build)
    dense = METHODS["dense"]
    assert dense.plan(0.0, 10).events == ()
    assert next_masks(model, dense, names, 0.0, full, context(full)) == full
    with pytest.raises(UserError, match="sparsity 0"):
        next_masks(model, dense, names, 0.5, full, context(full))
    with pytest.raises(UserError, match="sparsity 0"):
        dense.plan(0.5, 10)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@every_method
def test_cpu_and_cuda_agree(row, build, context):
    model, names, full = start(build)
    here = next_masks(model, row, names, 0.6, full, context(full))
    there = next_masks(model.cuda(), row, names, 0.6, full.to("cuda"), context(full))
    assert next(iter(there.values())).is_cuda
    assert here == there
