"""Neural curvature: the less curved an edge of the network's graph, the more it is needed."""

from dataclasses import fields
from typing import Any

import torch
from torch import nn

from graphprune.errors import UserError
from graphprune.pruning.context import Context
from graphprune.pruning.curvature import Settings, correct_examples, neural_curvature
from graphprune.registry import suggestion

_OTHERS = ("per_class", "checkpoint", "jobs")


def score(model: nn.Module, names: tuple[str, ...], context: Context) -> dict[str, torch.Tensor]:
    """−curvature of every weight, least over ``context.examples`` (inputs and labels).

    Options: those of `Settings`; ``per_class``: only so many correctly classified examples of
    each class (by default the examples are taken as they are); ``checkpoint`` and ``jobs`` of
    `neural_curvature`.
    """
    if context.examples is None:
        raise UserError("score 'curvature' needs inputs and labels in context.examples")
    settings, others = _options(dict(context.options))
    inputs, labels = context.examples
    if "per_class" in others:
        inputs = inputs[correct_examples(model, inputs, labels, others.pop("per_class"))]
    scores = neural_curvature(model, inputs, settings, **others).scores()
    return {name: -scores[name] for name in names}


def _options(given: dict[str, Any]) -> tuple[Settings, dict[str, Any]]:
    known = [field.name for field in fields(Settings)]
    for name in given:
        if name not in (*known, *_OTHERS):
            raise UserError(
                f"score 'curvature' has no option '{name}'{suggestion(name, (*known, *_OTHERS))}; "
                f"known: {', '.join((*known, *_OTHERS))}"
            )
    settings = Settings(**{name: given[name] for name in known if name in given})
    return settings, {name: given[name] for name in _OTHERS if name in given}
