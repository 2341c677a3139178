"""Scope: which weight tensors a study prunes.

Only weights of linear and convolution layers, stored (out, in[, kh, kw]), can be in scope;
biases and batch normalisation never are.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.registry import lookup, suggestion

# Name -> which of the layers, in module order. Layers in between are those that RGP prunes:
# it leaves the first convolution and the last layer dense.
SCOPES: dict[str, slice] = {
    "all": slice(None),
    "first": slice(0, 1),
    "inner": slice(1, -1),
    "all_but_last": slice(None, -1),
}
# The tensors that another arm's masks cover, for comparisons at equal weights.
MASKED = "masked"

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def tensors(
    model: nn.Module, scope: str | Iterable[str], masked: Iterable[str] | None = None
) -> tuple[str, ...]:
    """Names of the weight tensors in `scope`, in module order.

    `scope` is a key of SCOPES, ``"masked"`` (the names in `masked`), or an explicit list of
    names. UserError on an unknown name, or when nothing is left to prune.
    """
    every = weights(model)
    if scope == MASKED:
        if masked is None:
            raise UserError("scope 'masked' needs the masks whose tensors it takes; none given")
        chosen = _named(every, masked)
    elif isinstance(scope, str):
        chosen = every[lookup({**SCOPES, MASKED: None}, scope, "scope")]
    else:
        chosen = _named(every, scope)
    if not chosen:
        raise UserError(
            f"scope {scope!r} holds no tensor of this model; its weights are: {', '.join(every)}"
        )
    return chosen


def weights(model: nn.Module) -> tuple[str, ...]:
    """Names of all linear and convolution weights, in module order.

    A tensor that several of these layers share comes once, under the name of the first.
    """
    known = dict(model.named_parameters(remove_duplicate=False))
    found: dict[Tensor, str] = {}
    for module_name, module in model.named_modules():
        if isinstance(module, _LAYERS):
            name = f"{module_name}.weight" if module_name else "weight"
            if name not in known:
                raise UserError(
                    f"layer '{module_name}' has no parameter 'weight' of its own (it is "
                    "parametrised or already carries torch.nn.utils.prune hooks); "
                    "make the change permanent before pruning"
                )
            found.setdefault(known[name], name)
    return tuple(found.values())


def _named(every: tuple[str, ...], names: Iterable[str]) -> tuple[str, ...]:
    names = set(names)
    for name in sorted(names):
        if name not in every:
            raise UserError(
                f"scope names '{name}', which is no linear or convolution weight of the model"
                f"{suggestion(name, every)}; there are: {', '.join(every)}"
            )
    return tuple(name for name in every if name in names)
