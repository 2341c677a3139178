"""RGP's printed sizes, reproduced by its own counting rule."""

import pytest
import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.metrics.paper import printed_reduction, rgp_flops, rgp_parameters
from graphprune.models.build import build_model

SHAPES = {"vgg16": (3, 32, 32), "resnet18": (3, 32, 32), "resnet56": (3, 32, 32)}


def _model(name: str, classes: int = 10) -> nn.Module:
    with torch.device("meta"):
        return build_model(name, SHAPES.get(name, (3, 224, 224)), classes)


# Table 1 of RGP, one row per (model, classes, k) on 64 nodes; SVHN's rows equal CIFAR-10's.
TABLE_1 = [
    ("vgg16", 10, 64, "15.24", "0.00", "0.00"),
    ("vgg16", 10, 20, "4.76", "68.77", "68.65"),
    ("vgg16", 10, 16, "3.81", "75.00", "74.89"),
    ("vgg16", 10, 10, "2.38", "84.38", "84.25"),
    ("vgg16", 10, 6, "1.43", "90.62", "90.49"),
    ("resnet18", 10, 64, "11.16", "0.00", "0.00"),
    ("resnet18", 10, 20, "3.49", "68.73", "68.67"),
    ("resnet18", 10, 16, "2.79", "75.00", "74.92"),
    ("resnet18", 10, 10, "1.74", "84.41", "84.28"),
    ("resnet18", 10, 6, "1.05", "90.59", "90.52"),
    ("vgg16", 100, 64, "15.29", "0.00", "0.00"),
    ("vgg16", 100, 20, "4.78", "68.74", "68.65"),
    ("vgg16", 100, 16, "3.82", "75.02", "74.89"),
    ("vgg16", 100, 10, "2.39", "84.37", "84.25"),
    ("vgg16", 100, 6, "1.43", "90.65", "90.49"),
    ("resnet18", 100, 64, "11.21", "0.00", "0.00"),
    ("resnet18", 100, 20, "3.50", "68.78", "68.67"),
    ("resnet18", 100, 16, "2.80", "75.02", "74.92"),
    ("resnet18", 100, 10, "1.75", "84.39", "84.28"),
    ("resnet18", 100, 6, "1.05", "90.63", "90.52"),
]


@pytest.mark.parametrize(
    ("name", "classes", "k", "millions", "fewer_parameters", "fewer_flops"), TABLE_1
)
def test_table_1(
    name: str, classes: int, k: int, millions: str, fewer_parameters: str, fewer_flops: str
) -> None:
    """75.02 % stands where at most 1 − 16/64 = 75 % can go: reductions of rounded millions."""
    model, shape, relu = _model(name, classes), SHAPES[name], name != "resnet18"
    dense, kept = rgp_parameters(model), rgp_parameters(model, k / 64)
    assert f"{kept / 1e6:.2f}" == millions
    assert f"{printed_reduction(dense, kept):.2f}" == fewer_parameters
    reduction = 1 - rgp_flops(model, shape, k / 64, relu) / rgp_flops(model, shape, relu=relu)
    assert f"{100 * reduction:.2f}" == fewer_flops


@pytest.mark.parametrize(
    ("k", "millions", "flops_reduction"),
    [(36, "14.35", 43.57), (30, "11.95", 52.91), (24, "9.56", 62.24), (16, "6.38", 74.69)],
)
def test_resnet50(k: int, millions: str, flops_reduction: float) -> None:
    """The paper prints 1 − k/n for the FLOPs; its counter gives these values."""
    model = _model("resnet50", 1000)
    assert f"{rgp_parameters(model, k / 64) / 1e6:.2f}" == millions
    reduction = 1 - rgp_flops(model, (3, 224, 224), k / 64) / rgp_flops(model, (3, 224, 224))
    assert round(100 * reduction, 2) == flops_reduction


def test_table_2() -> None:
    """VGG16 64_12 and ResNet56 16_4, printed with one decimal."""
    vgg, resnet = _model("vgg16"), _model("resnet56")
    found = [
        printed_reduction(rgp_parameters(vgg), rgp_parameters(vgg, 12 / 64)),
        100 * (1 - rgp_flops(vgg, SHAPES["vgg16"], 12 / 64) / rgp_flops(vgg, SHAPES["vgg16"])),
        printed_reduction(rgp_parameters(resnet), rgp_parameters(resnet, 4 / 16)),
        100
        * (1 - rgp_flops(resnet, SHAPES["resnet56"], 0.25) / rgp_flops(resnet, SHAPES["resnet56"])),
    ]
    assert [f"{value:.1f}" for value in found] == ["81.2", "81.1", "75.3", "74.5"]


@pytest.mark.parametrize(
    ("name", "n", "k", "millions"),
    [
        ("vgg16", 64, 64, "628.41"),
        ("vgg16", 64, 20, "197.03"),
        ("vgg16", 64, 16, "157.82"),
        ("vgg16", 64, 12, "118.60"),
        ("vgg16", 64, 10, "98.99"),
        ("vgg16", 64, 6, "59.78"),
        ("vgg16", 64, 4, "40.17"),
        ("resnet18", 64, 64, "1112.07"),
        ("resnet18", 64, 20, "348.37"),
        ("resnet18", 64, 16, "278.94"),
        ("resnet18", 64, 12, "209.51"),
        ("resnet18", 64, 10, "174.80"),
        ("resnet18", 64, 6, "105.37"),
        ("resnet18", 64, 4, "70.66"),
        ("resnet56", 16, 16, "252.57"),
        ("resnet56", 16, 4, "64.34"),
    ],
)
def test_flops_on_cifar10(name: str, n: int, k: int, millions: str) -> None:
    flops = rgp_flops(_model(name), (3, 32, 32), k / n, relu=name != "resnet18")
    assert f"{flops / 1e6:.2f}" == millions


def test_dense_resnet50_flops() -> None:
    assert f"{rgp_flops(_model('resnet50', 1000), (3, 224, 224)) / 1e6:.2f}" == "8212.01"


def test_each_kind_of_layer_by_hand() -> None:
    """2×4×4 images at density 1/2. Conv, 3 filters: (2·2·9 + 1)·3·16 = 1,776, halved 888;
    BatchNorm 2·48 = 96; ReLU 48; pooling 4·12 = 48; Linear 2·12·5 + 5 = 125, not halved.
    Parameters: ⌊54/2⌋ + ⌊3/2⌋ + ⌊60/2⌋ + ⌊5/2⌋ = 27 + 1 + 30 + 2 = 60.
    """
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12, 5),
    )
    assert rgp_flops(model, (2, 4, 4), 0.5) == 888 + 96 + 48 + 48 + 125
    assert rgp_flops(model, (2, 4, 4), 0.5, relu=False) == 888 + 96 + 48 + 125
    assert rgp_parameters(model, 0.5) == 60


def test_density_outside_its_range() -> None:
    with pytest.raises(UserError, match="density is 20"):
        rgp_parameters(nn.Linear(2, 2), 20)
