"""How long a pruned network takes on the CPU: dense, sparse tensors, gathering, and fewer units."""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.masks.mask import Masks
from graphprune.progress import progress
from graphprune.runs.kept import KeptNet
from graphprune.sparse.shrink import shrink
from graphprune.studies.weight_unit_arms import UNIT, WEIGHT, pruned_masks

DENSE = ("dense_linear", "dense_mm")  # of both the faster counts as dense
SHRUNK = "shrunk"
# A repeat calls a network as often as this takes, so that the clock's own steps do not matter.
LEAST_SECONDS = 0.001


class _Product(nn.Module):
    """A Linear layer computed in one of several ways of its folded weight (out, in)."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.made = self.prepare(weight.detach())
        self.added = None if bias is None else bias.detach()[:, None]

    def prepare(self, weight: Tensor) -> Any:
        """What `product` uses of the weight, made once."""
        return weight.contiguous()

    def product(self, x: Tensor) -> Tensor:
        """(in, batch) -> (out, batch)."""
        return torch.mm(self.made, x)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, in) -> (batch, out)."""
        out = self.product(x.t())
        return (out if self.added is None else out + self.added).t()


class _Coo(_Product):
    """As a coordinate list through ``torch.sparse.mm``: what the paper times."""

    def prepare(self, weight: Tensor) -> Any:
        return weight.to_sparse().coalesce()

    def product(self, x: Tensor) -> Tensor:
        return torch.sparse.mm(self.made, x)


class _Csr(_Coo):
    """As compressed sparse rows."""

    def prepare(self, weight: Tensor) -> Any:
        return weight.to_sparse_csr()


class _Gather(_Product):
    """Every output sums the inputs it reads, gathered one by one and weighted."""

    def prepare(self, weight: Tensor) -> Any:
        rows = weight.to_sparse_csr()
        return rows.col_indices(), rows.crow_indices()[:-1].contiguous(), rows.values()

    def product(self, x: Tensor) -> Tensor:
        columns, starts, values = self.made
        if not len(columns):
            return x.new_zeros(len(starts), x.shape[1])
        x = x.contiguous()
        return F.embedding_bag(columns, x, starts, mode="sum", per_sample_weights=values)


_PRODUCTS: dict[str, type[_Product]] = {
    "dense_mm": _Product,
    "coo": _Coo,
    "csr": _Csr,
    "gather": _Gather,
}


def forms(model: nn.Module, masks: Masks) -> dict[str, nn.Module]:
    """The masked network in every form, all with equal outputs; layers without a mask stay dense.

    dense_linear: weights folded, as PyTorch computes them; the others as their classes here say;
    shrunk: pruned units taken out (`sparse.shrink`), for masks of whole units only.
    """
    folded = copy.deepcopy(model).eval()
    masks.apply_(folded)
    found: dict[str, nn.Module] = {"dense_linear": folded}
    for name, kind in _PRODUCTS.items():
        twin = copy.deepcopy(folded)
        for tensor in masks:
            parent, _, child = tensor.removesuffix(".weight").rpartition(".")
            linear = twin.get_submodule(f"{parent}.{child}" if parent else child)
            assert isinstance(linear, nn.Linear)
            setattr(twin.get_submodule(parent), child, kind(linear.weight, linear.bias))
        found[name] = twin
    if all(bool((mask.any(1) == mask.all(1)).all()) for mask in masks.values()):
        found[SHRUNK] = shrink(model, masks).eval()
    return found


def latency_table(
    net: KeptNet, ks: Sequence[float], batches: Sequence[int], repeats: int, threads: int
) -> pd.DataFrame:
    """One row an arm (weight, unit), k, batch size, form and repeat: seconds of a forward pass.

    The forms of a network take turns in every repeat, so that whatever slows this machine down
    for a while slows them all; a repeat is the mean over enough calls to last LEAST_SECONDS.
    density: kept share of the weights in scope. Images are noise: times do not depend on them.
    weight pruning has no form ``shrunk``.
    """
    torch.set_num_threads(threads)
    model = net.build()
    images = torch.rand(max(batches), *net.input_shape, generator=torch.Generator().manual_seed(0))
    jobs = [(arm, k, batch) for arm in (WEIGHT, UNIT) for k in ks for batch in batches]
    rows: list[dict[str, Any]] = []
    for arm, k, batch in progress(jobs, len(jobs), "networks timed"):
        masks = pruned_masks(model, arm, k, net.seed)
        shown = forms(model, masks)
        if arm == WEIGHT:
            shown.pop(SHRUNK, None)
        found = measured(shown, images[:batch], repeats)
        rows += [
            {
                "arm": arm,
                "k": k,
                "batch": batch,
                "density": masks.density(),
                **row,
                "seed": net.seed,
            }
            for row in found
        ]
    return pd.DataFrame(rows).assign(threads=threads, failure="")


def first_whole(nets: Sequence[KeptNet]) -> KeptNet:
    """The first network whose training did not fail; UserError if there is none."""
    for net in nets:
        if not net.failure:
            return net
    raise UserError(
        "there is no network to time: the trainings of all seeds failed, the first one because "
        f"{nets[0].failure}. Give the recipe a lower learning rate"
    )


@torch.inference_mode()
def measured(
    shown: Mapping[str, Callable[[Tensor], Tensor]], x: Tensor, repeats: int
) -> list[dict[str, Any]]:
    """form, repeat (from 0) and seconds of one call, in turns; the first calls are not counted."""
    calls = {}
    for name, form in shown.items():
        form(x)
        calls[name] = max(1, math.ceil(LEAST_SECONDS / max(_seconds(form, x, 1), 1e-7)))
    return [
        {"form": name, "repeat": repeat, "seconds": _seconds(form, x, calls[name])}
        for repeat in range(repeats)
        for name, form in shown.items()
    ]


def _seconds(form: Callable[[Tensor], Tensor], x: Tensor, calls: int) -> float:
    begin = time.perf_counter()
    for _ in range(calls):
        form(x)
    return (time.perf_counter() - begin) / calls
