"""How much a job trains, from its params: what its time follows from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphprune.data.shapes import SHAPES
from graphprune.pipeline.plan import Job
from graphprune.pipeline.settings import bogp_settings
from graphprune.pruning.methods import method
from graphprune.search.fetch import SCALINGS, SIMILARITIES
from graphprune.search.loop import TOLD
from graphprune.search.names import STRATEGIES
from graphprune.studies.curvature_arms import ARMS as CURVATURE_ARMS
from graphprune.studies.curvature_arms import LAYER_ARMS, RETRAINED_ARMS
from graphprune.studies.edges_arms import GRID
from graphprune.studies.rgp_arms import METHOD_ARMS
from graphprune.studies.weight_unit_arms import ARMS as UNIT_ARMS
from graphprune.training.recipe import Recipe, candidates, recipe_of

# (images to train on and choose by, images to test on), as published; of own images those of
# CIFAR-10, which rgp_cifar10_small takes.
IMAGES = {
    "digits": (1437, 360),
    "mnist": (60_000, 10_000),
    "fashion_mnist": (60_000, 10_000),
    "cifar10": (50_000, 10_000),
    "cifar100": (50_000, 10_000),
    "svhn": (73_257, 26_032),
    "imagenet": (1_281_167, 50_000),
    "image_folder": (50_000, 10_000),
}
CLASSES = {"cifar100": 100, "imagenet": 1000}
OWN_IMAGES = (3, 32, 32)
FIVE_NODE_GRAPHS = 21
# Of the networks that the study of curvature may have; of an mlp with two hidden layers.
CURVED_LAYERS = {"lenet_like": 5, "vgg9": 9, "mlp": 3}


@dataclass(frozen=True)
class Load:
    """What a job trains: so many trainings, full epochs of them, evaluations and search steps.

    evaluations: passes over validation and test set. fits: how often a Gaussian process is
    fitted, on the CPU.
    """

    trainings: float = 0
    epochs: float = 0
    evaluations: float = 0
    fits: int = 0


@dataclass(frozen=True)
class Data:
    """The size of what is trained on: images per epoch, in validation and test set, their shape."""

    train: int
    held_out: int
    shape: tuple[int, int, int]
    classes: int


def data_of(job: Job) -> Data:
    """The data of a training job, as its experiment and its networks take them."""
    block = job.config["data"]
    name = block["name"]
    images, test = IMAGES[name]
    val = 0 if job.config["protocol"] == "paper" else round(images * block["validation"])
    channels, height, width = SHAPES[name] or OWN_IMAGES
    side = job.params["setup"].get("image_size") or block["image_size"]
    shape = (channels, side, side) if side else (channels, height, width)
    return Data(images - val, val + test, shape, CLASSES.get(name, 10))


def load(job: Job) -> Load | None:
    """What a job trains at most, or None for one that trains nothing.

    A mask that several searches ask for is trained once, which is not known beforehand.
    """
    if "setup" not in job.params or job.rule not in COUNTED:
        return None
    return COUNTED[job.rule](job.params, job)


def recipe(job: Job) -> Recipe:
    """A job's recipe with the most epochs that may be chosen."""
    options = job.params["setup"]["recipe"]
    rates, epochs = candidates(options)
    return recipe_of(options, {"learning_rate": rates[0], "epochs": max(epochs)})


def _simply(trainings: float, job: Job, fits: int = 0) -> Load:
    return Load(trainings, trainings * recipe(job).epochs, trainings, fits)


def _rounds(name: str) -> int:
    return sum(method(name).plan(0.5, 1).trained) if name != "dense" else 1


def _dense(params: Mapping[str, Any], job: Job) -> Load:
    rates, epochs = candidates(params["setup"]["recipe"])
    final, seeds = len(params["final_seeds"]), len(params["tuning_seeds"])
    if len(rates) * len(epochs) == 1:
        return _simply(final, job)
    # Where a short training is the beginning of a long one, the longest shows them all.
    tried = [max(epochs)] if recipe(job).begins_alike else epochs
    return Load(
        len(rates) * len(tried) * seeds + final,
        len(rates) * sum(tried) * seeds + final * max(epochs),
        len(rates) * len(epochs) * seeds + final,
    )


def _rgp(params: Mapping[str, Any], job: Job) -> Load:
    seeds = len(params["seeds"])
    if not params["arms"]:
        chain = job.config["rgp"]["chain"]
        return _simply(chain["chains"] * chain["graphs"] * seeds, job)
    return _simply(seeds * sum(_rounds(METHOD_ARMS.get(a, "dense")) for a in params["arms"]), job)


def _ws_flex(params: Mapping[str, Any], job: Job) -> Load:
    graphs = job.config["ws_flex"]["sweep"]["graphs"] + 1  # and the complete one
    return _simply(graphs * len(params["seeds"]), job)


def _edges(params: Mapping[str, Any], job: Job) -> Load:
    block = params["block"]
    seeds, norms = len(block["seeds"]), len(block["norms"])
    if job.wildcards["part"] == GRID:
        shares = len(block["grid"]["p"])
        return _simply(seeds * shares * (len(block["grid"]["k"]) + 1), job)
    # By every norm, along training and at initialisation; and six arms beside them.
    return _simply(seeds * len(block["compared"]) * (2 * norms + 6), job)


def _edges_search(params: Mapping[str, Any], job: Job) -> Load:
    options = params["block"]["search"]
    searches = len(options["seeds"]) * len(STRATEGIES)
    asked = searches * (options["starts"] + options["steps"])
    again = (searches + 1) * len(options["final_seeds"])
    return _simply(asked + again, job, len(options["seeds"]) * options["steps"])


def _unit_train(params: Mapping[str, Any], job: Job) -> Load:
    # Training and validation set are evaluated after every epoch.
    seeds, epochs, data = len(params["seeds"]), recipe(job).epochs, data_of(job)
    passes = seeds * epochs * (data.train + data.held_out) / data.held_out
    return Load(seeds, seeds * epochs, passes)


def _unit_prune(params: Mapping[str, Any], job: Job) -> Load:
    seeds = len(job.config["weight_unit"]["seeds"])
    pruned = seeds * len(params["sparsities"]) * len(UNIT_ARMS)
    return Load(pruned if params["epochs"] else 0, pruned * params["epochs"], pruned)


def _curvature_train(params: Mapping[str, Any], job: Job) -> Load:
    found = _unit_train(params, job)
    # Every step of an attack is a forward and backward pass over the batch, as a training step is.
    attack = params["setup"].get("attack") or {"steps": 0}
    return replace(found, epochs=found.epochs * (1 + attack["steps"]))


def _curvature_prune(params: Mapping[str, Any], job: Job) -> Load:
    block = job.config["curvature"]
    seeds, cuts = len(block["seeds"]), len(params["cuts"])
    if job.wildcards["part"] == "layers":
        layers = CURVED_LAYERS[params["setup"]["model"]["name"]]
        return Load(evaluations=seeds * cuts * layers * len(LAYER_ARMS))
    if not params["epochs"]:
        curves = len(CURVATURE_ARMS) + len(block["per_class"]) - 1
        return Load(evaluations=seeds * cuts * curves)
    trained = seeds * (1 + (cuts - 1) * len(RETRAINED_ARMS))
    attack = params["setup"].get("attack") or {"steps": 0}
    return Load(trained, trained * params["epochs"] * (1 + attack["steps"]), trained)


def _setting(job: Job) -> Mapping[str, Any]:
    return bogp_settings(job.config["bogp"])[job.wildcards["setting"]]


def _asked(options: Mapping[str, Any]) -> int:
    return int(options["starts"] + options["steps"])


def _bogp_search(params: Mapping[str, Any], job: Job) -> Load:
    options = params["search"]
    seeds = len(options["seeds"])
    fits = seeds * options["steps"] * ("bayesian" in options["strategies"])
    return _simply(len(options["strategies"]) * seeds * _asked(options), job, fits)


def _bogp_final(params: Mapping[str, Any], job: Job) -> Load:
    search = _setting(job)["search"]
    searches = len(search["seeds"])
    seeds, names = len(params["final_seeds"]), search["strategies"]
    winners = searches * (len(names) + 2 * ("bayesian" in names))
    beside = sum(_rounds(name) for block in params["baselines"].values() for name in block)
    as_found = searches * (len(names) + params["budget"] + 1)
    return _simply(seeds * (winners + beside) + as_found, job)


def _ablation(params: Mapping[str, Any], job: Job) -> Load:
    combinations, seeds = len(SCALINGS) * len(SIMILARITIES) * len(TOLD), len(params["seeds"])
    # Combinations share their starts, which are trained once a seed.
    options = params["search"]
    trained = seeds * (options["starts"] + combinations * options["steps"])
    return _simply(trained, job, combinations * seeds * options["steps"])


def _exhaustive(params: Mapping[str, Any], job: Job) -> Load:
    return _simply(_setting(job)["masks"]["count"] * len(params["seeds"]), job)


def _tradeoff(params: Mapping[str, Any], job: Job) -> Load:
    searches = len(params["alphas"]) * len(params["seeds"])
    steps = params["search"]["steps"]
    trained = len(params["seeds"]) * params["search"]["starts"] + searches * steps
    return _simply(trained, job, searches * steps)


def _tradeoff_final(params: Mapping[str, Any], job: Job) -> Load:
    block = job.config["bogp"]["tradeoff"]
    chosen = len(block["alphas"]) * len(block["seeds"])
    return _simply(chosen * len(params["final_seeds"]), job)


def _identifiability(params: Mapping[str, Any], job: Job) -> Load:
    sources = _setting(job)["identifiability"]["sources"]
    return _simply(len(sources) * params["masks"] * len(params["seeds"]), job)


def _five_nodes(params: Mapping[str, Any], job: Job) -> Load:
    return _simply(FIVE_NODE_GRAPHS * len(job.config["bogp"]["five_nodes"]["seeds"]), job)


COUNTED: dict[str, Callable[[Mapping[str, Any], Job], Load]] = {
    "bogp_base": _dense,
    "rgp_dense": _dense,
    "edges_dense": _dense,
    "rgp_train": _rgp,
    "ws_flex_train": _ws_flex,
    "edges_train": _edges,
    "edges_search": _edges_search,
    "weight_unit_train": _unit_train,
    "weight_unit_prune": _unit_prune,
    "curvature_train": _curvature_train,
    "curvature_prune": _curvature_prune,
    "bogp_search": _bogp_search,
    "bogp_final": _bogp_final,
    "bogp_ablation": _ablation,
    "bogp_exhaustive": _exhaustive,
    "bogp_tradeoff": _tradeoff,
    "bogp_tradeoff_final": _tradeoff_final,
    "bogp_identifiability": _identifiability,
    "bogp_five_nodes": _five_nodes,
}


def steps(job: Job, epochs: float) -> float:
    """Optimiser steps of so many epochs of a job's recipe."""
    one = recipe(job)
    return epochs * one.iterations(data_of(job).train) / one.epochs


def batch(job: Job) -> int:
    """Images in a training batch."""
    return recipe(job).batch_size or data_of(job).train
