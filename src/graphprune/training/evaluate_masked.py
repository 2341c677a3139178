"""One network under many masks, evaluated in one pass over the images."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from graphprune.masks.mask import Masks, parameters
from graphprune.metrics.accuracy import accuracy_and_loss
from graphprune.sparse.images import Images
from graphprune.training.device import precision

# Images at a time on the CPU: what all layers make of them stays in its caches.
PIECE = 512


@torch.inference_mode()
def evaluate_masked(
    model: nn.Module, masks: Sequence[Masks], batches: Iterable[tuple[Images, Tensor]]
) -> list[tuple[float, float]]:
    """(accuracy, mean cross-entropy) of `model` under each of `masks`, as `evaluate` counts them.

    All masks have the same tensors. What lies before the first of them in an ``nn.Sequential`` is
    computed once for all masks. `model` is left as it is, but in evaluation mode.
    """
    if not masks:
        return []
    front, rest = _split(model.eval(), masks[0])
    weights = {name: weight.detach() for name, weight in parameters(model, masks[0]).items()}
    pruned = [
        {name: weight * mask[name].to(weight.device) for name, weight in weights.items()}
        for mask in masks
    ]
    correct = torch.zeros(len(masks), dtype=torch.float64)
    loss = torch.zeros(len(masks), dtype=torch.float64)
    examples = 0
    for images, labels in _pieces(batches):
        with precision(images):
            seen = front(images)
            for number, chosen in enumerate(pruned):
                logits = functional_call(rest, chosen, (seen,)).float()
                right, cost = accuracy_and_loss(logits, labels)
                correct[number] += right.item()
                loss[number] += cost.item()
        examples += len(labels)
    return [
        (a / examples, b / examples) for a, b in zip(correct.tolist(), loss.tolist(), strict=True)
    ]


def _split(model: nn.Module, masks: Masks) -> tuple[nn.Module, nn.Module]:
    """What comes before the layers of `masks`, and the rest, in which names are as in `model`."""
    if not isinstance(model, nn.Sequential):
        return nn.Identity(), model
    touched = {name.partition(".")[0] for name in masks}
    first = next(i for i, (name, _) in enumerate(model.named_children()) if name in touched)
    return model[:first], model[first:]


def _pieces(batches: Iterable[tuple[Images, Tensor]]) -> Iterable[tuple[Tensor, Tensor]]:
    for images, labels in batches:
        dense = images if isinstance(images, Tensor) else images.dense()
        size = PIECE if dense.device.type == "cpu" else len(dense)
        yield from zip(dense.split(size), labels.split(size), strict=True)
