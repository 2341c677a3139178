"""Linear and convolution layers that store only the kept blocks of their weight.

Their parameter `weight` is packed (`Groups.pack`), their index tensors are buffers, so
``state_dict``, ``deepcopy`` and optimisers work on them as on the layers they replace, and a
pruned weight does not exist. Where no gradient is needed the compiled kernel (`sparse.native`)
computes, or, where that is slower, a dense product: `choose`. Training, tracing, export, other
devices and other dtypes use torch's operators.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.sparse import native
from graphprune.sparse.base import Compact, exporting, padding_of, pair, parts_of
from graphprune.sparse.groups import Groups

# Below these a grouped convolution loses to the dense one on the CPU, often by far; at 8
# channels a group and a tenth of the weights it wins 3 to 4 times (measured, 3×3, batch 1 and 32).
_GROUPED_OUTPUTS = 8
_GROUPED_DENSITY = 0.25
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
