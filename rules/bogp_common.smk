# What the rules of BoGP share: the settings, and functions for their inputs and params.
from graphprune.masks.names import SOURCES
from graphprune.models.names import MODELS
from graphprune.pipeline.settings import bogp_settings
from graphprune.pruning.methods import modules
from graphprune.search.names import STRATEGIES

BOGP = config["bogp"]
BOGP_SETTINGS = bogp_settings(BOGP)
BOGP_ALL = f"{RESULTS}/bogp"
BOGP_RESULTS = f"{BOGP_ALL}/{{setting}}"
SCORES = f"{SHARED}/scores"
POOLS = [
    "levels",
    "wide",
]  # what Algorithm 4 searches: the six levels together, or any sparsity


def bogp(w):
    """The study's block as the job's setting has it."""
    return BOGP_SETTINGS[w.setting]


def with_part(part):
    """The settings that run this part."""
    return [name for name, setting in BOGP_SETTINGS.items() if part in setting["parts"]]


def of_settings(part, *files):
    """These files of every setting that runs `part`."""
    return expand(files, setting=with_part(part))


def bogp_sparsities(w):
    return [f"{s:g}" for s in bogp(w)["masks"]["sparsities"]]


def of_sparsities(file):
    """A file of the job's setting at each of its sparsities."""
    return lambda w: expand(file, setting=w.setting, sparsity=bogp_sparsities(w))


def database(setting, sparsity, source=None, count=None):
    """The file of a mask database with this setting's nodes and seed."""
    masks = setting["masks"]
    return (
        f"{SHARED}/masks/{source or masks['source']}-n{setting['nodes']}"
        f"-count{count or masks['count']}-seed{masks['seed']}/s{sparsity}.parquet"
    )


def bogp_databases(w):
    """Those that the job's setting searches, one a sparsity."""
    return [database(bogp(w), s) for s in bogp_sparsities(w)]


def setup_of(setting):
    """What every training of a setting shares."""
    return training_setup("bogp", setting["model"], setting["init"], setting["recipe"])


def bogp_setup(w):
    return setup_of(bogp(w))


def of_base(file):
    """A file of the dense network's job: one job for all settings with the same network."""

    def found(w):
        keys = ("tuning_seeds", "final_seeds")
        wanted = [setup_of(bogp(w)), *(bogp(w)[key] for key in keys)]
        same = (
            name
            for name, setting in BOGP_SETTINGS.items()
            if [setup_of(setting), *(setting[key] for key in keys)] == wanted
        )
        return expand(file, setting=next(same))[0]

    return found


def bogp_model_code(w):
    return [module_of(MODELS, bogp(w)["model"]["name"], "model")]


def bogp_search_code(w):
    names = bogp(w)["search"]["strategies"]
    return [
        *bogp_model_code(w),
        *(module_of(STRATEGIES, name, "strategy") for name in names),
    ]


def bogp_final_code(w):
    names = ["glob_1", *(n for block in bogp(w)["baselines"].values() for n in block)]
    source = module_of(SOURCES, bogp(w)["masks"]["source"], "mask source")
    return [*bogp_model_code(w), source, *(m for name in names for m in modules(name))]


def score_code(w):
    """The code that decides what a mask scores, whoever asks; shared scores carry it."""
    return module_hash("graphprune.search.scorer", *bogp_model_code(w))


def claim_inputs(w):
    """What a setting's parts have found for the claims to be judged on."""
    found = {}
    if "comparison" in bogp(w)["parts"]:
        found["runs"] = of_sparsities(rules.bogp_final.output[0])(w)
    if "identifiability" in bogp(w)["parts"]:
        found["identifiability"] = (
            rules.bogp_identifiability_report.output.identifiability_csv
        )
    if "tradeoff" in bogp(w)["parts"]:
        found["tradeoff"] = expand(
            rules.bogp_tradeoff_final.output[0], setting=w.setting, pool=POOLS
        )
    return found


def wide(setting):
    """The file of the database whose masks' sparsities are uniform between two bounds."""
    pool = setting["tradeoff"]["wide"]
    return database(setting, f"{pool['low']:g}to{pool['high']:g}", count=pool["count"])


def pool_databases(w):
    return [wide(bogp(w))] if w.pool == "wide" else bogp_databases(w)


def at(part):
    """The sparsity that a part is done at, as files are named."""
    return f"{BOGP[part]['sparsity']:g}"


def exhaustive_of(w):
    """The exhaustive table beside an ablation, where the setting has one at that sparsity."""
    known = "regret" in bogp(w)["parts"] and at("regret") == at("ablation")
    file = rules.bogp_exhaustive.output[0]
    return expand(file, setting=w.setting, sparsity=at("regret")) if known else []


def identifiability_databases(w):
    """The database of each mask source, at the one sparsity that this part is done at."""
    chosen = bogp(w)["identifiability"]
    return [
        database(bogp(w), f"{chosen['sparsity']:g}", source)
        for source in chosen["sources"]
    ]
