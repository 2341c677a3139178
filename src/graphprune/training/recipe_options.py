"""What the options of a recipe demand of one another. Imports no torch: it checks configs."""

from collections.abc import Mapping
from typing import Any


def misfit(options: Mapping[str, Any]) -> tuple[str, str] | None:
    """(the key that does not fit, what is wrong with it) of a recipe's options, or None.

    Options that are left out have their defaults.
    """
    momentum, schedule = options.get("momentum", 0), options.get("schedule", "constant")
    if options["optimiser"] == "adam" and momentum:
        return "momentum", (
            f"is {momentum}, but momentum is for sgd; leave it out, or set optimiser: sgd"
        )
    if options.get("nesterov") and not momentum:
        return "nesterov", "is true, but there is no momentum; set one (sgd), or leave it out"
    if schedule == "step" and options.get("step_epochs") is None:
        return "step_epochs", "is missing; the schedule step needs the epochs from step to step"
    if schedule != "step" and options.get("step_epochs") is not None:
        return "step_epochs", f"belongs to the schedule step, but the schedule is {schedule}"
    return None
