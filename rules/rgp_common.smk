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


def rgp_wanted(part):
    """(network, degree) of all records of a part that the config asks for."""
    return [
        (name, degree)
        for name, network in RGP_NETWORKS.items()
        if part in network["parts"]
        for degree in network["degrees"]
    ]


def rgp_file(part, network, degree):
    return f"{RGP_RESULTS}/{network}/k{degree}/{part}.parquet"


def rgp_reported(part):
    """(network, degree) of the records that reports are made of: all, or those there are."""
    return [
        wanted
        for wanted in rgp_wanted(part)
        if not RGP["partial"] or Path(rgp_file(part, *wanted)).exists()
    ]


def rgp_records(part):
    """The records of a part that its report is made of."""
    return [rgp_file(part, *reported) for reported in rgp_reported(part)]


def rgp_outstanding(part):
    """What a report of the records that there are lacks, as a graph is named: "resnet18 64_20"."""
    return [
        f"{network} {RGP_NETWORKS[network]['nodes']}_{degree}"
        for network, degree in rgp_wanted(part)
        if (network, degree) not in rgp_reported(part)
    ]


def rgp_with(part):
    """The networks in the report of this part."""
    return list(dict.fromkeys(network for network, _ in rgp_reported(part)))
