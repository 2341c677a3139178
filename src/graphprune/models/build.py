"""A model by its name in `names.MODELS`.

A builder is ``build(input_shape, classes, **options) -> nn.Module`` with `input_shape` =
(channels, height, width). Its modules carry PyTorch's default initial values, which come from
the global generator; `graphprune.models.init.initialise` sets them from a seed. Under
``with torch.device("meta")`` a model is built without memory, which is enough to count it.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from torch import nn

from graphprune.errors import UserError
from graphprune.models.names import MODELS
from graphprune.models.options import whole_number
from graphprune.registry import resolve, suggestion


def build_model(name: str, input_shape: Sequence[int], classes: int, **options: Any) -> nn.Module:
    """The model called `name`, its options checked.

    UserError if the name, an option's name or an option's value is not known to it.
    """
    builder = resolve(MODELS, name, "model")
    known = dict(list(inspect.signature(builder).parameters.items())[2:])
    for option in options:
        if option not in known:
            raise UserError(
                f"model {name} has no option '{option}'{suggestion(option, known)}; "
                f"known: {', '.join(known)}"
            )
    for option, parameter in known.items():
        if parameter.default is parameter.empty and option not in options:
            raise UserError(f"model {name} needs the option '{option}'; add it to its options")
    return builder(input_shape, whole_number("classes", classes, name), **options)
