"""Dense networks with fewer units: what a pruned one of the same size is to be measured by."""

from collections.abc import Callable
from typing import Any

from graphprune.errors import UserError
from graphprune.metrics.counts import Counts, count
from graphprune.models.static import known_options
from graphprune.runs.setup import Setup

PRECISION = 1e-4  # of the factor that widths are multiplied by


def narrowed(setup: Setup, size: Callable[[Counts], int], target: int) -> dict[str, Any]:
    """Options of the widest network of the setup's kind whose `size`, dense, is at most `target`.

    All widths are multiplied by one number in (0, 1]. UserError for a network that has neither
    the option hidden nor width, or that is never so small.
    """

    def size_at(factor: float) -> int:
        model = setup.with_model(**_scaled(setup.model, factor)).build()
        return size(count(model, setup.input_shape))

    low, high = 0.0, 1.0
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if size_at(middle) <= target else (low, middle)
    if low == 0.0:
        raise UserError(f"no width of {setup.model['name']} makes it as small as {target}")
    return _scaled(setup.model, low)


def _scaled(model: dict[str, Any], factor: float) -> dict[str, Any]:
    if "hidden" in model:
        return {"hidden": [max(1, round(factor * width)) for width in model["hidden"]]}
    if "width" not in known_options(model["name"]):
        raise UserError(f"network {model['name']} has no option width, so it cannot be narrowed")
    return {"width": factor * model.get("width", 1.0)}
