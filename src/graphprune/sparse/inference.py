"""A pruned network for inference alone: what follows a layer is done in it, in pieces of images.

Batch norm becomes part of the weights. ReLU and the sum of a residual block compute next to
nothing, but read and write every value once more, which beside a pruned convolution takes long.
And few images at a time leave less to read and write than the cache holds.
"""

import copy
import operator
from collections import Counter
from collections.abc import Hashable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.fx.experimental.optimization import fuse

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.sparse import native
from graphprune.sparse.base import exporting
from graphprune.sparse.choose import fastest
from graphprune.sparse.compact import compact
from graphprune.sparse.layers import CompactConv2d, CompactLinear

_SUMS = (operator.add, operator.iadd, torch.add, "add", "add_")
_RELUS = (F.relu, torch.relu, torch.relu_, "relu", "relu_")
_TRIED = 4  # times the images that fill a vector: enough to see whether pieces are faster
_SAME = 1e-3
"""Outputs that differ by more of the largest are not those of the same images."""


class Inference(nn.Module):
    """What `for_inference` returns.

    network: the traced model, which computes any batch as a whole. A larger batch is split into
    pieces where that is faster: measured once for each shape of an image, on noise, and not if
    there the outputs for some images depend on others, or are not one tensor.
    """

    def __init__(self, network: fx.GraphModule) -> None:
        super().__init__()
        self.network = network
        self._sizes: dict[Hashable, int | None] = {}

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, height, width) -> what the model gives for it."""
        if not _splits(x):
            return self.network(x)
        tried = min(len(x), _TRIED * native.lanes())
        key = (tried, x.shape[1:], torch.get_num_threads())
        if key not in self._sizes:
            noise = torch.randn(tried, *x.shape[1:], generator=torch.Generator().manual_seed(0))
            self._sizes[key] = self._fastest_size(noise)
        return self._in_pieces(self._sizes[key], x)

    def _in_pieces(self, size: int | None, x: Tensor) -> Tensor:
        """size: of a piece, None for the whole batch."""
        if size is None:
            return self.network(x)
        return torch.cat([self.network(piece) for piece in x.split(size)])

    def _fastest_size(self, noise: Tensor) -> int | None:
        sizes: list[int | None] = [None]
        if self._may_split(noise):
            lanes = native.lanes()
            sizes += [size for size in (lanes, 2 * lanes) if size < len(noise)]
        named = {str(size): size for size in sizes}
        return named[fastest({n: partial(self._in_pieces, s, noise) for n, s in named.items()})]

    def _may_split(self, noise: Tensor) -> bool:
        """Whether small pieces of the batch give what the whole gives; then larger ones do too."""
        try:
            whole, pieces = self.network(noise), self._in_pieces(native.lanes(), noise)
        except (RuntimeError, TypeError):  # of a model that knows N, or gives several tensors
            return False
        if whole.shape[:1] != noise.shape[:1] or whole.shape != pieces.shape:
            return False
        return bool((pieces - whole).abs().max() <= _SAME * whole.abs().max())

    def __getstate__(self) -> dict[str, Any]:
        """Copies measure for themselves."""
        return {**self.__dict__, "_sizes": {}}


def for_inference(model: nn.Module, masks: Masks) -> Inference:
    """A copy of `model` for evaluation that equals it with masked weights, and is faster.

    As `sparse.compact`, which leaves a model as it is but for its layers; here the model is traced,
    batch norm is folded into the weights before it, and compact layers do the ReLU and the sums of
    residual blocks that follow them. What the copy's `network` still has of the model's
    parameters keeps its name. UserError as for `compact`, and if ``torch.fx`` cannot trace `model`.
    """
    network = compact(*_traced(model, masks))
    assert isinstance(network, fx.GraphModule)
    _absorb(network)
    return Inference(network).eval()


def _splits(x: Tensor) -> bool:
    """Whether pieces of a batch may be faster: where the kernel computes, and there is a choice."""
    return (
        not exporting()
        and not torch.is_grad_enabled()
        and type(x) is Tensor
        and x.ndim == 4
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and native.available()
        and len(x) > native.lanes()
    )


def _traced(model: nn.Module, masks: Masks) -> tuple[fx.GraphModule, Masks]:
    """A masked copy of `model` for evaluation, with batch norm folded into the layer before it.

    Parameters keep their names; masks of those that are folded, or that no output depends on, are
    left out of the second value. Where a layer is called twice nothing is folded: other batch
    norms may follow it each time. UserError if ``torch.fx`` cannot trace the model.
    """
    masked = copy.deepcopy(model).eval()
    masks.apply_(masked)
    try:
        graph = fx.symbolic_trace(masked)
    except Exception as error:  # of whatever kind the model's own code raises
        raise UserError(
            f"{type(model).__name__} cannot be traced for inference ({error}); `compact` makes "
            "its layers compact all the same"
        ) from error
    layers = {name for name, module in graph.named_modules() if list(module.parameters())}
    twice = any(number > 1 and name in layers for name, number in _calls(graph).items())
    folded = graph if twice else fuse(graph, inplace=True, no_trace=True)
    assert isinstance(folded, fx.GraphModule)
    left = {name for name, _ in folded.named_parameters(remove_duplicate=False)}
    return folded.eval(), Masks({name: mask for name, mask in masks.items() if name in left})


def _absorb(model: fx.GraphModule) -> None:
    """Compact layers of `model` take over the sum and the ReLU that alone use their output.

    What changes nothing in evaluation goes.
    """
    graph, modules = model.graph, dict(model.named_modules())
    for node in list(graph.nodes):
        if type(_called(node, modules)) in (nn.Identity, nn.Dropout) and not node.kwargs:
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
    calls = _calls(model)
    for node in list(graph.nodes):
        layer = _called(node, modules)
        if not isinstance(layer, CompactConv2d | CompactLinear):
            continue
        if calls[node.target] > 1 or len(node.args) != 1 or node.kwargs:
            continue
        user = _only_user(node)
        if isinstance(layer, CompactConv2d) and user is not None and _is_sum(user, node):
            node = _summed(graph, node, user)
            user = _only_user(node)
        if user is not None and _is_relu(user, modules):
            layer.relu = True
            user.replace_all_uses_with(node)
            graph.erase_node(user)
    model.delete_all_unused_submodules()
    model.recompile()


def _calls(model: fx.GraphModule) -> Counter[Any]:
    """How often each module is called, by its name."""
    return Counter(node.target for node in model.graph.nodes if node.op == "call_module")


def _called(node: fx.Node, modules: dict[str, nn.Module]) -> nn.Module | None:
    return modules[str(node.target)] if node.op == "call_module" else None


def _is_function(node: fx.Node, functions: tuple[Any, ...]) -> bool:
    return node.op in ("call_function", "call_method") and node.target in functions


def _is_relu(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    return _is_function(node, _RELUS) or type(_called(node, modules)) is nn.ReLU


def _only_user(node: fx.Node) -> fx.Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None


def _is_sum(user: fx.Node, node: fx.Node) -> bool:
    """Whether `user` adds one other value to that of `node`, which may as well be made there.

    Nothing but `node` may use its input: in between, it could be changed in place.
    """
    others = [value for value in user.args if value is not node]
    read = node.args[0]
    return (
        _is_function(user, _SUMS)
        and not user.kwargs
        and len(user.args) == 2
        and len(others) == 1
        and isinstance(others[0], fx.Node)
        and isinstance(read, fx.Node)
        and len(read.users) == 1
    )


def _summed(graph: fx.Graph, node: fx.Node, total: fx.Node) -> fx.Node:
    """The call of a layer that is given the other summand as well, instead of both."""
    (other,) = [value for value in total.args if value is not node]
    with graph.inserting_before(total):
        both = graph.call_module(str(node.target), (node.args[0], other))
    total.replace_all_uses_with(both)
    graph.erase_node(total)
    graph.erase_node(node)
    return both
