"""The masks of the identifiability study as graphs: as drawn, and with their rows permuted."""

from collections.abc import Sequence

import pandas as pd

from graphprune.graphs.properties import graph_properties
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks.controls import rows_permuted
from graphprune.masks.database import MaskDatabase
from graphprune.seeds import generator


def mask_properties(
    databases: Sequence[MaskDatabase], masks: int, names: Sequence[str]
) -> pd.DataFrame:
    """Properties of the first `masks` masks of each database, as drawn and with rows permuted.

    One row per source, mask and permuted, columns: source, sparsity (asked), mask (its id),
    permuted (bool), and `names`. The order of a mask's rows is fixed by source and id alone.
    UserError if a database holds fewer masks.
    """
    tables = []
    for database in databases:
        source, ids = database.parameters["source"], range(masks)
        psis = database.masks(ids)
        stream = f"identifiability/rows_permuted/{source}"
        for number in ids:
            psis[number] = rows_permuted(psis[number], generator(number, stream))
        own = database.table.loc[list(ids), list(names)]
        permuted = graph_properties(mask_to_adjacency(psis), names)
        tables += [
            frame.assign(
                source=source,
                sparsity=database.parameters["sparsity"],
                mask=list(ids),
                permuted=which,
            )
            for which, frame in ((False, own), (True, permuted))
        ]
    table = pd.concat(tables, ignore_index=True)
    return table[["source", "sparsity", "mask", "permuted", *names]]
