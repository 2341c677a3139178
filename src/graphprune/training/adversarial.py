"""Adversarial training: every batch is first changed so as to raise the loss of the network."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.evaluating import evaluating
from graphprune.metrics.accuracy import cross_entropy
from graphprune.sparse.images import Images
from graphprune.training.device import precision
from graphprune.training.loop import EpochBatches


@dataclass(frozen=True)
class Attack:
    """Projected gradient descent in the L∞ ball (Madry et al. 2018, section 2.1).

    epsilon: radius of the ball, step: of each step, both in pixel values of images in [0, 1].
    steps: how many. UserError for what is not above 0.
    """

    epsilon: float
    step: float
    steps: int

    def __post_init__(self) -> None:
        for name, value in (("epsilon", self.epsilon), ("step", self.step), ("steps", self.steps)):
            if not value > 0:
                raise UserError(f"{name} of an attack is {value}; expected a number above 0")


def attacked(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    attack: Attack,
    scaling: tuple[Tensor, Tensor],
    generator: torch.Generator | None,
) -> Tensor:
    """Images of the ball around `images` that `model`, in evaluation mode, does worse on.

    images: as the network sees them, (pixels − mean)/std with `scaling` = (mean, std); pixels stay
    in [0, 1]. The start is uniform in the ball, drawn from `generator` (on the CPU); without one
    it is `images`. `model` is left as it was, its gradients too.
    """
    mean, std = scaling
    clean = images.float()
    low = torch.maximum(clean - attack.epsilon / std, (0 - mean) / std)
    high = torch.minimum(clean + attack.epsilon / std, (1 - mean) / std)
    found = clean
    if generator is not None:
        start = torch.rand(clean.shape, generator=generator).to(clean.device)
        found = clean + (2 * start - 1) * (attack.epsilon / std)
    found = torch.clamp(found, low, high)
    with evaluating(model):
        for _ in range(attack.steps):
            step = attack.step / std * _uphill(model, found, labels, images)
            found = torch.clamp(found + step, low, high)
    return found.to(images.dtype)


def _uphill(model: nn.Module, found: Tensor, labels: Tensor, like: Tensor) -> Tensor:
    """Sign of the loss's gradient by the images, computed in the precision that `like` is in."""
    found = found.detach().requires_grad_()
    with torch.enable_grad():
        with precision(like):
            logits = model(found)
        return torch.autograd.grad(cross_entropy(logits, labels), found)[0].sign()


@dataclass(frozen=True, eq=False)
class AttackedBatches:
    """The batches of another, attacked with the network as it is at that moment.

    scaling: (mean, std) of `attacked`. Random starts are drawn from the generator that
    the order is drawn from, so a training goes on from a checkpoint as if undisturbed.
    """

    batches: EpochBatches
    model: nn.Module
    attack: Attack
    scaling: tuple[Tensor, Tensor]

    def epoch(self, generator: torch.Generator | None) -> Iterator[tuple[Images, Tensor]]:
        """One pass, as that of `batches`."""
        for images, labels in self.batches.epoch(generator):
            assert isinstance(images, Tensor), "images are attacked whole, not by nonzero pixels"
            yield (
                attacked(self.model, images, labels, self.attack, self.scaling, generator),
                labels,
            )
