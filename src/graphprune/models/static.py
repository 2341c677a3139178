"""What can be said of a model without building it: its options, the widths of its layers."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphprune.errors import UserError
from graphprune.models.names import MODELS
from graphprune.registry import lookup


def known_options(name: str) -> list[str]:
    """The options that the builder of model `name` takes, read from its source."""
    module, _, builder = lookup(MODELS, name, "model").partition(":")
    source = Path(__file__).with_name(f"{module.rpartition('.')[2]}.py")
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == builder:
            # The first two are input_shape and classes, which the data set decides.
            return [argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)][2:]
    raise LookupError(f"no function {builder} in {source}")


# Channels of the narrowest layer of networks that have an option width, at width 1.
NARROWEST = {
    "vgg16": 64,
    "resnet18": 64,
    "resnet34": 64,
    "resnet50": 64,
    "resnet56": 16,
    "cifar_resnet": 16,
    "vgg9": 64,
    "lenet_like": 6,
}
# The least side in pixels of networks whose convolutions use up smaller images.
SMALLEST = {"lenet_like": 16, "vgg9": 30}


def masked_widths(
    model: Mapping[str, Any], shape: tuple[int, int, int] | None, scope: str
) -> dict[str, int]:
    """{description: width} of both sides of every masked matrix of an mlp.

    shape: the image's (channels, height, width), None where not known yet (that side is
    left out). Of networks in NARROWEST the narrowest layer alone, whatever the scope.
    """
    if model["name"] in NARROWEST:
        width = round(NARROWEST[model["name"]] * (model.get("width") or 1.0))
        return {"the narrowest layer": width}
    if model["name"] != "mlp":
        return {}
    hidden = model.get("hidden") or []
    if not hidden:
        raise UserError(
            "config key bogp.model.hidden is missing: the widths of the mlp's hidden layers"
        )
    if scope == "inner" and len(hidden) < 2:
        raise UserError(
            "config key bogp.scope is 'inner', but an mlp with one hidden layer has no weight "
            "matrix between its first and its last; use scope: first, or more hidden layers"
        )
    widths = {f"hidden layer {i + 1}": width for i, width in enumerate(hidden)}
    if scope == "first":
        widths = {"hidden layer 1": hidden[0]}
    if scope != "inner" and shape is not None:
        widths = {"the input": shape[0] * shape[1] * shape[2], **widths}
    return widths
