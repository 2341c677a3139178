"""BoGP's search over a database: property vectors in, masks out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.masks.database import MaskDatabase
from graphprune.registry import resolve
from graphprune.search.fetch import Fetcher
from graphprune.search.loop import Scorer, search, starting_points
from graphprune.search.names import STRATEGIES


def search_database(
    database: MaskDatabase,
    kept: Sequence[str],
    score: Scorer,
    strategy: str,
    seed: int,
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """The log (`search.loop.search`) of one search over the properties `kept`.

    score: database row -> (score, seconds). options: the config's ``bogp.search`` block. A
    mask with an infinite property (the path length of a disconnected graph) is like nothing
    that can be asked for and is left out.
    UserError if no property varies over what is left.
    """
    properties = database.table[list(kept)]
    usable = np.isfinite(properties.to_numpy(dtype=np.float64)).all(axis=1)
    finite = properties.loc[usable, :]
    if not any(finite[name].nunique() > 1 for name in kept):
        raise UserError(
            "nothing to search: no property varies over this database's connected graphs; "
            "use another mask source, more nodes or another sparsity"
        )
    fetcher = Fetcher(finite, options["scaling"], options["similarity"])
    starts = starting_points(fetcher.box, options["starts"], seed)
    searcher = resolve(STRATEGIES, strategy, "search strategy")(
        fetcher.box, starts, seed, options["kappa"]
    )
    ids = finite.index.to_numpy()
    steps = options["starts"] + options["steps"]
    log = search(searcher, fetcher, lambda row: score(int(ids[row])), steps, options["tell"])
    return log.assign(mask=ids[log["mask"].to_numpy()])
