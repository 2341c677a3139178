"""Compact layers against dense ones, single precision, one thread, medians of CPU time in turns.

Layers under a regular graph of 64 nodes (the best one in the catalogue) and whole networks with
batch norm folded in. Every ratio is against the *best* dense form of those timed (of F.linear, mm
and oneDNN; of contiguous and channels_last), its mask folded in; COO, CSR and a mask multiplied
in at every call stand beside. "auto" is what a layer of `compact` does after it has measured its
choices; n/d is how many times fewer weights there are.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads it
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import copy
import time
import warnings
from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from graphprune.graphs.catalogue import best_regular_graph
from graphprune.graphs.layout import expand
from graphprune.masks.mask import Masks
from graphprune.models.build import build_model
from graphprune.sparse.compact import compact
from graphprune.sparse.layers import CompactConv2d, CompactLinear

NODES = 64
warnings.filterwarnings("ignore", message=".*(Sparse CSR|CUDA).*")


def medians(forms: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """Milliseconds of CPU time of each form; all are timed in turns, after one call that is not."""
    times: dict[str, list[float]] = {name: [] for name in forms}
    for turn in range(turns + 1):
        for name, form in forms.items():
            begin = time.thread_time()
            form()
            if turn:
                times[name].append(1e3 * (time.thread_time() - begin))
    return {name: float(np.median(values)) for name, values in times.items()}


def graph_mask(out_width: int, in_width: int, degree: int) -> Tensor:
    psi = best_regular_graph(NODES, degree).adjacency
    return torch.from_numpy(expand(psi, out_width, in_width))


def masked(module: nn.Linear | nn.Conv2d, mask: Tensor) -> None:
    with torch.no_grad():
        module.weight.mul_(mask)


def linear_forms(width: int, batch: int, degree: int) -> dict[str, Callable[[], object]]:
    dense, mask, x = nn.Linear(width, width), graph_mask(width, width, degree), None
    masked(dense, mask)
    x = torch.randn(batch, width)
    auto = CompactLinear.from_dense(dense, mask)
    auto.choose = True
    weight, bias = dense.weight.detach(), dense.bias.detach()
    coo, csr = weight.to_sparse(), weight.to_sparse_csr()
    one, packed, numbers = x.to_mkldnn(), weight.to_mkldnn(), mask.float()
    return {
        "auto": lambda: auto(x),
        "F.linear": lambda: F.linear(x, weight, bias),
        "mm": lambda: torch.addmm(bias[:, None], weight, x.T),
        "oneDNN": lambda: torch.ops.aten.mkldnn_linear(one, packed, bias),
        "mask × w": lambda: F.linear(x, weight * numbers, bias),
        "COO": lambda: torch.sparse.mm(coo, x.T),
        "CSR": lambda: csr @ x.T,
    }


def conv_forms(
    channels: int, side: int, batch: int, degree: int
) -> dict[str, Callable[[], object]]:
    dense = nn.Conv2d(channels, channels, 3, padding=1)
    mask = graph_mask(channels, channels, degree)[:, :, None, None].expand_as(dense.weight)
    masked(dense, mask)
    last = copy.deepcopy(dense).to(memory_format=torch.channels_last)
    x = torch.randn(batch, channels, side, side)
    x_last = x.to(memory_format=torch.channels_last)
    innermost = x.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2)
    auto = CompactConv2d.from_dense(dense, mask)
    auto.choose = True
    numbers = mask.float()
    return {
        "auto": lambda: auto(innermost),
        "contiguous": lambda: dense(x),
        "channels_last": lambda: last(x_last),
        "mask × w": lambda: F.conv2d(x, dense.weight * numbers, dense.bias, padding=1),
    }


DENSE = ("F.linear", "mm", "oneDNN", "contiguous", "channels_last")


def row(title: str, forms: dict[str, Callable[[], object]], degree: int, turns: int) -> None:
    found = medians(forms, turns)
    best = min(found[name] for name in DENSE if name in found)
    auto = found.pop("auto")
    others = "".join(f"{name} {time / auto:.2f}×  " for name, time in found.items())
    head = f"{title:<26}{NODES / degree:>6.1f}{auto:>10.3f} ms{best / auto:>8.2f}×"
    print(f"{head}   {others}", flush=True)


def network(name: str, degree: int, batch: int, turns: int) -> None:
    torch.manual_seed(0)
    model = fuse(build_model(name, (3, 32, 32), 10).eval())
    masks = {}
    for module_name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and min(module.weight.shape[:2]) >= NODES:
            mask = graph_mask(*module.weight.shape[:2], degree)[:, :, None, None]
            masks[f"{module_name}.weight"] = mask.expand_as(module.weight).clone()
    kept = Masks(masks)
    small = compact(model, kept)
    kept.apply_(model)
    last = copy.deepcopy(model).to(memory_format=torch.channels_last)
    x = torch.randn(batch, 3, 32, 32)
    x_last = x.to(memory_format=torch.channels_last)
    forms: dict[str, Callable[[], object]] = {
        "auto": lambda: small(x),
        "contiguous": lambda: model(x),
        "channels_last": lambda: last(x_last),
    }
    row(f"{name} {NODES}_{degree}, batch {batch}", forms, degree, turns)
    layers = [m for m in small.modules() if isinstance(m, CompactConv2d | CompactLinear)]
    fell_back = sum("kernel" not in layer.chosen for layer in layers)
    print(f"{'':<26}{len(layers)} compact layers, of which {fell_back} fell back to dense")


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--degrees", type=numbers, default=[4, 6, 10, 20], help="4,6,10,20")
    parser.add_argument("--batches", type=numbers, default=[1, 32, 128], help="1,32,128")
    parser.add_argument("--turns", type=int, default=7, help="turns timed (default 7)")
    parser.add_argument("--parts", nargs="+", default=["linear", "conv", "network"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    cases: Iterable[tuple[int, int]] = ((64, 32), (128, 16), (256, 8), (512, 4), (512, 2))
    print(f"{'':<26}{'n/d':>6}{'auto':>13}{'best dense / auto':>9}   others / auto")
    with torch.no_grad():
        for degree in options.degrees:
            for batch in options.batches:
                if "linear" in options.parts:
                    for width in (1024, 4096):
                        title = f"linear {width}, d {degree}, B {batch}"
                        row(title, linear_forms(width, batch, degree), degree, options.turns)
                if "conv" in options.parts:
                    for channels, side in cases:
                        title = f"conv {channels}@{side}, d {degree}, B {batch}"
                        row(title, conv_forms(channels, side, batch, degree), degree, options.turns)
                if "network" in options.parts:
                    for name in ("vgg16", "resnet18"):
                        network(name, degree, batch, options.turns)


if __name__ == "__main__":
    main()
