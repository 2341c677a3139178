"""Accuracy and loss per example, in eval mode."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from training_cases import FEATURES, TensorBatches, network, separable

from graphprune.training.evaluate import evaluate


class Logits(nn.Module):
    """Passes its input on; one parameter, so that it has a device."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return x


def test_a_short_last_batch_weighs_what_it_holds():
    """Seven of ten right; the mean over batches of 4, 4 and 2 would be (3/4 + 4/4 + 0/2)/3."""
    answers = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    labels = torch.tensor([0, 1, 2, 1, 1, 2, 0, 1, 0, 1])
    images = functional.one_hot(answers, 3).float()
    accuracy, loss = evaluate(Logits(), TensorBatches(images, labels, 4).epoch(None))
    assert accuracy == 7 / 10
    right, wrong = math.log(2 + math.e) - 1, math.log(2 + math.e)
    assert loss == pytest.approx((7 * right + 3 * wrong) / 10, rel=1e-6)


@pytest.mark.parametrize("size", [1, 3, 7, 10, 30, 100])
def test_the_batch_size_does_not_matter(size):
    images, labels = separable(30)
    model = network()
    answers = model(images).argmax(dim=1)
    accuracy, loss = evaluate(model, TensorBatches(images, labels, size).epoch(None))
    assert accuracy == sum(int(a == b) for a, b in zip(answers, labels, strict=True)) / 30
    expected = functional.cross_entropy(model(images), labels).item()
    assert loss == pytest.approx(expected, rel=1e-5)


def test_dropout_is_off_and_batch_norm_uses_what_it_has_learnt():
    images, labels = separable(30)
    model = network(dropout=0.5)
    model.train()
    model(images * 2 + 1)  # running statistics of other data
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = evaluate(model, TensorBatches(images, labels, 7).epoch(None))
    assert found == evaluate(model, TensorBatches(images, labels, 7).epoch(None))
    w = model.state_dict()
    assert all(torch.equal(w[name], value) for name, value in before.items())
    assert not model.training
    hidden = images @ w["0.weight"].T + w["0.bias"]
    hidden = (hidden - w["1.running_mean"]) / torch.sqrt(w["1.running_var"] + 1e-5)
    hidden = torch.relu(hidden * w["1.weight"] + w["1.bias"])
    logits = hidden @ w["4.weight"].T + w["4.bias"]
    assert found[0] == (logits.argmax(dim=1) == labels).double().mean().item()
    assert found[1] == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-4)


def test_nothing_is_kept_for_a_backward_pass():
    seen = []

    class Watched(Logits):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(torch.is_grad_enabled())
            return x + self.nothing

    evaluate(Watched(), [(torch.zeros(2, FEATURES), torch.tensor([0, 1]))])
    assert seen == [False]


def test_images_in_bf16_are_evaluated_in_bf16_and_their_losses_summed_in_fp32():
    """4096 losses of log 3: in bf16 the sum would stand still at 256."""
    model = nn.Linear(FEATURES, 3)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    outputs = []
    model.register_forward_hook(lambda module, images, logits: outputs.append(logits.dtype))
    images, labels = separable(4096)
    loss = evaluate(model, [(images.bfloat16(), labels)])[1]
    assert outputs == [torch.bfloat16]
    assert loss == pytest.approx(math.log(3), rel=1e-5)


def test_bf16_answers_are_nearly_those_of_fp32():
    images, labels = separable(300)
    fp32, bf16 = (evaluate(network(), [(x, labels)]) for x in (images, images.bfloat16()))
    assert bf16 == pytest.approx(fp32, abs=0.02)
    assert bf16 != fp32
