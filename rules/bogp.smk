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
        sparsity=r"[0-9.e-]+(to[0-9.e-]+)?",
    resources:
        mem_mb=memory(2000),
        runtime=minutes(15),
    params:
        code=lambda w: code_hash(
            "mask_database.py", module_of(SOURCES, w.source, "mask source")
        ),
    script:
        "../workflow_scripts/mask_database.py"


rule bogp_kept:
    input:
        databases=bogp_databases,
        code=code_files("bogp_kept.py"),
    output:
        f"{BOGP_RESULTS}/kept_properties.json",
    log:
        f"{BOGP_RESULTS}/logs/kept.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/kept.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        **BOGP["correlation"],
        sparsities=lambda w: bogp(w)["masks"]["sparsities"],
        code=code_hash("bogp_kept.py"),
    script:
        "../workflow_scripts/bogp_kept.py"


rule bogp_correlation:
    input:
        databases=bogp_databases,
        kept=rules.bogp_kept.output[0],
        code=code_files("bogp_correlation.py"),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "properties",
            "Properties of the masks, and which are kept",
        ),
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "correlation",
            "Correlation of the properties (Figure 8)",
        ),
    log:
        f"{BOGP_RESULTS}/logs/correlation.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/correlation.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        **BOGP["correlation"],
        sparsities=lambda w: bogp(w)["masks"]["sparsities"],
        code=code_hash("bogp_correlation.py"),
    script:
        "../workflow_scripts/bogp_correlation.py"


rule bogp_base:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=lambda w: code_files("dense.py", *bogp_model_code(w)),
    output:
        records=f"{BOGP_RESULTS}/base.parquet",
        recipe=f"{BOGP_RESULTS}/recipe.json",
    log:
        f"{BOGP_RESULTS}/logs/base.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/base.tsv"
    group:
        together("bogp_base")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(120),
    params:
        setup=bogp_setup,
        tuning_seeds=lambda w: bogp(w)["tuning_seeds"],
        final_seeds=lambda w: bogp(w)["final_seeds"],
        code=lambda w: code_hash("dense.py", *bogp_model_code(w)),
    script:
        "../workflow_scripts/dense.py"


rule bogp_search:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=of_base(rules.bogp_base.output.recipe),
        database=lambda w: database(bogp(w), w.sparsity),
        kept=rules.bogp_kept.output[0],
        code=lambda w: code_files("bogp_search.py", *bogp_search_code(w)),
    output:
        f"{BOGP_RESULTS}/search/s{{sparsity}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/search/s{{sparsity}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/search/s{{sparsity}}.tsv"
    group:
        together("bogp_search_{setting}")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=bogp_setup,
        scope=lambda w: bogp(w)["scope"],
        search=lambda w: bogp(w)["search"],
        scores=SCORES,
        score_code=score_code,
        code=lambda w: code_hash("bogp_search.py", *bogp_search_code(w)),
    script:
        "../workflow_scripts/bogp_search.py"


rule bogp_final:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=of_base(rules.bogp_base.output.recipe),
        database=lambda w: database(bogp(w), w.sparsity),
        search=rules.bogp_search.output[0],
        code=lambda w: code_files("bogp_final.py", *bogp_final_code(w)),
    output:
        f"{BOGP_RESULTS}/final/s{{sparsity}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/final/s{{sparsity}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/final/s{{sparsity}}.tsv"
    group:
        together("bogp_search_{setting}")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=bogp_setup,
        scope=lambda w: bogp(w)["scope"],
        baselines=lambda w: bogp(w)["baselines"],
        budget=lambda w: bogp(w)["search"]["starts"] + bogp(w)["search"]["steps"],
        final_seeds=lambda w: bogp(w)["final_seeds"],
        code=lambda w: code_hash("bogp_final.py", *bogp_final_code(w)),
    script:
        "../workflow_scripts/bogp_final.py"


rule bogp_tables:
    input:
        base=of_base(rules.bogp_base.output.records),
        recipe=of_base(rules.bogp_base.output.recipe),
        searches=of_sparsities(rules.bogp_search.output[0]),
        final=of_sparsities(rules.bogp_final.output[0]),
        code=code_files("bogp_tables.py"),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "table1",
            "Table 1: accuracy, drop and cost",
        ),
        **table_files(
            BOGP_RESULTS, "BoGP", "{setting}", "search", "What the searches found"
        ),
    log:
        f"{BOGP_RESULTS}/logs/tables.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/tables.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("bogp_tables.py"),
    script:
        "../workflow_scripts/bogp_tables.py"


rule bogp_figures:
    input:
        databases=bogp_databases,
        searches=of_sparsities(rules.bogp_search.output[0]),
        table1=rules.bogp_tables.output.table1_csv,
        code=code_files("bogp_figures.py"),
    output:
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "accuracy",
            "Accuracy lost against dense (Table 1)",
        ),
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "convergence",
            "Convergence of the searches",
        ),
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "property_scatter",
            "Accuracy against each property",
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


rule bogp_claims:
    input:
        unpack(claim_inputs),
        five_nodes=f"{RESULTS}/bogp/tables/five_nodes.csv",
        code=code_files("bogp_claims.py", CLAIMS),
    output:
        **table_files(
            BOGP_RESULTS, "BoGP", "{setting}", "claims", "The paper's claims, judged"
        ),
    log:
        f"{BOGP_RESULTS}/logs/claims.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/claims.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("bogp_claims.py", CLAIMS),
    script:
        "../workflow_scripts/bogp_claims.py"


STUDIES["bogp"] = [
    *of_settings(
        "comparison",
        *rules.bogp_correlation.output,
        *rules.bogp_tables.output,
        *rules.bogp_figures.output,
    ),
    *expand(rules.bogp_claims.output, setting=BOGP_SETTINGS),
]
