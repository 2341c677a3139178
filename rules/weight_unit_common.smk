# What the rules of weight and unit pruning share: folders, code, and functions for inputs.
from graphprune.models.names import MODELS
from graphprune.pruning.methods import modules
from graphprune.pruning.names import SCORES
from graphprune.registry import module_of

UNIT = config["weight_unit"]
UNIT_RESULTS = f"{RESULTS}/weight_unit"
UNIT_NETS = [f"{UNIT_RESULTS}/nets/seed{seed}.safetensors" for seed in UNIT["seeds"]]
UNIT_MODEL = module_of(MODELS, UNIT["model"]["name"], "model")
UNIT_CODE = [
    UNIT_MODEL,
    *modules("weight_magnitude"),
    *modules("unit_magnitude"),
    module_of(SCORES, "random", "score"),
]
UNIT_SETUP = training_setup("weight_unit", UNIT["model"], "dense", UNIT["recipe"])
UNIT_PARTS = ["pruned", *(["retrained"] if UNIT["retrain"]["sparsities"] else [])]
