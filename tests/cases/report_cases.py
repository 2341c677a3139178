"""Run records and search logs with numbers that can be checked by hand."""

import math

import pandas as pd

from graphprune.runs.record import RunRecord, to_frame

SEEDS = (100, 101, 102)
LEVEL = 0.9
DENSE = (0.97, 0.96, 0.98)
GLOB = (0.95, 0.93, 0.97)  # paired drops .02, .03, .01
BOGP = {0: (0.96, 0.95, 0.94), 1: (0.94, 0.95, 0.98)}  # per seed .95, .95, .96
RANDOM = {0: (0.94, 0.94, 0.94), 1: (0.92, 0.93, 0.96)}
FOUND = {"bogp": (0.97, 0.95), "random_search": (0.96, 0.95), "glob_1_best": (0.94, 0.95)}

_RECORD = {
    "experiment": "hand",
    "study": "bogp",
    "dataset": "digits",
    "protocol": "held_out",
    "model": "mlp",
    "recipe": "full_batch",
    "arm": "",
    "method": "",
    "block": "equal",
    "scope": "first",
    "level": LEVEL,
    "sparsity_asked": LEVEL,
    "graph": "",
    "seed": 100,
    "search_seed": -1,
    "sparsity": LEVEL,
    "scope_weights": 2048,
    "scope_kept": 205,
    "parameters": 2410,
    "parameters_kept": 567,
    "compression": 4.25,
    "macs": 2368,
    "macs_kept": 592,
    "empty_layers": "",
    "train_loss": 0.1,
    "val_accuracy": 0.9,
    "val_loss": 0.2,
    "test_accuracy": 0.9,
    "test_loss": 0.2,
    "epochs": 50,
    "failure": "",
    "trainings": 1,
    "seconds": 0.5,
    "device": "cpu",
    "precision": "fp32",
    "torch": "2",
}


def runs(arm, accuracies, **changes):
    """One record per fresh seed."""
    chosen = {**_RECORD, "arm": arm, "method": arm, **changes}
    return [
        RunRecord(**{**chosen, "seed": seed, "test_accuracy": accuracy})
        for seed, accuracy in zip(SEEDS, accuracies, strict=True)
    ]


def dense():
    return runs("dense", DENSE, block="-", level=0.0, sparsity=0.0, scope="all", macs_kept=2368)


def failed(record):
    """The record of a run whose training failed."""
    lost = ("train_loss", "val_accuracy", "val_loss", "test_accuracy", "test_loss")
    return RunRecord(
        **{**record.to_dict(), **dict.fromkeys(lost, math.nan), "failure": "loss is NaN"}
    )


def at(level):
    """Glob 1, BoGP and random search at one sparsity."""
    found = runs("glob_1", GLOB, block="printed", scope="all", level=level, sparsity=level)
    for arm, results in (("bogp", BOGP), ("random_search", RANDOM)):
        for search_seed, accuracies in results.items():
            val = 0.96 if search_seed == 0 else 0.95
            found += runs(arm, accuracies, search_seed=search_seed, level=level, val_accuracy=val)
    return found


def found(level=LEVEL):
    """What two searches chose and the best of three Glob 1, tested as found."""
    return [
        RunRecord(
            **{
                **_RECORD,
                "arm": arm,
                "block": "found",
                "level": level,
                "seed": search_seed if arm != "glob_1_best" else 10**18 + search_seed,
                "search_seed": search_seed,
                "test_accuracy": accuracies[search_seed],
                "trainings": 3 if arm == "glob_1_best" else 1,
                "seconds": 1.5 if arm == "glob_1_best" else 0.5,
            }
        )
        for arm, accuracies in FOUND.items()
        for search_seed in (0, 1)
    ]


def records(*levels):
    return to_frame([*dense(), *(record for level in levels or (LEVEL,) for record in at(level))])


def search_log(strategy, search_seed, masks, scores, level=LEVEL, seconds=1.0):
    """The log of a search that asked for these masks and got these scores."""
    log = pd.DataFrame({"step": range(len(masks)), "mask": masks, "score": scores})
    log["best"] = log["score"].cummax().ffill()
    log["training_seconds"] = seconds
    log["search_seconds"] = 0.5
    log["repeated"] = log["mask"].duplicated()
    return log.assign(strategy=strategy, search_seed=search_seed, sparsity=level)


def searches(*levels):
    """Two searches of either strategy at each sparsity; one meets a mask twice."""
    logs = []
    for level in levels or (LEVEL,):
        logs += [
            search_log("bayesian", 0, [4, 7, 4], [0.98, 0.99, 0.98], level),
            search_log("bayesian", 1, [1, 2, 3], [0.95, 0.97, 0.96], level),
            search_log("random", 0, [4, 5, 6], [0.98, 0.94, 0.97], level),
            search_log("random", 1, [0, 1, 2], [0.96, 0.95, 0.94], level),
        ]
    return pd.concat(logs, ignore_index=True)


def one_search():
    """A single search of one strategy, with its retrainings."""
    found = dense() + runs("bogp", BOGP[0], search_seed=0, val_accuracy=0.96)
    log = search_log("bayesian", 0, [4, 7, 4], [0.98, 0.99, 0.98])
    return to_frame(found), log
