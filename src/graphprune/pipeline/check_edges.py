"""Errors in the config's block of edge pruning, before any job starts."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError
from graphprune.models.names import MODELS
from graphprune.models.static import known_options, masked_widths
from graphprune.pipeline.known import known
from graphprune.pruning.norms import NORMS
from graphprune.studies.edges_arms import GRID, SEARCH

Shape = tuple[int, int, int]


def check_edges(config: Mapping[str, Any], shape: Shape | None) -> None:
    """UserError for what no run of the study could use; shape: that of stored images, if known."""
    edges = config["edges"]
    names = [network["name"] for network in edges["networks"]]
    if again := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"config key edges.networks has more than one entry with the name {again}")
    known(config["recipes"], edges["recipe"], "recipe", "edges.recipe")
    for norm in edges["norms"]:
        known(NORMS, norm, "edge norm", "edges.norms")
    _check_seeds(edges)
    for key, bounds in (("k", edges["search"]["k"]), ("p", edges["search"]["p"])):
        if not bounds["low"] < bounds["high"]:
            raise UserError(
                f"config key edges.search.{key}: low is {bounds['low']} and high {bounds['high']}; "
                "low must be less than high"
            )
    size = edges["images"]["size"]
    seen = (shape[0], size, size) if shape and size else shape
    for network in edges["networks"]:
        try:
            _check_network(network, edges["scope"], seen)
        except UserError as error:
            raise UserError(f"{error} (network '{network['name']}' of edges.networks)") from None


def _check_seeds(edges: Mapping[str, Any]) -> None:
    """Networks that are tested were not used to choose anything."""
    search = edges["search"]
    used = {*edges["tuning_seeds"], *search["seeds"]}
    for key, seeds, others in (
        ("seeds", edges["seeds"], {*edges["tuning_seeds"]}),
        ("search.final_seeds", search["final_seeds"], used | {*edges["seeds"]}),
    ):
        if again := sorted({*seeds} & others):
            raise UserError(
                f"config key edges.{key} contains {again}, by which something was chosen (in "
                "edges.tuning_seeds, edges.search.seeds or edges.seeds); networks that are tested "
                "need fresh seeds"
            )


def _check_network(network: Mapping[str, Any], scope: str, shape: Shape | None) -> None:
    model, nodes = network["model"], network["nodes"]
    known(MODELS, model["name"], "model", "edges.networks.model.name")
    options = dict.fromkeys(["name", *known_options(model["name"])])
    for option in (key for key, value in model.items() if value is not None):
        known(options, option, "option", "edges.networks.model")
    if model["name"] == "mlp" and len(model.get("hidden") or []) < 2:
        raise UserError(
            "config key edges.networks.model.hidden needs two hidden layers at least: the matrices "
            "between them are pruned"
        )
    for layer, width in masked_widths(model, shape, scope).items():
        if width < nodes:
            raise UserError(
                f"config key edges.networks.nodes is {nodes}, but {layer} is only {width} wide; a "
                f"node needs at least one unit, so use nodes ≤ {width} or a wider network"
            )
    if SEARCH in network["parts"] and GRID not in network["parts"]:
        raise UserError(
            "config key edges.networks.parts: part 'search' is compared with the optimum of part "
            "'grid'; add that part, or leave search out"
        )
