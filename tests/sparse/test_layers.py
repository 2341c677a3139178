"""Compact layers against the dense layer whose weight is multiplied by the mask."""

import copy
import io
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.graphs import layout
from graphprune.sparse import native
from graphprune.sparse.dense_layer import obstacle
from graphprune.sparse.layers import CompactConv2d, CompactLinear

DEPRECATED = pytest.mark.filterwarnings("ignore:.*torch.jit.trace.*:FutureWarning")


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def stock(monkeypatch):
    monkeypatch.setattr(native, "available", lambda: False)


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def block_mask(out: int, in_: int, nodes: int = 4, density: float = 0.4, seed: int = 0) -> Tensor:
    """A directed graph's mask (out, in); its last node reads nothing, node sizes may differ."""
    psi = np.random.default_rng(seed).random((nodes, nodes)) < density
    psi[-1] = False
    return torch.from_numpy(layout.expand(psi, out, in_))


def regular_mask(out: int, in_: int, nodes: int, degree: int) -> Tensor:
    """A circulant graph's mask, shuffled so that no group's outputs stand together."""
    psi = np.zeros((nodes, nodes), dtype=bool)
    for i in range(nodes):
        psi[i, (i + 1 + np.arange(degree)) % nodes] = True
    order = np.random.default_rng(0).permutation(out)
    return torch.from_numpy(layout.expand(psi, out, in_)[order])


def unstructured(out: int, in_: int) -> Tensor:
    return random(out, in_, seed=5) < -0.5


MASKS = {
    "graph": block_mask(13, 11),
    "regular": regular_mask(12, 8, 4, 2),
    "shuffled": block_mask(13, 11)[torch.from_numpy(np.random.default_rng(0).permutation(13))],
    "unstructured": unstructured(9, 10),
    "nothing": torch.zeros(6, 5, dtype=torch.bool),
    "everything": torch.ones(6, 5, dtype=torch.bool),
    "one": torch.ones(1, 1, dtype=torch.bool),
}
each_mask = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())


def linear(mask: Tensor, bias: bool = True) -> tuple[nn.Linear, CompactLinear]:
    """A dense layer with its weight already masked, and the compact form of the unmasked one."""
    torch.manual_seed(0)
    dense = nn.Linear(mask.shape[1], mask.shape[0], bias=bias)
    compact = CompactLinear.from_dense(dense, mask)
    with torch.no_grad():
        dense.weight.mul_(mask)
    return dense, compact


def conv(mask: Tensor, kernel: int = 3, **options) -> tuple[nn.Conv2d, CompactConv2d]:
    """The same for convolutions; mask (out, in)."""
    torch.manual_seed(0)
    dense = nn.Conv2d(mask.shape[1], mask.shape[0], kernel, **options)
    full = mask[:, :, None, None].expand(dense.weight.shape)
    compact = CompactConv2d.from_dense(dense, full)
    with torch.no_grad():
        dense.weight.mul_(full)
    return dense, compact


def grouped(**options) -> tuple[nn.Conv2d, CompactConv2d]:
    """A convolution whose stock form is a grouped one: few, large, sparse blocks."""
    dense, compact = conv(block_mask(50, 18, nodes=4, density=0.2), **options)
    assert compact._grouped()
    return dense, compact


# Linear


@each_mask
@pytest.mark.parametrize("bias", [True, False])
def test_linear_equals_masked_dense(engine, mask, bias):
    dense, compact = linear(mask, bias)
    for batch in (1, 0, 2, 7, 129):
        x = random(batch, mask.shape[1])
        with torch.no_grad():
            torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10**6), st.integers(1, 9))
def test_linear_of_any_shape_equals_masked_dense(out, in_, seed, batch):
    nodes = min(out, in_, 1 + seed % 6)
    mask = block_mask(out, in_, nodes, 0.1 + (seed % 9) / 10, seed)
    dense, compact = linear(mask)
    x = random(batch, in_, seed=seed)
    with torch.no_grad():
        torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-6)


def test_linear_takes_vectors_sequences_and_any_strides(engine):
    dense, compact = linear(MASKS["graph"])
    inputs = [
        random(11),
        random(2, 3, 11),
        random(11, 5).T,
        random(5, 22)[:, ::2],
        random(1, 11).expand(4, 11),
    ]
    for x in inputs:
        with torch.no_grad():
            assert compact(x).shape == dense(x).shape
            torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-6)


# Convolution


@each_mask
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_convolution_equals_masked_dense(engine, mask, kernel, bias):
    dense, compact = conv(mask, kernel, bias=bias, padding=kernel // 2)
    for images in (1, 0, 3, 17):
        x = random(images, mask.shape[1], 5, 6)
        with torch.no_grad():
            torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-5)


GEOMETRIES = [
    {"stride": 2},
    {"stride": (2, 1), "padding": (0, 2)},
    {"stride": 3, "padding": 1},
    {"dilation": 2, "padding": 2},
    {"dilation": (1, 2), "kernel": (3, 2), "padding": 1},
    {"kernel": (1, 3), "padding": (0, 1)},
    {"kernel": 1, "stride": 2},
    {"kernel": 5, "padding": 2},
    {"padding": "same"},
    {"padding": "same", "kernel": (3, 5), "dilation": (2, 1)},
    {"padding": "valid"},
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("make", [grouped, lambda **o: conv(block_mask(13, 18), **o)])
def test_convolution_of_every_geometry_equals_masked_dense(engine, make, geometry):
    dense, compact = make(**geometry)
    for size in ((8, 8), (5, 9)):
        x = random(2, 18, *size)
        with torch.no_grad():
            torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mask", [block_mask(64, 16, 2, 0.0), regular_mask(64, 16, 4, 1)])
@pytest.mark.usefixtures("stock")
def test_grouped_convolution_of_empty_and_of_equal_groups(mask):
    dense, compact = conv(mask, padding=1)
    assert compact._grouped()
    x = random(2, 16, 4, 4)
    torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-5)


def test_convolution_takes_single_images_and_any_strides(engine):
    for dense, compact in (conv(MASKS["graph"], padding=1), grouped(padding=1)):
        c = compact.in_channels
        inputs = [
            random(c, 6, 5),
            random(2, c, 6, 5).to(memory_format=torch.channels_last),
            random(c, 6, 5, 3).permute(3, 0, 1, 2),
            random(2, c, 12, 5)[:, :, ::2],
            random(2, 1, 6, 5).expand(2, c, 6, 5),
        ]
        for x in inputs:
            with torch.no_grad():
                torch.testing.assert_close(compact(x), dense(x), rtol=1e-5, atol=1e-5)


def test_convolution_refuses_images_smaller_than_its_kernel(engine):
    for _, compact in (conv(MASKS["graph"]), grouped()):
        with torch.no_grad(), pytest.raises(RuntimeError):
            compact(random(1, compact.in_channels, 2, 2))


# Which engine computes


def calls(monkeypatch) -> list[str]:
    made: list[str] = []
    for name in ("linear", "conv2d"):
        real = getattr(native, name)

        def spy(*arguments, name=name, real=real):
            made.append(name)
            return real(*arguments)

        monkeypatch.setattr(native, name, spy)
    return made


@DEPRECATED
def test_the_kernel_computes_where_it_can_and_no_gradient_is_needed(monkeypatch):
    if not native.available():
        pytest.skip("the compiled kernel cannot be built here: no C++ compiler")
    made = calls(monkeypatch)
    _, layer = linear(MASKS["graph"])
    _, convolution = conv(MASKS["graph"])
    x, images = random(3, 11), random(2, 11, 5, 5)
    layer(x)
    convolution(images)
    assert not made  # the parameters require gradients
    with torch.no_grad():
        layer(x)
        convolution(images)
    assert made == ["linear", "conv2d"]
    layer.requires_grad_(False)(x)
    assert made == ["linear", "conv2d", "linear"]
    made.clear()
    layer(x.clone().requires_grad_())
    with torch.no_grad():
        copy.deepcopy(layer).double()(x.double())
        torch.jit.trace(layer, (x,), check_trace=False)
        conv(MASKS["graph"], dilation=2)[1](images)
        with torch.autocast("cpu", torch.bfloat16):
            assert layer(x).dtype == torch.bfloat16
    assert not made


def test_a_changed_weight_is_packed_anew_and_an_unchanged_one_is_not(engine):
    _, layer = linear(MASKS["graph"])
    x = random(3, 11)

    def check() -> None:
        weight = layer.dense_weight()
        torch.testing.assert_close(layer(x), F.linear(x, weight, layer.bias), rtol=1e-5, atol=1e-6)

    with torch.no_grad():
        check()
        pack = layer._made and layer._made.forms.get("kernel")
        check()
        assert (layer._made and layer._made.forms.get("kernel")) is pack
        layer.weight.mul_(2)
        check()
        layer.weight = nn.Parameter(random(layer.weight.numel(), seed=3))
        check()
        layer.half().float()  # rounds the values behind the same parameter
        check()
        layer.load_state_dict(linear(MASKS["graph"])[1].state_dict())
        check()
    with torch.inference_mode():
        check()
    layer.train().weight.data.mul_(2)  # as some optimisers do it
    with torch.no_grad():
        layer.eval()
        check()
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer(x).sum().backward()
    optimiser.step()
    with torch.no_grad():
        check()


@pytest.mark.parametrize("autocast", [False, True])
def test_output_has_the_dtype_of_the_dense_layer(autocast):
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        for dense, compact in (linear(MASKS["graph"]), grouped(), conv(MASKS["graph"])):
            x = random(2, *dense.weight.shape[1:])
            expected = dense(x)
            assert compact(x).dtype == expected.dtype
            torch.testing.assert_close(compact(x), expected, rtol=0.05, atol=0.05)


# Training


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["linear", "conv", "grouped"])
def test_gradients_are_those_of_the_masked_dense_layer(kind, bias):
    if kind == "linear":
        dense, compact = linear(MASKS["shuffled"], bias)
        x = random(5, 11, dtype=torch.float64)
    else:
        make = grouped if kind == "grouped" else lambda **o: conv(MASKS["shuffled"], **o)
        dense, compact = make(bias=bias, stride=2, padding=1)
        x = random(3, dense.in_channels, 5, 4, dtype=torch.float64)
    dense, compact = dense.double(), compact.double()
    mine, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    (compact(mine) ** 2).sum().backward()
    (dense(theirs) ** 2).sum().backward()
    torch.testing.assert_close(mine.grad, theirs.grad)
    torch.testing.assert_close(compact.weight.grad, compact.groups.pack(dense.weight.grad))
    if bias:
        torch.testing.assert_close(compact.bias.grad, dense.bias.grad)


def test_a_frozen_layer_stays_frozen_and_a_layer_keeps_its_mode():
    dense = nn.Linear(4, 4).eval()
    dense.weight.requires_grad_(False)
    compact = CompactLinear.from_dense(dense, torch.eye(4, dtype=torch.bool))
    assert not compact.training
    assert not compact.weight.requires_grad
    assert compact.bias.requires_grad
    assert compact.train().to_dense().training
    assert not compact.to_dense().weight.requires_grad


def test_a_layer_shares_no_memory_with_the_one_it_was_made_from():
    dense = nn.Linear(3, 3)
    compact = CompactLinear.from_dense(dense, torch.ones(3, 3, dtype=torch.bool))
    with torch.no_grad():
        dense.weight.zero_()
        dense.bias.zero_()
    assert compact.weight.all()
    assert compact.bias.all()


def test_a_layer_made_in_inference_mode_can_be_trained():
    with torch.inference_mode():
        dense = nn.Linear(4, 4)
        layer = CompactLinear.from_dense(dense, torch.eye(4, dtype=torch.bool))
    layer(random(2, 4)).sum().backward()
    assert layer.weight.grad is not None


# Saving, copying, exporting


def pair(kind: str) -> tuple[nn.Module, nn.Module, Tensor]:
    """(dense, compact, input)."""
    if kind == "linear":
        return *linear(MASKS["shuffled"]), random(4, 11)
    if kind == "grouped":
        return *grouped(padding=1), random(4, 18, 5, 5)
    return *conv(MASKS["shuffled"], padding=1), random(4, 11, 5, 5)


each_kind = pytest.mark.parametrize("kind", ["linear", "conv", "grouped"])


@each_kind
def test_state_dict_carries_the_groups_along(kind, engine, tmp_path):
    dense, compact, x = pair(kind)
    flipped = MASKS["shuffled"].flip(0) if kind != "grouped" else block_mask(50, 18, 4, 0.2).flip(0)
    other = (linear if kind == "linear" else conv)(flipped)[1]
    if kind != "linear":
        other.padding = (1, 1)
    file = io.BytesIO()
    torch.save(compact.state_dict(), file)
    file.seek(0)
    with torch.no_grad():
        assert not torch.allclose(other(x), dense(x), atol=1e-3)
        other.load_state_dict(torch.load(file, weights_only=True))
        torch.testing.assert_close(other(x), dense(x), rtol=1e-5, atol=1e-5)
        save_model(compact, str(tmp_path / "layer.safetensors"))
        with torch.no_grad():
            other.weight.zero_()
        load_model(other, str(tmp_path / "layer.safetensors"))
        torch.testing.assert_close(other(x), dense(x), rtol=1e-5, atol=1e-5)


@each_kind
def test_deepcopy_is_independent_and_carries_no_cache(kind, engine):
    dense, compact, x = pair(kind)
    with torch.no_grad():
        compact(x)
        twin = copy.deepcopy(compact)
        assert twin._made is None
        compact.weight.zero_()
        torch.testing.assert_close(twin(x), dense(x), rtol=1e-5, atol=1e-5)
    assert list(twin.state_dict()) == list(compact.state_dict())


@each_kind
def test_dense_weight_and_dense_module_are_the_masked_ones(kind):
    dense, compact, x = pair(kind)
    assert torch.equal(compact.dense_weight(), dense.weight)
    back = compact.to_dense()
    assert type(back) is type(dense)
    assert torch.equal(back(x), dense(x))
    assert back.weight.requires_grad
    assert back.weight.data_ptr() != compact.weight.data_ptr()
    assert linear(MASKS["one"], bias=False)[1].to_dense().bias is None


@DEPRECATED
@each_kind
def test_traced_layer_equals_at_other_batch_sizes_too(kind):
    dense, compact, x = pair(kind)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error", torch.jit.TracerWarning)
        compact(x)  # a cached pack is no obstacle
        traced = torch.jit.trace(compact, (x,))
        for batch in (x, x[:1], torch.cat([x] * 40)):
            torch.testing.assert_close(traced(batch), dense(batch), rtol=1e-5, atol=1e-5)


@each_kind
def test_exported_layer_equals_at_other_batch_sizes_too(kind):
    dense, compact, x = pair(kind)
    shapes = ({0: torch.export.Dim("batch", max=1000)},)
    with torch.no_grad():
        compact(x)
        exported = torch.export.export(compact.eval(), (x,), dynamic_shapes=shapes).module()
        for batch in (x, torch.cat([x] * 40)):
            torch.testing.assert_close(exported(batch), dense(batch), rtol=1e-5, atol=1e-5)


@each_kind
def test_layer_compiles_in_one_graph(kind):
    dense, compact, x = pair(kind)
    compiled = torch.compile(compact, backend="eager", fullgraph=True)
    with torch.no_grad():
        torch.testing.assert_close(compiled(x), dense(x), rtol=1e-5, atol=1e-5)


@each_kind
def test_layer_runs_in_double_on_the_meta_device_and_on_cuda_if_there_is_one(kind):
    dense, compact, x = pair(kind)
    expected = dense(x)
    with torch.no_grad():
        torch.testing.assert_close(
            copy.deepcopy(compact).double()(x.double()), dense.double()(x.double())
        )
    assert copy.deepcopy(compact).to("meta")(x.to("meta")).shape == expected.shape
    if torch.cuda.is_available():
        torch.testing.assert_close(
            compact.cuda().double()(x.cuda().double()).cpu(), dense.double()(x.double())
        )


# Errors


def test_inputs_of_another_width_are_refused():
    _, layer = linear(MASKS["graph"])
    with pytest.raises(UserError, match=r"11 inputs got a tensor of shape \(3, 22\)"):
        layer(random(3, 22))
    _, convolution = conv(MASKS["graph"])
    with pytest.raises(UserError, match=r"11 channels got a tensor of shape \(1, 12, 5, 5\)"):
        convolution(random(1, 12, 5, 5))
    with pytest.raises(UserError, match=r"shape \(11, 5\); expected \(N, 11, H, W\)"):
        convolution(random(11, 5))


def test_masks_of_another_shape_are_refused():
    with pytest.raises(UserError, match=r"mask has shape \(5, 4\), the weight \(4, 5\)"):
        CompactLinear.from_dense(nn.Linear(5, 4), torch.ones(5, 4, dtype=torch.bool))
    mask = torch.ones(4, 5, 3, 3, dtype=torch.bool)
    mask[0, 0, 0, 0] = False
    with pytest.raises(UserError, match="differs between kernel positions"):
        CompactConv2d.from_dense(nn.Conv2d(5, 4, 3), mask)


def test_a_state_of_another_layer_is_refused():
    layer = linear(regular_mask(12, 8, 4, 2))[1]
    with pytest.raises(RuntimeError, match="size mismatch"):
        layer.load_state_dict(linear(MASKS["graph"])[1].state_dict())
    wider = torch.zeros(12, 16, dtype=torch.bool)  # as many outputs, groups and kept weights
    wider[:, 8:] = regular_mask(12, 8, 4, 2)
    with pytest.raises(UserError, match="8 inputs and 12 outputs: they were saved from another"):
        layer.load_state_dict(linear(wider)[1].state_dict())


class Scaled(nn.Linear):
    """A layer that computes something else than its base."""


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.Conv2d(4, 4, 3, groups=2), "grouped convolution"),
        (nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), "'circular'"),
        (nn.Conv2d(4, 4, 2, padding="same"), "differently"),
        (nn.Conv1d(4, 4, 3), "Conv1d"),
        (Scaled(4, 4), "Scaled"),
    ],
)
def test_layers_without_a_compact_form_are_named(module, reason):
    assert reason in (obstacle(module) or "")
    with pytest.raises(UserError, match=reason):
        CompactConv2d.from_dense(module, torch.ones(module.weight.shape, dtype=torch.bool))


def test_repr_says_what_is_kept():
    assert "8 of 16 weights, 2 groups" in repr(linear(regular_mask(4, 4, 2, 1))[1])
