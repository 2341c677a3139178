# What the rules of RGP on real networks share: its networks, and functions for inputs and params.
from graphprune.models.names import MODELS
from graphprune.pruning.methods import modules
from graphprune.studies.rgp_arms import METHOD_ARMS

RGP = config["rgp"]
RGP_RESULTS = f"{RESULTS}/rgp"
RGP_NETWORKS = {network["name"]: network for network in RGP["networks"]}
CATALOGUE = "src/graphprune/graphs/catalogue.csv"
# A folder is named after all that decides which graphs there are, but nodes and degree.
RGP_GRAPHS = "{}/graphs/rgp-{}of-{}chains-{}".format(
    SHARED, len(RGP["seeds"]), RGP["chain"]["chains"], RGP["chain"]["graphs"]
)


def rgp_setup(w):
    """What all trainings of a network share."""
    return training_setup(
        "rgp",
        RGP_NETWORKS[w.network]["model"],
        RGP["init"],
        RGP["recipe"],
        image_size=RGP["images"]["size"],
        standardise=RGP["images"]["standardise"],
        init_kind=RGP["init_kind"],
    )


def rgp_model_code(w):
    return [module_of(MODELS, RGP_NETWORKS[w.network]["model"]["name"], "model")]


def rgp_train_code(w):
    chosen = [METHOD_ARMS[arm] for arm in RGP["arms"] if arm in METHOD_ARMS]
    names = chosen if w.part == "comparison" else []
    return [*rgp_model_code(w), *(m for name in names for m in modules(name))]


def rgp_records(part):
    """The records of a part, of every network and degree that runs it."""
    return [
        f"{RGP_RESULTS}/{name}/k{degree}/{part}.parquet"
        for name, network in RGP_NETWORKS.items()
        if part in network["parts"]
        for degree in network["degrees"]
    ]


def rgp_with(part):
    """The networks that run this part."""
    return [name for name, network in RGP_NETWORKS.items() if part in network["parts"]]
