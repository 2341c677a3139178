"""What a compact layer takes from the Linear or Conv2d that it replaces, and what has none."""

from typing import Any

from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.sparse.groups import Groups


def obstacle(module: nn.Module) -> str | None:
    """Why there is no compact form of `module`, or None if there is one."""
    if type(module) not in (nn.Linear, nn.Conv2d):  # a subclass may compute something else
        return f"{type(module).__name__} has no compact form"
    if isinstance(module, nn.Conv2d):
        if module.groups != 1:
            return "a grouped convolution has no compact form"
        if module.padding_mode != "zeros":
            return f"padding_mode '{module.padding_mode}' has no compact form"
        if module.padding == "same" and any(_reach(module, axis) % 2 for axis in (0, 1)):
            return "padding 'same' of an even reach pads the two sides differently"
    return None


def parts_of(
    module: nn.Linear | nn.Conv2d, mask: Tensor
) -> tuple[Groups, tuple[int, ...], Tensor, Tensor | None]:
    """Groups, shape of the dense weight, packed weight and bias of a layer's compact form."""
    reason = obstacle(module)
    if reason is not None:
        raise UserError(f"{reason}: fold the mask into its weight instead ({module})")
    weight, bias = module.weight, module.bias
    if mask.shape != weight.shape:
        raise UserError(f"the mask has shape {tuple(mask.shape)}, the weight {tuple(weight.shape)}")
    groups = Groups.from_mask(mask)
    packed = parameter(groups.to(weight.device).pack(weight.detach()), weight)
    copied = bias if bias is None else parameter(bias.detach().clone(), bias)
    return groups, tuple(weight.shape), packed, copied


def parameter(value: Tensor, like: Tensor) -> nn.Parameter:
    """A parameter of that value, trained or frozen as `like` is."""
    return nn.Parameter(value.detach(), like.requires_grad)


def _reach(module: nn.Conv2d, axis: int) -> int:
    """How much smaller than its input an unpadded output is, at stride 1."""
    return pair(module.dilation)[axis] * (pair(module.kernel_size)[axis] - 1)


def padding_of(module: nn.Conv2d) -> tuple[int, int]:
    """Zeros beside each axis, where `padding` is given in numbers or in words."""
    if module.padding == "valid":
        return (0, 0)
    if module.padding == "same":
        return (_reach(module, 0) // 2, _reach(module, 1) // 2)
    return pair(module.padding)


def pair(value: Any) -> tuple[int, int]:
    """(height, width) as plain numbers."""
    height, width = value
    return int(height), int(width)
