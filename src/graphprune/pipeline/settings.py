"""The settings that BoGP is run in: the study's keys, with what each setting changes of them."""

from collections.abc import Mapping
from typing import Any


def bogp_settings(bogp: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Name -> the ``bogp`` block as that setting has it, and its `parts`, in the config's order.

    A setting may change nodes, model, scope, init, recipe and final_seeds, and, of the blocks
    further down, sparsities (masks), sources (identifiability) and search_seeds (search). A model
    with another name brings its own options; with the same name options are merged.
    """
    return {changes["name"]: _merged(bogp, changes) for changes in bogp["settings"]}


def _merged(bogp: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in bogp.items() if key != "settings"}
    for key in ("nodes", "scope", "init", "recipe", "final_seeds", "parts"):
        if key in changes:
            merged[key] = changes[key]
    if "model" in changes:
        same = changes["model"].get("name", bogp["model"]["name"]) == bogp["model"]["name"]
        merged["model"] = {**(bogp["model"] if same else {}), **changes["model"]}
    for key, block, inner in (
        ("sparsities", "masks", "sparsities"),
        ("sources", "identifiability", "sources"),
        ("search_seeds", "search", "seeds"),
    ):
        if key in changes:
            merged[block] = {**merged[block], inner: changes[key]}
    return merged
