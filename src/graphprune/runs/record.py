"""One training, one row: the unit of every table."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class RunRecord:
    """What was run, what came out, what it cost and what made it.

    Accuracies lie in [0, 1], losses are mean cross-entropies in nats, seconds are wall
    clock. A run that failed has its reason in `failure` and NaN outcomes: it is named in
    tables and never averaged in. `search_seed` is -1 where no search was involved.
    """

    # identity
    experiment: str
    study: str
    dataset: str
    protocol: str
    model: str
    recipe: str
    arm: str
    method: str
    block: str
    scope: str
    level: float
    sparsity_asked: float
    graph: str
    seed: int
    search_seed: int
    # what the masks came to
    sparsity: float
    scope_weights: int
    scope_kept: int
    parameters: int
    parameters_kept: int
    compression: float
    macs: int
    macs_kept: int
    empty_layers: str
    # outcome
    train_loss: float
    val_accuracy: float
    val_loss: float
    test_accuracy: float
    test_loss: float
    epochs: int
    failure: str
    # cost
    trainings: int
    seconds: float
    device: str
    precision: str
    # provenance
    torch: str

    def to_dict(self) -> dict[str, Any]:
        """Field -> value, all JSON values."""
        return asdict(self)


def to_frame(records: Iterable[RunRecord]) -> pd.DataFrame:
    """One row per record, columns in the order of `RunRecord`."""
    return pd.DataFrame([asdict(record) for record in records])
