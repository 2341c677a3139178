"""`initialise`: one seed, one set of tensors, of the stated distribution."""

import copy
import math
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.models.build import build_model
from graphprune.models.init import initialise


def _net() -> nn.Module:
    return build_model("vgg9", (3, 32, 32), 10, width=0.25)


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def _equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("kind", ["kaiming_uniform", "kaiming_normal"])
def test_same_seed_same_tensors_whatever_was_drawn_before(
    kind: Literal["kaiming_uniform", "kaiming_normal"],
) -> None:
    one, two = _net(), _net()  # PyTorch's default values differ: the global generator went on
    assert not _equal(_state(one), _state(two))
    initialise(one, 3, kind=kind)
    torch.rand(17)
    initialise(two, 3, kind=kind)
    assert _equal(_state(one), _state(two))
    initialise(two, 4, kind=kind)
    assert not _equal(_state(one), _state(two))


def test_global_generator_is_left_alone() -> None:
    model = _net()
    before = torch.get_rng_state()
    initialise(model, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_layout_and_dtype_do_not_change_the_values() -> None:
    plain, last, double = _net(), _net().to(memory_format=torch.channels_last), _net().double()
    for model in (plain, last, double):
        initialise(model, 5)
    assert _equal(_state(plain), _state(last))
    assert _equal(_state(plain.double()), _state(double))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_device_does_not_change_the_values() -> None:
    here, there = _net(), _net().cuda()
    for model in (here, there):
        initialise(model, 5)
    assert _equal(_state(here), _state(there.cpu()))


def test_every_parameter_and_statistic_is_set() -> None:
    """Whatever stood there before, nothing of it is left."""
    model = build_model("mlp", (1, 4, 4), 3, hidden=[8], batch_norm=True)
    initialise(model, 0)
    expected = _state(model)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(7)
    initialise(model, 0)
    assert _equal(_state(model), expected)
    norm = model.get_submodule("norms.0")
    assert isinstance(norm, nn.BatchNorm1d)
    assert torch.equal(norm.weight, torch.ones(8))
    assert torch.equal(norm.bias, torch.zeros(8))
    assert torch.equal(norm.get_buffer("running_mean"), torch.zeros(8))
    assert torch.equal(norm.get_buffer("running_var"), torch.ones(8))
    assert norm.num_batches_tracked == 0


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (nn.Linear(50, 400), 50),
        (nn.Conv2d(8, 300, 3), 8 * 9),
        (nn.Conv2d(8, 300, 3, groups=4), 2 * 9),  # each filter sees 8/4 channels
    ],
)
@pytest.mark.parametrize("density", [1.0, 0.25])
def test_uniform_bounds_follow_the_kept_fan_in(
    layer: nn.Linear | nn.Conv2d, fan_in: int, density: float
) -> None:
    """kaiming_uniform with a = √5 is U(±1/√fan_in); PyTorch's own layers have the same bound."""
    bound = 1 / math.sqrt(density * fan_in)
    initialise(layer, 0, {"weight": density})
    assert layer.bias is not None
    assert layer.weight.abs().max() <= bound
    assert layer.weight.abs().max() > 0.99 * bound
    assert layer.bias.abs().max() <= bound
    assert layer.bias.abs().max() > 0.95 * bound
    assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_normal_has_the_he_variance() -> None:
    layer = nn.Linear(200, 500)
    initialise(layer, 0, kind="kaiming_normal")
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 200), rel=0.02)
    initialise(layer, 0, {"weight": 0.5}, kind="kaiming_normal")
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 100), rel=0.02)


def test_density_rescales_its_own_layer_only() -> None:
    dense, sparse = (build_model("mlp", (1, 8, 8), 10, hidden=[32]) for _ in range(2))
    initialise(dense, 2)
    initialise(sparse, 2, {"layers.0.weight": 0.25})
    a, b = _state(dense), _state(sparse)
    torch.testing.assert_close(b["layers.0.weight"], 2 * a["layers.0.weight"])
    assert torch.equal(b["layers.1.weight"], a["layers.1.weight"])
    assert torch.equal(b["layers.1.bias"], a["layers.1.bias"])


def test_shared_tensor_keeps_one_value() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    alone = nn.Sequential(nn.Linear(4, 4))
    model[1].weight, model[1].bias = model[0].weight, model[0].bias
    initialise(model, 0)
    initialise(alone, 0)
    assert torch.equal(model.get_parameter("0.weight"), alone.get_parameter("0.weight"))
    assert model[1].weight is model[0].weight


def test_meta_model_is_accepted() -> None:
    with torch.device("meta"):
        initialise(_net(), 0)


@pytest.mark.parametrize(
    ("densities", "kind", "words"),
    [
        ({"layers.9.weight": 0.5}, "kaiming_uniform", "layers.9.weight"),
        ({"layers.0.bias": 0.5}, "kaiming_uniform", "layers.0.bias"),
        ({"layers.0.weight": 0.0}, "kaiming_uniform", "above 0"),
        ({"layers.0.weight": 1.5}, "kaiming_uniform", "at most 1"),
        (None, "xavier", "xavier"),
    ],
)
def test_wrong_request_changes_nothing(
    densities: dict[str, float] | None, kind: Literal["kaiming_uniform"], words: str
) -> None:
    model = build_model("mlp", (1, 4, 4), 3, hidden=[8])
    before = copy.deepcopy(_state(model))
    with pytest.raises(UserError, match=words):
        initialise(model, 0, densities, kind)
    assert _equal(_state(model), before)


def test_parameter_without_a_rule_is_named() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.PReLU())
    with pytest.raises(UserError, match=r"1\.weight"):
        initialise(model, 0)
