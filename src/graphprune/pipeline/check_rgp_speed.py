"""Errors in the config's block of RGP's speed, before any job starts."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError
from graphprune.graphs.catalogue import entry
from graphprune.models.names import MODELS
from graphprune.models.static import known_options, masked_widths
from graphprune.registry import lookup


def check_rgp_speed(speed: Mapping[str, Any]) -> None:
    """UserError for what no run of the study could use; speed: the block ``rgp_speed``."""
    nodes, names = speed["nodes"], [network["name"] for network in speed["networks"]]
    if again := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(
            f"config key rgp_speed.networks has more than one entry with the name {again}"
        )
    for degree in speed["degrees"]:
        try:
            entry(nodes, degree)
        except UserError as error:
            raise UserError(f"config key rgp_speed.degrees: {error}") from None
    for network in speed["networks"]:
        _check_model(
            network["model"], nodes, f"(network '{network['name']}' of rgp_speed.networks)"
        )


def _check_model(model: Mapping[str, Any], nodes: int, where: str) -> None:
    key = "config key rgp_speed.networks.model"
    try:
        lookup(MODELS, model["name"], "model")
        options = dict.fromkeys(["name", *known_options(model["name"])])
        for option in model:
            lookup(options, option, "option")
    except UserError as error:
        raise UserError(f"{key}: {error} {where}") from None
    for layer, width in masked_widths(model, None, "inner").items():
        if width < nodes:
            raise UserError(
                f"config key rgp_speed.nodes is {nodes}, but {layer} is only {width} wide; a node "
                f"needs at least one unit, so use nodes ≤ {width} or a wider network {where}"
            )
