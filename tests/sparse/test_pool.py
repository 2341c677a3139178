import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from graphprune.sparse.pool import MaxPool2d


def innermost(x):
    return x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)


def channels_last(x):
    return x.to(memory_format=torch.channels_last)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("shape", [(4, 3, 6, 6), (5, 2, 7, 9), (1, 3, 4, 4), (2, 1, 3, 3)])
@pytest.mark.parametrize("layout", [innermost, torch.Tensor.contiguous, channels_last])
def test_it_is_torchs_pooling(size, shape, layout):
    x = layout(torch.randn(shape))
    pooled = MaxPool2d.of(nn.MaxPool2d(size))(x)
    assert torch.equal(pooled, F.max_pool2d(x, size))


def test_without_a_batch_too():
    x = torch.randn(3, 6, 6)
    assert torch.equal(MaxPool2d(2)(x), F.max_pool2d(x, 2))


def test_what_is_no_number_stays_so():
    x = torch.randn(1, 2, 4, 4)
    x[0, 0, 1, 2] = math.nan
    assert MaxPool2d(2)(x).isnan().nonzero().tolist() == [[0, 0, 0, 1]]


def test_images_smaller_than_a_window_are_refused_as_by_torch():
    with pytest.raises(RuntimeError, match="too small"):
        MaxPool2d(3)(torch.randn(2, 3, 2, 5))


def test_images_stay_innermost():
    x = innermost(torch.randn(4, 3, 6, 6))
    assert MaxPool2d(2)(x).stride(0) == 1


def test_gradients_are_torchs():
    x = innermost(torch.randn(4, 3, 6, 6).round()).requires_grad_()  # with ties
    ours, theirs = (
        torch.autograd.grad(pool(x).square().sum(), x)[0]
        for pool in (MaxPool2d(2), nn.MaxPool2d(2))
    )
    assert (ours == theirs).all()


@pytest.mark.parametrize(
    "module",
    [
        nn.MaxPool2d(3, 2),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d((2, 1)),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.MaxPool2d(2, return_indices=True),
        nn.MaxPool2d(2, dilation=2),
    ],
)
def test_other_pooling_is_left_alone(module):
    assert MaxPool2d.of(module) is None
