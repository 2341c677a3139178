"""Errors in the config's block of graph2nn's study, before any job starts."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError
from graphprune.pipeline.known import known


def check_ws_flex(config: Mapping[str, Any]) -> None:
    """UserError for what no run of the study could use."""
    block = config["ws_flex"]
    known(config["recipes"], block["recipe"], "recipe", "ws_flex.recipe")
    _check_widths(block["nodes"], block["model"]["hidden"])
    _check_sweep(block["nodes"], block["sweep"])
    if block["jobs"] > len(block["seeds"]):
        raise UserError(
            f"config key ws_flex.jobs is {block['jobs']}, but there are only "
            f"{len(block['seeds'])} seeds to deal to them"
        )


def _check_widths(nodes: int, hidden: list[int]) -> None:
    least = min(hidden)
    if least < nodes:
        raise UserError(
            f"config key ws_flex.nodes is {nodes}, but hidden layer {hidden.index(least) + 1} is "
            f"only {least} wide; a node needs at least one unit, so use nodes ≤ {least} or a wider "
            "layer"
        )
    if len({*hidden[1:]}) > 1:
        raise UserError(
            f"config key ws_flex.model.hidden is {hidden}; layers after the first are widened "
            "together and must be equal"
        )


def _check_sweep(nodes: int, sweep: Mapping[str, Any]) -> None:
    low, p = sweep["degree"]["low"], sweep["p"]
    if low > nodes - 2:
        raise UserError(
            f"config key ws_flex.sweep.degree.low is {low}, but the degrees of the sweep end at "
            f"nodes - 2 = {nodes - 2}; use a lower degree or more nodes"
        )
    if p["low"] > p["high"]:
        raise UserError(
            f"config key ws_flex.sweep.p: low is {p['low']} and high {p['high']}; low must not be "
            "greater than high"
        )
