# RGP on real networks: regular graphs of minimal ASPL beside their controls (Tables 1–3, Figures 8
# and 9), and accuracy along chains of graphs from ring lattice to optimum (Figure 4).


rule rgp_graphs:
    input:
        code=code_files("rgp_graphs.py", CATALOGUE),
    output:
        f"{RGP_GRAPHS}/n{{nodes}}-k{{degree}}.parquet",
    log:
        f"{RGP_GRAPHS}/logs/n{{nodes}}-k{{degree}}.log",
    benchmark:
        f"{RGP_GRAPHS}/benchmarks/n{{nodes}}-k{{degree}}.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(30),
    params:
        seeds=len(RGP["seeds"]),
        graphs=RGP["chain"]["graphs"],
        chains=RGP["chain"]["chains"],
        code=code_hash("rgp_graphs.py", CATALOGUE),
    script:
        "../workflow_scripts/rgp_graphs.py"


rule rgp_dense:
    input:
        data=DATA_FILES,
        split=SPLIT,
        code=lambda w: code_files("dense.py", *rgp_model_code(w)),
    output:
        records=f"{RGP_RESULTS}/{{network}}/dense.parquet",
        recipe=f"{RGP_RESULTS}/{{network}}/recipe.json",
    log:
        f"{RGP_RESULTS}/{{network}}/logs/dense.log",
    benchmark:
        f"{RGP_RESULTS}/{{network}}/benchmarks/dense.tsv"
    group:
        together("rgp")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(240),
    params:
        setup=rgp_setup,
        tuning_seeds=RGP["tuning_seeds"],
        final_seeds=RGP["seeds"],
        code=lambda w: code_hash("dense.py", *rgp_model_code(w)),
    script:
        "../workflow_scripts/dense.py"


rule rgp_train:
    input:
        data=DATA_FILES,
        split=SPLIT,
        recipe=rules.rgp_dense.output.recipe,
        graphs=lambda w: expand(
            rules.rgp_graphs.output[0],
            nodes=RGP_NETWORKS[w.network]["nodes"],
            degree=w.degree,
        ),
        code=lambda w: code_files("rgp_train.py", *rgp_train_code(w)),
    output:
        f"{RGP_RESULTS}/{{network}}/k{{degree}}/{{part}}.parquet",
    log:
        f"{RGP_RESULTS}/{{network}}/k{{degree}}/logs/{{part}}.log",
    benchmark:
        f"{RGP_RESULTS}/{{network}}/k{{degree}}/benchmarks/{{part}}.tsv"
    wildcard_constraints:
        part="comparison|chain",
    group:
        together("rgp")
    threads: config["compute"]["threads"]
    resources:
        gpu=gpus,
        mem_mb=memory(4000),
        runtime=training_minutes(480),
    params:
        setup=rgp_setup,
        scope=RGP["scope"],
        nodes=lambda w: RGP_NETWORKS[w.network]["nodes"],
        arms=lambda w: RGP["arms"] if w.part == "comparison" else [],
        seeds=lambda w: (
            RGP["seeds"] if w.part == "comparison" else RGP["chain"]["seeds"]
        ),
        code=lambda w: code_hash("rgp_train.py", *rgp_train_code(w)),
    script:
        "../workflow_scripts/rgp_train.py"


rule rgp_accuracy_report:
    input:
        dense=[
            expand(rules.rgp_dense.output.records, network=name)
            for name in rgp_with("comparison")
        ],
        records=rgp_records("comparison"),
        meta=f"{DATA}/meta.json",
        code=code_files("rgp_accuracy_report.py", CLAIMS),
    output:
        **table_files(
            RGP_RESULTS,
            "RGP, networks",
            "Accuracy",
            "rgp_accuracy",
            "RGP beside its controls (Tables 1–3)",
        ),
        **figure_files(
            RGP_RESULTS,
            "RGP, networks",
            "Accuracy",
            "rgp_arms",
            "Drop from dense, every arm",
        ),
        **figure_files(
            RGP_RESULTS,
            "RGP, networks",
            "Accuracy",
            "rgp_regular",
            "Regular and random graphs (Figures 8 and 9)",
        ),
    log:
        f"{RGP_RESULTS}/logs/accuracy_report.log",
    benchmark:
        f"{RGP_RESULTS}/benchmarks/accuracy_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        networks=rgp_with("comparison"),
        scope=RGP["scope"],
        init=RGP["init"],
        outstanding=rgp_outstanding("comparison"),
        code=code_hash("rgp_accuracy_report.py", CLAIMS),
    script:
        "../workflow_scripts/rgp_accuracy_report.py"


rule rgp_chain_report:
    input:
        records=rgp_records("chain"),
        meta=f"{DATA}/meta.json",
        code=code_files("rgp_chain_report.py", CLAIMS),
    output:
        **table_files(
            RGP_RESULTS,
            "RGP, networks",
            "ASPL",
            "rgp_chain",
            "Accuracy along the chain",
        ),
        **figure_files(
            RGP_RESULTS,
            "RGP, networks",
            "ASPL",
            "rgp_chain",
            "Accuracy over ASPL (Figure 4)",
        ),
        **figure_files(
            RGP_RESULTS,
            "RGP, networks",
            "ASPL",
            "rgp_transfer",
            "The same graphs in two networks",
        ),
    log:
        f"{RGP_RESULTS}/logs/chain_report.log",
    benchmark:
        f"{RGP_RESULTS}/benchmarks/chain_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        outstanding=rgp_outstanding("chain"),
        code=code_hash("rgp_chain_report.py", CLAIMS),
    script:
        "../workflow_scripts/rgp_chain_report.py"


STUDIES["rgp"] = [
    *(rules.rgp_accuracy_report.output if rgp_with("comparison") else []),
    *(rules.rgp_chain_report.output if rgp_with("chain") else []),
]
