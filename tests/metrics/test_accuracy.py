"""Accuracy and loss over batches equal those over the whole set, short last batch or not."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss
from torch import Tensor

from graphprune.metrics.accuracy import accuracy_and_loss, cross_entropy


def _sample(seed: int, size: int, classes: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(size, classes, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (size,), generator=generator)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.integers(1, 60),
    batch=st.integers(1, 25),
    classes=st.integers(2, 7),
)
def test_sums_over_batches_against_sklearn(seed: int, size: int, batch: int, classes: int) -> None:
    logits, labels = _sample(seed, size, classes)
    parts = [
        accuracy_and_loss(*pair)
        for pair in zip(logits.split(batch), labels.split(batch), strict=True)
    ]
    accuracy = sum(int(correct) for correct, _ in parts) / size
    loss = sum(float(total) for _, total in parts) / size
    assert accuracy == pytest.approx(accuracy_score(labels, logits.argmax(1)))
    probabilities = logits.softmax(1).numpy()
    expected = log_loss(labels.numpy(), probabilities, labels=np.arange(classes))
    assert loss == pytest.approx(expected, rel=1e-9)


def test_short_last_batch_weighs_what_it_holds() -> None:
    """7 samples in batches of 3: 3, 3 and 1. All right but the last one: 6/7, where a mean of
    batch means would say (1 + 1 + 0)/3. Two equal logits: the loss of each sample is ln 2.
    """
    logits = torch.zeros(7, 2)
    labels = torch.tensor([0, 0, 0, 0, 0, 0, 1])
    results = [accuracy_and_loss(*p) for p in zip(logits.split(3), labels.split(3), strict=True)]
    assert [int(correct) for correct, _ in results] == [3, 3, 0]  # the smallest index wins ties
    assert sum(float(loss) for _, loss in results) == pytest.approx(7 * np.log(2))


def test_both_are_zero_dimensional_tensors() -> None:
    correct, loss = accuracy_and_loss(*_sample(0, 5, 3))
    assert correct.shape == loss.shape == ()
    assert correct.dtype == torch.int64


def test_half_precision_logits_are_summed_in_float32() -> None:
    """In bfloat16 a sum of 4,096 losses near 0.7 would be off by more than a hundredth."""
    logits, labels = torch.zeros(4096, 2, dtype=torch.bfloat16), torch.zeros(4096, dtype=torch.long)
    _, loss = accuracy_and_loss(logits, labels)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(4096 * np.log(2), rel=1e-5)


def test_many_networks_at_once() -> None:
    """vmap over a leading axis of networks, as a population of masks is evaluated."""
    pairs = [_sample(seed, 9, 4) for seed in range(3)]
    logits = torch.stack([logits for logits, _ in pairs])
    labels = pairs[0][1]
    correct, loss = torch.func.vmap(accuracy_and_loss, in_dims=(0, None))(logits, labels)
    for i in range(3):
        one = accuracy_and_loss(logits[i], labels)
        assert correct[i] == one[0]
        torch.testing.assert_close(loss[i], one[1])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_and_its_gradient_are_those_of_torch(dtype, reduction, smoothing) -> None:
    logits, labels = _sample(seed=3, size=37, classes=7)
    ours = logits.to(dtype).requires_grad_()
    plain = logits.to(dtype).requires_grad_()
    wide = torch.promote_types(dtype, torch.float32)
    expected = torch.nn.functional.cross_entropy(
        plain.to(wide), labels, reduction=reduction, label_smoothing=smoothing
    )
    loss = cross_entropy(ours, labels, reduction, smoothing)
    assert loss.dtype == wide
    (loss + expected).backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(ours.grad, plain.grad)
