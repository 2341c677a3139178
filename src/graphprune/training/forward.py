"""The forward pass of a training step: as it is, or compiled once a process."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

from graphprune.sparse.images import Images

Forward = Callable[[nn.Module, Images], Tensor]

# Graphs that one process may compile before the rest runs uncompiled: a job has a few networks,
# each with a whole and a short last batch. Torch's own limit is 8.
GRAPHS = 64


def plain(model: nn.Module, images: Images) -> Tensor:
    """The logits of `model`."""
    return model(images)


@cache
def compiled() -> Forward:
    """`plain`, compiled by torch.compile at its first call, which takes long.

    What is compiled is this function and no module, so all networks of equal shape share one
    graph, whatever their weights and masks, and a network stays a plain one: its names, hooks
    and copies are as ever. A network or batch of another shape makes another graph.
    """
    # Imports the compiler, a second that only those pay who use it.
    torch._dynamo.config.recompile_limit = GRAPHS
    # One graph a shape: graphs for any shape are slower, and would be made of the second batch on.
    return torch.compile(plain, dynamic=False)
