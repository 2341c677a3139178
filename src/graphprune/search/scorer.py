"""What a mask is worth to a search: the val accuracy of a network trained under it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from graphprune.masks.database import MaskDatabase
from graphprune.runs.execute import Task, train_task
from graphprune.runs.setup import Setup
from graphprune.training.evaluate import evaluate


class Store(Protocol):
    """Where scores are kept: `runs.scores.Scores`, or a job's own ledger."""

    def get(self, key: str) -> dict[str, Any] | None: ...

    def add(self, key: str, row: dict[str, Any]) -> None: ...

    def checkpoint(self, key: str) -> Path: ...


@dataclass(frozen=True)
class MaskScorer:
    """Val accuracy of the network trained under a mask of the database.

    The training seed is the search's own, so one mask has one score in a search. Scores
    live in the store under the mask itself: whoever has trained it with this seed, nobody
    trains it again, and a killed search finds what it had.
    """

    database: MaskDatabase
    setup: Setup
    scope: str
    seed: int
    store: Store

    def __call__(self, row: int) -> tuple[float, float]:
        """(val accuracy in [0, 1], seconds of the training); NaN if the training failed."""
        psi = self.database.mask(row)
        key = f"{self.seed}/{_digest(psi)}"
        known = self.store.get(key)
        if known is None:
            known = self._train(row, psi, key)
            self.store.add(key, known)
        return known["score"], known["seconds"]

    def _train(self, row: int, psi: np.ndarray, key: str) -> dict[str, float]:
        task = Task(
            arm="search",
            method="block_mask",
            sparsity=float(self.database.table["sparsity"].iloc[row]),
            scope=self.scope,
            seed=self.seed,
            psi=psi,
        )
        trained = train_task(task, self.setup, self.store.checkpoint(key))
        if trained.failure:
            return {"score": float("nan"), "seconds": trained.seconds}
        batches = self.setup.evaluation_batches("val").epoch(None)
        return {"score": evaluate(trained.model, batches)[0], "seconds": trained.seconds}


def _digest(psi: np.ndarray) -> str:
    content = hashlib.sha256(f"{psi.shape}".encode())
    content.update(np.packbits(psi).tobytes())
    return content.hexdigest()[:32]
