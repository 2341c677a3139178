# Weight and unit pruning: one network trained once a seed, then pruned at every sparsity, without
# retraining and with it; which weights go (Theorem 1); and inference time (Figures 1 to 5).


rule weight_unit_train:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=code_files("weight_unit_train.py", UNIT_MODEL),
    output:
        curves=f"{UNIT_RESULTS}/curves.parquet",
        nets=UNIT_NETS,
    log:
        f"{UNIT_RESULTS}/logs/train.log",
    benchmark:
        f"{UNIT_RESULTS}/benchmarks/train.tsv"
    group:
        together("weight_unit")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=UNIT_SETUP,
        seeds=UNIT["seeds"],
        code=code_hash("weight_unit_train.py", UNIT_MODEL),
    script:
        "../workflow_scripts/weight_unit_train.py"


rule weight_unit_prune:
    input:
        data=DATA_FILES,
        split=SPLIT,
        nets=rules.weight_unit_train.output.nets,
        code=code_files("weight_unit_prune.py", *UNIT_CODE),
    output:
        f"{UNIT_RESULTS}/{{part}}.parquet",
    log:
        f"{UNIT_RESULTS}/logs/{{part}}.log",
    benchmark:
        f"{UNIT_RESULTS}/benchmarks/{{part}}.tsv"
    wildcard_constraints:
        part="pruned|retrained",
    group:
        together("weight_unit")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(480),
    params:
        setup=UNIT_SETUP,
        sparsities=lambda w: (UNIT if w.part == "pruned" else UNIT["retrain"])[
            "sparsities"
        ],
        epochs=lambda w: 0 if w.part == "pruned" else UNIT["retrain"]["epochs"],
        code=code_hash("weight_unit_prune.py", *UNIT_CODE),
    script:
        "../workflow_scripts/weight_unit_prune.py"


rule weight_unit_weights:
    input:
        nets=rules.weight_unit_train.output.nets,
        code=code_files("weight_unit_weights.py", *UNIT_CODE),
    output:
        auc=f"{UNIT_RESULTS}/auc.parquet",
        histograms=f"{UNIT_RESULTS}/histograms.parquet",
    log:
        f"{UNIT_RESULTS}/logs/weights.log",
    benchmark:
        f"{UNIT_RESULTS}/benchmarks/weights.tsv"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        sparsities=UNIT["sparsities"],
        shuffles=UNIT["shuffles"],
        code=code_hash("weight_unit_weights.py", *UNIT_CODE),
    script:
        "../workflow_scripts/weight_unit_weights.py"


rule weight_unit_latency:
    input:
        nets=rules.weight_unit_train.output.nets,
        code=code_files("weight_unit_latency.py", *UNIT_CODE),
    output:
        f"{UNIT_RESULTS}/latency.parquet",
    log:
        f"{UNIT_RESULTS}/logs/latency.log",
    benchmark:
        f"{UNIT_RESULTS}/benchmarks/latency.tsv"
    # All of them, so that nothing else runs meanwhile; torch's threads are the config's. A cluster
    # sees to that by itself.
    threads: lambda w: 1 if workflow.non_local_exec else workflow.cores
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        sparsities=UNIT["sparsities"],
        latency=UNIT["latency"],
        torch_threads=config["compute"]["threads"],
        code=code_hash("weight_unit_latency.py", *UNIT_CODE),
    script:
        "../workflow_scripts/weight_unit_latency.py"


rule weight_unit_report:
    input:
        curves=rules.weight_unit_train.output.curves,
        records=expand(rules.weight_unit_prune.output[0], part=UNIT_PARTS),
        auc=rules.weight_unit_weights.output.auc,
        histograms=rules.weight_unit_weights.output.histograms,
        meta=f"{DATA}/meta.json",
        code=code_files("weight_unit_report.py", CLAIMS),
    output:
        **table_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Accuracy",
            "unit_accuracy",
            "Accuracy and loss over k, with verdicts",
        ),
        **table_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Weights",
            "unit_weights",
            "Theorem 1's statistic and its null",
        ),
        **figure_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Accuracy",
            "unit_training",
            "Training curves (Figure 1)",
        ),
        **figure_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Accuracy",
            "unit_accuracy",
            "Accuracy and loss over k (Figures 2 and 3)",
        ),
        **figure_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Weights",
            "unit_weights",
            "Eliminated and surviving weights (Figure 4)",
        ),
        **figure_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Weights",
            "unit_auc",
            "AUC over k beside its null",
        ),
    log:
        f"{UNIT_RESULTS}/logs/report.log",
    benchmark:
        f"{UNIT_RESULTS}/benchmarks/report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("weight_unit_report.py", CLAIMS),
    script:
        "../workflow_scripts/weight_unit_report.py"


rule weight_unit_latency_report:
    input:
        rules.weight_unit_latency.output[0],
        code=code_files("weight_unit_latency_report.py", CLAIMS),
    output:
        **table_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Time",
            "unit_latency",
            "Inference time and break-even density",
        ),
        **figure_files(
            UNIT_RESULTS,
            "Weight and unit pruning",
            "Time",
            "unit_latency",
            "Inference time over density (Figure 5)",
        ),
    log:
        f"{UNIT_RESULTS}/logs/latency_report.log",
    benchmark:
        f"{UNIT_RESULTS}/benchmarks/latency_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("weight_unit_latency_report.py", CLAIMS),
    script:
        "../workflow_scripts/weight_unit_latency_report.py"


STUDIES["weight_unit"] = [
    *rules.weight_unit_report.output,
    *rules.weight_unit_latency_report.output,
]
