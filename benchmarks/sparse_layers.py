"""Compact layers against dense ones, single precision, one thread, medians of CPU time in turns.

Every masked layer shape of VGG16 and ResNet18 (batch norm folded in), square linear layers, and
the whole networks, under the best regular graph of 64 nodes in the catalogue. Every ratio is
against the *best* dense form of those timed (of F.linear, mm and oneDNN; of contiguous and
channels_last; for whole networks in pieces of the batch too), its mask folded in; COO, CSR and a
mask multiplied in at every call stand beside.
A convolution whose weight oneDNN has packed beforehand, which no plain module does, is no such form
and stands beside as "packed". "auto" is what a layer of `compact` does after it has measured its
choices. Each form of a convolution gets its input in a layout that suits it: auto in the one that
compact layers hand on (images innermost), contiguous or channels_last, whichever is fastest. n/d is
how many times fewer weights there are. Memory that was freed stays with the process: outputs of
some megabytes would otherwise be new to it at some calls and not at others, of any form, and the
system takes longer for new memory than a small layer does.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads it
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import copy
import ctypes
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graphprune.graphs.catalogue import best_regular_graph
from graphprune.graphs.layout import expand
from graphprune.models.build import build_model
from graphprune.pruning import scope
from graphprune.sparse.layers import CompactConv2d, CompactLinear
from graphprune.studies.rgp_speed import built, images

NODES = 64
NETWORKS = ("vgg16", "resnet18")
IMAGE = (3, 32, 32)
PIECES = "channels_last, 16 at a time"
DENSE = ("F.linear", "mm", "oneDNN", "contiguous", "channels_last", PIECES)
SLICE = 2e-3  # seconds that a form is called again and again in a turn: a clock tick is no result

Forms = dict[str, Callable[[], object]]
warnings.filterwarnings("ignore", message=".*(Sparse CSR|CUDA).*")


class Shape(NamedTuple):
    """A convolution and the size of the images it gets: equal ones are timed once."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    padding: int
    side: int

    def __str__(self) -> str:
        kernel = f"{self.kernel}×{self.kernel}" + (f"/{self.stride}" if self.stride > 1 else "")
        return f"{kernel} {self.in_channels}→{self.out_channels}@{self.side}"


class Row(NamedTuple):
    """What one line prints: milliseconds by form, of which "auto" is one."""

    part: str
    title: str
    degree: int
    batch: int
    times: dict[str, float]
    fell_back: str

    @property
    def auto(self) -> float:
        return min(time for name, time in self.times.items() if name.startswith("auto"))

    @property
    def ratio(self) -> float:
        """Best dense / auto."""
        return min(self.times[name] for name in DENSE if name in self.times) / self.auto

    def against(self, form: str) -> float:
        return self.times[form] / self.auto

    def __str__(self) -> str:
        names = [name for name in self.times if name != "auto"]
        others = "  ".join(f"{name} {self.against(name):.2f}×" for name in names)
        head = f"{self.title:<22} d {self.degree:<3}B {self.batch:<4}{NODES / self.degree:>5.1f}"
        return f"{head}{self.auto:>10.3f} ms{self.ratio:>8.2f}×  {self.fell_back:<22}{others}"


def keep_freed_memory() -> None:
    """Where malloc is glibc's."""
    library = ctypes.CDLL(None)
    for option in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
        if hasattr(library, "mallopt"):
            library.mallopt(option, 2**30)


def medians(forms: Forms, turns: int) -> dict[str, float]:
    """Milliseconds of CPU time of each form, timed in turns after calls that are not."""
    calls = {}
    for name, form in forms.items():
        form()
        begin = time.thread_time()
        form()
        calls[name] = max(1, round(SLICE / max(time.thread_time() - begin, 1e-6)))
    times: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(turns):
        for name, form in forms.items():
            begin = time.thread_time()
            for _ in range(calls[name]):
                form()
            times[name].append(1e3 * (time.thread_time() - begin) / calls[name])
    return {name: float(np.median(values)) for name, values in times.items()}


def graph_mask(out_width: int, in_width: int, degree: int) -> Tensor:
    psi = best_regular_graph(NODES, degree).adjacency
    return torch.from_numpy(expand(psi, out_width, in_width))


def linear(width: int, batch: int, degree: int, turns: int) -> Row:
    dense, mask = nn.Linear(width, width), graph_mask(width, width, degree)
    dense.weight.mul_(mask)
    x = torch.randn(batch, width)
    auto = CompactLinear.from_dense(dense, mask)
    auto.choose = True
    weight, bias = dense.weight, dense.bias
    coo, csr = weight.to_sparse(), weight.to_sparse_csr()
    one, packed, numbers = x.to_mkldnn(), weight.to_mkldnn(), mask.float()
    forms: Forms = {
        "auto": lambda: auto(x),
        "F.linear": lambda: F.linear(x, weight, bias),
        "mm": lambda: torch.addmm(bias[:, None], weight, x.T),
        "oneDNN": lambda: torch.ops.aten.mkldnn_linear(one, packed, bias),
        "mask × w": lambda: F.linear(x, weight * numbers, bias),
        "COO": lambda: torch.sparse.mm(coo, x.T),
        "CSR": lambda: csr @ x.T,
    }
    times = medians(forms, turns)
    return Row("linear", f"linear {width}", degree, batch, times, dense_choice(auto))


def conv(shape: Shape, batch: int, degree: int, turns: int) -> Row:
    dense = nn.Conv2d(*shape[:3], stride=shape.stride, padding=shape.padding)
    mask = graph_mask(*dense.weight.shape[:2], degree)[:, :, None, None].expand_as(dense.weight)
    dense.weight.mul_(mask)
    last = copy.deepcopy(dense).to(memory_format=torch.channels_last)
    x = torch.randn(batch, shape.in_channels, shape.side, shape.side)
    x_last = x.to(memory_format=torch.channels_last)
    innermost = x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    auto = CompactConv2d.from_dense(dense, mask)
    auto.choose = True
    numbers = mask.float()
    size = [batch, shape.in_channels, shape.side, shape.side]
    geometry = (dense.padding, dense.stride, dense.dilation, 1)
    order = torch.ops.mkldnn._reorder_convolution_weight(dense.weight, *geometry, size)
    packed = torch.ops.mkldnn._convolution_pointwise
    forms: Forms = {
        "auto": lambda: auto(innermost),
        "auto, contiguous": lambda: auto(x),
        "auto, channels_last": lambda: auto(x_last),
        "contiguous": lambda: dense(x),
        "channels_last": lambda: last(x_last),
        "packed": lambda: packed(x_last, order, dense.bias, *geometry, "none", [], ""),
        "mask × w": lambda: dense._conv_forward(x, dense.weight * numbers, dense.bias),
    }
    return Row("conv", str(shape), degree, batch, medians(forms, turns), dense_choice(auto))


def dense_choice(layer: CompactLinear | CompactConv2d) -> str:
    """The dense forms that the layer fell back to, "" if it did not."""
    return ", ".join(sorted(name for name in layer.chosen if name.startswith("dense")))


def shapes() -> list[Shape]:
    """The convolutions of the networks that a graph masks, each shape once."""
    found: dict[Shape, None] = {}

    def see(module: nn.Conv2d, inputs: tuple[Tensor]) -> None:
        numbers = (module.kernel_size[0], module.stride[0], module.padding[0])
        found[Shape(module.in_channels, module.out_channels, *numbers, inputs[0].shape[-1])] = None

    for name in NETWORKS:
        model = build_model(name, IMAGE, 10).eval()
        for tensor in scope.tensors(model, "inner"):
            model.get_submodule(tensor.removesuffix(".weight")).register_forward_pre_hook(see)
        model(torch.zeros(1, *IMAGE))
    return list(found)


def network(name: str, batch: int, degree: int, turns: int) -> Row:
    case = built({"name": name}, NODES, degree, seed=0)
    x = images(batch, seed=0)
    x_last = x.to(memory_format=torch.channels_last)
    forms: Forms = {
        {"ours": "auto"}.get(form, form): partial(model, x_last if form == "channels_last" else x)
        for form, model in case.forms.items()
    }
    if batch > 16:
        dense, pieces = case.forms["channels_last"], x_last.split(16)
        forms[PIECES] = lambda: torch.cat([dense(piece) for piece in pieces])
    times = medians(forms, turns)
    small = case.forms["ours"]
    layers = [m for m in small.modules() if isinstance(m, CompactConv2d | CompactLinear)]
    fell = sum(bool(dense_choice(layer)) for layer in layers)
    return Row("network", name, degree, batch, times, f"{fell} of {len(layers)} dense")


def print_bars(rows: list[Row]) -> None:
    """The least ratio of any layer, and each bar beside what was measured for it."""
    layers = [row for row in rows if row.part != "network" and row.batch != 100]
    for row in sorted(layers, key=lambda row: row.ratio)[:3]:
        print(f"among the least of {len(layers)} layer ratios: {row}")
    hundred = [row for row in rows if (row.part, row.degree, row.batch) == ("linear", 6, 100)]
    bar("any layer against best dense", [row.ratio for row in layers], 0.97)
    bar("linear, d 6, B 100: F.linear", [row.against("F.linear") for row in hundred], NODES / 12)
    bar("linear, d 6, B 100: CSR", [row.against("CSR") for row in hundred], 1.5)
    bar("linear, d 6, B 100: COO", [row.against("COO") for row in hundred], 4)
    goals = {("vgg16", 6): (3, 6), ("vgg16", 20): (2.3,), ("resnet18", 6): (2.5, 5.5)}
    for (name, degree), wanted in {**goals, ("resnet18", 20): (2.0,)}.items():
        found = [r.ratio for r in rows if (r.title, r.degree, r.batch) == (name, degree, 32)]
        for goal in wanted:
            bar(f"{name} {NODES}_{degree}, B 32", found, goal)


def bar(title: str, ratios: list[float], wanted: float) -> None:
    if not ratios:
        print(f"{title:<34} at least {wanted:>5.2f}×: not measured")
        return
    found, verdict = min(ratios), "met" if min(ratios) >= wanted else "NOT met"
    head = f"{title:<34} at least {wanted:>5.2f}×"
    print(f"{head}: {found:>6.2f}× (least of {len(ratios)}), {verdict}")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--degrees", type=numbers, default=[4, 6, 10, 20], help="4,6,10,20")
    parser.add_argument("--batches", type=numbers, default=[1, 32, 128], help="1,32,128")
    parser.add_argument("--widths", type=numbers, default=[1024, 4096], help="1024,4096")
    parser.add_argument("--turns", type=int, default=7, help="turns timed (default 7)")
    parser.add_argument("--parts", nargs="+", default=["linear", "conv", "network"])
    options = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        print(row, flush=True)

    print(f"{'':<33}{'n/d':>6}{'auto':>13}{'best dense / auto':>9}   fell back to   others / auto")
    convolutions = shapes()
    for degree in options.degrees:
        if "linear" in options.parts:
            for batch in [*options.batches, 100]:
                for width in options.widths:
                    add(linear(width, batch, degree, options.turns))
        for batch in options.batches:
            if "conv" in options.parts:
                for shape in convolutions:
                    add(conv(shape, batch, degree, options.turns))
            if "network" in options.parts:
                for name in NETWORKS:
                    add(network(name, batch, degree, options.turns))
    print_bars(rows)


if __name__ == "__main__":
    main()
