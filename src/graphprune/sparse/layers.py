"""Linear and convolution layers that store only the kept blocks of their weight.

Their parameter `weight` is packed (`Groups.pack`), their index tensors are buffers, so
``state_dict``, ``deepcopy`` and optimisers work on them as on the layers they replace, and a
pruned weight does not exist. Where no gradient is needed the compiled kernel (`sparse.native`)
computes, or, where that is slower, a dense product: `choose`. Training, tracing, export, other
devices and other dtypes use torch's operators.
"""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.sparse import native
from graphprune.sparse.base import Compact, Form, exporting
from graphprune.sparse.dense_layer import padding_of, pair, parts_of
from graphprune.sparse.groups import Groups

# Below these a grouped convolution loses to the dense one on the CPU, often by far; at 8
# channels a group and a tenth of the weights it wins 3 to 4 times (measured, 3×3, batch 1 and 32).
_GROUPED_OUTPUTS = 8
_GROUPED_DENSITY = 0.25
_REORDER = "_reorder_convolution_weight"  # torch's own, used by its compiler; may be missing
# Rows at once: gathered inputs of more leave the cache, fewer rows starve the products.
_ROWS = 64


class CompactLinear(Compact):
    """``nn.Linear`` that stores and multiplies only the kept blocks of its weight."""

    @classmethod
    @torch.inference_mode(False)
    def from_dense(cls, module: nn.Linear, mask: Tensor) -> "CompactLinear":
        """The layer that equals `module` with its weight × mask (out, in), True = kept.

        It shares no tensor with `module`. UserError if the mask's shape is not the weight's.
        """
        return cls(*parts_of(module, mask)).train(module.training)

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
        known = self._known(x)
        if known is not None:
            return known(x)
        if not torch.jit.is_tracing() and x.shape[-1] != self.in_features:
            raise UserError(
                f"a layer of {self.in_features} inputs got a tensor of shape {tuple(x.shape)}"
            )
        rows = x.reshape(-1, self.in_features)
        if self._by_kernel(x):
            rows = rows.contiguous()
            out = self._chosen_form(self._makers(), rows)(rows)
        else:
            out = self._ended(self._by_operators(rows))
        return out.reshape(*x.shape[:-1], self.out_features)

    def _makers(self) -> dict[str, Callable[[], Form]]:
        makers = {
            "kernel": self._native,
            "dense": self._plain,
            "dense, turned": self._turned,
            "gathered": lambda: self._by_operators,
        }
        if torch.backends.mkldnn.is_available():
            makers["dense, oneDNN"] = self._onednn
        if self.relu:
            return {name: partial(self._ending, make) for name, make in makers.items()}
        return makers

    def _native(self) -> Form:
        pack, bias = native.Pack(self.groups, self.weight, None), self._bias()
        return lambda x: native.linear(x, pack, bias)

    def _plain(self) -> Form:
        weight, bias = self._folded(), self._bias()
        return lambda x: F.linear(x, weight, bias)

    def _turned(self) -> Form:
        weight, bias = self._folded(), self._bias()
        if bias is None:
            return lambda x: torch.mm(weight, x.T).T
        column = bias[:, None]
        return lambda x: torch.addmm(column, weight, x.T).T

    def _onednn(self) -> Form:
        weight, bias = self._folded().to_mkldnn(), self._bias()
        multiply = torch.ops.aten.mkldnn_linear.default
        return lambda x: multiply(x.to_mkldnn(), weight, bias).to_dense()

    def to_dense(self) -> nn.Linear:
        """An ordinary layer with the same weights, zero where pruned."""
        dense = nn.Linear(self.in_features, self.out_features, device="meta")
        self._fill(dense)
        return dense

    def _by_operators(self, x: Tensor) -> Tensor:
        if exporting() or x.device.type != "cpu":
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


class CompactConv2d(Compact):
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
        parts = parts_of(module, mask)
        geometry = (pair(module.stride), padding_of(module), pair(module.dilation))
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

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        """(N, in, H, W) -> (N, out, H', W'), or the same without N. other: is added to it."""
        known = self._known(x, other)
        if known is not None:
            return known(x, other)
        if not torch.jit.is_tracing() and (x.ndim not in (3, 4) or x.shape[-3] != self.in_channels):
            raise UserError(
                f"a convolution of {self.in_channels} channels got a tensor of shape "
                f"{tuple(x.shape)}; expected (N, {self.in_channels}, H, W)"
            )
        if x.ndim == 3:
            return self.forward(x[None], None if other is None else other[None]).squeeze(0)
        if self._by_kernel(x, other):
            return self._chosen_form(self._makers(x), x, other)(x, other)
        return self._ended(self._by_operators(x), other)

    def _makers(self, x: Tensor) -> dict[str, Callable[[], Form]]:
        makers: dict[str, Callable[[], Form]] = {
            "dense": self._plain,
            "dense, channels last": self._channels_last,
            "gathered": lambda: lambda x: self._finished(self._convolutions(x), 1),
        }
        if torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, _REORDER):
            makers["dense, oneDNN"] = lambda: self._onednn(list(x.shape))
        if self.kernel_size == (1, 1) and self.padding == (0, 0):
            makers["kernel, pixels as rows"] = self._pixels
        makers = {name: partial(self._ending, make) for name, make in makers.items()}
        makers["kernel"] = self._native
        if len(x) < native.FEW:
            makers["kernel, few images"] = partial(self._native, few=True)
        return makers

    def _native(self, few: bool = False) -> Form:
        pack, bias = native.Pack(self.groups, self.weight, self.kernel_size), self._bias()
        stride, padding = self.stride, self.padding

        def compute(x: Tensor, other: Tensor | None = None) -> Tensor:
            if other is None:
                return native.conv2d(x, pack, bias, stride, padding, few, self.relu)
            out = native.conv2d(x, pack, bias, stride, padding, few)
            return self._end(out, other)

        return compute

    def _pixels(self) -> Form:
        """A 1×1 convolution is a linear layer whose rows are the pixels, channels innermost."""
        pack, bias = native.Pack(self.groups, self.weight, None), self._bias()
        down, across = self.stride

        def compute(x: Tensor) -> Tensor:
            if x.shape[2:] == (1, 1):  # in few steps: each takes as long as a small product
                rows = x.reshape(x.shape[0], -1).contiguous()
                return native.linear(rows, pack, bias)[:, :, None, None]
            pixels = x[:, :, ::down, ::across].permute(0, 2, 3, 1)
            rows = pixels.reshape(-1, pixels.shape[3]).contiguous()
            out = native.linear(rows, pack, bias)
            return out.view(*pixels.shape[:3], -1).permute(0, 3, 1, 2)

        return compute

    def _plain(self) -> Form:
        return self._dense(self._folded())

    def _channels_last(self) -> Form:
        return self._dense(self._folded().contiguous(memory_format=torch.channels_last))

    def _onednn(self, size: list[int]) -> Form:
        """Of a weight in the order that oneDNN wants for such images: else every call sorts it."""
        bias, weight = self._bias(), self._folded()
        geometry = (self.padding, self.stride, self.dilation, 1)
        weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *geometry, size)
        compute = torch.ops.mkldnn._convolution_pointwise.default
        return lambda x: compute(x, weight, bias, *geometry, "none", [], "")

    def _dense(self, weight: Tensor) -> Form:
        bias, geometry = self._bias(), (self.stride, self.padding, self.dilation)
        return lambda x: F.conv2d(x, weight, bias, *geometry)

    def to_dense(self) -> nn.Conv2d:
        """An ordinary layer with the same weights, zero where pruned."""
        channels = (self.in_channels, self.out_channels)
        geometry = (self.stride, self.padding, self.dilation)
        dense = nn.Conv2d(*channels, self.kernel_size, *geometry, device="meta")
        self._fill(dense)
        return dense

    def _by_kernel(self, x: Tensor, other: Tensor | None = None) -> bool:
        kind, size = (self.kernel_size, self.stride, self.dilation), self._out_size(x)
        return (
            super()._by_kernel(x, other)
            and (not self._wants_kernel() or native.takes_conv2d(*kind))
            and min(size) > 0
            and (other is None or other.shape == (len(x), self.out_channels, *size))
        )

    def _by_operators(self, x: Tensor) -> Tensor:
        if self._grouped():
            return self._finished(self._convolutions(x), 1)
        return F.conv2d(x, self.dense_weight(), self.bias, self.stride, self.padding, self.dilation)

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
