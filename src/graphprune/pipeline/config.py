"""Config errors, in the user's words, before any job starts: what no schema can say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphprune.data.shapes import input_shape
from graphprune.errors import UserError
from graphprune.graphs.bounds import aspl_lower_bound, ring_lattice_aspl
from graphprune.graphs.property_names import PROPERTIES
from graphprune.masks.names import SOURCES
from graphprune.masks.sources import number_of_masks
from graphprune.models.names import MODELS
from graphprune.models.static import known_options, masked_widths
from graphprune.pipeline.check_curvature import check_curvature
from graphprune.pipeline.check_edges import check_edges
from graphprune.pipeline.check_rgp import check_rgp
from graphprune.pipeline.check_rgp_speed import check_rgp_speed
from graphprune.pipeline.check_weight_unit import check_weight_unit
from graphprune.pipeline.check_ws_flex import check_ws_flex
from graphprune.pipeline.known import known
from graphprune.pipeline.schema import check_schema
from graphprune.pipeline.settings import bogp_settings
from graphprune.pruning.methods import METHODS
from graphprune.search.names import STRATEGIES
from graphprune.training.recipe_options import misfit


def validate(config: Mapping[str, Any]) -> None:
    """Raise UserError for the first thing in `config` that no run could use."""
    check_schema(config)
    for name, recipe in config["recipes"].items():
        if found := misfit(recipe):
            raise UserError(f"config key recipes.{name}.{found[0]} {found[1]}")
    shape = input_shape(config["data"])
    folder = config["data"]["folder"]
    if folder and not Path(folder).is_dir():
        raise UserError(f"config key data.folder is {folder}, but there is no such folder")
    if "bogp" in config["studies"]:
        _check_bogp(config, shape)
    if "rgp_theory" in config["studies"]:
        _check_rgp_theory(config["rgp_theory"])
    if "rgp" in config["studies"]:
        check_rgp(config, shape)
    if "rgp_speed" in config["studies"]:
        check_rgp_speed(config["rgp_speed"])
    if "ws_flex" in config["studies"]:
        check_ws_flex(config)
    if "edges" in config["studies"]:
        check_edges(config, shape)
    if "weight_unit" in config["studies"]:
        check_weight_unit(config)
    if "curvature" in config["studies"]:
        check_curvature(config, shape)


def _check_bogp(config: Mapping[str, Any], shape: tuple[int, int, int] | None) -> None:
    bogp = config["bogp"]
    names = [setting["name"] for setting in bogp["settings"]]
    if again := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"config key bogp.settings has more than one entry with the name {again}")
    for name, setting in bogp_settings(bogp).items():
        try:
            _check_setting(setting, config["recipes"], shape)
        except UserError as error:
            raise UserError(f"{error} (setting '{name}' of bogp.settings)") from None
    if again := sorted({*bogp["tuning_seeds"]} & {*bogp["five_nodes"]["seeds"]}):
        raise UserError(
            f"config key bogp.five_nodes.seeds contains {again}, already used in bogp.tuning_seeds"
        )


def _check_setting(
    bogp: Mapping[str, Any], recipes: Mapping[str, Any], shape: tuple[int, int, int] | None
) -> None:
    """One setting's ``bogp`` block (`pipeline.settings.bogp_settings`)."""
    _check_names(bogp, recipes)
    _check_baselines(bogp["baselines"])
    for layer, width in masked_widths(bogp["model"], shape, bogp["scope"]).items():
        if width < bogp["nodes"]:
            raise UserError(
                f"config key bogp.nodes is {bogp['nodes']}, but {layer} of the masked layers is "
                f"only {width} wide; a node needs at least one unit, so use nodes ≤ {width} or a "
                "wider layer"
            )
    _check_masks(bogp["masks"], bogp["nodes"], "bogp.masks")
    if "identifiability" in bogp["parts"]:
        _check_identifiability(bogp)
    _check_parts(bogp)
    used = {*bogp["search"]["seeds"], *bogp["tuning_seeds"]}
    for part in ("ablation", "regret", "tradeoff"):
        used |= {*bogp[part]["seeds"]} if part in bogp["parts"] else set()
    if again := sorted(used & set(bogp["final_seeds"])):
        raise UserError(
            f"config key bogp.final_seeds contains {again}, already used in bogp.search.seeds, "
            "bogp.tuning_seeds or those of another search; final seeds must be fresh"
        )


def _check_parts(bogp: Mapping[str, Any]) -> None:
    """The parts that stand on the databases of the comparison."""
    for part in ("ablation", "regret"):
        sparsity = bogp[part]["sparsity"]
        if part in bogp["parts"] and sparsity not in bogp["masks"]["sparsities"]:
            raise UserError(
                f"config key bogp.{part}.sparsity is {sparsity}, but the databases have the "
                f"sparsities {bogp['masks']['sparsities']}; choose one of them, or add it there"
            )
    if "regret" in bogp["parts"] and "comparison" not in bogp["parts"]:
        raise UserError(
            "config key bogp.settings: part 'regret' judges the searches of part 'comparison'; "
            "add that part, or leave regret out"
        )
    wide = bogp["tradeoff"]["wide"]
    if "tradeoff" in bogp["parts"] and not wide["low"] < wide["high"]:
        raise UserError(
            f"config key bogp.tradeoff.wide: low is {wide['low']} and high {wide['high']}; "
            "low must be less than high"
        )


def _check_names(bogp: Mapping[str, Any], recipes: Mapping[str, Any]) -> None:
    known(recipes, bogp["recipe"], "recipe", "bogp.recipe")
    known(MODELS, bogp["model"]["name"], "model", "bogp.model.name")
    known(SOURCES, bogp["masks"]["source"], "mask source", "bogp.masks.source")
    options = dict.fromkeys(["name", *known_options(bogp["model"]["name"])])
    for option in (key for key, value in bogp["model"].items() if value is not None):
        known(options, option, "option", "bogp.model")
    for name in bogp["correlation"]["properties"]:
        known(dict.fromkeys(PROPERTIES), name, "property", "bogp.correlation.properties")
    for name in bogp["search"]["strategies"]:
        known(STRATEGIES, name, "search strategy", "bogp.search.strategies")


def _check_baselines(baselines: Mapping[str, Any]) -> None:
    for block, names in baselines.items():
        key = f"bogp.baselines.{block}"
        for name in names:
            known(METHODS, name, "pruning method", key)
            if METHODS[name].source == "none":
                raise UserError(
                    f"config key {key} contains '{name}', which prunes nothing; the dense network "
                    "is always trained, so leave it out"
                )
            if block == "printed" and METHODS[name].told:
                raise UserError(
                    f"config key {key} contains '{name}', which follows a mask and cannot be asked "
                    "for a sparsity; it belongs in bogp.baselines.equal"
                )


def _check_identifiability(bogp: Mapping[str, Any]) -> None:
    chosen, key = bogp["identifiability"], "bogp.identifiability"
    for name in chosen["properties"]:
        known(dict.fromkeys(PROPERTIES), name, "property", f"{key}.properties")
    if chosen["masks"] > bogp["masks"]["count"]:
        raise UserError(
            f"config key {key}.masks is {chosen['masks']}, but a database has only "
            f"bogp.masks.count = {bogp['masks']['count']} masks"
        )
    for source in chosen["sources"]:
        known(SOURCES, source, "mask source", f"{key}.sources")
        masks = {**bogp["masks"], "source": source, "sparsities": [chosen["sparsity"]]}
        _check_masks(masks, bogp["nodes"], key)


def _check_masks(masks: Mapping[str, Any], nodes: int, key: str) -> None:
    for sparsity in masks["sparsities"]:
        if float(f"{sparsity:g}") != sparsity:
            raise UserError(
                f"config key {key} names the sparsity {sparsity!r}; files are named after "
                f"their sparsity, so give at most six digits: {sparsity:g}"
            )
        possible = number_of_masks(masks["source"], nodes, sparsity)
        if masks["count"] > possible:
            raise UserError(
                f"config key bogp.masks.count asks for {masks['count']} different masks, but only "
                f"{possible} exist with {nodes} nodes at sparsity {sparsity} (source "
                f"{masks['source']}); ask for fewer"
            )


def _check_rgp_theory(theory: Mapping[str, Any]) -> None:
    search, trees = theory["search"], theory["trees"]
    _check_regular(theory["nodes"], theory["degree"], "rgp_theory.degree")
    _check_regular(trees["nodes"], trees["degree"], "rgp_theory.trees.degree")
    for degree in search["degrees"]:
        _check_regular(search["nodes"], degree, "rgp_theory.search.degrees")
    if missing := sorted({*search["traces"]} - {*search["degrees"]}):
        raise UserError(
            f"config key rgp_theory.search.traces contains {missing}, which "
            "rgp_theory.search.degrees does not; only what is searched can be drawn"
        )
    low, high = search["released_code"]["window"]
    if not low < high:
        raise UserError(
            f"config key rgp_theory.search.released_code.window is [{low}, {high}]; the first gain "
            "must be less than the second"
        )
    size = theory["nodes"], theory["degree"]
    bands = theory["spread"]["bands"]
    least, most = float(aspl_lower_bound(*size)), float(ring_lattice_aspl(*size))
    if outside := [low for low in bands["low"] if not least <= low < most]:
        raise UserError(
            f"config key rgp_theory.spread.bands.low contains {outside}, but with {size[0]} nodes "
            f"of degree {size[1]} ASPL goes from {least:.4g} (lower bound) to {most:.4g} (ring "
            "lattice)"
        )


def _check_regular(nodes: int, degree: int, key: str) -> None:
    try:
        aspl_lower_bound(nodes, degree)
    except UserError as error:
        raise UserError(f"config key {key}: {error}") from None
