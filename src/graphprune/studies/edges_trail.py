"""What becomes of the relational graph while a network trains: its trail."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphprune.graphs.properties import graph_properties
from graphprune.masks.mask import Masks
from graphprune.pruning.network_graph import surviving_graphs
from graphprune.pruning.prune import empty_layers
from graphprune.runs.execute import Observer
from graphprune.runs.setup import Setup
from graphprune.training.evaluate import evaluate
from graphprune.training.loop import State

GRAPH = ("edges", "density", "aspl", "clustering")
NEVER = -1


class Trail(Observer):
    """One row when the masks change (event "masks") and one at the end of an epoch ("epoch").

    A row: iteration (steps done so far), event, kept (weights), edges and density (edges left,
    also as a share of all pairs), aspl (infinite once the graph is disconnected), clustering,
    whole (whether it is connected), empty_layers, val_accuracy (NaN but at the end of an epoch).
    Of one graph a layer, edges are the sum, density, aspl and clustering the mean, and whole
    says that all are connected. The step at which the graph falls apart is also printed.
    """

    def __init__(self, setup: Setup, nodes: int, shared: bool, name: str):
        super().__init__()
        self.nodes, self.shared, self.name = nodes, shared, name
        self._batches = setup.evaluation_batches("val")
        self._masks: Masks | None = None

    def before_step(self, state: State) -> None:
        if state.masks is self._masks:
            return
        self._masks = state.masks
        # A training that goes on finds masks that were seen before it was killed.
        kept = sum(state.masks.kept().values())
        if not self.seen or self.seen[-1]["kept"] != kept:
            self._add(state, kept)

    def after_epoch(self, state: State) -> None:
        if state.failure:
            return
        accuracy = evaluate(state.model, self._batches.epoch(None))[0]
        last = self.seen[-1]
        self.seen.append(
            {**last, "iteration": state.iteration, "event": "epoch", "val_accuracy": accuracy}
        )

    def _add(self, state: State, kept: int) -> None:
        graph = described(surviving_graphs(state.masks, self.nodes, self.shared))
        row = {
            "iteration": state.iteration,
            "event": "masks",
            "kept": kept,
            **graph,
            "empty_layers": ", ".join(empty_layers(state.masks)),
            "val_accuracy": float("nan"),
        }
        before = self.seen[-1] if self.seen else {"whole": True, "empty_layers": ""}
        if before["whole"] and not row["whole"]:
            print(f"{self.name}: the graph is disconnected from step {state.iteration} on")
        if row["empty_layers"] and not before["empty_layers"]:
            print(f"{self.name}: nothing is left of {row['empty_layers']} at {state.iteration}")
        self.seen.append(row)


def described(graphs: np.ndarray) -> dict[str, Any]:
    """edges, density, aspl, clustering and whole of a stack (G, n, n) of adjacencies."""
    n = graphs.shape[1]
    edges = int(graphs.sum()) // 2
    properties = graph_properties(graphs, ("aspl", "average_clustering"))
    return {
        "edges": edges,
        "density": edges / (len(graphs) * n * (n - 1) / 2),
        "aspl": float(properties["aspl"].mean()),
        "clustering": float(properties["average_clustering"].mean()),
        "whole": bool(np.isfinite(properties["aspl"]).all()),
    }


def final(seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the last row of a trail says of the graph, and when it fell apart.

    last_pruned: the step before which the masks changed last (0: only before training).
    disconnected_at, emptied_at: the first step before which the graph was in pieces, or a layer
    without a weight; -1 if never. Without a row the graph is unknown: NaN.
    """
    if not seen:
        nothing = dict.fromkeys(GRAPH, float("nan"))
        return {**nothing, "last_pruned": NEVER, "disconnected_at": NEVER, "emptied_at": NEVER}
    apart = [row["iteration"] for row in seen if not row["whole"]]
    empty = [row["iteration"] for row in seen if row["empty_layers"]]
    return {
        **{name: seen[-1][name] for name in GRAPH},
        "last_pruned": max(row["iteration"] for row in seen if row["event"] == "masks"),
        "disconnected_at": apart[0] if apart else NEVER,
        "emptied_at": empty[0] if empty else NEVER,
    }
