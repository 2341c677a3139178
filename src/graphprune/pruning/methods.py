"""Pruning methods: every system is one row of small choices.

To add a system, add a row to METHODS, and a score if none of SCORES fits; the tests then cover
it without further ado.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from graphprune.errors import UserError
from graphprune.pruning.allocate import ALLOCATIONS, TOLD
from graphprune.pruning.names import AGGREGATES, GRANULARITIES, SCORES
from graphprune.pruning.schedule import SCHEDULES, WEIGHTS, Schedule, check_options
from graphprune.registry import lookup, module_of, suggestion

# Nothing is masked; a block mask decides; scores are ranked.
SOURCES = ("none", "graph", "score")


@dataclass(frozen=True)
class Method:
    """One pruning method. UserError if a choice is unknown.

    Sparsity counts groups of the granularity (weights, units, edges), pruned / all.
    """

    source: str
    score: str = "magnitude"
    granularity: str = "weight"
    aggregate: str = "mean"
    allocation: str = "global"
    schedule: str = "at_init"
    schedule_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    weights: str = "carry"
    shared: bool = True
    """Granularity ``edge``: one graph for all layers, else one per layer."""
    keep_self_loops: bool = True
    """Granularity ``edge``: blocks (i, i) are never pruned."""
    allow_empty_layer: bool = True
    """Else an error when a layer would lose its last weight."""

    def __post_init__(self) -> None:
        choices: dict[str, Mapping[str, Any]] = {
            "source": dict.fromkeys(SOURCES),
            "score": SCORES,
            "granularity": GRANULARITIES,
            "aggregate": dict.fromkeys(AGGREGATES),
            "allocation": ALLOCATIONS,
            "schedule": SCHEDULES,
            "weights": dict.fromkeys(WEIGHTS),
        }
        chosen = asdict(self)
        for axis, known in choices.items():
            lookup(known, chosen[axis], axis)
        check_options(self.schedule, dict(self.schedule_options))

    @property
    def told(self) -> bool:
        """True if what is kept is given (a block mask, counts per layer), not asked as sparsity."""
        return self.source == "graph" or (self.source == "score" and self.allocation in TOLD)

    def plan(self, sparsity: float, iterations: int) -> Schedule:
        """The schedule that ends at `sparsity`, for trainings of `iterations` steps a round."""
        return SCHEDULES[self.schedule](sparsity, iterations, **self.schedule_options)


def _rounds(n: int, allocation: str, weights: str = "carry") -> Method:
    return Method(
        "score",
        allocation=allocation,
        schedule="rounds",
        schedule_options={"n": n},
        weights=weights,
    )


METHODS: dict[str, Method] = {
    "dense": Method("none", schedule="never"),
    # A mask at once, from a relational graph: BoGP, RGP, WS-flex, random regular …
    "block_mask": Method("graph"),
    # BoGP's baselines: n rounds of (prune by |w|, train), globally or in each layer alike.
    "glob_1": _rounds(1, "global"),
    "glob_5": _rounds(5, "global"),
    "glob_5_rewind": _rounds(5, "global", "rewind"),
    "unif_1": _rounds(1, "uniform"),
    "unif_5": _rounds(5, "uniform"),
    "unif_5_rewind": _rounds(5, "uniform", "rewind"),
    # Controls: no structure; and with the counts per layer of the method they stand beside.
    "random_global": Method("score", score="random"),
    "random_unstructured": Method("score", score="random", allocation="matched"),
    "magnitude_matched": Method("score", allocation="matched"),
    # What trained networks are usually pruned by: magnitude, at once or step by step, retrained.
    "magnitude_retrained": Method("score", schedule="iterative", schedule_options={"n": 1}),
    "magnitude_iterative": Method("score", schedule="iterative", schedule_options={"n": 3}),
    # Weight and unit pruning: after training, each layer for itself, no retraining.
    "weight_magnitude": Method(
        "score",
        allocation="uniform",
        schedule="after_training",
        schedule_options={"retrain": False},
    ),
    "unit_magnitude": Method(
        "score",
        granularity="unit",
        aggregate="l2",
        allocation="uniform",
        schedule="after_training",
        schedule_options={"retrain": False},
    ),
    # Neural curvature: after training, by the graph of the network's own units, no retraining.
    "curvature": Method(
        "score",
        score="curvature",
        schedule="after_training",
        schedule_options={"retrain": False},
    ),
    # A control of it that looks at data, too: |w| · ‖x‖, each layer for itself.
    "wanda": Method(
        "score",
        score="wanda",
        allocation="uniform",
        schedule="after_training",
        schedule_options={"retrain": False},
    ),
    # Edges of the relational graph: p of what is left every k iterations, or at initialisation.
    "edge_pruning": Method(
        "score", granularity="edge", schedule="every", schedule_options={"p": 0.1, "k": 100}
    ),
    "edge_at_init": Method("score", granularity="edge"),
    # Its baselines on the same schedule.
    "edge_random": Method(
        "score",
        score="random",
        granularity="edge",
        aggregate="first",
        schedule="every",
        schedule_options={"p": 0.1, "k": 100},
    ),
    "weight_every": Method("score", schedule="every", schedule_options={"p": 0.1, "k": 100}),
}


def modules(name: str) -> list[str]:
    """The modules that the row `name` of METHODS chooses by name, for a rule's code files."""
    row: Method = lookup(METHODS, name, "pruning method")
    if row.source != "score":
        return []
    return [
        module_of(SCORES, row.score, "score"),
        module_of(GRANULARITIES, row.granularity, "granularity"),
    ]


def method(name: str, **changes: Any) -> Method:
    """The row `name` of METHODS with some choices changed, as a config asks it.

    ``schedule_options`` are merged into the row's own as long as the schedule is the same.
    UserError on an unknown row, choice or option.
    """
    row: Method = lookup(METHODS, name, "pruning method")
    known = [f.name for f in fields(Method)]
    for change in changes:
        if change not in known:
            raise UserError(
                f"method '{name}' has no setting '{change}'{suggestion(change, known)}; "
                f"known: {', '.join(known)}"
            )
    if changes.get("schedule", row.schedule) == row.schedule:
        options = {**row.schedule_options, **changes.get("schedule_options", {})}
        changes = {**changes, "schedule_options": options}
    else:
        changes = {"schedule_options": {}, **changes}
    return replace(row, **changes)
