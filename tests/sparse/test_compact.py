"""Whole models: the compact copy equals the model whose weights are multiplied by the masks."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from graphprune.api import prune
from graphprune.errors import UserError
from graphprune.graphs.generators import random_regular, ring_lattice, ws_flex
from graphprune.graphs.layout import expand
from graphprune.masks.mask import Masks
from graphprune.models.build import build_model
from graphprune.models.init import initialise
from graphprune.sparse import native
from graphprune.sparse.compact import compact, plan
from graphprune.sparse.layers import CompactConv2d, CompactLinear

N = 8
REGULAR = random_regular(N, 3, seed=0).adjacency
UNEVEN = ws_flex(N, 3.0, 0.6, seed=1).adjacency | np.eye(N, dtype=bool)
DIRECTED = np.random.default_rng(3).random((N, N)) < 0.3
# name: model, input shape, options, block mask; no width of the last two is a multiple of N
MODELS = {
    "mlp": ("mlp", (1, 8, 8), {"hidden": [32, 24, 16]}, REGULAR),
    "mlp_uneven": ("mlp", (1, 8, 8), {"hidden": [37, 21], "batch_norm": True}, UNEVEN),
    "vgg16": ("vgg16", (3, 32, 32), {"width": 0.25, "dropout": 0.0}, DIRECTED),
    "resnet18": ("resnet18", (3, 16, 16), {"width": 0.25}, REGULAR),
    "resnet56": ("resnet56", (3, 8, 8), {"width": 0.8}, UNEVEN),
}
each_model = pytest.mark.parametrize("case", MODELS.values(), ids=MODELS.keys())


pytestmark = pytest.mark.usefixtures("one_thread")


def built(case) -> tuple[nn.Module, nn.Module, Masks, Tensor]:
    """(model, the same with masked weights, masks, images)."""
    name, shape, options, psi = case
    model = build_model(name, shape, 10, **options)
    initialise(model, seed=0)
    scope = "all_but_last" if name == "mlp" else "inner"
    masks = prune(model, "block_mask", 0.5, scope=scope, psi=psi)
    masked = copy.deepcopy(model)
    masks.apply_(masked)
    return model, masked, masks, torch.rand(3, *shape, generator=torch.Generator().manual_seed(1))


def close(actual: Tensor, expected: Tensor) -> None:
    """Equal within 1e-5 of the largest value."""
    torch.testing.assert_close(
        actual, expected, rtol=0, atol=1e-5 * float(expected.detach().abs().max())
    )


@each_model
def test_compact_model_equals_the_masked_one_in_both_modes(case, engine):
    model, masked, masks, images = built(case)
    before = copy.deepcopy(model.state_dict())
    fast = compact(model, masks)
    assert {layer.kind for layer in plan(model, masks)} == {"compact"}
    with torch.no_grad():
        close(fast.eval()(images), masked.eval()(images))
        close(fast.train()(images), masked.train()(images))
        close(fast.eval()(images), masked.eval()(images))  # the same running statistics
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize("name", ["mlp_uneven", "vgg16", "resnet56"])
def test_compact_model_trains_as_the_masked_one(name):
    model, masked, masks, images = built(MODELS[name])
    fast = compact(model, masks).double()
    masked = masked.double()
    labels = torch.tensor([1, 5, 2])
    for _ in range(2):
        for net in (fast, masked):
            net.zero_grad()
            F.cross_entropy(net(images.double()), labels).backward()
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter -= 0.01 * parameter.grad
        masks.apply_(masked)
    torch.testing.assert_close(fast.eval()(images.double()), masked.eval()(images.double()))


@pytest.mark.parametrize("name", ["mlp_uneven", "resnet18"])
def test_state_dict_and_deepcopy_of_a_compact_model(name, engine):
    model, masked, masks, images = built(MODELS[name])
    fast, masked = compact(model, masks).eval(), masked.eval()
    initialise(model, seed=9)
    other = compact(model, masks).eval()
    assert set(model.state_dict()) <= set(fast.state_dict())
    with torch.no_grad():
        assert not torch.allclose(other(images), masked(images), rtol=0.01)
        other.load_state_dict(fast.state_dict())
        close(other(images), masked(images))
        twin = copy.deepcopy(fast)
        for parameter in fast.parameters():
            parameter.zero_()
        close(twin(images), masked(images))


@pytest.mark.filterwarnings("ignore:.*torch.jit.trace.*:FutureWarning")
@pytest.mark.parametrize("name", ["mlp", "resnet18"])
def test_compact_model_traces_and_exports(name):
    model, masked, masks, images = built(MODELS[name])
    fast, masked = compact(model, masks).eval(), masked.eval()
    with torch.no_grad():
        expected = masked(images)
        close(torch.jit.trace(fast, (images,), check_trace=False)(images), expected)
        close(torch.export.export(fast, (images,)).module()(images), expected)


def test_compact_model_stores_only_what_is_kept():
    model, _, masks, _ = built(MODELS["vgg16"])
    fast = compact(model, masks)
    removed = sum(masks.total().values()) - sum(masks.kept().values())
    assert sum(p.numel() for p in fast.parameters()) == (
        sum(p.numel() for p in model.parameters()) - removed
    )
    assert {n: fast.get_parameter(n).numel() for n in masks} == masks.kept()


# What stays dense


def eye(*shape: int) -> Tensor:
    """Kept where output and input have the same number, at every kernel position."""
    trailing = (1,) * (len(shape) - 2)
    return torch.eye(*shape[:2], dtype=torch.bool).view(*shape[:2], *trailing).expand(shape)


class Odd(nn.Module):
    """Every kind of layer that has no compact form, and one that has."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = nn.Conv2d(4, 4, 3, padding=1)
        self.grouped = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.circular = nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular")
        self.corners = nn.Conv2d(4, 4, 3, padding=1)
        self.flat = nn.Conv1d(4, 4, 1)
        self.hooked = nn.Linear(4, 4)
        self.hooked.register_forward_hook(lambda _m, _x, y: 2 * y)
        self.whole = nn.Linear(4, 4)
        self.encoder = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.corners(self.circular(self.grouped(self.plain(x))))
        x = self.flat(x.flatten(2)).transpose(1, 2)
        return self.encoder(self.whole(self.hooked(x)))


def odd_masks(model: nn.Module) -> Masks:
    corner = torch.ones(4, 4, 3, 3, dtype=torch.bool)
    corner[:, :, 0, 0] = False
    bias = torch.tensor([True, False, True, True])
    masks = {
        "plain.weight": eye(4, 4, 3, 3),
        "plain.bias": bias,
        "grouped.weight": eye(4, 2, 3, 3),
        "circular.weight": eye(4, 4, 3, 3),
        "corners.weight": corner,
        "flat.weight": eye(4, 4, 1),
        "hooked.weight": eye(4, 4),
        "whole.weight": torch.ones(4, 4, dtype=torch.bool),
        "encoder.linear1.weight": eye(8, 4),
        "encoder.self_attn.out_proj.weight": eye(4, 4),
        "encoder.norm1.weight": bias,
    }
    return Masks(masks)


def test_what_has_no_compact_form_is_dense_with_the_mask_folded_in(engine):
    torch.manual_seed(0)
    model = Odd().eval()
    masks = odd_masks(model)
    masked = copy.deepcopy(model)
    masks.apply_(masked)
    fast = compact(model, masks)
    x = torch.randn(2, 4, 3, 3)
    with torch.no_grad():
        close(fast(x), masked(x))
    assert isinstance(fast.plain, CompactConv2d)
    assert not any(isinstance(m, CompactLinear) for m in fast.modules())
    reasons = {layer.tensor: layer.why for layer in plan(model, masks) if layer.kind == "dense"}
    for tensor, why in {
        "plain.bias": "not the layer's weight",
        "grouped.weight": "grouped convolution",
        "circular.weight": "'circular'",
        "corners.weight": "differs between kernel positions",
        "flat.weight": "Conv1d",
        "hooked.weight": "hooks",
        "whole.weight": "removes nothing",
        "encoder.linear1.weight": "TransformerEncoderLayer",
        "encoder.self_attn.out_proj.weight": "NonDynamicallyQuantizableLinear",
        "encoder.norm1.weight": "LayerNorm",
    }.items():
        assert why in reasons.pop(tensor)
    assert not reasons


def test_plan_counts_what_each_layer_keeps():
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 4))
    mask = eye(8, 8) | eye(8, 8).roll(1, 0)
    first, second = plan(
        model, Masks({"1.weight": torch.ones(4, 8, dtype=torch.bool), "0.weight": mask})
    )
    assert (first.tensor, first.kind, first.kept, first.weights) == ("1.weight", "dense", 32, 32)
    assert (second.tensor, second.kind, second.kept, second.weights) == (
        *("0.weight", "compact"),
        *(16, 64),
    )
    assert second.why == "8 groups"


@pytest.mark.parametrize(("width", "kind"), [(64, "compact"), (128, "dense")])
def test_many_groups_of_few_outputs_are_unstructured(width, kind):
    model = nn.Linear(width, width, bias=False)
    mask = torch.rand(width, width, generator=torch.Generator().manual_seed(0)) < 0.3
    (layer,) = plan(model, Masks({"weight": mask}))
    assert layer.kind == kind
    assert kind == "compact" or layer.why == "unstructured: 128 groups of 128 outputs"
    x = torch.randn(3, width, generator=torch.Generator().manual_seed(1))
    fast = compact(model, Masks({"weight": mask}))  # the model itself is the layer
    close(fast(x), F.linear(x, model.weight * mask))


# Sharing


def test_a_module_used_twice_is_replaced_once_whatever_its_name():
    layer = nn.Linear(4, 4)
    model = nn.ModuleDict({"a": nn.Sequential(layer, layer), "b": layer})
    left, right = eye(4, 4), torch.ones(4, 4, dtype=torch.bool)
    right[0, 0] = False
    for masks in (Masks({"b.weight": left}), Masks({"a.1.weight": right, "b.weight": left})):
        fast = compact(model, masks)
        assert fast["a"][0] is fast["a"][1] is fast["b"]
        expected = layer.weight * torch.stack(list(masks.values())).all(0)
        assert torch.equal(fast["b"].dense_weight(), expected)
        assert len(plan(model, masks)) == 1
    assert model["b"] is layer


def test_a_weight_shared_by_two_modules_stays_shared_and_dense():
    model = nn.Sequential(nn.Embedding(4, 4), nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    masks = Masks({"1.weight": eye(4, 4)})
    fast = compact(model, masks)
    assert fast[1].weight is fast[0].weight
    assert torch.equal(fast[1].weight, model[1].weight * eye(4, 4))
    assert plan(model, masks)[0].why == "several modules share the weight"


def test_no_masks_make_a_copy():
    model = nn.Sequential(nn.Linear(2, 2))
    fast = compact(model, Masks({}))
    assert fast is not model
    assert torch.equal(fast[0].weight, model[0].weight)
    assert fast[0].weight is not model[0].weight


def test_masks_of_another_model_are_refused():
    model = nn.Sequential(nn.Linear(3, 2))
    for function in (compact, plan):
        with pytest.raises(UserError, match=r"no parameter '0\.wieght' \(did you mean"):
            function(model, Masks({"0.wieght": eye(2, 3)}))
        with pytest.raises(UserError, match=r"0\.weight.*\(3, 2\).*\(2, 3\)"):
            function(model, Masks({"0.weight": eye(3, 2)}))


def test_a_traced_model_with_batch_norm_folded_in_is_made_compact_too():
    model = fuse(build_model("vgg9", (3, 32, 32), 10, width=0.25).eval())
    masks = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and min(module.weight.shape[:2]) >= 16:
            kept = torch.from_numpy(expand(ring_lattice(16, 4).adjacency, *module.weight.shape[:2]))
            masks[f"{name}.weight"] = kept[:, :, None, None].expand_as(module.weight).clone()
    masks = Masks(masks)
    assert {layer.kind for layer in plan(model, masks)} == {"compact"}
    small, x = compact(model, masks), torch.randn(2, 3, 32, 32)
    masks.apply_(model)
    with torch.no_grad():
        torch.testing.assert_close(small(x), model(x), rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(not native.available(), reason="no C++ compiler")
@pytest.mark.parametrize(("channels", "replaced"), [(3, True), (8, False)])
def test_an_unmasked_convolution_of_the_image_hands_on_what_compact_layers_want(channels, replaced):
    first, second = nn.Conv2d(channels, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
    model = nn.Sequential(first, second).eval()
    kept = torch.eye(4, dtype=torch.bool).repeat_interleave(4, 0).repeat_interleave(4, 1)
    masks = Masks({"1.weight": kept[:, :, None, None].expand_as(second.weight)})
    small = compact(model, masks)
    assert [isinstance(layer, CompactConv2d) for layer in small] == [replaced, True]
    assert [entry.tensor for entry in plan(model, masks)] == ["1.weight"]
    x = torch.randn(17, channels, 6, 6)
    masks.apply_(model)
    with torch.no_grad():
        torch.testing.assert_close(small(x), model(x), rtol=1e-4, atol=1e-5)
        if replaced:
            assert torch.equal(small[0].dense_weight(), first.weight)
            assert small[0].innermost
