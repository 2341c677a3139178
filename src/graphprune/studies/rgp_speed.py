"""Theoretical against measured speed-up of RGP's networks, on one thread of the CPU.

A regular graph of small ASPL masks every layer but the first convolution and the last layer;
batch norm is folded in. Four forms of one network are timed in turns, in one process:

* ``contiguous`` and ``channels_last``: dense, the mask folded into the weights, ReLU in place and
  max pooling as in the other forms: what is fast for other reasons than pruning is no gain of it;
* ``stock``: torch's own operators alone. Every masked layer chooses between grouped convolutions
  of gathered inputs, the dense computation that RGP's A.3 speaks of, and a dense product;
* ``ours``: what `sparse.inference` makes, where every layer chooses the compiled kernel or a dense
  product, and a batch is computed in pieces where that is faster.

Times are CPU time of the one thread, so that other processes on the machine count as little as
they can. Layers are timed inside the network, on what the layer before them hands on. Those of
``stock`` and ``ours`` also do the ReLU and the sum of a residual block that follow them.
"""

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from graphprune.graphs.catalogue import best_regular_graph
from graphprune.masks.blocks import block_masks
from graphprune.masks.mask import Masks
from graphprune.metrics.counts import Counts, count
from graphprune.models.build import build_model
from graphprune.models.init import initialise
from graphprune.progress import progress
from graphprune.pruning.scope import tensors
from graphprune.seeds import derive
from graphprune.sparse.inference import Inference, for_inference
from graphprune.sparse.layers import CompactConv2d, CompactLinear
from graphprune.sparse.pool import MaxPool2d

IMAGE, CLASSES = (3, 32, 32), 10
NETWORK = "network"
"""The `layer` of rows about a whole network."""
DENSE = ("contiguous", "channels_last")
STOCK, OURS = "stock", "ours"
STOCK_FORMS = frozenset({"gathered", "dense", "dense, channels last"})
SCOPE = "inner"
WARM_UP = 1  # turns that are not recorded

_Compact = CompactConv2d | CompactLinear


class Case(NamedTuple):
    """One network under one graph, as its forms; all compute the same."""

    forms: Mapping[str, nn.Module]
    masks: Masks
    counts: Counts


def speeds(options: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(times, layers) of every network, degree and batch size of the config's block rgp_speed.

    times, a row per network, degree, batch, layer (a weight's module, or NETWORK), form and
    turn: milliseconds. layers, a row per network, degree, batch and layer: weights, kept,
    macs_dense and macs_kept (of one image), theoretical (their ratio), chosen_stock and
    chosen_ours: what a layer computes with. UserError where a network is too narrow for the graph.
    """
    times, layers = [], []
    cases = [
        (network, degree, batch)
        for network in options["networks"]
        for degree in options["degrees"]
        for batch in options["batches"]
    ]
    with _one_thread():
        for network, degree, batch in progress(cases, len(cases), "networks"):
            labels = {"network": network["name"], "degree": degree, "batch": batch}
            case = built(network["model"], options["nodes"], degree, options["seed"])
            x = images(batch, options["seed"])
            times += [labels | row for row in timed(case, x, options["turns"])]
            layers += [labels | row for row in described(case)]
    return pd.DataFrame(times), pd.DataFrame(layers)


def built(model: Mapping[str, Any], nodes: int, degree: int, seed: int) -> Case:
    """A network of the config (its name and options) under the best graph known, in all forms."""
    name, options = model["name"], {k: v for k, v in model.items() if k != "name"}
    network = build_model(name, IMAGE, CLASSES, **options)
    initialise(network, derive(seed, "init"))
    network = fuse(network.eval())
    masks = block_masks(
        network, tensors(network, SCOPE), best_regular_graph(nodes, degree).adjacency
    )
    counts = count(network, IMAGE, masks)
    ours, stock = for_inference(network, masks), for_inference(network, masks).network
    for layer in _compact_layers(stock).values():
        layer.forms, layer.innermost = STOCK_FORMS, False
    masks.apply_(network)
    _quickened(network)
    last = copy.deepcopy(network).to(memory_format=torch.channels_last)
    forms = {"contiguous": network, "channels_last": last, STOCK: stock, OURS: ours}
    return Case(forms, masks, counts)


def _quickened(network: nn.Module) -> None:
    """What makes the dense network faster too: ReLU in place, max pooling by axis."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU):
                child.inplace = True
            elif isinstance(child, nn.MaxPool2d):
                setattr(parent, name, MaxPool2d.of(child) or child)


def images(batch: int, seed: int) -> Tensor:
    """(batch, channels, height, width) of noise: the time does not depend on what is seen."""
    generator = torch.Generator().manual_seed(derive(seed, "images"))
    return torch.randn(batch, *IMAGE, generator=generator)


@torch.no_grad()
def timed(case: Case, x: Tensor, turns: int) -> list[dict[str, Any]]:
    """Milliseconds of every form and of each of its masked layers, in turns: layer, form, turn, ms.

    Before them every form is called WARM_UP times, in which its layers choose.
    """
    layers = [name.removesuffix(".weight") for name in case.masks]
    rows = []
    for form, network in case.forms.items():
        given = _given(form, x)
        for _ in range(WARM_UP):
            network(given)
    for turn in range(turns):
        for form, network in case.forms.items():
            given, spent = _given(form, x), dict[str, float]()
            with _watched(network, layers, spent):
                begin = time.thread_time()
                network(given)
                spent[NETWORK] = time.thread_time() - begin
            rows += [
                {"layer": layer, "form": form, "turn": turn, "ms": 1e3 * seconds}
                for layer, seconds in spent.items()
            ]
    return rows


def described(case: Case) -> list[dict[str, Any]]:
    """The rows of NETWORK and of the masked layers, without the labels of their network."""
    counted = {layer.tensor: layer for layer in case.counts.layers}
    compacted = {form: _compact_layers(case.forms[form]) for form in (STOCK, OURS)}
    rows = []
    for tensor in case.masks:
        found, name = counted[tensor], tensor.removesuffix(".weight")
        row = {"layer": name, "weights": found.weights, "kept": found.kept}
        row |= {"macs_dense": found.macs_dense, "macs_kept": found.macs_kept}
        row |= {"theoretical": found.macs_dense / found.macs_kept}
        for form, named in compacted.items():
            chosen = named[name].chosen if name in named else {"dense"}  # as `compact` left it
            row[f"chosen_{form}"] = ", ".join(sorted(chosen))
        rows.append(row)
    whole = case.counts
    row = {"layer": NETWORK, "weights": whole.parameters_all, "kept": whole.parameters_kept}
    row |= {"macs_dense": whole.macs_dense, "macs_kept": whole.macs_kept}
    row |= {f"chosen_{form}": "" for form in compacted}
    return [row | {"theoretical": whole.theoretical_speedup}, *rows]


def _given(form: str, x: Tensor) -> Tensor:
    return x.to(memory_format=torch.channels_last) if form == "channels_last" else x


def _compact_layers(network: nn.Module) -> dict[str, _Compact]:
    named = _traced(network).named_modules()
    return {name: m for name, m in named if isinstance(m, CompactConv2d | CompactLinear)}


def _traced(network: nn.Module) -> nn.Module:
    """The module whose layers have the names of the model's."""
    return network.network if isinstance(network, Inference) else network


@contextmanager
def _watched(network: nn.Module, layers: Sequence[str], spent: dict[str, float]) -> Iterator[None]:
    """Adds to `spent` the seconds of each named layer while the block runs."""
    handles = []
    for name in layers:

        def begin(*_: Any, name: str = name) -> None:
            spent[name] = spent.get(name, 0.0) - time.thread_time()

        def end(*_: Any, name: str = name) -> None:
            spent[name] += time.thread_time()

        module = _traced(network).get_submodule(name)
        handles += [module.register_forward_pre_hook(begin), module.register_forward_hook(end)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
