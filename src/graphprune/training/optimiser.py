"""Adam and SGD, one fused call of torch's functional form a step.

The classes in torch.optim do the same arithmetic, but the first of them that is made imports
torch._dynamo (with sympy and, where it is installed, triton): close to a second, as much as
torch itself, and more than half of the start-up of a job that trains. No setting of torch
avoids that; its functions `torch.optim.adam.adam` and `torch.optim.sgd.sgd` do not need it.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim.adam import adam
from torch.optim.sgd import sgd


class Optimiser:
    """Steps over the parameters in `parameters`, those without a gradient left out.

    lr: the learning rate of the next step, which the training loop sets every epoch. state: per
    parameter, the tensors that a step reads and changes, by name.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float):
        self.parameters = list(parameters)
        self.lr = lr
        self.weight_decay = weight_decay
        self.state: list[dict[str, torch.Tensor]] = [{} for _ in self.parameters]

    def step(self) -> None:
        """Change every parameter by its gradient."""
        raise NotImplementedError

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Rate and state, as plain values and tensors."""
        return {"lr": self.lr, "state": [dict(entry) for entry in self.state]}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Become what `state_dict` returned; tensors move to where their parameter lies."""
        self.lr = saved["lr"]
        self.state = [
            {name: tensor.to(parameter.device, copy=True) for name, tensor in entry.items()}
            for parameter, entry in zip(self.parameters, saved["state"], strict=True)
        ]

    def _with_gradient(self) -> list[tuple[nn.Parameter, torch.Tensor, dict[str, torch.Tensor]]]:
        return [
            (parameter, parameter.grad, entry)
            for parameter, entry in zip(self.parameters, self.state, strict=True)
            if parameter.grad is not None
        ]


class Adam(Optimiser):
    """Adam (Kingma and Ba 2015) with betas .9 and .999, eps 1e-8; weight decay is L2."""

    @torch.no_grad()
    def step(self) -> None:
        for parameter, _, entry in (found := self._with_gradient()):
            if not entry:
                # On the device of the parameter: so the fused step wants its step counts.
                entry["step"] = torch.zeros((), device=parameter.device)
                entry["exp_avg"] = torch.zeros_like(parameter)
                entry["exp_avg_sq"] = torch.zeros_like(parameter)
        adam(
            [parameter for parameter, *_ in found],
            [gradient for _, gradient, _ in found],
            [entry["exp_avg"] for *_, entry in found],
            [entry["exp_avg_sq"] for *_, entry in found],
            [],
            [entry["step"] for *_, entry in found],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.lr,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )


class SGD(Optimiser):
    """SGD with momentum (undampened; Nesterov's where asked); weight decay is L2."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float,
        momentum: float,
        nesterov: bool = False,
    ):
        super().__init__(parameters, lr, weight_decay)
        self.momentum = momentum
        self.nesterov = nesterov

    @torch.no_grad()
    def step(self) -> None:
        found = self._with_gradient()
        buffers = [entry.get("momentum_buffer") for *_, entry in found]
        sgd(
            [parameter for parameter, *_ in found],
            [gradient for _, gradient, _ in found],
            buffers,
            fused=True,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            lr=self.lr,
            dampening=0.0,
            nesterov=self.nesterov,
            maximize=False,
        )
        for (*_, entry), buffer in zip(found, buffers, strict=True):
            if buffer is not None:
                entry["momentum_buffer"] = buffer
