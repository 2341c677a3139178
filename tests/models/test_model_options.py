"""A wrong option is answered by a sentence that names it."""

from typing import Any

import pytest
import torch

from graphprune.errors import UserError
from graphprune.models.build import build_model

IMAGE = (3, 32, 32)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("mpl", {}, ["unknown model 'mpl'", "did you mean 'mlp'"]),
        ("mlp", {}, ["mlp", "needs the option 'hidden'"]),
        ("mlp", {"hidden": 128}, ["hidden is 128", "list"]),
        ("mlp", {"hidden": "128"}, ["hidden is '128'", "list"]),
        ("mlp", {"hidden": [128, 0]}, ["hidden[1] is 0", "integer"]),
        ("mlp", {"hidden": [128, True]}, ["hidden[1] is True", "integer"]),
        ("mlp", {"hidden": [1.5]}, ["hidden[0] is 1.5", "integer"]),
        ("mlp", {"hidden": [8], "bias": "false"}, ["bias is 'false'", "true or false"]),
        ("mlp", {"hidden": [8], "batch_norm": 1}, ["batch_norm is 1", "true or false"]),
        ("mlp", {"hiden": [8]}, ["no option 'hiden'", "did you mean 'hidden'"]),
        ("vgg16", {"dropout": 1.0}, ["dropout is 1.0", "below 1"]),
        ("vgg16", {"dropout": "half"}, ["dropout is 'half'"]),
        ("vgg16", {"width": 0}, ["width is 0", "above 0"]),
        ("resnet18", {"width": "1"}, ["width is '1'", "above 0"]),
        ("resnet50", {"width": float("nan")}, ["width is nan", "above 0"]),
        ("resnet56", {"width": True}, ["width is True"]),
        ("cifar_resnet", {"depth": 18}, ["depth is 18", "6·b + 2"]),
        ("cifar_resnet", {"depth": 2}, ["depth is 2"]),
        ("cifar_resnet", {"depth": 8.0}, ["depth is 8.0", "integer"]),
        ("vgg9", {"activation": "gelu"}, ["activation is 'gelu'", "relu, tanh"]),
        ("lenet_like", {"batch_norm": None}, ["batch_norm is None"]),
    ],
)
def test_wrong_option_is_named(name: str, options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        build_model(name, IMAGE, 10, **options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "shape"), [("vgg16", (1, 8, 8)), ("lenet_like", (1, 8, 8)), ("vgg9", (1, 28, 8))]
)
def test_images_too_small_for_the_strides(name: str, shape: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match=r"8×8|28×8") as caught:
        build_model(name, shape, 10)
    assert "Upsample" in str(caught.value)


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28, 1), (1, 0, 28), (1, 28.0, 28)])
def test_input_shape_is_three_sizes(shape: Any) -> None:
    with pytest.raises(UserError, match="input_shape"):
        build_model("mlp", shape, 10, hidden=[4])


@pytest.mark.parametrize("classes", [0, -1, 2.0, True])
def test_classes_is_a_count(classes: Any) -> None:
    with pytest.raises(UserError, match="classes"):
        build_model("mlp", IMAGE, classes, hidden=[4])


def test_width_multiplies_every_layer_but_input_and_output() -> None:
    with torch.device("meta"):
        whole, half = (build_model("resnet18", IMAGE, 10, width=w) for w in (1.0, 0.5))
    for (name, one), (_, other) in zip(
        whole.named_parameters(), half.named_parameters(), strict=True
    ):
        if one.ndim == 4 and name not in ("conv1.weight", "head.weight"):
            assert other.shape[:2] == (one.shape[0] // 2, one.shape[1] // 2)
    assert half.get_parameter("conv1.weight").shape == (32, 3, 3, 3)
    assert half.get_parameter("head.weight").shape == (10, 256, 1, 1)


def test_mlp_without_hidden_layers_is_a_linear_classifier() -> None:
    model = build_model("mlp", (1, 8, 8), 10, hidden=[])
    assert [name for name, _ in model.named_parameters()] == ["layers.0.weight", "layers.0.bias"]
