"""BoGP's search: property vectors in, masks of a database out, scored by training on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.masks.database import MaskDatabase
from graphprune.registry import resolve
from graphprune.runs.execute import Task, train_task
from graphprune.runs.ledger import Ledger
from graphprune.runs.setup import Setup
from graphprune.search.fetch import Fetcher
from graphprune.search.loop import search, starting_points
from graphprune.search.names import STRATEGIES
from graphprune.training.evaluate import evaluate


@dataclass(frozen=True)
class MaskScorer:
    """Val accuracy of the network trained under a mask of the database.

    The training seed is the search's own, so one mask has one score in a search. Scores
    live in the ledger: a mask that another strategy has trained with this seed is not
    trained again, and a killed search finds what it had.
    """

    database: MaskDatabase
    setup: Setup
    scope: str
    seed: int
    ledger: Ledger

    def __call__(self, row: int) -> tuple[float, float]:
        """(val accuracy in [0, 1], seconds of the training); NaN if the training failed."""
        key = f"score/{self.seed}/{row}"
        known = self.ledger.get(key)
        if known is None:
            known = self._train(row, key)
            self.ledger.add(key, known)
        return known["score"], known["seconds"]

    def _train(self, row: int, key: str) -> dict[str, float]:
        task = Task(
            arm="search",
            method="block_mask",
            sparsity=self.database.parameters["sparsity"],
            scope=self.scope,
            seed=self.seed,
            psi=self.database.mask(row),
        )
        trained = train_task(task, self.setup, self.ledger.checkpoint(key))
        if trained.failure:
            return {"score": float("nan"), "seconds": trained.seconds}
        batches = self.setup.evaluation_batches("val").epoch(None)
        return {"score": evaluate(trained.model, batches)[0], "seconds": trained.seconds}


def search_database(
    database: MaskDatabase,
    kept: Sequence[str],
    scorer: MaskScorer,
    strategy: str,
    seed: int,
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """The log (`search.loop.search`) of one search over the properties `kept`.

    options: the config's ``bogp.search`` block. A mask with an infinite property (the
    path length of a disconnected graph) is like nothing that can be asked for and is left out.
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
    log = search(searcher, fetcher, lambda row: scorer(int(ids[row])), steps, options["tell"])
    return log.assign(mask=ids[log["mask"].to_numpy()])
