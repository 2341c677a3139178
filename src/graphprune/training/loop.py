"""The training loop. Everything that is not a gradient step is a callback."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import nn

from graphprune.masks.mask import Masks
from graphprune.metrics.accuracy import cross_entropy
from graphprune.sparse.images import Images
from graphprune.training.device import precision, random_state, set_random_state
from graphprune.training.forward import Forward, plain
from graphprune.training.optimiser import Optimiser
from graphprune.training.recipe import Recipe


class EpochBatches(Protocol):
    """One epoch of (images, labels) per call, in an order drawn from the generator."""

    def epoch(self, generator: torch.Generator | None) -> Iterator[tuple[Images, torch.Tensor]]: ...


@dataclass
class State:
    """All that a training is at one moment; what a checkpoint saves.

    forward: how steps compute the logits; evaluations just call the model.
    """

    model: nn.Module
    optimiser: Optimiser
    masks: Masks
    generator: torch.Generator
    epoch: int = 0
    iteration: int = 0
    losses: list[float] = field(default_factory=list)
    failure: str = ""
    forward: Forward = plain

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return next(self.model.parameters()).device

    def to_dict(self) -> dict[str, Any]:
        """All of it, and of the generators that dropout draws from, as tensors and plain values."""
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "masks": dict(self.masks),
            "generator": self.generator.get_state(),
            "random_state": random_state(self.device),
            "epoch": self.epoch,
            "iteration": self.iteration,
            "losses": list(self.losses),
        }

    def load_dict(self, saved: dict[str, Any]) -> None:
        """Become what `to_dict` returned, so that training goes on exactly as it would have."""
        self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.masks = Masks(saved["masks"]).to(self.device)
        self.generator.set_state(saved["generator"])
        set_random_state(self.device, saved["random_state"])
        self.epoch, self.iteration = saved["epoch"], saved["iteration"]
        self.losses = list(saved["losses"])


class Callback:
    """Called around the steps; may replace `state.masks` before one, and then applies them."""

    def before_step(self, state: State) -> None: ...

    def after_epoch(self, state: State) -> None: ...


def train(
    state: State, batches: EpochBatches, recipe: Recipe, callbacks: Sequence[Callback] = ()
) -> None:
    """Train `state` to the recipe's last epoch, from wherever it stands.

    `state.losses` gets the mean training loss of each epoch (per example). Pruned weights
    are zero at every forward pass, whatever momentum and weight decay did in between.
    A loss that is not finite ends the training and is named in `state.failure`, and so are
    weights that a last step has left not finite.
    """
    state.masks.apply_(state.model)
    while state.epoch < recipe.epochs and not state.failure:
        state.optimiser.lr = recipe.rate(state.epoch)
        state.model.train()
        total, examples = torch.zeros((), device=state.device, dtype=torch.float64), 0
        for images, labels in batches.epoch(state.generator):
            for callback in callbacks:
                callback.before_step(state)
            loss = step(state, images, labels, recipe.label_smoothing)
            total.add_(loss, alpha=len(labels))
            examples += len(labels)
            state.iteration += 1
        mean = total.item() / examples  # the one host sync of the epoch
        state.epoch += 1
        state.losses.append(mean)
        if not math.isfinite(mean):
            state.failure = f"the loss is {mean} in epoch {state.epoch}"
        for callback in callbacks:
            callback.after_epoch(state)
    if not state.failure and not finite(state.model):
        state.failure = f"a weight is not finite after epoch {state.epoch}"


def step(
    state: State, images: Images, labels: torch.Tensor, smoothing: float = 0.0
) -> torch.Tensor:
    """One optimiser step of `state`; the mean loss of the batch before it, 0-d, on the device.

    smoothing: of the labels, as `cross_entropy` takes it.

    Images in bf16 are computed with in bf16; the loss, the gradients and the weights are not.
    """
    state.optimiser.zero_grad()
    with precision(images):
        logits = state.forward(state.model, images)
    loss = cross_entropy(logits, labels, smoothing=smoothing)
    loss.backward()
    state.optimiser.step()
    state.masks.apply_(state.model)
    return loss.detach()


def finite(model: nn.Module) -> bool:
    """Whether every parameter of `model` is a number (one host sync)."""
    weights = [weight.detach().isfinite().all() for weight in model.parameters()]
    return bool(torch.stack(weights).all().item())
