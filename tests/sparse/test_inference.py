"""For inference: the same outputs, with fewer steps between the layers, and in pieces."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from graphprune.api import prune
from graphprune.errors import UserError
from graphprune.graphs.generators import random_regular
from graphprune.masks.mask import Masks
from graphprune.models.build import build_model
from graphprune.models.init import initialise
from graphprune.sparse import inference, native
from graphprune.sparse.compact import compact
from graphprune.sparse.inference import Inference, for_inference
from graphprune.sparse.layers import CompactConv2d, CompactLinear

PSI = random_regular(8, 3, seed=0).adjacency
MODELS = {
    "mlp": ("mlp", (1, 8, 8), {"hidden": [32, 24, 16], "batch_norm": True}),
    "vgg16": ("vgg16", (3, 32, 32), {"width": 0.25}),
    "resnet18": ("resnet18", (3, 16, 16), {"width": 0.25}),
    "resnet56": ("resnet56", (3, 8, 8), {"width": 0.5}),
    "resnet50": ("resnet50", (3, 64, 64), {"width": 0.125}),
}


pytestmark = pytest.mark.usefixtures("one_thread")


def masks_of(model: nn.Module) -> Masks:
    wide = [
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d) and min(module.weight.shape[:2]) >= len(PSI)
    ]
    return prune(model, "block_mask", 0.5, scope=wide, psi=PSI)


def close(actual: Tensor, expected: Tensor) -> None:
    """Equal within 1e-5 of the largest value."""
    largest = float(expected.detach().abs().max())
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5 * largest)


def check(model: nn.Module, x: Tensor) -> Inference:
    """The copy for inference, after its outputs were compared with those of the masked model."""
    masks, before = masks_of(model), copy.deepcopy(model.state_dict())
    modes = {name: module.training for name, module in model.named_modules()}
    fast = for_inference(model, masks)
    assert {name: module.training for name, module in model.named_modules()} == modes
    masked = copy.deepcopy(model).eval()
    masks.apply_(masked)
    with torch.no_grad():
        for images in (x, torch.cat([x] * 6)):
            for _ in range(2):  # chosen, and known
                close(fast(images.clone()), masked(images.clone()))
    close(fast(x.clone()), masked(x.clone()))  # with a gradient
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert not any(module.training for module in fast.modules())
    return fast


def called(model: fx.GraphModule) -> list[str]:
    """The steps of the model that are not layers with weights."""
    steps = []
    for node in model.graph.nodes:
        if node.op == "call_module":
            module = model.get_submodule(node.target)
            if not isinstance(module, nn.Conv2d | nn.Linear | CompactConv2d | CompactLinear):
                steps.append(type(module).__name__)
        elif node.op in ("call_function", "call_method"):
            steps.append(getattr(node.target, "__name__", node.target))
    return steps


def relus(steps: list[str]) -> int:
    return sum(step.lower() == "relu" for step in steps)


@pytest.mark.parametrize("case", MODELS.values(), ids=MODELS.keys())
def test_a_network_equals_the_masked_one_and_has_fewer_steps(case, engine):
    name, shape, options = case
    model = build_model(name, shape, 10, **options)
    initialise(model, seed=0)
    generator = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            for value in (module.running_mean, module.bias.data):
                value.copy_(torch.randn(value.shape, generator=generator))
            module.running_var.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    fast = check(model.train(), torch.rand(3, *shape, generator=generator))
    steps = called(fast.network)
    assert not {"BatchNorm1d", "BatchNorm2d", "Identity", "Dropout", "add"} & set(steps)
    left = relus(steps)
    assert left <= 1  # that of a first layer that stays dense
    layers = [m for m in fast.modules() if isinstance(m, CompactConv2d | CompactLinear)]
    assert sum(layer.relu for layer in layers) == relus(called(fx.symbolic_trace(model))) - left


def conv(inputs: int = 8, outputs: int = 8) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Block(nn.Module):
    """What a subclass computes of two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two = conv(), conv()
        self.relu = nn.ReLU(inplace=True)


class Plain(Block):
    def forward(self, x):
        return F.relu(self.two(torch.relu(self.one(x))))


class InPlace(Block):
    def forward(self, x):
        out = self.two(self.relu(self.one(x)))
        out += x
        return self.relu(out)


class Methods(Block):
    def forward(self, x):
        return self.two(self.one(x).relu()).add(x).relu_()


class Idle(Block):
    """What does nothing in evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.same = nn.Dropout(0.5), nn.Identity()

    def forward(self, x):
        return self.relu(self.two(self.drop(self.one(x))) + self.same(x))


class Turned(Block):
    def forward(self, x):
        return torch.add(x, self.two(self.one(x)))


class UsedTwice(Block):
    def forward(self, x):
        out = self.one(x)
        return F.relu(out) + out * 2


class SumUsedTwice(Block):
    def forward(self, x):
        total = self.two(self.one(x)) + x
        return F.relu(total) - total


class Doubled(Block):
    def forward(self, x):
        out = self.one(x)
        return out + out


class Scaled(Block):
    def forward(self, x):
        return torch.add(self.one(x), x, alpha=2) + 1


class CalledTwice(Block):
    def forward(self, x):
        return F.relu(self.one(x)) + self.one(x + 1)


class Broadcast(Block):
    """Summands of other shapes than the output."""

    def forward(self, x):
        small = self.one(x) + x[:, :1, :1, :1]
        return F.relu(self.two(small) + x.mean((0, 2, 3), keepdim=True))


class Stretched(Block):
    """A summand larger than the output of the layer."""

    def forward(self, x):
        return F.relu(self.one(x.mean(0, keepdim=True)) + x)


class Overwritten(Block):
    """The input of a layer changes after the layer has read it."""

    def forward(self, x):
        x = x * 1
        out = self.one(x)
        x.relu_()
        return out + x


class SharedRelu(Block):
    """As torchvision's residual blocks: one ReLU, in place, for all layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        self.first.running_mean.normal_()

    def forward(self, x):
        out = self.second(self.two(self.relu(self.first(self.one(x)))))
        out += x
        return self.relu(out)


class SharedNorm(Block):
    """One layer, and a norm of its own for each call."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        self.first.running_mean.normal_()
        self.second.running_var.uniform_(0.5, 2)

    def forward(self, x):
        return self.second(self.one(self.first(self.one(x))))


KINDS = {
    Plain: ([], 2),
    InPlace: ([], 2),
    Methods: ([], 2),
    Idle: ([], 1),
    Turned: ([], 0),
    UsedTwice: (["relu", "mul", "add"], 0),
    SumUsedTwice: (["relu", "sub"], 0),
    Doubled: (["add"], 0),
    Scaled: (["add", "add"], 0),
    CalledTwice: (["relu", "add", "add"], 0),
    Broadcast: (["add", "getitem", "mean"], 1),
    Stretched: (["mean"], 1),
    Overwritten: (["mul", "relu_", "add"], 0),
    SharedRelu: ([], 2),
    SharedNorm: (["BatchNorm2d", "BatchNorm2d"], 0),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_absorbed_and_what_is_not(kind, engine):
    left, inside = KINDS[kind]
    model = kind()
    x = torch.randn(3, 8, 6, 5, generator=torch.Generator().manual_seed(2))
    fast = check(model, x)
    assert sorted(called(fast.network)) == sorted(left)
    layers = [m for m in fast.modules() if isinstance(m, CompactConv2d)]
    assert sum(layer.relu for layer in layers) == inside


class Undecided(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x):
        return self.layer(x) if x.sum() > 0 else x


def test_a_model_that_cannot_be_traced_is_named_with_the_way_out():
    model = Undecided()
    masks = masks_of(model)
    with pytest.raises(UserError, match=r"Undecided cannot be traced.*`compact` makes"):
        for_inference(model, masks)
    assert isinstance(compact(model, masks).layer, CompactLinear)


def test_a_wrong_mask_is_named_as_by_compact():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    with pytest.raises(UserError, match=r"0\.weight.*\(3, 2\).*\(8, 8\)"):
        for_inference(model, Masks({"0.weight": torch.ones(3, 2, dtype=torch.bool)}))


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace.*:FutureWarning")
def test_the_copy_is_saved_copied_and_exported_as_any_other():
    model = InPlace()
    masks, x = masks_of(model), torch.randn(2, 8, 6, 5)
    fast = for_inference(model, masks)
    with torch.no_grad():
        expected = fast(x)
        other = for_inference(InPlace(), masks)
        for parameter in other.parameters():
            parameter.zero_()
        other.load_state_dict(fast.state_dict())
        for twin in (
            other,
            copy.deepcopy(fast),
            torch.jit.trace(fast, x),
            torch.export.export(fast, (x,)).module(),
        ):
            torch.testing.assert_close(twin(x), expected, rtol=1e-5, atol=1e-5)
    assert set(model.state_dict()) <= set(fast.network.state_dict())


def test_images_without_a_batch_axis_are_summed_as_well():
    fast = for_inference(InPlace().eval(), masks_of(InPlace()))
    x = torch.randn(8, 6, 5)
    with torch.no_grad():
        torch.testing.assert_close(fast(x), fast(x[None])[0], rtol=1e-5, atol=1e-5)


def test_every_form_of_a_layer_ends_alike():
    dense = conv(64, 64)
    psi = random_regular(8, 3, seed=0).adjacency
    mask = torch.from_numpy(np.kron(psi, np.ones((8, 8), bool)))[:, :, None, None]
    layer = CompactConv2d.from_dense(dense, mask.expand_as(dense.weight))
    layer.relu = True
    x, other = torch.randn(2, 64, 5, 5), torch.randn(2, 64, 5, 5)
    with torch.no_grad():
        expected = F.relu(F.conv2d(x, layer.dense_weight(), dense.bias, padding=1) + other)
        for make in layer._makers(x).values():
            kept = other.clone()
            torch.testing.assert_close(make()(x, kept), expected, rtol=1e-4, atol=1e-4)
            assert torch.equal(kept, other)  # added, not added to


def test_a_batch_is_split_only_where_images_do_not_matter_to_each_other(monkeypatch):
    if not native.available():
        pytest.skip("no C++ compiler")
    monkeypatch.setattr(inference, "fastest", lambda forms: min(forms))  # a piece

    class Sized(Block):
        def forward(self, x):
            return self.one(x.view(24, 8, 6, 5))

    class Two(Block):
        def forward(self, x):
            return self.one(x), self.two(x)

    class Mixed(Block):
        def forward(self, x):
            return self.one(x) - x.mean(0, keepdim=True)

    x = torch.randn(24, 8, 6, 5)
    for kind, split in ((Plain, True), (Sized, False), (Two, False), (Mixed, False)):
        model = kind()
        masks = masks_of(model)
        fast = for_inference(model, masks)
        masks.apply_(model)
        calls = []
        fast.network.register_forward_hook(lambda *_, calls=calls: calls.append(1))
        with torch.no_grad():
            fast(torch.zeros(24, 8, 6, 5))  # in which no image differs from another
            calls.clear()
            torch.testing.assert_close(fast(x), model(x), rtol=1e-4, atol=1e-4)
        assert (len(calls) > 1) == split, kind
        assert not copy.deepcopy(fast)._sizes
        calls.clear()
        fast(x)  # with a gradient
        assert len(calls) == 1
