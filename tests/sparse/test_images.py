"""Products with packed images are those of the dense ones, whatever shape and zeros they have."""

import copy
import math
import shutil

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from graphprune import compiled
from graphprune.models.build import build_model
from graphprune.sparse import packed as module
from graphprune.sparse.images import BLOCK, SparseImages, linear_relu_linear
from graphprune.sparse.packed import available

pytestmark = pytest.mark.skipif(not available(), reason="no C++ compiler")
# Vectors as wide as the machine's, of 8 numbers, and of 4.
FLAGS = {"native": (), "256 bits": ("-mno-avx512f",), "128 bits": ("-mno-avx", "-mno-avx512f")}
SCALE = torch.full((1, 1, 1), 1 / 255)


@pytest.fixture(params=FLAGS)
def build(request, monkeypatch):
    if FLAGS[request.param] and not shutil.which("g++"):
        pytest.skip("needs g++")
    library = compiled.library(module.SOURCE, *FLAGS[request.param])
    if library is None:
        pytest.skip("not a processor that these flags are for")
    declared = module._declared(library)
    monkeypatch.setattr(module, "_library", lambda: declared)
    return declared.graphprune_packed_lanes()


@pytest.fixture(params=[1, 3], ids=["1 thread", "3 threads"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def pixels(shape, density, seed):
    """uint8 with whole images and whole pixels that are zero."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator)
    values *= torch.rand(shape, generator=generator) < density
    values[torch.rand(shape[0], generator=generator) < 0.1] = 0
    values[:, :, torch.rand(shape[2], generator=generator) < 0.1] = 0
    return values


def affine(channels, shifted):
    scale = torch.linspace(0.5, 2, channels)[:, None, None] / 255
    return scale, torch.linspace(-1, 1, channels)[:, None, None] if shifted else None


def gradients(given, weight, bias, factor):
    """Output of a linear layer, and the gradients of its weight and bias."""
    leaves = [v.detach().clone().requires_grad_() for v in (weight, bias) if v is not None]
    out = F.linear(given, *leaves)
    out.backward(factor.to(out.dtype))
    return [out.detach(), *(leaf.grad for leaf in leaves)]


def check(images, width, biased, shifted):
    """A layer on packed images against float64, and how far rounding may take it."""
    scale, shift = affine(images.shape[1], shifted)
    packed = SparseImages.pack(images, scale, shift)
    dense = images.double() * scale.double()
    dense = (dense if shift is None else dense - shift.double()).flatten(1)
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(width, dense.shape[1], generator=generator)
    bias = torch.randn(width, generator=generator) if biased else None
    factor = torch.randn(len(images), width, generator=generator)
    expected = gradients(dense, weight.double(), bias if bias is None else bias.double(), factor)
    found = gradients(packed.flatten(1), weight, bias, factor)
    # Of the sum of the terms' sizes, since terms cancel; of 1e5 terms this is rounding.
    size = 0 if shift is None else shift.abs().expand(images.shape[1:]).flatten()
    terms = dense.abs() + size
    parts = (weight.double().abs(), None if bias is None else bias.double().abs(), factor.abs())
    for one, other, most in zip(found, expected, gradients(terms, *parts), strict=True):
        assert (one.shape, one.dtype) == (other.shape, torch.float32)
        assert bool(((one - other).abs() <= 2e-6 * most).all())
    torch.testing.assert_close(packed.dense().flatten(1).double(), dense)


@given(
    count=st.integers(1, 40),
    channels=st.integers(1, 3),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    width=st.integers(1, 40),
    density=st.floats(0, 1),
    biased=st.booleans(),
    shifted=st.booleans(),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=80, deadline=None)
def test_output_and_gradients_are_those_of_the_dense_images(
    count, channels, size, width, density, biased, shifted, seed
):
    check(pixels((count, channels, *size), density, seed), width, biased, shifted)


@pytest.mark.parametrize("width", [1, 10, 16, 100, 128, 130, 300])
@pytest.mark.parametrize("shifted", [False, True])
def test_wide_layers_and_many_images_in_every_build(build, threads, width, shifted):
    """Several blocks of images, tiles of pixels, chunks of outputs; more threads than needed."""
    check(pixels((BLOCK + 77, 1, 15, 16), 0.2, 3), width, True, shifted)
    check(pixels((1, 1, 15, 16), 0.2, 3), width, True, shifted)


def test_the_number_of_threads_changes_no_bit():
    images, weight = pixels((1100, 1, 20, 20), 0.2, 5), torch.randn(33, 400)
    found = []
    before = torch.get_num_threads()
    for number in (1, 2, 3):
        torch.set_num_threads(number)
        rows = SparseImages.pack(images, SCALE).flatten(1)
        found.append(gradients(rows, weight, torch.ones(33), torch.ones(1100, 33)))
    torch.set_num_threads(before)
    for values in zip(*found, strict=True):
        assert all(torch.equal(value, values[0]) for value in values)


@pytest.mark.parametrize("value", [0, 255])
def test_images_of_one_value(value):
    check(torch.full((70, 1, 9, 9), value, dtype=torch.uint8), 17, True, False)


def test_every_pixel_value_is_exact():
    images = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    packed = SparseImages.pack(images, torch.ones(1, 1, 1))
    found = F.linear(packed.flatten(1), torch.ones(1, 1))
    assert torch.equal(found[:, 0], torch.arange(256.0))


def test_a_network_is_called_with_packed_images_as_with_a_tensor():
    torch.manual_seed(0)
    images = pixels((20, 1, 6, 6), 0.3, 0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3))
    packed = SparseImages.pack(images, SCALE)
    assert (len(packed), packed.shape, packed.dtype) == (20, images.shape, torch.float32)
    torch.testing.assert_close(model(packed), model(packed.dense()))
    rows = packed.flatten(1)
    assert rows.shape == (20, 36)
    assert torch.equal(rows.dense(), packed.dense().flatten(1))


def test_whatever_is_no_linear_layer_is_given_the_dense_images():
    torch.manual_seed(0)
    packed = SparseImages.pack(pixels((5, 2, 6, 6), 0.3, 0), *affine(2, True))
    dense = packed.dense()
    for layer in (nn.Conv2d(2, 3, 3), nn.Linear(6, 2), nn.Flatten(0), nn.Flatten(2), nn.ReLU()):
        assert torch.equal(layer(packed), layer(dense))
    double = torch.randn(3, 72, dtype=torch.float64)
    with pytest.raises(RuntimeError):  # as for the dense images: the types differ
        F.linear(packed.flatten(1), double)


def test_the_weights_of_a_layer_may_be_frozen():
    images = SparseImages.pack(pixels((5, 1, 6, 6), 0.3, 0), SCALE)
    layer = nn.Linear(36, 2)
    layer.weight.requires_grad_(False)
    layer(images.flatten(1)).sum().backward()
    assert layer.weight.grad is None
    assert layer.bias.grad is not None
    torch.testing.assert_close(layer.bias.grad, torch.full((2,), 5.0))


@given(
    count=st.integers(1, 40),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    widths=st.tuples(st.integers(1, 150), st.integers(1, 20)),
    density=st.floats(0, 1),
    biased=st.booleans(),
    shifted=st.booleans(),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=80, deadline=None)
def test_two_layers_in_one_go_are_the_two_layers(
    count, size, widths, density, biased, shifted, seed
):
    check_two(pixels((count, 1, *size), density, seed), widths, biased, shifted)


@pytest.mark.parametrize("widths", [(128, 10), (100, 33), (300, 3)])
def test_two_layers_in_every_build(build, threads, widths):
    check_two(pixels((2 * BLOCK + 77, 1, 15, 16), 0.2, 3), widths, True, False)


def check_two(images, widths, biased, shifted):
    """Outputs and gradients of Linear, ReLU, Linear against float64."""
    torch.manual_seed(0)
    scale, shift = affine(1, shifted)
    model = nn.Sequential(
        nn.Flatten(),
        nn.Linear(images[0].numel(), widths[0], bias=biased),
        nn.ReLU(),
        nn.Linear(*widths, bias=biased),
    )
    factor = torch.randn(len(images), widths[1])
    packed = SparseImages.pack(images, scale, shift)
    found = linear_relu_linear(packed, model[1], model[3])
    (found * factor).sum().backward()
    grads = [parameter.grad for parameter in model.parameters()]
    model.zero_grad()
    exact = copy.deepcopy(model).double()
    dense = images * scale.double() - (0 if shift is None else shift.double())
    expected = exact(dense)
    (expected * factor).sum().backward()
    # A hidden value near zero may be on either side of it after rounding: compare those apart.
    hidden = exact[:2](dense)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    if bool((hidden.abs() > 1e-5 * hidden.abs().max()).all()):
        for one, parameter in zip(grads, exact.parameters(), strict=True):
            size = max(1.0, float(parameter.grad.abs().max()))
            torch.testing.assert_close(one.double(), parameter.grad, rtol=1e-5, atol=1e-5 * size)


def test_what_is_not_a_number_stays_so():
    """A training that has diverged must show."""
    packed = SparseImages.pack(torch.ones(9, 1, 6, 6, dtype=torch.uint8), SCALE)
    first, second = nn.Linear(36, 20), nn.Linear(20, 3)
    nn.init.constant_(first.weight, math.nan)
    out = linear_relu_linear(packed, first, second)
    assert bool(out.isnan().all())


@pytest.mark.parametrize("hidden", [[8], [8, 8], []])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_an_mlp_of_any_depth_is_called_with_sparse_images(hidden, batch_norm):
    torch.manual_seed(0)
    model = build_model("mlp", (1, 4, 4), 3, hidden=hidden, batch_norm=batch_norm)
    images = SparseImages.pack(pixels((20, 1, 4, 4), 0.3, 0), SCALE)
    torch.testing.assert_close(model(images), model(images.dense()))
