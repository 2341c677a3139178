# What the rules of edge pruning share: its networks, and functions for inputs and params.
from graphprune.models.names import MODELS
from graphprune.pruning.methods import modules
from graphprune.search.names import STRATEGIES
from graphprune.studies.edges_arms import EDGES as PRUNED, METHOD_OF

EDGES = config["edges"]
EDGES_RESULTS = f"{RESULTS}/edges"
EDGES_NETWORKS = {network["name"]: network for network in EDGES["networks"]}


def edges_setup(w):
    """What all trainings of a network share."""
    return training_setup(
        "edges",
        EDGES_NETWORKS[w.network]["model"],
        EDGES["init"],
        EDGES["recipe"],
        image_size=EDGES["images"]["size"],
        standardise=EDGES["images"]["standardise"],
        init_kind=EDGES["init_kind"],
    )


def edges_block(part):
    """Of the config's block, what trainings of a part depend on."""
    wanted = {
        "grid": ["scope", "norms", "grid", "fixed", "seeds"],
        "compared": ["scope", "norms", "compared", "seeds"],
        "search": ["scope", "norms", "search"],
    }
    block = {key: EDGES[key] for key in wanted[part]}
    # Only the table of norms trains with any but the first.
    return block if part == "compared" else {**block, "norms": EDGES["norms"][:1]}


def edges_model_code(w):
    return [module_of(MODELS, EDGES_NETWORKS[w.network]["model"]["name"], "model")]


def edges_code(w, part):
    arms = METHOD_OF.values() if part == "compared" else [METHOD_OF[PRUNED]]
    found = [*edges_model_code(w), *(m for name in arms for m in modules(name))]
    if part == "search":
        found += [module_of(STRATEGIES, name, "search strategy") for name in STRATEGIES]
    return list(dict.fromkeys(found))


def edges_with(part):
    """The networks that run this part."""
    return [
        name for name, network in EDGES_NETWORKS.items() if part in network["parts"]
    ]


def edges_files(kind):
    """Files (runs or trail) of the grids and of all that is compared, of every network."""
    return [
        f"{EDGES_RESULTS}/{name}/{part}_{kind}.parquet"
        for name, network in EDGES_NETWORKS.items()
        for part in network["parts"]
        if part != "search"
    ]
