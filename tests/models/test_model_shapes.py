"""Every model: logits of the right shape, gradients everywhere, compile, channels_last, meta."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from graphprune.models.build import build_model
from graphprune.models.init import initialise
from graphprune.models.names import MODELS
from graphprune.registry import resolve

Case = tuple[str, tuple[int, int, int], int, dict[str, Any]]

SMALL: dict[str, Case] = {
    "mlp": ("mlp", (1, 8, 8), 10, {"hidden": [32, 16]}),
    "mlp_norm": ("mlp", (1, 8, 8), 10, {"hidden": [32, 16], "batch_norm": True, "bias": False}),
    "vgg16": ("vgg16", (3, 32, 32), 10, {"width": 0.25, "dropout": 0.0}),
    "resnet18": ("resnet18", (3, 32, 32), 10, {"width": 0.125}),
    "resnet34": ("resnet34", (3, 32, 32), 100, {"width": 0.125}),
    "resnet56": ("resnet56", (3, 32, 32), 10, {"width": 0.5}),
    "cifar_resnet": ("cifar_resnet", (1, 8, 8), 10, {"depth": 8}),
    "resnet50": ("resnet50", (3, 64, 64), 7, {"width": 0.125}),
    "lenet_like": ("lenet_like", (1, 28, 28), 10, {}),
    "lenet_tanh": ("lenet_like", (1, 28, 28), 10, {"activation": "tanh", "batch_norm": True}),
    "vgg9": ("vgg9", (3, 32, 32), 10, {"width": 0.25}),
}

each_model = pytest.mark.parametrize("case", SMALL.values(), ids=SMALL.keys())


def _build(case: Case) -> nn.Module:
    name, shape, classes, options = case
    model = build_model(name, shape, classes, **options)
    initialise(model, seed=0)
    return model


def _images(case: Case, batch: int = 2) -> torch.Tensor:
    return torch.rand(batch, *case[1], generator=torch.Generator().manual_seed(1))


def test_small_cases_cover_the_registry() -> None:
    assert {case[0] for case in SMALL.values()} == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_registered_builders_exist(name: str) -> None:
    assert callable(resolve(MODELS, name, "model"))


@each_model
def test_forward_gives_one_logit_per_class(case: Case) -> None:
    model = _build(case)
    for mode in (True, False):
        logits = model.train(mode)(_images(case))
        assert logits.shape == (2, case[2])
        assert torch.isfinite(logits).all()


@each_model
def test_gradient_reaches_every_parameter(case: Case) -> None:
    model = _build(case)
    labels = torch.arange(8) % case[2]
    F.cross_entropy(model(_images(case, batch=8)), labels).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@each_model
def test_channels_last_gives_the_same_logits(case: Case) -> None:
    model = _build(case).eval().double()
    images = _images(case).double()
    expected = model(images)
    model = model.to(memory_format=torch.channels_last)
    actual = model(images.to(memory_format=torch.channels_last))
    torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize("name", ["mlp_norm", "vgg16", "resnet56", "lenet_like"])
def test_forward_compiles_in_one_graph(name: str) -> None:
    model = _build(SMALL[name]).eval()
    images = _images(SMALL[name])
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(images), model(images))


@each_model
def test_meta_device_builds_the_same_tensors(case: Case) -> None:
    name, shape, classes, options = case
    with torch.device("meta"):
        meta = build_model(name, shape, classes, **options)
    real = _build(case)
    assert all(parameter.is_meta for parameter in meta.parameters())
    assert {n: p.shape for n, p in meta.state_dict().items()} == {
        n: p.shape for n, p in real.state_dict().items()
    }


def test_option_a_shortcut_subsamples_and_pads_both_sides() -> None:
    block = build_model("resnet56", (3, 32, 32), 10).get_submodule("stages.1.0.shortcut")
    x = torch.rand(1, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    out = block(x)
    assert out.shape == (1, 32, 2, 2)
    assert torch.equal(out[:, 8:24], x[:, :, ::2, ::2])
    assert not out[:, :8].any()
    assert not out[:, 24:].any()


def test_block_without_convolutions_left_is_its_shortcut() -> None:
    """Residual nets must let the input through where a mask removed everything else."""
    block = build_model("resnet18", (3, 32, 32), 10).get_submodule("stages.0.0").eval()
    with torch.no_grad():
        block.get_parameter("conv2.weight").zero_()
    x = torch.rand(1, 64, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(block(x), x)


def test_mlp_equals_its_formula() -> None:
    model = build_model("mlp", (1, 2, 2), 3, hidden=[5])
    x = torch.rand(4, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    w = dict(model.named_parameters())
    hidden = (x.reshape(4, 4) @ w["layers.0.weight"].T + w["layers.0.bias"]).clamp(min=0)
    expected = hidden @ w["layers.1.weight"].T + w["layers.1.bias"]
    torch.testing.assert_close(model(x), expected)


def test_vgg_head_drops_units_in_training_only() -> None:
    model = _build(("vgg16", (3, 32, 32), 10, {"width": 0.25, "dropout": 0.9}))
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.9, 0.9]
    images = _images(SMALL["vgg16"])
    assert torch.equal(model.eval()(images), model(images))


@pytest.mark.parametrize(
    ("name", "shape", "units"),
    [
        ("lenet_like", (1, 28, 28), [864, 256, 120, 84, 10]),
        ("vgg9", (3, 32, 32), [16384, 25088, 18432, 3200, 2304, 256, 512, 128, 10]),
    ],
)
def test_units_of_the_curvature_nets(
    name: str, shape: tuple[int, int, int], units: list[int]
) -> None:
    """spec: one unit per channel and position of every layer."""
    model = build_model(name, shape, 10).eval()
    seen: list[int] = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda _m, _i, out: seen.append(out[0].numel()))
    with torch.no_grad():
        model(torch.zeros(1, *shape))
    assert seen == units


def test_resnet56_is_the_cifar_resnet_of_56_layers() -> None:
    with torch.device("meta"):
        nets = [
            build_model("resnet56", (3, 32, 32), 10),
            build_model("cifar_resnet", (3, 32, 32), 10, depth=56),
        ]
    shapes = [{name: w.shape for name, w in net.named_parameters()} for net in nets]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("depth", [8, 20, 32])
def test_a_cifar_resnet_has_as_many_layers_as_it_is_called(depth: int) -> None:
    model = build_model("cifar_resnet", (3, 32, 32), 10, depth=depth)
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules()) == depth
