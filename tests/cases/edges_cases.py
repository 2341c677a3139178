"""Trainings of edge pruning with numbers that can be checked by hand."""

import math

import pandas as pd
from report_cases import _RECORD

from graphprune.runs.record import RunRecord, to_frame

SEEDS = (500, 501, 502, 503, 504)


def training(arm="edges", block="grid", p=0.1, k=10, seed=500, accuracy=0.9, **changes):
    """One row of the table of trainings."""
    record = {**_RECORD, "arm": arm, "method": arm, "block": block, "seed": seed}
    more = {
        "network": "mlp",
        "nodes": 16,
        "norm": "mean",
        "p": p,
        "k": k,
        "edges": 60,
        "density": 0.5,
        "aspl": 1.5,
        "clustering": 0.5,
        "last_pruned": 90,
        "disconnected_at": -1,
        "emptied_at": -1,
    }
    known = {**record, "test_accuracy": accuracy}
    for name, value in changes.items():
        (known if name in known else more)[name] = value
    return {**RunRecord(**known).to_dict(), **more}


def failed(row):
    return {**row, "failure": "loss is NaN", "test_accuracy": math.nan, "val_accuracy": math.nan}


def dense(accuracies=(0.97, 0.96, 0.98, 0.97, 0.97)):
    """The dense network's records."""
    return to_frame(
        RunRecord(
            **{
                **_RECORD,
                "arm": "dense",
                "seed": seed,
                "test_accuracy": accuracy,
                "sparsity": 0.0,
                "parameters_kept": _RECORD["parameters"],
                "macs_kept": _RECORD["macs"],
            }
        )
        for seed, accuracy in zip(SEEDS, accuracies, strict=True)
    )


def grid(slope=-0.2, fixed=-0.1, k=(10, 20), noise=0.001):
    """Accuracy falls by `slope` a unit of P in the grid, by `fixed` at one sparsity."""
    rows = []
    for place, seed in enumerate(SEEDS):
        for p in (0.1, 0.2, 0.4):
            for interval in k:
                value = 0.9 + 0.01 * (interval == k[0]) + (slope + noise * place) * p
                rows.append(training(p=p, k=interval, seed=seed, accuracy=value, sparsity=p))
            value = 0.9 + (fixed + noise * place) * p
            rows.append(training(block="fixed", p=p, k=5, seed=seed, accuracy=value))
    return pd.DataFrame(rows)
