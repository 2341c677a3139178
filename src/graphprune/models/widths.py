"""Widths of the layers a mask sits on, known without building the network."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError


def masked_widths(
    model: Mapping[str, Any], shape: tuple[int, int, int] | None, scope: str
) -> dict[str, int]:
    """{description: width} of both sides of every masked matrix of an mlp.

    shape: the image's (channels, height, width), None where not known yet (that side is
    left out). Other networks are checked when they are built; they give {}.
    """
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
