"""The compiled kernel: that it is built whole, once, and refuses nothing it says it takes."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from graphprune.sparse import native
from graphprune.sparse.groups import Groups

pytestmark = pytest.mark.skipif(
    not native.available(), reason="no C++ compiler: the sparse kernel cannot be built"
)


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def random_mask(outputs, inputs, density, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(outputs, inputs, generator=generator) < density


def masked(outputs, inputs, density, seed):
    generator = torch.Generator().manual_seed(seed)
    rows = random_mask(max(1, outputs // 3), inputs, density, seed)
    mask = rows[torch.randint(len(rows), (outputs,), generator=generator)]
    return mask, torch.randn(outputs, inputs, generator=generator)


@given(
    outputs=st.integers(1, 70),
    inputs=st.integers(1, 40),
    batch=st.integers(1, 20),
    density=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_linear_is_the_masked_dense_product(outputs, inputs, batch, density, seed):
    mask, weight = masked(outputs, inputs, density, seed)
    groups, x, bias = Groups.from_mask(mask), torch.randn(batch, inputs), torch.randn(outputs)
    pack = native.Pack(groups, groups.pack(weight), None)
    for b in (bias, None):
        expected = F.linear(x, weight * mask, b)
        torch.testing.assert_close(native.linear(x, pack, b), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("outputs", [5, 8, 16, 20, 32, 70])
@pytest.mark.parametrize("batch", [1, 2, 3, 7, 13, 30])
def test_linear_of_groups_of_neighbours_is_the_masked_dense_product(outputs, batch):
    mask = random_mask(3, 30, 0.4, seed=outputs).repeat_interleave(outputs, 0)
    weight, bias = torch.randn(mask.shape), torch.randn(len(mask))
    groups, x = Groups.from_mask(mask), torch.randn(batch, 30)
    found = native.linear(x, native.Pack(groups, groups.pack(weight), None), bias)
    torch.testing.assert_close(found, F.linear(x, weight * mask, bias), rtol=1e-4, atol=1e-4)


@given(
    channels=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    images=st.integers(1, 19),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    kind=st.sampled_from(
        [(3, 1, 1), (3, 2, 1), (3, 1, 0), (3, 1, 2), (1, 1, 0), (1, 2, 0), (1, 2, 1)]
    ),
    density=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=80, deadline=None)
def test_convolution_is_the_masked_dense_one(channels, images, size, kind, density, seed):
    kernel, stride, padding = kind
    if min(size) + 2 * padding < kernel:
        return
    mask, _ = masked(*channels, density, seed)
    weight, bias = torch.randn(*channels, kernel, kernel), torch.randn(channels[0])
    x = torch.randn(images, channels[1], *size)
    groups = Groups.from_mask(mask)
    pack = native.Pack(groups, groups.pack(weight), (kernel, kernel))
    expected = F.conv2d(x, weight * mask[:, :, None, None], bias, stride, padding)
    innermost = x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    for layout in (x, innermost, x.to(memory_format=torch.channels_last)):
        for few in (False, True):
            found = native.conv2d(layout, pack, bias, (stride, stride), (padding, padding), few)
            assert found.is_contiguous() if few else found.stride(0) == 1
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
            ended = native.conv2d(layout, pack, bias, (stride,) * 2, (padding,) * 2, few, relu=True)
            assert torch.equal(ended, found.relu())


@pytest.mark.parametrize("images", [16, 21, 32, 70])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [7, 1500])  # few, and too many for the cache
@pytest.mark.parametrize("gap", ["none", "columns", "rows"])
def test_one_pixel_kernels_take_innermost_images_in_parts(images, stride, channels, gap, threads):
    mask = random_mask(7, channels, 0.3, seed=images).repeat_interleave(3, 0)
    weight, bias = torch.randn(21, channels, 1, 1), torch.randn(21)
    groups = Groups.from_mask(mask)
    pack = native.Pack(groups, groups.pack(weight), (1, 1))
    memory = torch.randn(channels, 6, 7, images)
    taken = {"none": memory, "columns": memory[:, :, ::3], "rows": memory[:, ::2]}[gap]
    x = taken.permute(3, 0, 1, 2)
    expected = F.conv2d(x, weight * mask[:, :, None, None], bias, stride)
    found = native.conv2d(x, pack, bias, (stride, stride), (0, 0))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=2e-4)
    ended = native.conv2d(x, pack, bias, (stride, stride), (0, 0), relu=True)
    assert torch.equal(ended, found.relu())


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("images", [3, 17])
def test_relu_keeps_what_is_no_number(few, images):
    groups = Groups.from_mask(torch.ones(2, 1, dtype=torch.bool))
    pack = native.Pack(groups, torch.ones(2), (1, 1))
    x = torch.randn(images, 1, 4, 5)
    x[1, 0, 2] = torch.nan
    for layout in (x, x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)):
        found = native.conv2d(layout, pack, None, (1, 1), (0, 0), few, relu=True)
        torch.testing.assert_close(found, F.relu(x).expand(-1, 2, -1, -1), equal_nan=True)


def test_threads_change_nothing(threads, monkeypatch):
    monkeypatch.setattr(native, "ALONE", 0)
    mask, weight = masked(64, 64, 0.2, 0)
    groups = Groups.from_mask(mask)
    x = torch.randn(33, 64, generator=torch.Generator().manual_seed(1))
    found = native.linear(x, native.Pack(groups, groups.pack(weight), None), None)
    torch.testing.assert_close(found, F.linear(x, weight * mask), rtol=1e-4, atol=1e-4)
    weight = torch.randn(64, 64, 3, 3, generator=torch.Generator().manual_seed(2))
    images = torch.randn(21, 64, 5, 5, generator=torch.Generator().manual_seed(3))
    pack = native.Pack(groups, groups.pack(weight), (3, 3))
    expected = F.conv2d(images, weight * mask[:, :, None, None], None, 1, 1)
    for few in (False, True):
        found = native.conv2d(images, pack, None, (1, 1), (1, 1), few)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_the_library_is_built_into_the_folder_asked_for_and_found_there_again(tmp_path):
    program = "from graphprune.sparse import native; print(native.available())"
    environment = {
        "GRAPHPRUNE_CACHE": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True
        )
        assert done.stdout.strip() == "True", done.stderr
        (library,) = tmp_path.glob("*.so")
        made = library.stat().st_mtime_ns
        assert ctypes.CDLL(str(library)).graphprune_lanes() in (4, 8, 16)
    assert library.stat().st_mtime_ns == made
    assert list(tmp_path.iterdir()) == [library]


def test_without_a_compiler_there_is_no_kernel_and_no_error(tmp_path):
    program = "from graphprune.sparse import native; print(native.available())"
    environment = {"GRAPHPRUNE_CACHE": str(tmp_path), "PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False", done.stderr


def test_a_source_that_does_not_compile_is_reported_and_leaves_nothing(
    tmp_path, monkeypatch, capsys
):
    broken = tmp_path / "broken.cpp"
    broken.write_text("this is no C++")
    monkeypatch.setattr(native, "SOURCE", broken)
    monkeypatch.setenv("GRAPHPRUNE_CACHE", str(tmp_path / "cache"))
    assert native._library.__wrapped__() is None
    assert "could not be built" in capsys.readouterr().out
    assert list(Path(tmp_path / "cache").iterdir()) == []
