# graph2nn's study: WS-flex graphs with self-loops on an MLP of equal MACs, and accuracy over the
# plane of clustering and path length.
from graphprune.models.names import MODELS
from graphprune.pipeline.job import digest

WS_FLEX = config["ws_flex"]
WS_FLEX_RESULTS = f"{RESULTS}/ws_flex"
# Named after all that decides which graphs there are.
WS_FLEX_GRAPHS = "{}/graphs/ws-flex-{}".format(
    SHARED, digest({key: WS_FLEX[key] for key in ("nodes", "sweep")})
)
WS_FLEX_CODE = [module_of(MODELS, WS_FLEX["model"]["name"], "model")]


rule ws_flex_graphs:
    input:
        code=code_files("ws_flex_graphs.py"),
    output:
        f"{WS_FLEX_GRAPHS}/graphs.parquet",
    log:
        f"{WS_FLEX_GRAPHS}/logs/graphs.log",
    benchmark:
        f"{WS_FLEX_GRAPHS}/benchmarks/graphs.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(80),
    params:
        nodes=WS_FLEX["nodes"],
        sweep=WS_FLEX["sweep"],
        code=code_hash("ws_flex_graphs.py"),
    script:
        "../workflow_scripts/ws_flex_graphs.py"


rule ws_flex_train:
    input:
        data=DATA_FILES,
        split=SPLIT,
        graphs=rules.ws_flex_graphs.output[0],
        code=code_files("ws_flex_train.py", *WS_FLEX_CODE),
    output:
        f"{WS_FLEX_RESULTS}/trainings/{{part}}of{WS_FLEX['jobs']}.parquet",
    log:
        f"{WS_FLEX_RESULTS}/logs/trainings/{{part}}of{WS_FLEX['jobs']}.log",
    benchmark:
        f"{WS_FLEX_RESULTS}/benchmarks/trainings/{{part}}of{WS_FLEX['jobs']}.tsv"
    wildcard_constraints:
        part=r"\d+",
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=minutes(720),
    params:
        setup=training_setup(
            "ws_flex",
            WS_FLEX["model"],
            WS_FLEX["init"],
            WS_FLEX["recipe"],
            standardise=WS_FLEX["standardise"],
        ),
        seeds=lambda w: WS_FLEX["seeds"][int(w.part) - 1 :: WS_FLEX["jobs"]],
        code=code_hash("ws_flex_train.py", *WS_FLEX_CODE),
    script:
        "../workflow_scripts/ws_flex_train.py"


rule ws_flex_report:
    input:
        graphs=rules.ws_flex_graphs.output[0],
        records=expand(
            rules.ws_flex_train.output[0], part=range(1, WS_FLEX["jobs"] + 1)
        ),
        meta=f"{DATA}/meta.json",
        code=code_files("ws_flex_report.py"),
    output:
        **table_files(
            WS_FLEX_RESULTS,
            "WS-flex",
            "Accuracy",
            "ws_flex",
            "Graphs at equal MACs, and what accuracy follows",
        ),
        **figure_files(
            WS_FLEX_RESULTS,
            "WS-flex",
            "Accuracy",
            "ws_flex",
            "Accuracy over the plane of C and L",
        ),
    log:
        f"{WS_FLEX_RESULTS}/logs/report.log",
    benchmark:
        f"{WS_FLEX_RESULTS}/benchmarks/report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("ws_flex_report.py"),
    script:
        "../workflow_scripts/ws_flex_report.py"


STUDIES["ws_flex"] = [*rules.ws_flex_report.output]
