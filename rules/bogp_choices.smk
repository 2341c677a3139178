# BoGP's choices: how the search is set up (ablation), what it misses (regret, against every mask of
# a database trained), and what it finds where sparsity is free (Algorithm 4, Table 2).


rule bogp_ablation:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=of_base(rules.bogp_base.output.recipe),
        database=lambda w: database(bogp(w), w.sparsity),
        kept=rules.bogp_kept.output[0],
        code=lambda w: code_files("bogp_ablation.py", *bogp_search_code(w)),
    output:
        f"{BOGP_RESULTS}/ablation/s{{sparsity}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/ablation/s{{sparsity}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/ablation/s{{sparsity}}.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        setup=bogp_setup,
        scope=lambda w: bogp(w)["scope"],
        search=lambda w: {**bogp(w)["search"], "steps": BOGP["ablation"]["steps"]},
        seeds=BOGP["ablation"]["seeds"],
        scores=SCORES,
        score_code=score_code,
        code=lambda w: code_hash("bogp_ablation.py", *bogp_search_code(w)),
    script:
        "../workflow_scripts/bogp_ablation.py"


rule bogp_exhaustive:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=of_base(rules.bogp_base.output.recipe),
        database=lambda w: database(bogp(w), w.sparsity),
        code=lambda w: code_files("bogp_exhaustive.py", *bogp_model_code(w)),
    output:
        f"{BOGP_RESULTS}/exhaustive/s{{sparsity}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/exhaustive/s{{sparsity}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/exhaustive/s{{sparsity}}.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(240),
    params:
        setup=bogp_setup,
        scope=lambda w: bogp(w)["scope"],
        seeds=BOGP["regret"]["seeds"],
        scores=SCORES,
        score_code=score_code,
        code=lambda w: code_hash("bogp_exhaustive.py", *bogp_model_code(w)),
    script:
        "../workflow_scripts/bogp_exhaustive.py"


rule bogp_ablation_report:
    input:
        log=expand(
            rules.bogp_ablation.output[0], sparsity=at("ablation"), allow_missing=True
        ),
        exhaustive=exhaustive_of,
        code=code_files("bogp_ablation_report.py"),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "ablation",
            "Scaling × similarity × what the search is told",
        ),
        **figure_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "ablation",
            "The search's choices, combined",
        ),
    log:
        f"{BOGP_RESULTS}/logs/ablation_report.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/ablation_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("bogp_ablation_report.py"),
    script:
        "../workflow_scripts/bogp_ablation_report.py"


rule bogp_regret:
    input:
        exhaustive=expand(
            rules.bogp_exhaustive.output[0], sparsity=at("regret"), allow_missing=True
        ),
        search=expand(
            rules.bogp_search.output[0], sparsity=at("regret"), allow_missing=True
        ),
        code=code_files("bogp_regret.py"),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "regret",
            "The best mask, luck, and regret",
        ),
        **figure_files(
            BOGP_RESULTS, "BoGP", "{setting}", "regret", "Regret of the searches"
        ),
    log:
        f"{BOGP_RESULTS}/logs/regret.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/regret.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("bogp_regret.py"),
    script:
        "../workflow_scripts/bogp_regret.py"


rule bogp_tradeoff:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=of_base(rules.bogp_base.output.recipe),
        databases=pool_databases,
        code=lambda w: code_files("bogp_tradeoff.py", *bogp_search_code(w)),
    output:
        f"{BOGP_RESULTS}/tradeoff/{{pool}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/tradeoff/{{pool}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/tradeoff/{{pool}}.tsv"
    wildcard_constraints:
        pool="|".join(POOLS),
    group:
        together("bogp_tradeoff")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=bogp_setup,
        scope=lambda w: bogp(w)["scope"],
        search=lambda w: {**bogp(w)["search"], "steps": BOGP["tradeoff"]["steps"]},
        correlation=BOGP["correlation"],
        alphas=BOGP["tradeoff"]["alphas"],
        seeds=BOGP["tradeoff"]["seeds"],
        scores=SCORES,
        score_code=score_code,
        code=lambda w: code_hash("bogp_tradeoff.py", *bogp_search_code(w)),
    script:
        "../workflow_scripts/bogp_tradeoff.py"


rule bogp_tradeoff_final:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=of_base(rules.bogp_base.output.recipe),
        databases=pool_databases,
        search=rules.bogp_tradeoff.output[0],
        code=lambda w: code_files("bogp_tradeoff_final.py", *bogp_model_code(w)),
    output:
        f"{BOGP_RESULTS}/tradeoff_final/{{pool}}.parquet",
    log:
        f"{BOGP_RESULTS}/logs/tradeoff_final/{{pool}}.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/tradeoff_final/{{pool}}.tsv"
    wildcard_constraints:
        pool="|".join(POOLS),
    group:
        together("bogp_tradeoff")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=bogp_setup,
        scope=lambda w: bogp(w)["scope"],
        final_seeds=lambda w: bogp(w)["final_seeds"],
        code=lambda w: code_hash("bogp_tradeoff_final.py", *bogp_model_code(w)),
    script:
        "../workflow_scripts/bogp_tradeoff_final.py"


rule bogp_tradeoff_report:
    input:
        base=of_base(rules.bogp_base.output.records),
        recipe=of_base(rules.bogp_base.output.recipe),
        logs=expand(rules.bogp_tradeoff.output[0], pool=POOLS, allow_missing=True),
        records=expand(
            rules.bogp_tradeoff_final.output[0], pool=POOLS, allow_missing=True
        ),
        code=code_files("bogp_tradeoff_report.py", CLAIMS),
    output:
        **table_files(
            BOGP_RESULTS,
            "BoGP",
            "{setting}",
            "table2",
            "Table 2: accuracy + α·sparsity",
        ),
        **figure_files(
            BOGP_RESULTS, "BoGP", "{setting}", "tradeoff", "What α trades (Table 2)"
        ),
    log:
        f"{BOGP_RESULTS}/logs/tradeoff_report.log",
    benchmark:
        f"{BOGP_RESULTS}/benchmarks/tradeoff_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("bogp_tradeoff_report.py", CLAIMS),
    script:
        "../workflow_scripts/bogp_tradeoff_report.py"


STUDIES["bogp"] += [
    *of_settings("ablation", *rules.bogp_ablation_report.output),
    *of_settings("regret", *rules.bogp_regret.output),
    *of_settings("tradeoff", *rules.bogp_tradeoff_report.output),
]
