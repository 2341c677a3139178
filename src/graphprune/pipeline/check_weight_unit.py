"""Errors in the config's block of weight and unit pruning, before any job starts."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError
from graphprune.registry import lookup


def check_weight_unit(config: Mapping[str, Any]) -> None:
    """UserError for what no run of the study could use."""
    block = config["weight_unit"]
    try:
        lookup(config["recipes"], block["recipe"], "recipe")
    except UserError as error:
        raise UserError(f"config key weight_unit.recipe: {error}") from None
    _check_sparsities(block["sparsities"], "sparsities")
    if block["retrain"]["sparsities"]:
        _check_sparsities(block["retrain"]["sparsities"], "retrain.sparsities")


def _check_sparsities(sparsities: list[float], key: str) -> None:
    if 0 not in sparsities:
        raise UserError(
            f"config key weight_unit.{key} is {sparsities} and lacks 0, the network that nothing "
            "is taken from, which every loss is measured against; add it"
        )
