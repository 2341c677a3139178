"""What is fastest is taken, measured once a shape, and never another result."""

import copy
import time

import pytest
import torch
from torch import nn

from graphprune.graphs.catalogue import best_regular_graph
from graphprune.graphs.layout import expand
from graphprune.sparse import base, choose, native
from graphprune.sparse.layers import CompactConv2d, CompactLinear

needs_kernel = pytest.mark.skipif(
    not native.available(), reason="no C++ compiler: the sparse kernel cannot be built"
)


pytestmark = pytest.mark.usefixtures("one_thread")


def mask(out_width, in_width):
    return torch.from_numpy(expand(best_regular_graph(16, 4).adjacency, out_width, in_width))


def linear():
    dense, kept = nn.Linear(64, 48), mask(48, 64)
    with torch.no_grad():
        dense.weight.mul_(kept)
    layer = CompactLinear.from_dense(dense, kept)
    layer.choose = True
    return dense, layer, torch.randn(10, 64)


def conv():
    dense = nn.Conv2d(32, 48, 3, padding=1)
    kept = mask(48, 32)[:, :, None, None].expand_as(dense.weight)
    with torch.no_grad():
        dense.weight.mul_(kept)
    layer = CompactConv2d.from_dense(dense, kept)
    layer.choose = True
    return dense, layer, torch.randn(3, 32, 6, 5)


def pixelwise():
    dense = nn.Conv2d(32, 48, 1, stride=2)
    kept = mask(48, 32)[:, :, None, None]
    with torch.no_grad():
        dense.weight.mul_(kept)
    layer = CompactConv2d.from_dense(dense, kept)
    layer.choose = True
    return dense, layer, torch.randn(3, 32, 6, 5)


def one_pixel():
    dense, layer, _ = pixelwise()
    return dense, layer, torch.randn(3, 32, 1, 1)


FORMS = {linear: {"kernel", "dense", "dense, turned", "dense, oneDNN"}}
FORMS[conv] = {"kernel", "kernel, few images", "dense", "dense, channels last"}
if hasattr(torch.ops.mkldnn, "_reorder_convolution_weight"):
    FORMS[conv] |= {"dense, oneDNN"}
FORMS[pixelwise] = FORMS[one_pixel] = FORMS[conv] | {"kernel, pixels as rows"}
CASES = [(make, form) for make, forms in FORMS.items() for form in sorted(forms)]


def test_the_form_of_the_shortest_time_is_fastest():
    slow = {"slow": lambda: time.sleep(0.02), "fast": lambda: time.sleep(0.001)}
    assert choose.fastest(slow) == "fast"


def test_the_first_call_of_a_form_does_not_count():
    calls = []

    def warming():
        calls.append(1)
        time.sleep(0.05 if len(calls) == 1 else 0.0)

    assert choose.fastest({"warming": warming, "even": lambda: time.sleep(0.005)}) == "warming"


def test_a_hopeless_form_is_timed_once_and_a_single_one_never():
    calls = []
    slow = {"slow": lambda: calls.append(time.sleep(0.05)), "fast": lambda: time.sleep(0.001)}
    assert choose.fastest(slow) == "fast"
    assert len(calls) == 2  # one of them to warm up
    assert choose.fastest({"only": lambda: pytest.fail("called")}) == "only"


@pytest.mark.parametrize("compiler", [True, False])
@pytest.mark.parametrize("make", FORMS)
def test_the_forms_to_choose_from_can_be_named(monkeypatch, make, compiler):
    if not compiler:
        monkeypatch.setattr(native, "available", lambda: False)
    dense, layer, x = make()
    layer.forms = frozenset({"gathered"})
    with torch.no_grad():
        for _ in range(2):
            torch.testing.assert_close(layer(x), dense(x), rtol=1e-5, atol=1e-5)
    assert layer.chosen == {"gathered"}


@needs_kernel
@pytest.mark.parametrize(("make", "form"), CASES)
def test_every_form_computes_the_same(monkeypatch, make, form):
    seen = []

    def pick(forms):
        seen.append(set(forms))
        return form

    monkeypatch.setattr(base, "fastest", pick)
    dense, layer, x = make()
    with torch.no_grad():
        torch.testing.assert_close(layer(x), dense(x), rtol=1e-5, atol=1e-5)
        layer(x)
        layout = x.to(memory_format=torch.channels_last) if x.ndim == 4 else x.T.contiguous().T
        torch.testing.assert_close(layer(layout), dense(x), rtol=1e-5, atol=1e-5)
        more = torch.randn(15, *x.shape[1:-1], 2 * x.shape[-1]) if x.ndim == 4 else x[:4]
        torch.testing.assert_close(layer(more), dense(more), rtol=1e-5, atol=1e-5)
    assert seen[0] == FORMS[make]
    assert layer.chosen == {form}


@needs_kernel
@pytest.mark.parametrize("make", FORMS)
def test_a_known_input_still_sees_the_bias_of_the_moment_and_the_mode_of_the_moment(make):
    _, layer, x = make()
    with torch.no_grad():
        before = layer(x)
        layer.bias.data.add_(1)
        torch.testing.assert_close(layer(x), before + 1, rtol=1e-4, atol=1e-4)
        layer.bias = nn.Parameter(layer.bias + 1)
        torch.testing.assert_close(layer(x), before + 2, rtol=1e-4, atol=1e-4)
    assert layer(x).requires_grad
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
    with torch.no_grad():
        assert layer.double()(x.double()).dtype == torch.float64


@needs_kernel
@pytest.mark.parametrize("make", FORMS)
def test_every_new_shape_is_measured_once(monkeypatch, make):
    measured = []
    monkeypatch.setattr(base, "fastest", lambda forms: measured.append(1) or "kernel")
    _, layer, x = make()
    with torch.no_grad():
        for images in (x, x, x[:2], x[:2], x):
            layer(images)
    assert len(measured) == 2


@needs_kernel
def test_what_no_choice_needs_takes_no_memory(monkeypatch):
    def pick(forms):
        for form in forms.values():
            form()
        return "kernel"

    monkeypatch.setattr(base, "fastest", pick)
    _, layer, x = linear()
    with torch.no_grad():
        layer(x)
    assert set(layer._made.forms) == {"kernel"}


@needs_kernel
@pytest.mark.parametrize("make", FORMS)
def test_a_changed_weight_changes_every_form(monkeypatch, make):
    for form in sorted(FORMS[make]):
        monkeypatch.setattr(base, "fastest", lambda forms, form=form: form)
        _, layer, x = make()
        with torch.no_grad():
            before = layer(x)
            layer.weight.mul_(2)
            after = layer(x)
        bias = layer.bias.view(-1, *(1,) * (x.ndim - 2))
        torch.testing.assert_close(after - bias, 2 * (before - bias), rtol=1e-4, atol=1e-4)


@needs_kernel
def test_a_copy_chooses_for_itself():
    _, layer, x = linear()
    with torch.no_grad():
        layer(x)
    assert layer.chosen
    twin = copy.deepcopy(layer)
    assert twin.choose
    assert not twin.chosen
