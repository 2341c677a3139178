"""A masked model turned into one whose layers store and compute only what the masks keep."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from graphprune.masks.mask import Masks
from graphprune.sparse import native
from graphprune.sparse.dense_layer import obstacle, pair
from graphprune.sparse.groups import Groups, same_at_every_position
from graphprune.sparse.layers import CompactConv2d, CompactLinear
from graphprune.sparse.pool import MaxPool2d

# A mask with more groups than this, and than a quarter of the outputs, is taken as unstructured.
# Groups cost by their number and pay by their size: with fewer than four outputs each they hardly
# share the inputs they read. 64 nodes are RGP's graph; at 64 channels, where every output is a
# node, its convolutions still gain from the kernel.
_NODES = 64
_IMAGE_CHANNELS = 4
_WHOLE = "the mask removes nothing"
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class LayerPlan:
    """What becomes of one masked tensor, and why.

    kind "compact": its layer is replaced by a compact one; "dense": the mask is folded into it.
    """

    tensor: str
    kind: Literal["compact", "dense"]
    why: str
    kept: int
    weights: int


def compact(model: nn.Module, masks: Masks) -> nn.Module:
    """A copy of `model` that equals it with masked weights, where compact layers skip the rest.

    Layers become what `plan` says, and choose for themselves whether the kernel or a dense product
    is faster (`layers.CompactLinear.choose`); max pooling and a first convolution, which keeps all
    its weights, keep the layout that compact convolutions hand on. Modules, names and training
    mode stay, a module used twice is still one module, and `model` is untouched. The copy shares
    no tensor with it.
    UserError if a mask names no parameter of `model` or has another shape.
    """
    planned = plan(model, masks)
    masks = _by_parameter(model, masks)
    twin = copy.deepcopy(model)
    for layer in planned:
        weight, mask = twin.get_parameter(layer.tensor), masks[layer.tensor]
        if layer.kind == "compact":
            twin = _replaced(twin, weight, mask)
        else:
            with torch.no_grad():
                weight.mul_(mask.to(weight.device))
    if any(isinstance(module, CompactConv2d) for module in twin.modules()):
        for name in _first_convolutions(twin, planned):
            weight = twin.get_parameter(name)
            everything = torch.ones_like(weight, dtype=torch.bool)
            twin = _replaced(twin, weight, everything, innermost=True)
        for module in [m for m in twin.modules() if type(m) is nn.MaxPool2d]:
            twin = _exchanged(twin, module, MaxPool2d.of(module) or module)
    return twin


def plan(model: nn.Module, masks: Masks) -> tuple[LayerPlan, ...]:
    """What `compact` does with each masked tensor, in the order of `masks`.

    A tensor with several names has one entry. UserError as for `compact`.
    """
    masks = _by_parameter(model, masks)
    kept, total = masks.kept(), masks.total()
    entries = []
    for name, mask in masks.items():
        reason = _why_dense(model, model.get_parameter(name), mask)
        kind: Literal["compact", "dense"] = "dense" if reason else "compact"
        why = reason or f"{len(Groups.from_mask(mask))} groups"
        entries.append(LayerPlan(name, kind, why, kept[name], total[name]))
    return tuple(entries)


def _first_convolutions(model: nn.Module, planned: tuple[LayerPlan, ...]) -> list[str]:
    """Weights of unmasked convolutions that read the image itself and that the kernel can compute.

    It is good at layers of few inputs, and hands on the layout that compact layers want: the
    layers after it and a sum with its output would otherwise turn the largest images round.
    """
    masked = {layer.tensor for layer in planned}
    found = []
    for name, weight in model.named_parameters():
        ((module, _), *others) = _uses(model, weight)
        if name in masked or others or type(module) is not nn.Conv2d or weight.ndim != 4:
            continue
        sizes = (pair(module.kernel_size), pair(module.stride), pair(module.dilation))
        everything = torch.ones_like(weight, dtype=torch.bool)
        if (
            module.in_channels <= _IMAGE_CHANNELS
            and native.takes_conv2d(*sizes)
            and _why_dense(model, weight, everything) == _WHOLE
        ):
            found.append(name)
    return found


def _by_parameter(model: nn.Module, masks: Masks) -> Masks:
    """One mask for each parameter, under the first of its names: kept is what all names keep."""
    masks.check(model)
    names: dict[Tensor, str] = {}
    joined: dict[str, Tensor] = {}
    for name, mask in masks.items():
        first = names.setdefault(model.get_parameter(name), name)
        joined[first] = joined[first] & mask if first in joined else mask
    return Masks(joined)


def _why_dense(model: nn.Module, weight: Tensor, mask: Tensor) -> str | None:
    """Why the layer of `weight` is left dense, or None if it is to be compact."""
    owners = {module: None for module, _ in _uses(model, weight)}
    if len(owners) > 1:
        return "several modules share the weight"
    (module,) = owners
    reason = obstacle(module)
    if reason is not None:
        return reason
    if module.weight is not weight:
        return "it is not the layer's weight"
    if module._forward_hooks or module._forward_pre_hooks:
        return "the layer has hooks, which a new layer would not have"
    for parent in _parents(model, module):
        holder = isinstance(parent, _CONTAINERS) or type(parent) is nn.Module  # as torch.fx makes
        if type(parent).__module__.startswith("torch.nn.") and not holder:
            return f"{type(parent).__name__} reads the weight itself"
    if mask.all():
        return _WHOLE
    if not same_at_every_position(mask):
        return "the mask differs between kernel positions"
    groups = len(Groups.from_mask(mask))
    if groups > max(_NODES, len(mask) // 4):
        return f"unstructured: {groups} groups of {len(mask)} outputs"
    return None


def _uses(model: nn.Module, weight: Tensor) -> Iterator[tuple[nn.Module, str]]:
    """Each module that holds `weight` as a parameter of its own, and the parameter's name."""
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            if parameter is weight:
                yield module, name


def _parents(model: nn.Module, child: nn.Module) -> Iterator[nn.Module]:
    for module in model.modules():
        if any(found is child for found in module.children()):
            yield module


def _replaced(model: nn.Module, weight: Tensor, mask: Tensor, innermost: bool = False) -> nn.Module:
    """`model` with the layer of `weight` compact."""
    ((layer, _),) = _uses(model, weight)
    if isinstance(layer, nn.Linear):
        new: CompactLinear | CompactConv2d = CompactLinear.from_dense(layer, mask)
    else:
        assert isinstance(layer, nn.Conv2d)
        new = CompactConv2d.from_dense(layer, mask)
    new.choose, new.innermost = True, innermost
    return _exchanged(model, layer, new)


def _exchanged(model: nn.Module, old: nn.Module, new: nn.Module) -> nn.Module:
    """`model` with `new` wherever `old` stands."""
    for parent in _parents(model, old):
        for name, child in parent._modules.items():
            if child is old:
                parent._modules[name] = new
    return new if model is old else model
