"""Where and how a job computes."""

import os

import psutil
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from graphprune.data.augment import Augmentation
from graphprune.data.batches import Batches, ChannelScaling, DeviceSplit
from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.metrics.accuracy import cross_entropy
from graphprune.models.build import build_model
from graphprune.pruning.scope import tensors
from graphprune.training.device import (
    memory_for_images,
    place,
    precision,
    precision_for,
    prepare,
    random_state,
    set_random_state,
)


@pytest.fixture(autouse=True)
def restored():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


def test_cuda_where_there_is_none_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"compute.device is 'cuda'.*use 'auto' or 'cpu'"):
        prepare("cuda", threads=1, deterministic=False)
    assert prepare("auto", threads=1, deterministic=False) == torch.device("cpu")


def test_auto_takes_cuda_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert prepare("auto", threads=1, deterministic=False) == torch.device("cuda")
    assert prepare("cpu", threads=1, deterministic=False) == torch.device("cpu")


def test_threads_are_those_asked_for():
    prepare("cpu", threads=2, deterministic=False)
    assert torch.get_num_threads() == 2
    prepare("cpu", threads=1, deterministic=False)
    assert torch.get_num_threads() == 1


def test_deterministic_refuses_kernels_that_are_not():
    prepare("cpu", threads=1, deterministic=False)
    assert not torch.are_deterministic_algorithms_enabled()
    prepare("cpu", threads=1, deterministic=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_network_computes_in_the_precision_of_its_images(dtype):
    model = place(nn.Linear(3, 2), torch.device("cpu"))
    images = torch.ones(1, 3, dtype=dtype)
    with precision(images):
        assert model(images).dtype == dtype
    assert model.weight.dtype == torch.float32
    assert not torch.is_autocast_enabled("cpu")


def test_convolutions_are_placed_channels_last_and_compute_the_same():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2))
    images = torch.rand(2, 3, 5, 5)
    expected = model(images)
    place(model, torch.device("cpu"))
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert not model[0].weight.is_contiguous()
    assert model[3].weight.is_contiguous()
    torch.testing.assert_close(model(images), expected)


def test_images_may_take_what_the_config_says_or_a_third_of_what_is_free(monkeypatch):
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert memory_for_images(cpu, 1.5) == memory_for_images(cuda, 1.5) == 1.5e9
    assert memory_for_images(cpu, 0) == 0
    assert 0 < memory_for_images(cpu, None) < psutil.virtual_memory().total / 3
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (9e9, 80e9))
    assert memory_for_images(cuda, None) == 3e9


def test_auto_is_bf16_on_cuda_and_fp32_on_the_cpu():
    assert precision_for("auto", torch.device("cuda")) == "bf16"
    assert precision_for("auto", torch.device("cpu")) == "fp32"


@pytest.mark.parametrize("asked", ["fp32", "bf16"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_precision_that_is_asked_for_is_taken_everywhere(asked, device):
    assert precision_for(asked, torch.device(device)) == asked


def test_an_unknown_precision_is_named_with_its_key():
    with pytest.raises(UserError, match=r"compute\.precision 'bf32'.*known: auto, bf16, fp32"):
        precision_for("bf32", torch.device("cpu"))


def test_dropout_repeats_from_a_state_that_was_put_back():
    cpu = torch.device("cpu")
    dropout, ones = nn.Dropout(0.5), torch.ones(50)
    before = random_state(cpu)
    first = dropout(ones)
    assert not torch.equal(dropout(ones), first)
    set_random_state(cpu, before)
    assert torch.equal(dropout(ones), first)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_dropout_repeats_on_cuda_too():
    cuda = torch.device("cuda")
    dropout, ones = nn.Dropout(0.5), torch.ones(50, device=cuda)
    before = random_state(cuda)
    first = dropout(ones)
    set_random_state(cuda, before)
    assert torch.equal(dropout(ones), first)


def test_what_a_gpu_is_to_compute_meets_no_tensor_of_the_cpu(monkeypatch):
    """Tensors without values, which know where they would be: no GPU is needed."""
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
    gpu, generator = torch.device("cuda"), torch.Generator()
    with FakeTensorMode():
        with gpu:
            model = build_model("resnet18", (3, 32, 32), 10, width=0.25)
        weights = {name: model.get_parameter(name) for name in tensors(model, "inner")}
        masks = Masks({name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()})
        images = torch.empty(40, 3, 32, 32, dtype=torch.uint8, device=gpu)
        split = DeviceSplit(images, torch.empty(40, dtype=torch.int64, device=gpu))
        scaling = ChannelScaling((0.5,) * 3, (0.2,) * 3)
        batches = Batches(split, 16, scaling, Augmentation(), drop_last=True)
        masks.apply_(model)
        for x, labels in batches.epoch(generator):
            loss = cross_entropy(model(x), labels, smoothing=0.1)
            assert (x.device.type, x.shape, loss.device.type) == ("cuda", (16, 3, 32, 32), "cuda")
    with pytest.raises(RuntimeError, match="device"), FakeTensorMode():
        torch.empty(2, device=gpu) + torch.empty(2)
