"""graph2nn's study: WS-flex graphs on an MLP, all of them at the cost of the dense one."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from graphprune.graphs.layout import node_sizes
from graphprune.progress import progress
from graphprune.runs.execute import Task
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import to_frame
from graphprune.runs.setup import Setup
from graphprune.runs.tuning import recorded
from graphprune.studies.ws_flex_graphs import block_mask

BLOCK = "ws_flex"


def macs(
    hidden: Sequence[int], width: int, inputs: int, classes: int, psi: np.ndarray | None = None
) -> int:
    """Multiply-adds an example of an MLP whose hidden layers after the first are `width` wide.

    psi: the block mask of the matrices between hidden layers, None for dense ones. The first
    matrix, into hidden[0] units, and the last one are dense. Counted exactly: where n does not
    divide a width some nodes hold a unit more, the first ones in `graphs.layout`. (graph2nn deals
    them by chance, so its own widths may differ a little.) UserError for a width below n.
    """
    psi = np.ones((1, 1), dtype=bool) if psi is None else psi
    first, inner = (node_sizes(w, len(psi)) for w in (hidden[0], width))
    masked = inner @ psi @ first + (len(hidden) - 2) * (inner @ psi @ inner)
    return inputs * hidden[0] + int(masked) + width * classes


def matched_width(hidden: Sequence[int], inputs: int, classes: int, psi: np.ndarray) -> int:
    """The least width at which the masked MLP costs as many MACs as the dense one or more.

    hidden: the widths of the dense one, equal after the first, which stays as it is (graph2nn:
    only inner widths move, and the first that crosses the target is taken).
    """
    target = macs(hidden, hidden[1], inputs, classes)
    # Wide enough for any mask: the head alone then costs as much.
    widths = range(len(psi), math.ceil(target / classes) + len(psi))
    place = bisect_left(widths, target, key=lambda w: macs(hidden, w, inputs, classes, psi))
    return widths[place]


def matched(setup: Setup, psi: np.ndarray) -> tuple[Setup, int]:
    """`setup` with its MLP as wide as the mask asks for, and that width."""
    hidden = list(setup.model["hidden"])
    width = matched_width(hidden, math.prod(setup.input_shape), setup.classes, psi)
    return setup.with_model(hidden=[hidden[0]] + [width] * (len(hidden) - 1)), width


def task(row: Mapping[str, Any], seed: int) -> Task:
    """The training of one graph of `ws_flex_graphs.graph_table` on one seed.

    level is the density of the block mask, the sparsity asked for what is left to 1: the
    complete graph asks for nothing, it is the dense network.
    """
    return Task(
        arm=row["kind"],
        method="block_mask",
        sparsity=1 - row["density"],
        scope="inner",
        seed=seed,
        level=row["density"],
        block=BLOCK,
        graph=row["graph"],
        psi=block_mask(row),
    )


def trained(
    graphs: pd.DataFrame, setup: Setup, seeds: Sequence[int], ledger: Ledger
) -> pd.DataFrame:
    """Every graph on every seed: one row a record, and its width.

    Data order is a seed's own, for all graphs alike. Initial weights are not shared, since
    networks of different graphs differ in width.
    """
    pairs = [(row, seed) for row in graphs.to_dict("records") for seed in seeds]
    records, widths = [], []
    for row, seed in progress(pairs, len(pairs), "graphs on seeds"):
        one = task(row, seed)
        assert isinstance(one.psi, np.ndarray)
        as_wide, width = matched(setup, one.psi)
        records.append(recorded(f"{one.graph}/{seed}", one, as_wide, ledger))
        widths.append(width)
    return to_frame(records).assign(width=widths)
