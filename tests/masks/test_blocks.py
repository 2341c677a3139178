import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from torch import nn

from graphprune.errors import UserError
from graphprune.masks.blocks import block_masks


def test_a_block_mask_is_blown_up_as_drawn_by_hand():
    psi = np.array([[True, False], [True, True]])
    mask = block_masks({"w": (3, 5)}, ["w"], psi)["w"]
    # Outputs 0, 1 | 2 and inputs 0, 1, 2 | 3, 4: the first nodes are the larger ones.
    assert mask.int().tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]


@given(st.integers(1, 5), st.integers(0, 6), st.integers(0, 6), st.integers(0, 10**6))
def test_each_weight_is_kept_exactly_if_its_block_is(n, more_out, more_in, seed):
    psi = np.random.default_rng(seed).random((n, n)) < 0.5
    shape = (n + more_out, n + more_in, 3, 2)
    mask = block_masks({"w": shape}, ["w"], psi)["w"]
    assert mask.shape == shape

    def node(unit: int, width: int) -> int:  # walk through the groups, larger ones first
        q, r = divmod(width, n)
        return unit // (q + 1) if unit < r * (q + 1) else r + (unit - r * (q + 1)) // q

    for o in range(shape[0]):
        for i in range(shape[1]):
            expected = psi[node(o, shape[0]), node(i, shape[1])]
            assert mask[o, i].eq(bool(expected)).all()  # at every kernel position


def test_one_graph_for_all_layers_or_one_each():
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 6))
    ring = np.eye(2, dtype=bool)
    full = np.ones((2, 2), dtype=bool)
    names = ["0.weight", "1.weight"]
    assert block_masks(net, names, ring).densities() == dict.fromkeys(names, 0.5)
    each = block_masks(net, names, {"0.weight": full, "1.weight": ring})
    assert each.densities() == {"0.weight": 1.0, "1.weight": 0.5}
    with pytest.raises(UserError, match=r"no block mask for '1\.weight'"):
        block_masks(net, names, {"0.weight": full})


def test_a_layer_narrower_than_the_graph_is_named():
    net = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3))
    with pytest.raises(UserError, match=r"1\.weight"):
        block_masks(net, ["0.weight", "1.weight"], np.eye(4, dtype=bool))


@pytest.mark.parametrize(
    "psi", [np.ones((2, 3), dtype=bool), np.ones((2, 2)), np.ones(4, dtype=bool)]
)
def test_what_is_no_block_mask_is_refused(psi):
    with pytest.raises(UserError, match="square boolean array"):
        block_masks({"w": (4, 4)}, ["w"], psi)


def test_unknown_and_unsuitable_tensors_are_refused():
    psi = np.eye(2, dtype=bool)
    with pytest.raises(UserError, match="'v'"):
        block_masks({"w": (4, 4)}, ["v"], psi)
    with pytest.raises(UserError, match="bias"):
        block_masks(nn.Linear(4, 4), ["bias"], psi)


def test_the_mask_owns_its_memory():
    mask = block_masks({"w": (4, 4, 3, 3)}, ["w"], np.eye(2, dtype=bool))["w"]
    assert mask.is_contiguous()
    assert mask.dtype == torch.bool
