"""A network as the layered graph of neural curvature: lengths of edges, values of nodes.

Nodes are the units of every layer, input pixels and output logits included; an edge joins two
units that a weight connects, at length 1/|w|. Every transition between layers is written as a
convolution: a linear layer is one whose kernel covers its whole input, so one set of formulas
serves all. Batch normalisation, activation, flattening and dropout are no nodes.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.pruning.curvature_trace import NORMS, Step, no_rule, refuse_unknown, steps
from graphprune.registry import lookup

BATCH_NORM = ("raw", "folded")
OUTPUTS = ("logits", "softmax")


@dataclass(frozen=True)
class Transition:
    """The weights between layer t and layer t + 1, as a convolution."""

    name: str
    """Of the weight tensor in the model."""
    weight: np.ndarray
    """|w|, float64 (out, in, kh, kw); the edge has length 1/|w|, and is absent where it is 0."""
    stride: tuple[int, int]
    padding: tuple[int, int]
    source: tuple[int, int, int]
    """(channels, height, width) of layer t."""
    target: tuple[int, int, int]
    shape: tuple[int, ...]
    """Of the weight tensor in the model; the same numbers in the same order."""


@dataclass(frozen=True)
class Layer:
    """One layer's nodes for some examples, each array (examples, channels, height, width)."""

    values: np.ndarray
    """|activation|, min–max normalised over the layer per example: in [0, 1]."""
    dead: np.ndarray
    """Hidden ReLU units whose value is 0."""
    slopes: np.ndarray
    """tanh(z)/z of a tanh unit's (and, in such a net, the output's) pre-activation, else 1."""


def read_chain(
    model: nn.Module, examples: Tensor, batch_norm: str = "raw", output: str = "logits"
) -> tuple[list[Transition], list[Layer]]:
    """The transitions of `model` and the layers' values for `examples` (one more than those).

    batch_norm: ``raw`` takes lengths from the weights as they are, as published; ``folded``
    from the weights times the scale of the BatchNorm behind them. output: whether the last
    layer's values are the ``logits`` or their ``softmax``. The model runs in double precision
    on the CPU, in evaluation mode, on a copy.

    UserError for a module without a rule, by name; for weights or activations that are NaN or
    infinite; for a layer whose weights, or whose units for an example, are all zero.
    """
    lookup(dict.fromkeys(BATCH_NORM), batch_norm, "batch_norm of neural curvature")
    lookup(dict.fromkeys(OUTPUTS), output, "output of neural curvature")
    refuse_unknown(model)
    if len(examples) == 0:
        raise UserError("neural curvature needs at least one example")
    model = copy.deepcopy(model).cpu().double().eval()
    with torch.no_grad():
        return _run(model, examples.detach().cpu().double(), batch_norm, output)


def _run(
    model: nn.Module, x: Tensor, batch_norm: str, output: str
) -> tuple[list[Transition], list[Layer]]:
    transitions: list[Transition] = []
    layers: list[Layer] = []
    shape: tuple[int, ...] = tuple(x.shape[1:])  # of the layer now read, before any flattening
    pre, kind = x, "input"
    for step in steps(model):
        if issubclass(step.kind, (nn.Conv2d, nn.Linear)):
            assert step.module is not None
            source = _source(step, x, shape, first=not transitions)
            layers.append(_layer(x, pre, kind, source, step.name))
            after = step.apply(x)
            transitions.append(_transition(step, source, after))
            x = pre = after
            shape, kind = transitions[-1].target, "linear"
        elif issubclass(step.kind, NORMS):
            if kind not in ("linear",):
                raise no_rule("BatchNorm that does not follow Conv2d or Linear", step.name)
            if batch_norm == "folded":
                transitions[-1] = _folded(transitions[-1], step)
            x = pre = step.apply(x)
        elif issubclass(step.kind, (nn.ReLU, nn.Tanh)):
            if kind != "linear":
                raise no_rule("an activation that does not follow a weight layer", step.name)
            kind = "relu" if issubclass(step.kind, nn.ReLU) else "tanh"
            x = step.apply(x)
        else:
            x = step.apply(x)
    if not transitions:
        raise UserError("neural curvature needs a model with at least one Conv2d or Linear layer")
    if kind != "linear":
        raise no_rule("an activation behind the last weight layer", "")
    z = x
    if output == "softmax":
        x = x.flatten(1).softmax(1).reshape(x.shape)
    tanh = any((layer.slopes != 1).any() for layer in layers)
    layers.append(_layer(x, z, "output_tanh" if tanh else "output", shape, "the output"))
    return transitions, layers


def _source(step: Step, x: Tensor, shape: tuple[int, ...], first: bool) -> tuple[int, int, int]:
    if issubclass(step.kind, nn.Conv2d):
        if x.dim() != 4:
            raise UserError(
                f"'{step.name}' is a Conv2d: expected images (examples, channels, height, width), "
                f"found {tuple(x.shape)}"
            )
        return (x.shape[1], x.shape[2], x.shape[3])
    if x.dim() != 2:
        raise no_rule(f"a Linear layer on inputs of shape {tuple(x.shape[1:])}", step.name)
    if first or len(shape) != 3:
        return (x.shape[1], 1, 1)
    return (shape[0], shape[1], shape[2])


def _transition(step: Step, source: tuple[int, int, int], after: Tensor) -> Transition:
    module = step.module
    assert isinstance(module, (nn.Conv2d, nn.Linear))
    weight = module.weight.detach().numpy().astype(np.float64)
    name = f"{step.name}.weight" if step.name else "weight"
    if not np.isfinite(weight).all():
        what = np.isnan(weight) if np.isnan(weight).any() else np.isinf(weight)
        raise UserError(
            f"'{name}' is {'NaN' if np.isnan(weight).any() else 'infinite'} for "
            f"{int(what.sum())} of {weight.size} weights; "
            "neural curvature needs finite weights. Has the training diverged?"
        )
    if not weight.any():
        raise UserError(
            f"'{name}' is all zero: no path leads through the layer, so no curvature is defined"
        )
    absolute = np.abs(weight)
    if isinstance(module, nn.Linear):
        kernel = absolute.reshape(len(weight), *source)
        return Transition(name, kernel, (1, 1), (0, 0), source, (len(weight), 1, 1), weight.shape)
    if module.groups != 1 or module.dilation != (1, 1) or module.padding_mode != "zeros":
        raise no_rule("Conv2d with groups, dilation or a padding mode", step.name)
    padding = _padding(module, step.name)
    target = (after.shape[1], after.shape[2], after.shape[3])
    stride = (module.stride[0], module.stride[1])
    return Transition(name, absolute, stride, padding, source, target, weight.shape)


def _padding(module: nn.Conv2d, name: str) -> tuple[int, int]:
    if not isinstance(module.padding, str):
        return (module.padding[0], module.padding[1])
    if module.padding == "valid":
        return (0, 0)
    sides = [side - 1 for side in module.kernel_size]
    if any(side % 2 for side in sides):
        raise no_rule("padding 'same' of an even kernel", name)
    return (sides[0] // 2, sides[1] // 2)


def _folded(transition: Transition, step: Step) -> Transition:
    norm = step.module
    assert isinstance(norm, NORMS)
    if norm.running_var is None or norm.num_features != len(transition.weight):
        raise no_rule("folding a BatchNorm without a running variance per channel", step.name)
    scale = (norm.running_var + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight
    weight = transition.weight * scale.abs().numpy()[:, None, None, None]
    if not weight.any():
        raise UserError(f"'{transition.name}' times the scale of '{step.name}' is all zero")
    return Transition(
        transition.name,
        weight,
        transition.stride,
        transition.padding,
        transition.source,
        transition.target,
        transition.shape,
    )


def _layer(x: Tensor, pre: Tensor, kind: str, shape: tuple[int, ...], name: str) -> Layer:
    """The values of the units that feed `name`."""
    where = "the output" if kind.startswith("output") else f"the units that '{name}' reads"
    z = np.abs(x.reshape(len(x), *shape).numpy())
    if not np.isfinite(z).all():
        raise UserError(
            f"{where} are NaN or infinite for some example; neural curvature needs finite "
            "activations"
        )
    flat = z.reshape(len(z), -1)
    low, high = flat.min(1)[:, None, None, None], flat.max(1)[:, None, None, None]
    if (high == 0).any():
        example = int(np.flatnonzero(high.ravel() == 0)[0])
        raise UserError(
            f"{where} are all zero for example {example}: their values cannot be normalised"
        )
    spread = high - low
    # Where all units are equally active none is less active than the most active one.
    values = np.where(spread > 0, (z - low) / np.where(spread > 0, spread, 1.0), 1.0)
    dead = (values == 0) & (kind == "relu")
    slopes = np.ones_like(values)
    if kind in ("tanh", "output_tanh"):
        before = pre.reshape(len(x), *shape).numpy()
        safe = np.where(before == 0, 1.0, before)
        slopes = np.where(before == 0, 1.0, np.tanh(safe) / safe)
    if kind == "tanh":
        # Published: the least active tanh unit is not dead, so it does not become 0.
        no_zero = (flat > 0).all(1)[:, None, None, None]
        values = np.where(no_zero, values + 1e-6, values)
    return Layer(values, dead, slopes)
