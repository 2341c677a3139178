"""Errors in the config's block of RGP on real networks, before any job starts."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError
from graphprune.graphs.bounds import check_degree
from graphprune.models.names import MODELS
from graphprune.models.static import known_options, masked_widths
from graphprune.pipeline.known import known

Shape = tuple[int, int, int]


def check_rgp(config: Mapping[str, Any], shape: Shape | None) -> None:
    """UserError for what no run of the study could use; shape: that of stored images, if known."""
    rgp = config["rgp"]
    names = [network["name"] for network in rgp["networks"]]
    if again := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"config key rgp.networks has more than one entry with the name {again}")
    known(config["recipes"], rgp["recipe"], "recipe", "rgp.recipe")
    if "rgp" not in rgp["arms"]:
        raise UserError("config key rgp.arms lacks 'rgp', which every other arm is compared with")
    for key in ("seeds", "chain.seeds"):
        seeds = rgp["seeds"] if key == "seeds" else rgp["chain"]["seeds"]
        if used := sorted({*seeds} & {*rgp["tuning_seeds"]}):
            raise UserError(
                f"config key rgp.{key} contains {used}, already used in rgp.tuning_seeds; networks "
                "that are tested need fresh seeds"
            )
    size = rgp["images"]["size"]
    seen = (shape[0], size, size) if shape and size else shape
    for network in rgp["networks"]:
        try:
            _check_network(network, rgp["scope"], seen)
        except UserError as error:
            raise UserError(f"{error} (network '{network['name']}' of rgp.networks)") from None


def _check_network(network: Mapping[str, Any], scope: str, shape: Shape | None) -> None:
    model, nodes = network["model"], network["nodes"]
    known(MODELS, model["name"], "model", "rgp.networks.model.name")
    options = dict.fromkeys(["name", *known_options(model["name"])])
    for option in (key for key, value in model.items() if value is not None):
        known(options, option, "option", "rgp.networks.model")
    for layer, width in masked_widths(model, shape, scope).items():
        if width < nodes:
            raise UserError(
                f"config key rgp.networks.nodes is {nodes}, but {layer} is only {width} wide; a "
                f"node needs at least one unit, so use nodes ≤ {width} or a wider network"
            )
    for degree in network["degrees"]:
        try:
            check_degree(nodes, degree)
        except UserError as error:
            raise UserError(f"config key rgp.networks.degrees: {error}") from None
