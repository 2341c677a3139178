"""Errors in the config's block of neural curvature, before any job starts."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError
from graphprune.models.static import SMALLEST, known_options
from graphprune.pipeline.known import known

Shape = tuple[int, int, int]


def check_curvature(config: Mapping[str, Any], shape: Shape | None) -> None:
    """UserError for what no run of the study could use; shape: that of stored images, if known."""
    block = config["curvature"]
    names = [network["name"] for network in block["networks"]]
    if again := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(
            f"config key curvature.networks has more than one entry with the name {again}"
        )
    if config["protocol"] == "paper":
        raise UserError(
            "config key protocol is paper, in which the test set is the validation set; curvature "
            "takes its examples from the latter, so study 'curvature' needs held_out"
        )
    known(config["recipes"], block["recipe"], "recipe", "curvature.recipe")
    if decay := config["recipes"][block["recipe"]].get("weight_decay"):
        raise UserError(
            f"config key recipes.{block['recipe']}.weight_decay is {decay}, but only networks with "
            "training: weight_decay shall have it; leave it out, and set curvature.weight_decay"
        )
    for key, cuts in (
        ("cuts", block["cuts"]),
        ("retrain.sparsities", block["retrain"]["sparsities"]),
    ):
        if 0 not in cuts:
            raise UserError(
                f"config key curvature.{key} is {cuts} and lacks 0, the network that nothing is "
                "taken from, which every loss is measured against; add it"
            )
    side = block["images"]["size"] or (shape and min(shape[1:]))
    for network in block["networks"]:
        try:
            _check_model(network["model"], side)
        except UserError as error:
            where = f"network '{network['name']}' of curvature.networks"
            raise UserError(f"{error} ({where})") from None


def _check_model(model: Mapping[str, Any], side: int | None) -> None:
    options = dict.fromkeys(["name", *known_options(model["name"])])
    for option in (key for key, value in model.items() if value is not None):
        known(options, option, "option", "curvature.networks.model")
    if model["name"] == "mlp" and not model.get("hidden"):
        raise UserError(
            "config key curvature.networks.model.hidden is missing: the widths of the mlp's hidden "
            "layers"
        )
    if model.get("activation") not in (None, "relu", "tanh"):
        raise UserError(
            f"config key curvature.networks.model.activation is '{model['activation']}'; expected "
            "relu or tanh"
        )
    least = SMALLEST.get(model["name"], 1)
    if side and side < least:
        raise UserError(
            f"config key curvature.images.size: images are {side} pixels wide, but {model['name']} "
            f"needs at least {least}; set a size, to which they are resized"
        )
