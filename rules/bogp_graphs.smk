# BoGP's questions about graphs as such: does a mask's graph decide anything, whatever its source,
# and what do the 21 connected graphs on five nodes say (Figures 5 to 7)?
IDENTIFIABILITY = BOGP["identifiability"]
IDENTIFIABILITY_DATABASES = [
    "{SHARED}/masks/{source}-n{nodes}-count{count}-seed{seed}/s{sparsity:g}.parquet".format(
        SHARED=SHARED,
        source=source,
        nodes=BOGP["nodes"],
        count=BOGP["masks"]["count"],
        seed=BOGP["masks"]["seed"],
        sparsity=IDENTIFIABILITY["sparsity"],
    )
    for source in IDENTIFIABILITY["sources"]
]
FIVE_NODES_SETUP = {
    **BOGP_SETUP,
    "model": {"name": "mlp", "hidden": BOGP["five_nodes"]["hidden"]},
}
MLP_MODULE = module_of(MODELS, "mlp", "model")


rule bogp_identifiability:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=rules.bogp_base.output.recipe,
        databases=IDENTIFIABILITY_DATABASES,
        code=code_files("bogp_identifiability.py", BOGP_MODEL_MODULE),
    output:
        f"{BOGP_RESULTS}/identifiability.parquet",
    log:
        f"{BOGP_RESULTS}/logs/identifiability.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/identifiability.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        setup=BOGP_SETUP,
        scope=BOGP["scope"],
        masks=IDENTIFIABILITY["masks"],
        seeds=IDENTIFIABILITY["seeds"],
        code=code_hash("bogp_identifiability.py", BOGP_MODEL_MODULE),
    script:
        "../workflow_scripts/bogp_identifiability.py"


rule bogp_identifiability_report:
    input:
        records=rules.bogp_identifiability.output[0],
        databases=IDENTIFIABILITY_DATABASES,
        code=code_files("bogp_identifiability_report.py", CLAIMS),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "identifiability",
            "Is the graph identifiable at all?",
        ),
        **figure_files(
            BOGP_RESULTS, "BoGP", "spread", "Spread of the properties by mask source"
        ),
        **figure_files(BOGP_RESULTS, "BoGP", "mask_means", "Masks against seeds"),
    log:
        f"{BOGP_RESULTS}/logs/identifiability_report.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/identifiability_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        properties=IDENTIFIABILITY["properties"],
        code=code_hash("bogp_identifiability_report.py", CLAIMS),
    script:
        "../workflow_scripts/bogp_identifiability_report.py"


rule bogp_five_nodes:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=code_files("bogp_five_nodes.py", MLP_MODULE),
    output:
        records=f"{BOGP_RESULTS}/five_nodes.parquet",
        recipe=f"{BOGP_RESULTS}/five_nodes_recipe.json",
    log:
        f"{BOGP_RESULTS}/logs/five_nodes.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/five_nodes.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        setup=FIVE_NODES_SETUP,
        nodes=5,
        tuning_seeds=BOGP["tuning_seeds"],
        seeds=BOGP["five_nodes"]["seeds"],
        code=code_hash("bogp_five_nodes.py", MLP_MODULE),
    script:
        "../workflow_scripts/bogp_five_nodes.py"


rule bogp_five_nodes_report:
    input:
        records=rules.bogp_five_nodes.output.records,
        code=code_files("bogp_five_nodes_report.py", CLAIMS),
    output:
        **table_files(BOGP_RESULTS, "BoGP", "five_nodes", "The 21 graphs on five nodes"),
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "five_nodes",
            "The 21 graphs on five nodes (Figures 5–7)",
        ),
    log:
        f"{BOGP_RESULTS}/logs/five_nodes_report.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/five_nodes_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        nodes=5,
        code=code_hash("bogp_five_nodes_report.py", CLAIMS),
    script:
        "../workflow_scripts/bogp_five_nodes_report.py"


STUDIES["bogp"] += [
    *rules.bogp_identifiability_report.output,
    *rules.bogp_five_nodes_report.output,
]
