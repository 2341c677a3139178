"""What a model applies, one after the other, as far as neural curvature has rules for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from graphprune.errors import UserError

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
_SILENT = (nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_RULES = (nn.Conv2d, nn.Linear, *NORMS, nn.ReLU, nn.Tanh, *_SILENT)
_KNOWN = "Conv2d, Linear, BatchNorm, ReLU, Tanh, Flatten, Dropout"
# What a plain function or method of a traced model stands for.
_FUNCTIONS: dict[Any, type[nn.Module]] = {
    torch.relu: nn.ReLU,
    nn.functional.relu: nn.ReLU,
    "relu": nn.ReLU,
    torch.tanh: nn.Tanh,
    "tanh": nn.Tanh,
    torch.flatten: nn.Flatten,
    "flatten": nn.Flatten,
}


@dataclass
class Step:
    """One of them: what kind of module it is or stands for, and the module if it is one."""

    kind: type[nn.Module]
    apply: Callable[[Tensor], Tensor]
    name: str
    module: nn.Module | None


def refuse_unknown(model: nn.Module) -> None:
    """UserError for a module of torch's without a rule, by name."""
    for name, module in model.named_modules():
        if module.__module__.startswith("torch.nn") and not isinstance(
            module, (*_RULES, *_CONTAINERS)
        ):
            raise no_rule(type(module).__name__, name)


def no_rule(what: str, where: str) -> UserError:
    """The error that says so of `what`."""
    place = f" ('{where}')" if where else ""
    return UserError(f"neural curvature has no rule for {what}{place}; it knows chains of {_KNOWN}")


def steps(model: nn.Module) -> Iterator[Step]:
    """The modules and functions that `model` applies, in order; UserError where it branches."""
    if isinstance(model, _RULES):
        yield Step(type(model), model, "", model)
        return
    try:
        graph = fx.symbolic_trace(model).graph
    except Exception as error:  # tracing runs the user's code: anything may be raised
        raise UserError(
            f"neural curvature cannot follow the forward pass of {type(model).__name__}: {error}"
        ) from error
    previous: fx.Node | None = None
    seen: set[str] = set()
    for node in graph.nodes:
        inputs = node.all_input_nodes
        if node.op == "output":
            if inputs != [previous]:
                raise no_rule("a model with several outputs", type(model).__name__)
            return
        if node.op == "placeholder":
            if previous is not None:
                raise no_rule("a model with several inputs", type(model).__name__)
        elif inputs != [previous]:
            raise no_rule(f"branches (at {getattr(node.target, '__name__', node.target)})", "")
        elif node.op == "call_module":
            module = model.get_submodule(str(node.target))
            if node.target in seen and list(module.parameters()):
                raise no_rule("a module that is used twice", str(node.target))
            seen.add(str(node.target))
            yield Step(type(module), module, str(node.target), module)
        elif node.target in _FUNCTIONS:
            yield Step(_FUNCTIONS[node.target], _applied(node), node.name, None)
        else:
            raise no_rule(getattr(node.target, "__name__", str(node.target)), "")
        previous = node


def _applied(node: fx.Node) -> Callable[[Tensor], Tensor]:
    rest, options = node.args[1:], dict(node.kwargs)
    if node.op == "call_method":
        return lambda x: getattr(x, str(node.target))(*rest, **options)
    return lambda x: node.target(x, *rest, **options)  # type: ignore[operator]
