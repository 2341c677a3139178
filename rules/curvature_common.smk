# What the rules of neural curvature share: its networks, and functions for inputs and params.
from graphprune.models.names import MODELS
from graphprune.pruning.methods import modules
from graphprune.registry import module_of

CURVATURE = config["curvature"]
CURVATURE_RESULTS = f"{RESULTS}/curvature"
CURVATURE_NETWORKS = {network["name"]: network for network in CURVATURE["networks"]}


def curvature_setup(w):
    """What all trainings of a network share: its training is the recipe, decayed or attacked."""
    network = CURVATURE_NETWORKS[w.network]
    setup = training_setup(
        "curvature",
        network["model"],
        "dense",
        CURVATURE["recipe"],
        image_size=CURVATURE["images"]["size"],
        standardise=CURVATURE["images"]["standardise"],
    )
    setup["sparse_input"] = False  # curvature and attacks look at all pixels
    if network["training"] == "weight_decay":
        setup["recipe"] = {
            **setup["recipe"],
            "weight_decay": CURVATURE["weight_decay"],
        }
    if network["training"] == "adversarial":
        setup["attack"] = CURVATURE["attack"]
    return setup


def curvature_model_code(w):
    return [module_of(MODELS, CURVATURE_NETWORKS[w.network]["model"]["name"], "model")]


def curvature_prune_code(w):
    # The scores are there already, but for the random ones.
    return [*curvature_model_code(w), *modules("random_global")]


def curvature_prune_minutes(w, attempt):
    """A group has the parts of all networks; those that only prune and test ask for less."""
    if w.part == "retrained" or not config["compute"]["group"]:
        return training_minutes(480)(w, attempt)
    return minutes(20)(w, attempt)


def curvature_files(kind):
    """A file of every network, or of every one that runs this part."""
    return [
        f"{CURVATURE_RESULTS}/{name}/{kind}.parquet"
        for name, network in CURVATURE_NETWORKS.items()
        if kind not in ("layers", "retrained") or kind in network["parts"]
    ]
