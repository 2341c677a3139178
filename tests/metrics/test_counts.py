"""Counts of pruned networks against arithmetic by hand and brute force."""

import math

import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.metrics.counts import count
from graphprune.models.build import build_model

CIFAR, DIGITS = (3, 32, 32), (1, 8, 8)


class Small(nn.Module):
    """Stride, padding, groups, a layer used twice, and biases: all that can go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(4, 6, 3, groups=2, padding=1)
        self.twice = nn.Conv2d(6, 6, 1)
        self.norm = nn.BatchNorm2d(6)
        self.head = nn.Linear(6 * 3 * 4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.grouped(self.stem(x))
        return self.head(self.norm(self.twice(self.twice(x))).flatten(1))


def _small_macs(masks: dict[str, Tensor]) -> int:
    """Run each layer on ones with its mask as weights: every multiply-add contributes 1.

    Borders are padded with ones, since a multiplication by padding is counted as well.
    """

    def conv(
        name: str, channels: int, size: tuple[int, int], pad: int, stride: int = 1, groups: int = 1
    ) -> int:
        ones = F.pad(torch.ones(1, channels, *size), (pad,) * 4, value=1.0)
        kernel = masks[f"{name}.weight"].float()
        return int(F.conv2d(ones, kernel, stride=stride, groups=groups).sum())

    return (
        conv("stem", 2, (6, 8), 1, stride=2)
        + conv("grouped", 4, (3, 4), 1, groups=2)
        + 2 * conv("twice", 6, (3, 4), 0)
        + int(masks["head.weight"].sum())
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), density=st.floats(0, 1))
def test_random_masks_against_brute_force(seed: int, density: float) -> None:
    model = Small()
    generator = torch.Generator().manual_seed(seed)
    masks = {
        name: torch.rand(p.shape, generator=generator) < density
        for name, p in model.named_parameters()
        if p.ndim > 1
    }
    counts = count(model, (2, 6, 8), masks)
    assert counts.macs_dense == _small_macs({k: torch.ones_like(m) for k, m in masks.items()})
    assert counts.macs_kept == _small_macs(masks)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(masks.get(name, torch.ones_like(parameter)))
    nonzero = sum(int(p.count_nonzero()) for p in model.parameters())
    assert counts.parameters_kept == nonzero
    assert counts.scope_kept == sum(int(m.sum()) for m in masks.values())
    frame = pd.DataFrame(counts.per_layer)
    assert frame["macs_kept"].sum() == counts.macs_kept
    assert frame["kept"].sum() == counts.scope_kept
    assert frame["density"].tolist() == pytest.approx(
        [mask.double().mean().item() for mask in masks.values()]
    )


def test_small_net_by_hand() -> None:
    """6×8 images: the stem leaves 3×4 = 12 positions, which the rest keeps.

    stem 4·2·9 = 72 weights at 12 positions; grouped 6·(4/2)·9 = 108 at 12; twice 36 at 2·12;
    head 72·5 = 360 at 1: 864 + 1,296 + 864 + 360 = 3,384 multiply-adds.
    Parameters 72 + 108 + 36 + 360 = 576, biases 4 + 6 + 6 + 5 = 21, norm 12: 609.
    Half of the 36 removed: 18 parameters, 18·24 = 432 multiply-adds less.
    """
    mask = torch.zeros(36, dtype=torch.bool)
    mask[::2] = True
    counts = count(Small(), (2, 6, 8), {"twice.weight": mask.reshape(6, 6, 1, 1)})
    assert (counts.parameters_all, counts.parameters_kept) == (609, 591)
    assert (counts.macs_dense, counts.macs_kept) == (3384, 2952)
    assert (counts.scope_weights, counts.scope_kept, counts.sparsity) == (36, 18, 0.5)
    assert counts.row()["compression"] == 609 / 591
    assert counts.row()["theoretical_speedup"] == 3384 / 2952
    assert counts.per_layer["in_scope"] == [False, False, True, False]
    assert counts.per_layer["macs_dense"] == [864, 1296, 864, 360]


def test_scope_may_hold_tensors_without_a_mask() -> None:
    """An unpruned tensor in scope counts as kept, in the density too."""
    model = build_model("mlp", DIGITS, 10, hidden=[32])
    scope = ["layers.0.weight", "layers.1.weight"]
    masks = {"layers.0.weight": torch.zeros(32, 64, dtype=torch.bool)}
    assert count(model, DIGITS, masks).density == 0
    assert count(model, DIGITS, masks, scope).density == 320 / (2048 + 320)
    assert count(model, DIGITS, scope=scope).density == 1


def test_nothing_kept_and_nothing_in_scope() -> None:
    model = build_model("mlp", (1, 2, 2), 3, hidden=[], bias=False)
    empty = count(model, (1, 2, 2), {"layers.0.weight": torch.zeros(3, 4, dtype=torch.bool)})
    assert empty.compression == math.inf
    assert empty.theoretical_speedup == math.inf
    dense = count(model, (1, 2, 2))
    assert (dense.density, dense.sparsity, dense.compression) == (1, 0, 1)
    assert dense.scope_weights == 0


def test_tied_weights_are_stored_once_and_used_twice() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False))
    model[2].weight = model[1].weight
    mask = torch.eye(4, dtype=torch.bool)
    counts = count(model, (1, 2, 2), {"1.weight": mask})
    assert (counts.parameters_all, counts.parameters_kept) == (16, 4)
    assert (counts.macs_dense, counts.macs_kept) == (32, 8)


def test_counting_leaves_the_model_as_it_was() -> None:
    model = build_model("vgg9", CIFAR, 10, width=0.25).train()
    model.get_submodule("norm2").eval()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    random = torch.get_rng_state()
    count(model, CIFAR)
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert model(torch.zeros(2, *CIFAR)).device.type == "cpu"


@pytest.mark.parametrize(
    ("masks", "scope", "words"),
    [
        ({"layers.7.weight": torch.ones(2, 2, dtype=torch.bool)}, (), r"layers\.7\.weight"),
        ({"layers.0.weight": torch.ones(64, 32, dtype=torch.bool)}, (), r"\(64, 32\).*\(32, 64\)"),
        ({"layers.0.weight": torch.ones(32, 64)}, (), r"torch\.float32.*torch\.bool"),
        ({}, ("layer.0.weight",), r"did you mean 'layers\.0\.weight'"),
        (
            {"layers.0.weight": torch.ones(32, 64, dtype=torch.bool)},
            ("layers.1.weight",),
            "not in the scope",
        ),
    ],
)
def test_mask_that_does_not_fit(
    masks: dict[str, Tensor], scope: tuple[str, ...], words: str
) -> None:
    model = build_model("mlp", DIGITS, 10, hidden=[32])
    with pytest.raises(UserError, match=words):
        count(model, DIGITS, masks, scope)


def test_wrong_input_shape_is_named() -> None:
    model = build_model("mlp", DIGITS, 10, hidden=[32])
    with pytest.raises(UserError, match=r"input_shape \(3, 8, 8\)"):
        count(model, (3, 8, 8))
    assert not any(module._forward_hooks for module in model.modules())


def test_weight_that_is_no_parameter_is_not_skipped_silently() -> None:
    model = nn.Sequential(nn.Linear(4, 4))
    nn.utils.parametrizations.weight_norm(model[0])
    with pytest.raises(UserError, match="not a parameter"):
        count(model, (4,))
