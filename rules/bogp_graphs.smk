# BoGP's questions about graphs as such: does a mask's graph decide anything, whatever its source,
# and what do the 21 connected graphs on five nodes say (Figures 5 to 7)?
MLP_MODULE = module_of(MODELS, "mlp", "model")


# The first setting's, on the network of Figures 5 to 7.
FIVE_NODES_SETUP = {
    **setup_of(next(iter(BOGP_SETTINGS.values()))),
    "model": {"name": "mlp", "hidden": BOGP["five_nodes"]["hidden"]},
}


rule bogp_identifiability:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=of_base(rules.bogp_base.output.recipe),
        databases=identifiability_databases,
        code=lambda w: code_files("bogp_identifiability.py", *bogp_model_code(w)),
    output:
        f"{BOGP_RESULTS}/identifiability.parquet",
    log:
        f"{BOGP_RESULTS}/logs/identifiability.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/identifiability.tsv"
    group:
        together("bogp_base")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=bogp_setup,
        scope=lambda w: bogp(w)["scope"],
        masks=BOGP["identifiability"]["masks"],
        seeds=BOGP["identifiability"]["seeds"],
        code=lambda w: code_hash("bogp_identifiability.py", *bogp_model_code(w)),
    script:
        "../workflow_scripts/bogp_identifiability.py"


rule bogp_mask_properties:
    input:
        databases=identifiability_databases,
        code=code_files("bogp_mask_properties.py"),
    output:
        f"{BOGP_RESULTS}/mask_properties.parquet",
    log:
        f"{BOGP_RESULTS}/logs/mask_properties.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/mask_properties.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        masks=BOGP["identifiability"]["masks"],
        properties=BOGP["identifiability"]["properties"],
        code=code_hash("bogp_mask_properties.py"),
    script:
        "../workflow_scripts/bogp_mask_properties.py"


rule bogp_identifiability_report:
    input:
        records=rules.bogp_identifiability.output[0],
        properties=rules.bogp_mask_properties.output[0],
        databases=identifiability_databases,
        code=code_files("bogp_identifiability_report.py", CLAIMS),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "identifiability",
            "Is the graph identifiable at all?",
        ),
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "spread",
            "Spread of the properties by mask source",
        ),
        **figure_files(
            BOGP_RESULTS, "BoGP", "{setting}", "mask_means", "Masks against seeds"
        ),
    log:
        f"{BOGP_RESULTS}/logs/identifiability_report.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/identifiability_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("bogp_identifiability_report.py", CLAIMS),
    script:
        "../workflow_scripts/bogp_identifiability_report.py"


rule bogp_five_nodes:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=code_files("bogp_five_nodes.py", MLP_MODULE),
    output:
        records=f"{BOGP_ALL}/five_nodes.parquet",
        recipe=f"{BOGP_ALL}/five_nodes_recipe.json",
    log:
        f"{BOGP_ALL}/logs/five_nodes.log",
    benchmark:
        f"{BOGP_ALL}/benchmarks/five_nodes.tsv"
    group:
        together("bogp_base")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
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
        **table_files(
            BOGP_ALL,
            "BoGP",
            "All settings",
            "five_nodes",
            "The 21 graphs on five nodes",
        ),
        **figure_files(
            BOGP_ALL,
            "BoGP",
            "All settings",
            "five_nodes",
            "The 21 graphs on five nodes (Figures 5–7)",
        ),
    log:
        f"{BOGP_ALL}/logs/five_nodes_report.log",
    benchmark:
        f"{BOGP_ALL}/benchmarks/five_nodes_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        nodes=5,
        code=code_hash("bogp_five_nodes_report.py", CLAIMS),
    script:
        "../workflow_scripts/bogp_five_nodes_report.py"


rule bogp_settings:
    input:
        identifiability=of_settings(
            "identifiability",
            rules.bogp_identifiability_report.output.identifiability_csv,
        ),
        table1=of_settings("comparison", rules.bogp_tables.output.table1_csv),
        claims=expand(rules.bogp_claims.output.claims_csv, setting=BOGP_SETTINGS),
        code=code_files("bogp_settings.py"),
    output:
        **table_files(
            BOGP_ALL,
            "BoGP",
            "All settings",
            "settings",
            "Nodes, depth, recipes side by side",
        ),
        **figure_files(
            BOGP_ALL,
            "BoGP",
            "All settings",
            "settings",
            "Masks against seeds over node count",
        ),
    log:
        f"{BOGP_ALL}/logs/settings.log",
    benchmark:
        f"{BOGP_ALL}/benchmarks/settings.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        settings=BOGP_SETTINGS,
        with_part={part: with_part(part) for part in ("identifiability", "comparison")},
        code=code_hash("bogp_settings.py"),
    script:
        "../workflow_scripts/bogp_settings.py"


# table -> the settings that have it
WITH_TABLE = {
    "identifiability": with_part("identifiability"),
    "table1": with_part("comparison"),
    "search": with_part("comparison"),
    "regret": with_part("regret"),
    "ablation": with_part("ablation"),
    "table2": with_part("tradeoff"),
    "claims": list(BOGP_SETTINGS),
}


rule bogp_reading:
    input:
        **{
            name: expand(f"{BOGP_RESULTS}/tables/{name}.csv", setting=settings)
            for name, settings in WITH_TABLE.items()
        },
        code=code_files("bogp_reading.py"),
    output:
        **table_files(BOGP_ALL, "BoGP", "All settings", "reading", "What it comes to"),
    log:
        f"{BOGP_ALL}/logs/reading.log",
    benchmark:
        f"{BOGP_ALL}/benchmarks/reading.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        settings=BOGP_SETTINGS,
        with_table=WITH_TABLE,
        run={
            "dataset": config["data"]["name"],
            "protocol": config["protocol"],
            "precision": config["compute"]["precision"],
        },
        code=code_hash("bogp_reading.py"),
    script:
        "../workflow_scripts/bogp_reading.py"


STUDIES["bogp"] += [
    *of_settings("identifiability", *rules.bogp_identifiability_report.output),
    *rules.bogp_five_nodes_report.output,
    *rules.bogp_settings.output,
    *rules.bogp_reading.output,
]
