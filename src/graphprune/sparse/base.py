"""What compact layers share: the packed weight, what is made of it, and which form computes."""

import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.sparse import native
from graphprune.sparse.choose import fastest
from graphprune.sparse.groups import Groups


class Compact(nn.Module):
    """What both layers share: the packed weight, its groups, and the choice of the kernel."""

    bias: nn.Parameter | None
    outputs: Tensor
    output_start: Tensor
    inputs: Tensor
    input_start: Tensor
    # (weight, its version, what was made of it by name)
    _made: tuple[Tensor, int, dict[str, Any]] | None

    choose = False
    """Whether to measure, for every new shape of the input, if the kernel is faster than a dense
    product, and to keep to what was faster. Results differ in the last digits only."""

    def __init__(
        self, groups: Groups, shape: tuple[int, ...], weight: Tensor, bias: Tensor | None
    ) -> None:
        super().__init__()
        self._shape = shape
        self.weight = parameter(weight, weight)
        self.register_parameter("bias", None if bias is None else parameter(bias, bias))
        for name in ("outputs", "output_start", "inputs", "input_start"):
            self.register_buffer(name, getattr(groups, name).to(weight.device))
        self._choices: dict[Hashable, str] = {}
        self._know(groups)

    @property
    def chosen(self) -> set[str]:
        """The forms that `choose` has found fastest: "kernel", or some of the dense ones."""
        return set(self._choices.values())

    @property
    def groups(self) -> Groups:
        """Which outputs read which inputs."""
        return Groups(self.outputs, self.output_start, self.inputs, self.input_start, self._runs)

    def dense_weight(self) -> Tensor:
        """The masked dense weight, of the replaced layer's shape; gradients flow through it."""
        return self.groups.unpack(self.weight, self._shape)

    def train(self, mode: bool = True) -> Self:
        """As of any module; after training the weight is packed anew, however it was changed."""
        if mode != self.training:
            self._made = None
        return super().train(mode)

    def extra_repr(self) -> str:
        kept, every = self.weight.numel(), math.prod(self._shape)
        return f"{self._shape}, {kept} of {every} weights, {len(self.groups)} groups"

    def __getstate__(self) -> dict[str, Any]:
        """Copies pack their weight anew, and choose for themselves."""
        return {**self.__dict__, "_made": None, "_choices": {}}

    def _load_from_state_dict(self, *args: Any) -> None:
        """Other groups may have come with the weight; UserError if they fit no such layer."""
        super()._load_from_state_dict(*args)
        errors = args[-1]
        if not errors:  # else torch is about to say what does not fit
            tensors = (self.outputs, self.output_start, self.inputs, self.input_start)
            self._know(Groups.from_tensors(*tensors))

    def _know(self, groups: Groups) -> None:
        """Keep as plain numbers what tracing and export cannot read from tensors."""
        out_width, in_width, *kernel = self._shape
        outputs, everything = groups.outputs.tolist(), list(range(out_width))
        if (
            sorted(outputs) != everything
            or max(groups.inputs.tolist(), default=0) >= in_width
            or groups.kept * math.prod(kernel) != self.weight.numel()
        ):
            raise UserError(
                f"the groups do not fit a layer of {in_width} inputs and {out_width} outputs: "
                "they were saved from another layer"
            )
        self._runs = groups.runs
        self._in_order = outputs == everything
        self._made = None

    def _fill(self, dense: nn.Linear | nn.Conv2d) -> None:
        """Give a layer without values, made on the meta device, copies of this one's."""
        dense.weight = parameter(self.dense_weight(), self.weight)
        bias = self.bias
        dense.register_parameter("bias", None if bias is None else parameter(bias.clone(), bias))
        dense.train(self.training)

    def _by_kernel(self, x: Tensor) -> bool:
        """Whether the compiled kernel may compute this layer of `x`."""
        tensors = [t for t in (x, self.weight, self.bias) if t is not None]
        wanted = (
            not exporting()
            and type(x) is Tensor  # not a subclass without memory that the kernel could read
            and x.numel() > 0
            and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in tensors)
            and not (torch.is_grad_enabled() and any(t.requires_grad for t in tensors))
            and not torch.is_autocast_enabled("cpu")
        )
        return wanted and native.available()

    def _computed(self, x: Tensor, forms: Mapping[str, Callable[[], Tensor]]) -> Tensor:
        """The result of the form "kernel", or of the one that is fastest for inputs like `x`."""
        if not self.choose:
            return forms["kernel"]()
        key = (x.shape, x.stride(), torch.get_num_threads())
        if key not in self._choices:
            self._choices[key] = fastest(forms)
            if self._made is not None:  # what no choice needs takes no memory
                made = self._made[2]
                for name in made.keys() - self.chosen:
                    del made[name]
        return forms[self._choices[key]]()

    def _of_weight(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` makes of the weight, kept under `name` until the weight has changed.

        A change through ``weight.data`` leaves no trace that could be seen here, except by
        going from training to evaluation.
        """
        weight = self.weight.detach()
        version = 0 if weight.is_inference() else weight._version
        if self._made is not None:
            known, at, _ = self._made
            if known.data_ptr() != weight.data_ptr() or at != version:
                self._made = None
        if self._made is None:
            self._made = (weight, version, {})  # holding it, no other tensor takes its address
        made = self._made[2]
        if name not in made:
            made[name] = make()
        return made[name]

    def _folded(self, name: str, change: Callable[[Tensor], Tensor] = lambda weight: weight) -> Any:
        return self._of_weight(name, lambda: change(self.dense_weight().detach()))

    def _pack(self, kernel_size: tuple[int, int] | None) -> native.Pack:
        pack: native.Pack = self._of_weight(
            "kernel", lambda: native.Pack(self.groups, self.weight.detach(), kernel_size)
        )
        return pack

    def _finished(self, runs: list[Tensor], dim: int) -> Tensor:
        """The outputs of all runs along `dim`, in the order of the dense layer, plus bias."""
        packed = runs[0] if len(runs) == 1 else torch.cat(runs, dim)
        if self._in_order:
            out = packed
        else:
            out = torch.empty_like(packed).index_copy_(dim, self.outputs, packed)
        if self.bias is None:
            return out
        trailing = (1,) * (out.ndim - dim - 1)
        return out + self.bias.to(out.dtype).view(-1, *trailing)


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


def exporting() -> bool:
    """Whether torch records the operations: a call of the kernel would leave no trace."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()
