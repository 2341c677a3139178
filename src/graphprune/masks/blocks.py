"""Layer masks from a relational graph: one n × n block mask blown up over weight tensors."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.graphs import layout
from graphprune.masks.mask import Masks, parameters
from graphprune.registry import suggestion

Shapes = Mapping[str, Sequence[int]]


def block_masks(
    model_or_shapes: nn.Module | Shapes,
    names: Iterable[str],
    psi: np.ndarray | Mapping[str, np.ndarray],
) -> Masks:
    """Masks (on the CPU) of the named tensors, each blown up from an n × n block mask.

    A tensor is (out, in) or (out, in, kh, kw); output and input units are dealt to the n nodes
    by `graphs.layout`, entry psi[i, j] decides over all weights from node j to node i, at every
    kernel position. `psi` is one boolean array for all tensors, or one per tensor name.

    UserError if psi is not a square boolean array, if it lacks a tensor, if a width is below n, or
    for a grouped convolution of a model (naming the layer).
    """
    names = tuple(names)
    shapes = _shapes(model_or_shapes, names)
    if isinstance(model_or_shapes, nn.Module):
        refuse_grouped(model_or_shapes, names)
    masks = {}
    for name in names:
        block = _block_of(psi, name)
        out_width, in_width, *kernel = shapes[name]
        mask = torch.from_numpy(layout.expand(block, out_width, in_width, layer=name))
        positions = (1,) * len(kernel)
        masks[name] = mask.reshape(out_width, in_width, *positions).expand(shapes[name])
    return Masks(masks)


def refuse_grouped(model: nn.Module, names: Iterable[str]) -> None:
    """UserError if a tensor is a grouped convolution's: its second axis counts within a group."""
    for name in names:
        module = model.get_submodule(name.rpartition(".")[0])
        groups = getattr(module, "groups", 1)
        if groups != 1:
            raise UserError(
                f"'{name}' belongs to a convolution of {groups} groups, whose channels cannot be "
                "dealt to the nodes of a relational graph. Leave it out of the scope."
            )


def _shapes(model_or_shapes: nn.Module | Shapes, names: tuple[str, ...]) -> dict[str, tuple]:
    if isinstance(model_or_shapes, nn.Module):
        shapes = {n: tuple(w.shape) for n, w in parameters(model_or_shapes, names).items()}
    else:
        for name in names:
            if name not in model_or_shapes:
                raise UserError(f"no tensor '{name}'{suggestion(name, model_or_shapes)}")
        shapes = {name: tuple(model_or_shapes[name]) for name in names}
    for name, shape in shapes.items():
        if len(shape) < 2:
            raise UserError(
                f"'{name}' has shape {shape}; only weights of shape (out, in, …) have blocks"
            )
    return shapes


def _block_of(psi: np.ndarray | Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if isinstance(psi, Mapping):
        if name not in psi:
            raise UserError(f"no block mask for '{name}'; there is one for: {', '.join(psi)}")
        psi = psi[name]
    psi = np.asarray(psi)
    if psi.dtype != np.bool_ or psi.ndim != 2 or psi.shape[0] != psi.shape[1] or not psi.size:
        raise UserError(
            f"the block mask of '{name}' must be a square boolean array (rows = output nodes), "
            f"found {psi.dtype} of shape {psi.shape}"
        )
    return psi
