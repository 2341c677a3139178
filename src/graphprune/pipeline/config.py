"""Config errors, in the user's words, before any job starts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from graphprune.data.shapes import input_shape
from graphprune.errors import UserError
from graphprune.graphs.property_names import PROPERTIES
from graphprune.masks.names import SOURCES
from graphprune.masks.sources import number_of_masks
from graphprune.models.widths import masked_widths
from graphprune.pruning.methods import METHODS
from graphprune.registry import lookup, suggestion
from graphprune.search.names import STRATEGIES

SCHEMA = Path(__file__).resolve().parents[3] / "schemas" / "config.schema.yaml"


def validate(config: Mapping[str, Any]) -> None:
    """Raise UserError for the first thing in `config` that no run could use."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    errors = list(Draft202012Validator(schema).iter_errors(dict(config)))
    if errors:
        raise UserError(_in_words(best_match(errors)))
    shape = input_shape(config["data"])
    if "bogp" in config["studies"]:
        _check_bogp(config, shape)


def _check_bogp(config: Mapping[str, Any], shape: tuple[int, int, int] | None) -> None:
    bogp = config["bogp"]
    masks, search = bogp["masks"], bogp["search"]
    _known(config["recipes"], bogp["recipe"], "recipe", "bogp.recipe")
    _known(SOURCES, masks["source"], "mask source", "bogp.masks.source")
    for name in bogp["correlation"]["properties"]:
        _known(dict.fromkeys(PROPERTIES), name, "property", "bogp.correlation.properties")
    for name in search["strategies"]:
        _known(STRATEGIES, name, "search strategy", "bogp.search.strategies")
    for block in ("printed", "equal"):
        for name in bogp["baselines"][block]:
            _known(METHODS, name, "pruning method", f"bogp.baselines.{block}")
    for layer, width in masked_widths(bogp["model"], shape, bogp["scope"]).items():
        if width < bogp["nodes"]:
            raise UserError(
                f"config key bogp.nodes is {bogp['nodes']}, but {layer} of the masked layers is only "
                f"{width} wide; a node needs at least one unit, so use nodes ≤ {width} or a wider layer"
            )
    for sparsity in masks["sparsities"]:
        possible = number_of_masks(masks["source"], bogp["nodes"], sparsity)
        if masks["count"] > possible:
            raise UserError(
                f"config key bogp.masks.count asks for {masks['count']} different masks, but only "
                f"{possible} exist with {bogp['nodes']} nodes at sparsity {sparsity}; ask for fewer"
            )
    used = {*search["seeds"], *bogp["tuning_seeds"]}
    if again := sorted(used & set(bogp["final_seeds"])):
        raise UserError(
            f"config key bogp.final_seeds contains {again}, already used in bogp.search.seeds or "
            "bogp.tuning_seeds; final seeds must be fresh"
        )


def _known(table: Mapping[str, Any], name: str, kind: str, key: str) -> None:
    try:
        lookup(table, name, kind)
    except UserError as error:
        raise UserError(f"config key {key}: {error}") from None


def _in_words(error: ValidationError) -> str:
    key = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = sorted(set(error.instance) - set(known))[0]
        where = f"{key}.{unknown}" if key else unknown
        return f"unknown config key {where}{suggestion(unknown, known)}; known here: {', '.join(sorted(known))}"
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))[0]
        return f"config key {f'{key}.{missing}' if key else missing} is missing"
    meaning = error.schema.get("description", "")
    return f"config key {key}: {error.message}" + (f". It means: {meaning}" if meaning else "")
