"""Accuracy and loss of a network on a whole split, counted per sample."""

from collections.abc import Iterable

import torch
from torch import nn

from graphprune.metrics.accuracy import accuracy_and_loss
from graphprune.sparse.images import Images
from graphprune.training.device import precision


@torch.no_grad()
def evaluate(
    model: nn.Module, batches: Iterable[tuple[Images, torch.Tensor]]
) -> tuple[float, float]:
    """(accuracy in [0, 1], mean cross-entropy in nats) of `model`, in eval mode, over all examples.

    Counted per example: a short last batch weighs what it holds. Images in bf16 are evaluated
    in bf16, their losses summed in float32.
    """
    model.eval()
    device = next(model.parameters()).device
    correct = torch.zeros((), device=device)
    loss = torch.zeros((), device=device)
    examples = 0
    for images, labels in batches:
        with precision(images):
            logits = model(images)
        batch_correct, batch_loss = accuracy_and_loss(logits.float(), labels)
        correct += batch_correct
        loss += batch_loss
        examples += len(labels)
    return correct.item() / examples, loss.item() / examples
