# Edge pruning on the relational graph: P % of its edges every K iterations, while a network trains.


rule edges_dense:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=lambda w: code_files("dense.py", *edges_model_code(w)),
    output:
        records=f"{EDGES_RESULTS}/{{network}}/dense.parquet",
        recipe=f"{EDGES_RESULTS}/{{network}}/recipe.json",
    log:
        f"{EDGES_RESULTS}/{{network}}/logs/dense.log",
    benchmark:
        f"{EDGES_RESULTS}/{{network}}/benchmarks/dense.tsv"
    group:
        together("edges")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=edges_setup,
        tuning_seeds=EDGES["tuning_seeds"],
        final_seeds=EDGES["seeds"],
        code=lambda w: code_hash("dense.py", *edges_model_code(w)),
    script:
        "../workflow_scripts/dense.py"


rule edges_train:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=rules.edges_dense.output.recipe,
        code=lambda w: code_files("edges_train.py", *edges_code(w, w.part)),
    output:
        runs=f"{EDGES_RESULTS}/{{network}}/{{part}}_runs.parquet",
        trail=f"{EDGES_RESULTS}/{{network}}/{{part}}_trail.parquet",
    log:
        f"{EDGES_RESULTS}/{{network}}/logs/{{part}}.log",
    benchmark:
        f"{EDGES_RESULTS}/{{network}}/benchmarks/{{part}}.tsv"
    wildcard_constraints:
        part="grid|compared",
    group:
        together("edges")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(720),
    params:
        setup=edges_setup,
        nodes=lambda w: EDGES_NETWORKS[w.network]["nodes"],
        block=lambda w: edges_block(w.part),
        code=lambda w: code_hash("edges_train.py", *edges_code(w, w.part)),
    script:
        "../workflow_scripts/edges_train.py"


rule edges_search:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=rules.edges_dense.output.recipe,
        grid=f"{EDGES_RESULTS}/{{network}}/grid_runs.parquet",
        code=lambda w: code_files("edges_search.py", *edges_code(w, "search")),
    output:
        runs=f"{EDGES_RESULTS}/{{network}}/search_runs.parquet",
        log=f"{EDGES_RESULTS}/{{network}}/search_log.parquet",
    log:
        f"{EDGES_RESULTS}/{{network}}/logs/search.log",
    benchmark:
        f"{EDGES_RESULTS}/{{network}}/benchmarks/search.tsv"
    group:
        together("edges")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(720),
    params:
        setup=edges_setup,
        nodes=lambda w: EDGES_NETWORKS[w.network]["nodes"],
        block=edges_block("search"),
        code=lambda w: code_hash("edges_search.py", *edges_code(w, "search")),
    script:
        "../workflow_scripts/edges_search.py"


rule edges_report:
    input:
        dense=[
            expand(rules.edges_dense.output.records, network=name)
            for name in EDGES_NETWORKS
        ],
        runs=edges_files("runs"),
        trail=edges_files("trail"),
        found=[
            expand(rules.edges_search.output.runs, network=name)
            for name in edges_with("search")
        ],
        logs=[
            expand(rules.edges_search.output.log, network=name)
            for name in edges_with("search")
        ],
        meta=f"{DATA}/meta.json",
        code=code_files("edges_report.py", CLAIMS),
    output:
        **table_files(
            EDGES_RESULTS,
            "Edge pruning",
            "Accuracy",
            "edges",
            "Schedules, norms, scopes, baselines, search",
        ),
        **figure_files(
            EDGES_RESULTS,
            "Edge pruning",
            "Accuracy",
            "edges_heat",
            "Accuracy and sparsity over P and K",
        ),
        **figure_files(
            EDGES_RESULTS,
            "Edge pruning",
            "Accuracy",
            "edges_pareto",
            "Pareto front of sparsity and accuracy",
        ),
        **figure_files(
            EDGES_RESULTS,
            "Edge pruning",
            "Graph",
            "edges_trail",
            "Path length, clustering and density along training",
        ),
        **figure_files(
            EDGES_RESULTS,
            "Edge pruning",
            "Graph",
            "edges_graph",
            "Accuracy over clustering and path length",
        ),
    log:
        f"{EDGES_RESULTS}/logs/report.log",
    benchmark:
        f"{EDGES_RESULTS}/benchmarks/report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        names=list(EDGES_NETWORKS),
        norm=EDGES["norms"][0],
        alpha=EDGES["search"]["alpha"],
        code=code_hash("edges_report.py", CLAIMS),
    script:
        "../workflow_scripts/edges_report.py"


STUDIES["edges"] = [*rules.edges_report.output]
