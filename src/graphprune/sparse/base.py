"""What compact layers share: the packed weight, what is made of it, and which form computes."""

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.sparse import native
from graphprune.sparse.choose import fastest
from graphprune.sparse.dense_layer import parameter
from graphprune.sparse.groups import Groups

Form = Callable[..., Tensor]
"""A way to compute a layer of its input, and of another summand if one is given.

It holds what it needs of the weight.
"""


@dataclass(eq=False)
class _Made:
    """What was made of a weight, and until when it holds.

    `weight` and `bias` share the memory of the layer's, so no other tensor takes their place
    meanwhile. Forms read the bias anew at every call. `known` leads straight from what an input
    looks like to the form that computes it.
    """

    weight: Tensor
    version: int
    bias: Tensor | None
    forms: dict[str, Form] = field(default_factory=dict)
    known: dict[Hashable, Form] = field(default_factory=dict)

    def holds(self, weight: Tensor, bias: Tensor | None) -> bool:
        """Whether the layer's parameters are those, unchanged, of which `forms` were made.

        A change through ``weight.data`` leaves no trace that could be seen here, except by
        going from training to evaluation.
        """
        return (
            self.weight.data_ptr() == weight.data_ptr()
            and self.version == _version(weight)
            and _place(self.bias) == _place(bias)
        )


def _place(bias: Tensor | None) -> int:
    return 0 if bias is None else bias.data_ptr()


def _version(weight: Tensor) -> int:
    return 0 if weight.is_inference() else weight._version


class Compact(nn.Module):
    """What both layers share: the packed weight, its groups, and the choice of the kernel."""

    bias: nn.Parameter | None
    outputs: Tensor
    output_start: Tensor
    inputs: Tensor
    input_start: Tensor
    _made: _Made | None

    choose = False
    """Whether to measure, for every new shape of the input, if the kernel is faster than a dense
    product, and to keep to what was faster. Results differ in the last digits only."""

    forms: frozenset[str] | None = None
    """Names of the forms that `choose` may choose from, where not from all but "gathered".

    "kernel…" are computed by the compiled kernel, "dense…" by torch with the mask folded in;
    "gathered" are torch's grouped or batched products of gathered inputs, which skip the pruned
    work as well, but are slow where blocks are small.
    """

    relu = False
    """Whether the layer's output goes through ReLU before it is handed on (`sparse.inference`)."""

    innermost = False
    """Whether `choose` also counts the time until the images are innermost in memory, because
    what follows wants them so."""

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

    def _by_kernel(self, x: Tensor, other: Tensor | None = None) -> bool:
        """Whether the compiled kernel, or another of `forms`, may compute this layer of `x`."""
        tensors = [t for t in (x, self.weight, self.bias, other) if t is not None]
        wanted = (
            not exporting()
            # Not subclasses without memory that the kernel could read.
            and type(x) is Tensor
            and (other is None or type(other) is Tensor)
            and x.numel() > 0
            and all(t.dtype == torch.float32 and t.device.type == "cpu" for t in tensors)
            and not (torch.is_grad_enabled() and any(t.requires_grad for t in tensors))
            and not torch.is_autocast_enabled("cpu")
        )
        return wanted and (not self._wants_kernel() or native.available())

    def _wants_kernel(self) -> bool:
        return self.forms is None or any(name.startswith("kernel") for name in self.forms)

    def _known(self, x: Tensor, other: Tensor | None = None) -> Form | None:
        """The form that computed the last input like `x`, if it may compute this one as well.

        All that `_by_kernel` asks is asked here in fewer steps: of small layers, whose product
        takes some ten microseconds, every step counts.
        """
        made = self._made
        if made is None or type(x) is not Tensor or torch.is_grad_enabled() or exporting():
            return None
        form = made.known.get(self._key(x, other))
        if (
            form is None
            or not made.holds(self._parameters["weight"], self._parameters["bias"])  # type: ignore[arg-type]
            or torch.is_autocast_enabled("cpu")
        ):
            return None
        return form

    def _key(self, x: Tensor, other: Tensor | None = None) -> Hashable:
        threads, added = torch.get_num_threads(), None
        if other is not None:
            added = (type(other), other.shape, other.stride(), other.dtype, other.is_cpu)
        looks = (x.shape, x.stride(), x.dtype, x.is_cpu, added)
        return (self.choose, self.forms, looks, threads)

    def _chosen_form(
        self, makers: Mapping[str, Callable[[], Form]], x: Tensor, other: Tensor | None = None
    ) -> Form:
        """The form "kernel", or what is fastest for inputs like `x`; `_known` from now on."""
        made = self._made
        if made is None or not made.holds(self.weight, self.bias):
            made = self._made = _Made(self.weight.detach(), _version(self.weight), self._bias())
        key, name = self._key(x, other), "kernel"
        if self.choose:
            if key not in self._choices:
                allowed = self.forms or makers.keys() - {"gathered"}
                forms = {
                    n: made.forms.get(n) or make() for n, make in makers.items() if n in allowed
                }
                made.forms |= forms
                self._choices[key] = fastest(
                    {n: partial(self._to_the_end, form, x, other) for n, form in forms.items()}
                )
                for unused in made.forms.keys() - self.chosen:  # it would only take memory
                    del made.forms[unused]
            name = self._choices[key]
        if name not in made.forms:
            made.forms[name] = makers[name]()
        made.known[key] = made.forms[name]
        return made.forms[name]

    def _to_the_end(self, form: Form, x: Tensor, other: Tensor | None) -> Tensor:
        out = form(x) if other is None else form(x, other)
        return out.movedim(0, -1).contiguous() if self.innermost else out

    def _ended(self, out: Tensor, other: Tensor | None = None) -> Tensor:
        """What follows inside the layer: the sum, and ReLU."""
        out = out if other is None else out + other
        return out.relu() if self.relu else out

    def _end(self, out: Tensor, other: Tensor | None = None) -> Tensor:
        """The same in place."""
        if other is not None:
            out += other
        return out.relu_() if self.relu else out

    def _ending(self, make: Callable[[], Callable[[Tensor], Tensor]]) -> Form:
        """The form that `make` makes, and `_end` of its output, which is nobody else's."""
        form = make()
        return lambda x, other=None: self._end(form(x), other)

    def _folded(self) -> Tensor:
        return self.dense_weight().detach()

    def _bias(self) -> Tensor | None:
        return None if self.bias is None else self.bias.detach()

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


def exporting() -> bool:
    """Whether torch records the operations: a call of the kernel would leave no trace."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()
