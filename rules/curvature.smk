# Neural curvature: networks trained once a seed, the curvature of their weights, and pruning by
# it beside its controls, of all weights together, of one layer at a time, and with retraining.


rule curvature_train:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=lambda w: code_files("curvature_train.py", *curvature_model_code(w)),
    output:
        curves=f"{CURVATURE_RESULTS}/{{network}}/curves.parquet",
        nets=[
            f"{CURVATURE_RESULTS}/{{network}}/nets/seed{seed}.safetensors"
            for seed in CURVATURE["seeds"]
        ],
    log:
        f"{CURVATURE_RESULTS}/{{network}}/logs/train.log",
    benchmark:
        f"{CURVATURE_RESULTS}/{{network}}/benchmarks/train.tsv"
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(480),
    params:
        setup=curvature_setup,
        seeds=CURVATURE["seeds"],
        code=lambda w: code_hash("curvature_train.py", *curvature_model_code(w)),
    script:
        "../workflow_scripts/curvature_train.py"


rule curvature_scores:
    input:
        data=DATA_FILES,
        split=SPLIT,
        nets=rules.curvature_train.output.nets,
        code=lambda w: code_files("curvature_scores.py", *curvature_model_code(w)),
    output:
        agreement=f"{CURVATURE_RESULTS}/{{network}}/agreement.parquet",
        scores=[
            f"{CURVATURE_RESULTS}/{{network}}/scores/seed{seed}.npz"
            for seed in CURVATURE["seeds"]
        ],
    log:
        f"{CURVATURE_RESULTS}/{{network}}/logs/scores.log",
    benchmark:
        f"{CURVATURE_RESULTS}/{{network}}/benchmarks/scores.tsv"
    # Processes, which the numbers do not depend on.
    threads: CURVATURE["jobs"]
    resources:
        mem_mb=memory(8000),
        runtime=minutes(480),
    params:
        setup=curvature_setup,
        options={key: CURVATURE[key] for key in ("per_class", "method", "attack")},
        code=lambda w: code_hash("curvature_scores.py", *curvature_model_code(w)),
    script:
        "../workflow_scripts/curvature_scores.py"


rule curvature_prune:
    input:
        data=DATA_FILES,
        split=SPLIT,
        nets=rules.curvature_train.output.nets,
        scores=rules.curvature_scores.output.scores,
        code=lambda w: code_files("curvature_prune.py", *curvature_prune_code(w)),
    output:
        f"{CURVATURE_RESULTS}/{{network}}/{{part}}.parquet",
    log:
        f"{CURVATURE_RESULTS}/{{network}}/logs/{{part}}.log",
    benchmark:
        f"{CURVATURE_RESULTS}/{{network}}/benchmarks/{{part}}.tsv"
    wildcard_constraints:
        part="pruned|layers|retrained",
    group:
        together("curvature_prune")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=curvature_prune_minutes,
    params:
        setup=curvature_setup,
        training=lambda w: CURVATURE_NETWORKS[w.network]["training"],
        cuts=lambda w: (
            CURVATURE["retrain"]["sparsities"]
            if w.part == "retrained"
            else CURVATURE["cuts"]
        ),
        epochs=lambda w: (
            CURVATURE["retrain"]["epochs"] if w.part == "retrained" else 0
        ),
        code=lambda w: code_hash("curvature_prune.py", *curvature_prune_code(w)),
    script:
        "../workflow_scripts/curvature_prune.py"


rule curvature_report:
    input:
        agreement=curvature_files("agreement"),
        records=[
            file
            for part in ("pruned", "layers", "retrained")
            for file in curvature_files(part)
        ],
        meta=f"{DATA}/meta.json",
        code=code_files("curvature_report.py", CLAIMS),
    output:
        **table_files(
            CURVATURE_RESULTS,
            "Neural curvature",
            "Accuracy",
            "nc_accuracy",
            "Accuracy over the removed share, with verdicts",
        ),
        **table_files(
            CURVATURE_RESULTS,
            "Neural curvature",
            "Layers",
            "nc_layers",
            "Curvature beside 1/|w|, layer by layer",
        ),
        **figure_files(
            CURVATURE_RESULTS,
            "Neural curvature",
            "Accuracy",
            "nc_accuracy",
            "Accuracy over the removed share",
        ),
        **figure_files(
            CURVATURE_RESULTS,
            "Neural curvature",
            "Accuracy",
            "nc_retrained",
            "Accuracy after retraining",
        ),
        **figure_files(
            CURVATURE_RESULTS,
            "Neural curvature",
            "Accuracy",
            "nc_examples",
            "Numbers of examples a class",
        ),
        **figure_files(
            CURVATURE_RESULTS,
            "Neural curvature",
            "Layers",
            "nc_layers",
            "One layer pruned at a time",
        ),
        **figure_files(
            CURVATURE_RESULTS,
            "Neural curvature",
            "Layers",
            "nc_spearman",
            "Spearman of curvature with 1/|w|",
        ),
    log:
        f"{CURVATURE_RESULTS}/logs/report.log",
    benchmark:
        f"{CURVATURE_RESULTS}/benchmarks/report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("curvature_report.py", CLAIMS),
    script:
        "../workflow_scripts/curvature_report.py"


STUDIES["curvature"] = [*rules.curvature_report.output]
