"""Sums over a batch, so that means over a data set weigh every sample alike."""

import torch
import torch.nn.functional as F
from torch import Tensor


def accuracy_and_loss(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """(number of correct top-1 answers, summed cross-entropy) of one batch, both 0-d tensors.

    `logits` is (batch, classes), `labels` (batch,) of class indices. Add both over batches and
    divide by the number of samples: a short last batch then weighs what it holds. Both stay on
    the device of `logits`, so that adding them waits for nothing. The loss is summed in at
    least float32; the smallest index wins a tie.
    """
    if logits.dtype in (torch.float16, torch.bfloat16):
        logits = logits.float()
    correct = (logits.argmax(dim=1) == labels).sum()
    return correct, F.cross_entropy(logits, labels, reduction="sum")
