"""Linear and convolution layers that store only the kept blocks of their weight.

Their parameter `weight` is packed (`Groups.pack`), their index tensors are buffers, so
``state_dict``, ``deepcopy`` and optimisers work on them as on the layers they replace, and a
pruned weight does not exist. Where no gradient is needed the compiled kernel (`sparse.native`)
computes, or, where that is slower, a dense product: `choose`. Training, tracing, export, other
devices and other dtypes use torch's operators.
"""

import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.sparse import native
from graphprune.sparse.choose import fastest
from graphprune.sparse.groups import Groups

# Below these a grouped convolution loses to the dense one on the CPU, often by far; at 8
# channels a group and a tenth of the weights it wins 3 to 4 times (measured, 3×3, batch 1 and 32).
_GROUPED_OUTPUTS = 8
_GROUPED_DENSITY = 0.25
# Rows at once: gathered inputs of more leave the cache, fewer rows starve the products.
_ROWS = 64


class _Compact(nn.Module):
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
        self.weight = _parameter(weight, weight)
        self.register_parameter("bias", None if bias is None else _parameter(bias, bias))
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
        dense.weight = _parameter(self.dense_weight(), self.weight)
        bias = self.bias
        dense.register_parameter("bias", None if bias is None else _parameter(bias.clone(), bias))
        dense.train(self.training)

    def _by_kernel(self, x: Tensor) -> bool:
        """Whether the compiled kernel may compute this layer of `x`."""
        tensors = [t for t in (x, self.weight, self.bias) if t is not None]
        wanted = (
            not _exporting()
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


class CompactLinear(_Compact):
    """``nn.Linear`` that stores and multiplies only the kept blocks of its weight."""

    @classmethod
    @torch.inference_mode(False)
    def from_dense(cls, module: nn.Linear, mask: Tensor) -> "CompactLinear":
        """The layer that equals `module` with its weight × mask (out, in), True = kept.

        It shares no tensor with `module`. UserError if the mask's shape is not the weight's.
        """
        return cls(*_parts(module, mask)).train(module.training)

    @property
    def out_features(self) -> int:
        """Number of outputs."""
        return self._shape[0]

    @property
    def in_features(self) -> int:
        """Number of inputs."""
        return self._shape[1]

    def forward(self, x: Tensor) -> Tensor:
        """(…, in) -> (…, out)."""
        if not torch.jit.is_tracing() and x.shape[-1] != self.in_features:
            raise UserError(
                f"a layer of {self.in_features} inputs got a tensor of shape {tuple(x.shape)}"
            )
        rows = x.reshape(-1, self.in_features)
        if self._by_kernel(x):
            rows = rows.contiguous()
            out = self._computed(rows, self._forms(rows))
        else:
            out = self._by_operators(rows)
        return out.reshape(*x.shape[:-1], self.out_features)

    def _forms(self, x: Tensor) -> dict[str, Callable[[], Tensor]]:
        forms: dict[str, Callable[[], Tensor]] = {
            "kernel": lambda: native.linear(x, self._pack(None), self.bias),
            "dense": lambda: F.linear(x, self._folded("dense"), self.bias),
            "dense, turned": lambda: self._turned(x),
        }
        if torch.backends.mkldnn.is_available():
            forms["dense, oneDNN"] = lambda: self._by_mkldnn(x)
        return forms

    def _turned(self, x: Tensor) -> Tensor:
        weight = self._folded("dense, turned")
        if self.bias is None:
            return torch.mm(weight, x.T).T
        return torch.addmm(self.bias[:, None], weight, x.T).T

    def _by_mkldnn(self, x: Tensor) -> Tensor:
        weight = self._folded("dense, oneDNN", lambda weight: weight.to_mkldnn())
        return torch.ops.aten.mkldnn_linear(x.to_mkldnn(), weight, self.bias).to_dense()

    def to_dense(self) -> nn.Linear:
        """An ordinary layer with the same weights, zero where pruned."""
        dense = nn.Linear(self.in_features, self.out_features, device="meta")
        self._fill(dense)
        return dense

    def _by_operators(self, x: Tensor) -> Tensor:
        if _exporting() or x.device.type != "cpu":
            return self._finished(self._products(x), 1)
        pieces = [self._products(part) for part in x.split(_ROWS)]
        runs = [torch.cat(run) if len(run) > 1 else run[0] for run in zip(*pieces, strict=True)]
        return self._finished(runs, 1)

    def _products(self, x: Tensor) -> list[Tensor]:
        """(batch, in) -> of each run the outputs of its groups (batch, groups · outs)."""
        products = []
        for run in self._runs:
            gathered = x.index_select(1, self.inputs[run.inputs])
            gathered = gathered.view(x.shape[0], run.groups, run.ins)
            weight = self.weight[run.weights].view(run.groups, run.outs, run.ins)
            product = torch.bmm(gathered.transpose(0, 1), weight.transpose(1, 2))
            products.append(product.transpose(0, 1).flatten(1))
        return products


class CompactConv2d(_Compact):
    """``nn.Conv2d`` that stores only the kept blocks of its weight, and skips pruned work.

    Torch's operators skip it where blocks are large and few enough for that to pay; elsewhere
    they compute the dense convolution. The kernel always skips it.
    """

    def __init__(
        self,
        groups: Groups,
        shape: tuple[int, ...],
        weight: Tensor,
        bias: Tensor | None,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__(groups, shape, weight, bias)
        self.stride, self.padding, self.dilation = stride, padding, dilation

    @classmethod
    @torch.inference_mode(False)
    def from_dense(cls, module: nn.Conv2d, mask: Tensor) -> "CompactConv2d":
        """The layer that equals `module` with its weight × mask (out, in, kh, kw), True = kept.

        It shares no tensor with `module`. UserError if the mask's shape is not the weight's, if
        it differs between kernel positions, or if `obstacle` names a reason.
        """
        parts = _parts(module, mask)
        geometry = (_pair(module.stride), _padding(module), _pair(module.dilation))
        return cls(*parts, *geometry).train(module.training)

    @property
    def out_channels(self) -> int:
        """Number of output channels."""
        return self._shape[0]

    @property
    def in_channels(self) -> int:
        """Number of input channels."""
        return self._shape[1]

    @property
    def kernel_size(self) -> tuple[int, int]:
        """Height and width of a kernel."""
        return self._shape[2], self._shape[3]

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H', W'), or the same without N."""
        if not torch.jit.is_tracing() and (x.ndim not in (3, 4) or x.shape[-3] != self.in_channels):
            raise UserError(
                f"a convolution of {self.in_channels} channels got a tensor of shape "
                f"{tuple(x.shape)}; expected (N, {self.in_channels}, H, W)"
            )
        if x.ndim == 3:
            return self.forward(x.unsqueeze(0)).squeeze(0)
        if self._by_kernel(x):
            return self._computed(x, self._forms(x))
        if self._grouped():
            return self._finished(self._convolutions(x), 1)
        return F.conv2d(x, self.dense_weight(), self.bias, self.stride, self.padding, self.dilation)

    def _forms(self, x: Tensor) -> dict[str, Callable[[], Tensor]]:
        def dense(weight: Tensor) -> Tensor:
            return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation)

        def last(weight: Tensor) -> Tensor:
            return weight.contiguous(memory_format=torch.channels_last)

        return {
            "kernel": lambda: native.conv2d(
                x, self._pack(self.kernel_size), self.bias, self.stride, self.padding
            ),
            "dense": lambda: dense(self._folded("dense")),
            "dense, channels last": lambda: dense(self._folded("dense, channels last", last)),
        }

    def to_dense(self) -> nn.Conv2d:
        """An ordinary layer with the same weights, zero where pruned."""
        channels = (self.in_channels, self.out_channels)
        geometry = (self.stride, self.padding, self.dilation)
        dense = nn.Conv2d(*channels, self.kernel_size, *geometry, device="meta")
        self._fill(dense)
        return dense

    def _by_kernel(self, x: Tensor) -> bool:
        return (
            super()._by_kernel(x)
            and native.takes_conv2d(self.kernel_size, self.stride, self.dilation)
            and min(self._out_size(x)) > 0
        )

    def _grouped(self) -> bool:
        """Whether gathering the inputs for grouped convolutions is worth it."""
        groups, weights = self.groups, self.out_channels * self.in_channels
        large = self.out_channels >= _GROUPED_OUTPUTS * len(groups)
        return large and groups.kept <= _GROUPED_DENSITY * weights

    def _convolutions(self, x: Tensor) -> list[Tensor]:
        """(N, in, H, W) -> of each run the outputs of its groups (N, groups · outs, H', W')."""
        area = self.kernel_size[0] * self.kernel_size[1]
        found = []
        for run in self._runs:
            channels = run.groups * run.outs
            if run.ins:
                weight = self.weight[run.weights.start * area : run.weights.stop * area]
                gathered, groups = x.index_select(1, self.inputs[run.inputs]), run.groups
            else:  # conv2d refuses inputs of no channels: zero times the first one
                weight, gathered, groups = x.new_zeros(channels * area), x[:, :1], 1
            weight = weight.view(channels, -1, *self.kernel_size)
            geometry = (self.stride, self.padding, self.dilation)
            found.append(F.conv2d(gathered, weight, None, *geometry, groups))
        return found

    def _out_size(self, x: Tensor) -> list[int]:
        """Height and width of the output."""
        axes = zip(
            x.shape[2:], self.kernel_size, self.stride, self.padding, self.dilation, strict=True
        )
        return [(size + 2 * p - d * (k - 1) - 1) // s + 1 for size, k, s, p, d in axes]


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


def _parts(
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
    packed = _parameter(groups.to(weight.device).pack(weight.detach()), weight)
    copied = bias if bias is None else _parameter(bias.detach().clone(), bias)
    return groups, tuple(weight.shape), packed, copied


def _parameter(value: Tensor, like: Tensor) -> nn.Parameter:
    """A parameter of that value, trained or frozen as `like` is."""
    return nn.Parameter(value.detach(), like.requires_grad)


def _reach(module: nn.Conv2d, axis: int) -> int:
    """How much smaller than its input an unpadded output is, at stride 1."""
    return _pair(module.dilation)[axis] * (_pair(module.kernel_size)[axis] - 1)


def _padding(module: nn.Conv2d) -> tuple[int, int]:
    if module.padding == "valid":
        return (0, 0)
    if module.padding == "same":
        return (_reach(module, 0) // 2, _reach(module, 1) // 2)
    return _pair(module.padding)


def _pair(value: Any) -> tuple[int, int]:
    height, width = value
    return int(height), int(width)


def _exporting() -> bool:
    """Whether torch records the operations: a call of the kernel would leave no trace."""
    return torch.jit.is_tracing() or torch.compiler.is_compiling()
