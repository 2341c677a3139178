"""Neural curvature of trained networks, and how far it is no more than 1/|w|."""

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor, nn

from graphprune.errors import UserError
from graphprune.files import whole
from graphprune.progress import progress
from graphprune.pruning.activity import layer_inputs, layer_of, summed_inputs
from graphprune.pruning.curvature import Curvature, Settings, correct_examples, neural_curvature
from graphprune.pruning.scope import weights
from graphprune.runs.kept import KeptNet
from graphprune.runs.ledger import Ledger
from graphprune.runs.scored import Scored
from graphprune.runs.setup import Setup
from graphprune.training.adversarial import Attack
from graphprune.training.device import place
from graphprune.training.evaluate import evaluate

DEAD = 2.0


def score_nets(
    nets: Sequence[KeptNet],
    setup: Setup,
    options: Mapping[str, Any],
    paths: Sequence[str],
    ledger: Ledger,
    jobs: int,
) -> pd.DataFrame:
    """Measure every network's curvature and keep it (`Scored`) at its path; one row a layer.

    options: ``per_class`` and ``method`` of the config's block, and the ``attack`` that networks
    are tried by. Examples are the first correctly classified images of the validation split.
    jobs: processes. Columns: seed, layer (from 1), name, per_class, weights, spearman (of
    curvature and 1/|w|), spearman_live (the same of weights that are not dead for all
    examples), dead (their share), gap (largest upper − lower bound), exact (share of weights
    without one), solved, seconds, accuracy and robust (on val, the latter under attack), failure.
    """
    held = [ledger.folder / f"seed{net.seed}.npz" for net in nets]
    rows: list[dict[str, Any]] = []
    for net, file in progress(list(zip(nets, held, strict=True)), len(nets), "networks measured"):
        key = f"score/{net.seed}"
        found = ledger.get(key)
        if found is None or not file.exists():
            working = ledger.folder / f"curvature{net.seed}"
            scored, mine = _measured(net, setup, options, working, jobs)
            scored.save(file)
            found = {"rows": mine}
            ledger.add(key, found)
            shutil.rmtree(working, ignore_errors=True)  # of a large network gigabytes
        rows += found["rows"]
    for file, path in zip(held, paths, strict=True):
        with whole(path) as temporary:
            shutil.copyfile(file, temporary)
    return pd.DataFrame(rows).assign(**setup.labels)


def _measured(
    net: KeptNet, setup: Setup, options: Mapping[str, Any], working: Path, jobs: int
) -> tuple[Scored, list[dict[str, Any]]]:
    counts = tuple(options["per_class"])
    try:
        model = net.build()
        examples = chosen_examples(model, setup, max(counts))
    except UserError as error:  # a failed training, or too few images that it gets right
        nothing = {"seed": net.seed, "layer": 0, "per_class": 0, "failure": str(error)}
        return Scored(counts, {}, {}, {}, {}, str(error)), [nothing]
    start = time.perf_counter()
    found = neural_curvature(model, examples, Settings(options["method"]), working, jobs)
    seconds = time.perf_counter() - start
    scored = scored_net(model, examples, found, counts, setup.classes)
    tested = _tested(net, setup, Attack(**options["attack"]))
    cost = {"solved": found.solved, "seconds": seconds, **tested, "failure": ""}
    rows = [{"seed": net.seed, **row, **cost} for row in agreement(model, scored)]
    return scored, rows


def chosen_examples(model: nn.Module, setup: Setup, per_class: int) -> Tensor:
    """The first `per_class` validation images of every class that `model` gets right, in turns."""
    images, labels = setup.examples(len(setup.splits["val"]))
    images, labels = images.cpu(), labels.cpu()
    return images[correct_examples(model, images, labels, per_class)]


def scored_net(
    model: nn.Module, examples: Tensor, found: Curvature, counts: Sequence[int], classes: int
) -> Scored:
    """`found`, over the first examples of each class, with what the controls look at."""
    ends = [found.interval(count * classes) for count in counts]
    lower, upper = (
        {name: np.stack([pair[end][name] for pair in ends]) for name in found.names}
        for end in (0, 1)
    )
    inputs = layer_inputs(model, weights(model), examples)
    norms = {
        name: summed_inputs(layer_of(model, name), x.square()).sqrt().numpy()
        for name, x in inputs.items()
    }
    return Scored(tuple(counts), lower, upper, dead_weights(model, inputs), norms)


def dead_weights(model: nn.Module, inputs: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Tensor name -> whether no example and position has both units of the edge active.

    inputs: of every layer of a chain, in its order (`layer_inputs`). Pixels and outputs count as
    active.
    """
    names = list(inputs)
    active = [(inputs[name] != 0).float() for name in names]
    active[0] = torch.ones_like(active[0])
    found = {}
    for number, name in enumerate(names):
        after = active[number + 1] if number + 1 < len(names) else None
        found[name] = (summed_inputs(layer_of(model, name), active[number], after) == 0).numpy()
    return found


def agreement(model: nn.Module, scored: Scored) -> list[dict[str, Any]]:
    """One row a layer and number of examples: Spearman of curvature with 1/|w|, and bounds."""
    rows = []
    for per_class in scored.per_class:
        lower, upper = scored.interval(per_class)
        for number, name in enumerate(scored.names, 1):
            size = np.abs(model.get_parameter(name).detach().double().numpy()).ravel()
            values, gap = lower[name].ravel(), (upper[name] - lower[name]).ravel()
            live = values < DEAD
            rows.append(
                {
                    "layer": number,
                    "name": name,
                    "per_class": per_class,
                    "weights": len(values),
                    "spearman": spearman(values, -size),
                    "spearman_live": spearman(values[live], -size[live]),
                    "dead": float(1 - live.mean()),
                    "gap": float(gap.max()),
                    "exact": float((gap == 0).mean()),
                }
            )
    return rows


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation, ties averaged; NaN where either is constant or has fewer than 2 values."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(stats.spearmanr(a, b).statistic)


def _tested(net: KeptNet, setup: Setup, attack: Attack) -> dict[str, float]:
    """Accuracy on val, as it is and under attack (from no random start)."""
    model = place(net.build(), setup.device)
    batches = setup.evaluation_batches("val")
    against = setup.attacked(batches, model, attack)
    return {
        "accuracy": evaluate(model, batches.epoch(None))[0],
        "robust": evaluate(model, against.epoch(None))[0],
    }
