from graphprune.masks.names import SOURCES
from graphprune.models.names import MODELS
from graphprune.pruning.methods import modules
from graphprune.search.names import STRATEGIES

BOGP = config["bogp"]
BOGP_RESULTS = f"{RESULTS}/bogp"
BOGP_SPARSITIES = [f"{s:g}" for s in BOGP["masks"]["sparsities"]]
BOGP_DATABASE = "{SHARED}/masks/{source}-n{nodes}-count{count}-seed{seed}".format(
    SHARED=SHARED, nodes=BOGP["nodes"], **BOGP["masks"]
)
BOGP_MODEL_MODULE = module_of(MODELS, BOGP["model"]["name"], "model")
BOGP_SOURCE_MODULE = module_of(SOURCES, BOGP["masks"]["source"], "mask source")
BOGP_SEARCH_CODE = [
    BOGP_MODEL_MODULE,
    *(module_of(STRATEGIES, name, "strategy") for name in BOGP["search"]["strategies"]),
]
BOGP_BASELINE_CODE = [
    BOGP_MODEL_MODULE,
    BOGP_SOURCE_MODULE,
    *(
        m
        for block in BOGP["baselines"].values()
        for name in block
        for m in modules(name)
    ),
]
# What every training of the study shares. Thread count and determinism are part of the numbers.
BOGP_SETUP = {
    "experiment": config["experiment"],
    "study": "bogp",
    "dataset": config["data"]["name"],
    "protocol": config["protocol"],
    "model": BOGP["model"],
    "init": BOGP["init"],
    "recipe_name": BOGP["recipe"],
    "recipe": config["recipes"][BOGP["recipe"]],
    "threads": config["compute"]["threads"],
    "deterministic": config["compute"]["deterministic"],
}


rule mask_database:
    input:
        code=lambda w: code_files(
            "mask_database.py", module_of(SOURCES, w.source, "mask source")
        ),
    output:
        f"{SHARED}/masks/{{source}}-n{{nodes}}-count{{amount}}-seed{{seed}}/s{{sparsity}}.parquet",
    log:
        f"{SHARED}/logs/masks/{{source}}-n{{nodes}}-count{{amount}}-seed{{seed}}/s{{sparsity}}.log",
    benchmark:
        f"{SHARED}/benchmarks/masks/{{source}}-n{{nodes}}-count{{amount}}-seed{{seed}}/s{{sparsity}}.tsv"
    wildcard_constraints:
        source="[a-z_]+",
        nodes=r"\d+",
        amount=r"\d+",
        seed=r"\d+",
        sparsity=r"[0-9.e-]+",
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        code=lambda w: code_hash(
            "mask_database.py", module_of(SOURCES, w.source, "mask source")
        ),
    script:
        "../workflow_scripts/mask_database.py"


rule bogp_correlation:
    input:
        databases=[f"{BOGP_DATABASE}/s{s}.parquet" for s in BOGP_SPARSITIES],
        code=code_files("bogp_correlation.py"),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "properties",
            "Properties of the masks, and which are kept",
        ),
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "correlation",
            "Correlation of the properties (Figure 8)",
        ),
        kept=f"{BOGP_RESULTS}/kept_properties.json",
    log:
        f"{BOGP_RESULTS}/logs/correlation.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/correlation.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        **BOGP["correlation"],
        sparsities=BOGP["masks"]["sparsities"],
        code=code_hash("bogp_correlation.py"),
    script:
        "../workflow_scripts/bogp_correlation.py"


rule bogp_base:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=code_files("bogp_base.py", BOGP_MODEL_MODULE),
    output:
        records=f"{BOGP_RESULTS}/base.parquet",
        recipe=f"{BOGP_RESULTS}/recipe.json",
    log:
        f"{BOGP_RESULTS}/logs/base.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/base.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(120),
    params:
        setup=BOGP_SETUP,
        tuning_seeds=BOGP["tuning_seeds"],
        final_seeds=BOGP["final_seeds"],
        code=code_hash("bogp_base.py", BOGP_MODEL_MODULE),
    script:
        "../workflow_scripts/bogp_base.py"


rule bogp_search:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=rules.bogp_base.output.recipe,
        database=f"{BOGP_DATABASE}/s{{sparsity}}.parquet",
        kept=rules.bogp_correlation.output.kept,
        code=code_files("bogp_search.py", *BOGP_SEARCH_CODE),
    output:
        f"{BOGP_RESULTS}/search/s{{sparsity}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/search/s{{sparsity}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/search/s{{sparsity}}.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        setup=BOGP_SETUP,
        scope=BOGP["scope"],
        search=BOGP["search"],
        code=code_hash("bogp_search.py", *BOGP_SEARCH_CODE),
    script:
        "../workflow_scripts/bogp_search.py"


rule bogp_baselines:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=rules.bogp_base.output.recipe,
        database=f"{BOGP_DATABASE}/s{{sparsity}}.parquet",
        search=rules.bogp_search.output[0],
        code=code_files("bogp_baselines.py", *BOGP_BASELINE_CODE),
    output:
        f"{BOGP_RESULTS}/baselines/s{{sparsity}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/baselines/s{{sparsity}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/baselines/s{{sparsity}}.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        setup=BOGP_SETUP,
        scope=BOGP["scope"],
        baselines=BOGP["baselines"],
        final_seeds=BOGP["final_seeds"],
        code=code_hash("bogp_baselines.py", *BOGP_BASELINE_CODE),
    script:
        "../workflow_scripts/bogp_baselines.py"


rule bogp_final:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=rules.bogp_base.output.recipe,
        database=f"{BOGP_DATABASE}/s{{sparsity}}.parquet",
        search=rules.bogp_search.output[0],
        code=code_files("bogp_final.py", BOGP_MODEL_MODULE),
    output:
        f"{BOGP_RESULTS}/final/s{{sparsity}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/final/s{{sparsity}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/final/s{{sparsity}}.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        setup=BOGP_SETUP,
        scope=BOGP["scope"],
        final_seeds=BOGP["final_seeds"],
        code=code_hash("bogp_final.py", BOGP_MODEL_MODULE),
    script:
        "../workflow_scripts/bogp_final.py"


rule bogp_tables:
    input:
        base=rules.bogp_base.output.records,
        recipe=rules.bogp_base.output.recipe,
        searches=expand(rules.bogp_search.output[0], sparsity=BOGP_SPARSITIES),
        baselines=expand(rules.bogp_baselines.output[0], sparsity=BOGP_SPARSITIES),
        final=expand(rules.bogp_final.output[0], sparsity=BOGP_SPARSITIES),
        code=code_files("bogp_tables.py", CLAIMS),
    output:
        **table_files(
            BOGP_RESULTS, "BoGP", "table1", "Table 1: accuracy, drop and cost"
        ),
        **table_files(BOGP_RESULTS, "BoGP", "search", "What the searches found"),
        **table_files(BOGP_RESULTS, "BoGP", "claims", "The paper's claims, judged"),
    log:
        f"{BOGP_RESULTS}/logs/tables.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/tables.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("bogp_tables.py", CLAIMS),
    script:
        "../workflow_scripts/bogp_tables.py"


rule bogp_figures:
    input:
        databases=[f"{BOGP_DATABASE}/s{s}.parquet" for s in BOGP_SPARSITIES],
        searches=expand(rules.bogp_search.output[0], sparsity=BOGP_SPARSITIES),
        table1=rules.bogp_tables.output.table1_csv,
        code=code_files("bogp_figures.py"),
    output:
        **figure_files(
            BOGP_RESULTS, "BoGP", "accuracy", "Accuracy lost against dense (Table 1)"
        ),
        **figure_files(
            BOGP_RESULTS, "BoGP", "convergence", "Convergence of the searches"
        ),
        **figure_files(
            BOGP_RESULTS, "BoGP", "property_scatter", "Accuracy against each property"
        ),
    log:
        f"{BOGP_RESULTS}/logs/figures.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/figures.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        properties=BOGP["correlation"]["properties"],
        code=code_hash("bogp_figures.py"),
    script:
        "../workflow_scripts/bogp_figures.py"


STUDIES["bogp"] = [
    *rules.bogp_correlation.output,
    *rules.bogp_tables.output,
    *rules.bogp_figures.output,
]
