"""Sizes of the papers' networks against arithmetic by hand and PyTorch's own flop counter."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from graphprune.metrics.counts import count
from graphprune.models.build import build_model

CIFAR, IMAGENET, MNIST, DIGITS = (3, 32, 32), (3, 224, 224), (1, 28, 28), (1, 8, 8)


def _meta(name: str, shape: tuple[int, int, int], classes: int, **options: Any) -> nn.Module:
    with torch.device("meta"):
        return build_model(name, shape, classes, **options)


# name, input, classes, options, parameters, of these BatchNorm's, multiply-adds.
# Parameters: RGP's dense sizes without BatchNorm plus 2 for every normalised channel.
# resnet34, 10 classes: stem 3·64·9 = 1,728; 64-wide: 6 convs of 64·64·9 = 36,864 -> 221,184;
#   128: 64·128·9 + 7·147,456 + 1×1 8,192 = 1,114,112; 256: 294,912 + 11·589,824 + 32,768 =
#   6,815,744; 512: 1,179,648 + 5·2,359,296 + 131,072 = 13,107,200; head 512·10 + 10 = 5,130.
#   BatchNorm: 2·(64 + 6·64 + 9·128 + 13·256 + 7·512) = 17,024.
#   Multiply-adds: (1,728 + 221,184)·32² + 1,114,112·16² + 6,815,744·8² + 13,107,200·4² + 5,120.
# Five-layer MLP: 784·1000 + 1000·1000 + 1000·500 + 500·200 + 200·10 = 2,386,000.
# 784-128-10: 784·128 + 128 + 128·10 + 10. Digits, 64-32-10: 64·32 + 32 + 32·10 + 10.
# graph2nn's MLP: 3072·512 + 3·512·512 + 512·10.
# Curvature nets: the weights of the unrolled edges; biases 6+16+120+84+10 and 512+128+10.
PINNED = [
    ("vgg16", CIFAR, 10, {}, 15_239_882, 8_448, 313_725_952),
    ("vgg16", CIFAR, 100, {}, 15_286_052, 8_448, 313_725_952 + 512 * 90),
    ("resnet18", CIFAR, 10, {}, 11_164_362, 9_600, 555_422_720),
    ("resnet18", CIFAR, 100, {}, 11_210_532, 9_600, 555_422_720 + 512 * 90),
    ("resnet34", CIFAR, 10, {}, 21_265_098, 17_024, 1_159_402_496),
    ("resnet56", CIFAR, 10, {}, 848_954, 4_064, 125_485_696),
    ("resnet50", IMAGENET, 1000, {}, 25_503_912, 53_120, 4_089_184_256),
    ("lenet_like", MNIST, 10, {}, 45_312 + 236, 0, 128_040),
    ("vgg9", CIFAR, 10, {}, 1_452_032 + 650, 1_920, 43_009_280),
    ("vgg9", CIFAR, 100, {}, 1_463_552 + 740, 1_920, 43_020_800),
    ("mlp", MNIST, 10, {"hidden": [128]}, 101_770, 0, 101_632),
    ("mlp", DIGITS, 10, {"hidden": [32]}, 2_410, 0, 2_368),
    (
        "mlp",
        MNIST,
        10,
        {"hidden": [1000, 1000, 500, 200], "bias": False},
        2_386_000,
        0,
        2_386_000,
    ),
    ("mlp", CIFAR, 10, {"hidden": [512] * 4, "bias": False}, 2_364_416, 0, 2_364_416),
]


@pytest.mark.parametrize(
    ("name", "shape", "classes", "options", "parameters", "norms", "macs"), PINNED
)
def test_dense_sizes(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    options: dict[str, Any],
    parameters: int,
    norms: int,
    macs: int,
) -> None:
    model = _meta(name, shape, classes, **options)
    counts = count(model, shape)
    in_norms = sum(
        p.numel()
        for m in model.modules()
        if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)
        for p in m.parameters()
    )
    assert counts.parameters_all == counts.parameters_kept == parameters + norms
    assert in_norms == norms
    assert counts.macs_dense == counts.macs_kept == macs
    assert counts.flops_dense == 2 * macs
    with FlopCounterMode(display=False) as oracle:
        model.eval()(torch.empty(1, *shape, device="meta"))
    assert counts.flops_dense == oracle.get_total_flops()


def _weights_but_first_and_last(model: nn.Module) -> dict[str, Tensor]:
    found = {name: p for name, p in model.named_parameters() if p.ndim in (2, 4)}
    first, *inner, _last = found
    assert first not in inner
    return {name: found[name] for name in inner}


def _ring_masks(model: nn.Module, n: int, k: int) -> dict[str, Tensor]:
    """A k-regular ring lattice on n nodes, blown up over each layer: density exactly k/n."""
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    distance = np.minimum(distance, n - distance)
    ring = torch.from_numpy((distance > 0) & (distance <= k // 2))
    masks = {}
    for name, weight in _weights_but_first_and_last(model).items():
        out, into = weight.shape[0] // n, weight.shape[1] // n
        block = ring.repeat_interleave(out, 0).repeat_interleave(into, 1)
        masks[name] = block[:, :, None, None].expand(weight.shape)
    return masks


@pytest.mark.parametrize(
    ("name", "shape", "classes", "n", "k", "kept", "all_scope", "macs"),
    [
        # kept weights, BatchNorm's apart = k/n of the maskable ones + first layer + head.
        ("vgg16", CIFAR, 10, 64, 20, 4_767_178, 15_233_024, 99.26e6),
        ("vgg16", CIFAR, 10, 64, 6, 1_434_954, 15_233_024, 31.02e6),
        ("resnet18", CIFAR, 10, 64, 20, 3_493_578, 11_157_504, 174.79e6),
        ("resnet18", CIFAR, 10, 64, 6, 1_052_874, 11_157_504, 53.68e6),
        ("resnet56", CIFAR, 10, 16, 4, 213_050, 847_872, 31.70e6),
        ("resnet50", IMAGENET, 1000, 64, 16, 7_919_784, 23_445_504, 1112e6),
    ],
)
def test_true_counts_of_rgp_networks(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    n: int,
    k: int,
    kept: int,
    all_scope: int,
    macs: float,
) -> None:
    model = _meta(name, shape, classes)
    counts = count(model, shape, _ring_masks(model, n, k))
    in_norms = sum(p.numel() for p in model.parameters() if p.ndim == 1) - classes
    assert counts.parameters_kept - in_norms == kept
    assert counts.scope_weights == all_scope
    assert counts.density == pytest.approx(k / n, abs=1e-12)
    assert counts.sparsity == pytest.approx(1 - k / n, abs=1e-12)
    assert counts.macs_kept == pytest.approx(macs, rel=5e-4)
    assert counts.compression == counts.parameters_all / counts.parameters_kept
    assert counts.theoretical_speedup == counts.macs_dense / counts.macs_kept
