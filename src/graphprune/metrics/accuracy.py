"""Sums over a batch, so that means over a data set weigh every sample alike."""

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(
    logits: Tensor, labels: Tensor, reduction: str = "mean", smoothing: float = 0.0
) -> Tensor:
    """Cross-entropy in nats of (batch, classes) logits, as a mean or a sum; at least float32.

    `smoothing` is the share of each label that is spread evenly over all classes.
    """
    wide = torch.promote_types(logits.dtype, torch.float32)
    # As one "image" of batch pixels: over few classes in the last dimension torch's softmax is
    # several times slower, and then takes up to half of a small network's training.
    pixels = logits.to(wide).t().unsqueeze(0)
    return F.cross_entropy(
        pixels, labels.unsqueeze(0), reduction=reduction, label_smoothing=smoothing
    )


def accuracy_and_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """(number of correct top-1 answers, summed cross-entropy) of one batch, both 0-d tensors.

    `logits` is (batch, classes), `labels` (batch,) of class indices. Add both over batches and
    divide by the number of samples: a short last batch then weighs what it holds. Both stay on
    the device of `logits`, so that adding them waits for nothing. The smallest index wins a tie.
    """
    correct = (logits.argmax(dim=1) == labels).sum()
    return correct, cross_entropy(logits, labels, reduction="sum")
