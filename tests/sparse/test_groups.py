from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks
from graphprune.sparse.groups import Groups, same_at_every_position


@st.composite
def masks(draw: st.DrawFn) -> torch.Tensor:
    """Any pattern, with rows that repeat often; some masks of linear layers, some of kernels."""
    out, in_, kinds = (draw(st.integers(1, n)) for n in (9, 12, 5))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    patterns = rng.random((kinds, in_)) < draw(st.sampled_from([0.0, 0.3, 0.7, 1.0]))
    mask = torch.from_numpy(patterns[rng.integers(kinds, size=out)])
    if draw(st.booleans()):
        mask = mask[:, :, None, None].expand(out, in_, 3, 2)
    return mask


def members(groups: Groups) -> list[tuple[list[int], list[int]]]:
    """(outputs, inputs) of every group."""
    outputs = torch.split(groups.outputs, groups.output_start.diff().tolist())
    inputs = torch.split(groups.inputs, groups.input_start.diff().tolist())
    return [(o.tolist(), i.tolist()) for o, i in zip(outputs, inputs, strict=True)]


def test_groups_of_a_mask_drawn_by_hand():
    rows = ["1100", "0011", "1100", "0000", "0111", "0011"]
    groups = Groups.from_mask(np.array([[c == "1" for c in row] for row in rows]))
    assert members(groups) == [([0, 2], [0, 1]), ([1, 5], [2, 3]), ([4], [1, 2, 3]), ([3], [])]
    assert [run[:3] for run in groups.runs] == [(2, 2, 2), (1, 1, 3), (1, 1, 0)]
    assert groups.kept == 11
    assert len(groups) == 4
    assert not groups.uniform


@given(masks())
def test_groups_hold_every_output_once_with_the_inputs_that_its_row_keeps(mask):
    groups = Groups.from_mask(mask)
    rows = mask.reshape(*mask.shape[:2], -1)[:, :, 0]
    found = members(groups)
    assert sorted(o for outputs, _ in found for o in outputs) == list(range(len(mask)))
    for outputs, inputs in found:
        for output in outputs:
            assert rows[output].nonzero().flatten().tolist() == inputs
    patterns = [tuple(inputs) for _, inputs in found]
    assert len(set(patterns)) == len(patterns)
    assert groups.kept == rows.sum()
    fields = (groups.outputs, groups.output_start, groups.inputs, groups.input_start)
    assert all(field.dtype == torch.int64 and field.is_contiguous() for field in fields)


@given(masks())
def test_runs_cover_outputs_inputs_and_weights_without_gaps(mask):
    runs = Groups.from_mask(mask).runs
    sizes = [run[1:3] for run in runs]
    assert len(set(sizes)) == len(sizes)  # one run for each size
    for a, b in pairwise(runs):
        assert (a.outputs.stop, a.inputs.stop, a.weights.stop) == (
            b.outputs.start,
            b.inputs.start,
            b.weights.start,
        )
    for run in runs:
        lengths = [s.stop - s.start for s in (run.outputs, run.inputs, run.weights)]
        assert lengths == [
            run.groups * run.outs,
            run.groups * run.ins,
            run.groups * run.outs * run.ins,
        ]


@given(masks(), st.integers(0, 100))
def test_a_packed_weight_is_the_blocks_in_c_order_and_comes_back_masked(mask, seed):
    weight = torch.randn(mask.shape, generator=torch.Generator().manual_seed(seed))
    groups = Groups.from_mask(mask)
    packed = groups.pack(weight)
    blocks = [weight[o][:, i].flatten() for o, i in members(groups)]
    assert torch.equal(packed, torch.cat(blocks))
    assert torch.equal(groups.unpack(packed, weight.shape), weight * mask)


def test_packing_and_unpacking_let_gradients_through():
    mask = torch.rand(6, 5, generator=torch.Generator().manual_seed(0)) < 0.5
    weight = torch.randn(6, 5, generator=torch.Generator().manual_seed(1), requires_grad=True)
    groups = Groups.from_mask(mask)
    groups.unpack(groups.pack(weight) ** 2, (6, 5)).sum().backward()
    assert torch.allclose(weight.grad, 2 * weight.detach() * mask)


def test_a_graph_mask_has_a_group_for_each_node():
    cycle = np.roll(np.eye(4, dtype=bool), 1, axis=1) | np.eye(4, dtype=bool)  # directed
    even = Groups.from_mask(block_masks({"w": (8, 12, 3, 3)}, ["w"], cycle)["w"])
    assert [outputs for outputs, _ in members(even)] == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert even.uniform
    cycle[3] = cycle[0]
    uneven = Groups.from_mask(block_masks({"w": (10, 7)}, ["w"], cycle)["w"])
    assert [outputs for outputs, _ in members(uneven)] == [[0, 1, 2, 8, 9], [3, 4, 5], [6, 7]]
    assert not uneven.uniform


def test_the_stored_fields_describe_the_groups_completely():
    groups = Groups.from_mask(torch.rand(20, 9, generator=torch.Generator().manual_seed(0)) < 0.2)
    fields = (groups.outputs, groups.output_start, groups.inputs, groups.input_start)
    assert Groups.from_tensors(*fields).runs == groups.runs
    assert members(groups.to("cpu")) == members(groups)


def test_a_mask_that_differs_between_kernel_positions_has_no_groups():
    mask = torch.ones(2, 3, 3, 3, dtype=torch.bool)
    assert same_at_every_position(mask)
    mask[1, 2, 0, 1] = False
    assert not same_at_every_position(mask)
    with pytest.raises(UserError, match=r"\(2, 3, 3, 3\) differs between kernel positions"):
        Groups.from_mask(mask)


@pytest.mark.parametrize(
    "mask",
    [torch.ones(2, 3), torch.ones(3, dtype=torch.bool), torch.ones(0, 3, dtype=torch.bool)],
)
def test_what_is_no_mask_of_a_layer_is_refused(mask):
    with pytest.raises(UserError, match=r"boolean mask of shape .* found torch\."):
        Groups.from_mask(mask)
