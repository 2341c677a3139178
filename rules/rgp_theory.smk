# RGP's theory: what graphs of small ASPL there are and how to find them (Figures 5 and 6), and what
# ASPL says about how a signal spreads (Figure 3). Graphs alone; nothing is trained.
from graphprune.pipeline.job import digest

RGP_THEORY = config["rgp_theory"]
RGP_THEORY_RESULTS = f"{RESULTS}/rgp_theory"
GRAPHS = f"{SHARED}/graphs"
SEARCH_METHODS = [
    "algorithm_1",
    "released_code",
    "annealing",
    "random_regular",
    "catalogue",
]
# A folder is named after all that decides what its searches find.
SEARCHES = f"{GRAPHS}/searches-{digest(RGP_THEORY['search'])}"
SPREAD = {key: RGP_THEORY[key] for key in ("nodes", "degree", "layers", "spread")}
SPREAD_FOLDER = f"{GRAPHS}/spread-{digest(SPREAD)}"
TREES = RGP_THEORY["trees"]
TREES_FOLDER = f"{GRAPHS}/trees-n{TREES['nodes']}-k{TREES['degree']}"


# What a method reads beside its code.
SEARCH_DATA = {"catalogue": ["src/graphprune/graphs/catalogue.csv"]}


rule rgp_searches:
    input:
        code=lambda w: code_files("rgp_searches.py", *SEARCH_DATA.get(w.method, [])),
    output:
        searches=f"{SEARCHES}/{{method}}.parquet",
        traces=f"{SEARCHES}/traces/{{method}}.parquet",
    log:
        f"{SEARCHES}/logs/{{method}}.log",
    benchmark:
        f"{SEARCHES}/benchmarks/{{method}}.tsv"
    wildcard_constraints:
        method="|".join(SEARCH_METHODS),
    resources:
        mem_mb=memory(2000),
        runtime=minutes(80),
    params:
        search=RGP_THEORY["search"],
        code=lambda w: code_hash("rgp_searches.py", *SEARCH_DATA.get(w.method, [])),
    script:
        "../workflow_scripts/rgp_searches.py"


rule rgp_bound_report:
    input:
        searches=expand(rules.rgp_searches.output.searches, method=SEARCH_METHODS),
        traces=expand(rules.rgp_searches.output.traces, method=SEARCH_METHODS),
        code=code_files("rgp_bound_report.py", CLAIMS),
    output:
        **table_files(
            RGP_THEORY_RESULTS,
            "RGP, theory",
            "Graphs",
            "bound",
            "Searches against the lower bound",
        ),
        **figure_files(
            RGP_THEORY_RESULTS,
            "RGP, theory",
            "Graphs",
            "bound",
            "ASPL over degree (Figure 6)",
        ),
        **figure_files(
            RGP_THEORY_RESULTS,
            "RGP, theory",
            "Graphs",
            "traces",
            "ASPL during the searches",
        ),
    log:
        f"{RGP_THEORY_RESULTS}/logs/bound_report.log",
    benchmark:
        f"{RGP_THEORY_RESULTS}/benchmarks/bound_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("rgp_bound_report.py", CLAIMS),
    script:
        "../workflow_scripts/rgp_bound_report.py"


rule rgp_trees:
    input:
        code=code_files("rgp_trees.py"),
    output:
        f"{TREES_FOLDER}/trees.parquet",
    log:
        f"{TREES_FOLDER}/logs/trees.log",
    benchmark:
        f"{TREES_FOLDER}/benchmarks/trees.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        nodes=TREES["nodes"],
        degree=TREES["degree"],
        code=code_hash("rgp_trees.py"),
    script:
        "../workflow_scripts/rgp_trees.py"


rule rgp_trees_report:
    input:
        trees=rules.rgp_trees.output[0],
        code=code_files("rgp_trees_report.py"),
    output:
        **table_files(
            RGP_THEORY_RESULTS,
            "RGP, theory",
            "Graphs",
            "trees",
            "Rings of the spanning trees",
        ),
        **figure_files(
            RGP_THEORY_RESULTS,
            "RGP, theory",
            "Graphs",
            "trees",
            "Spanning trees (Figure 5)",
        ),
    log:
        f"{RGP_THEORY_RESULTS}/logs/trees_report.log",
    benchmark:
        f"{RGP_THEORY_RESULTS}/benchmarks/trees_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("rgp_trees_report.py"),
    script:
        "../workflow_scripts/rgp_trees_report.py"


rule rgp_spread:
    input:
        code=code_files("rgp_spread.py"),
    output:
        f"{SPREAD_FOLDER}/spread.parquet",
    log:
        f"{SPREAD_FOLDER}/logs/spread.log",
    benchmark:
        f"{SPREAD_FOLDER}/benchmarks/spread.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(60),
    params:
        **SPREAD,
        code=code_hash("rgp_spread.py"),
    script:
        "../workflow_scripts/rgp_spread.py"


rule rgp_propagation_report:
    input:
        spread=rules.rgp_spread.output[0],
        code=code_files("rgp_propagation_report.py", CLAIMS),
    output:
        **table_files(
            RGP_THEORY_RESULTS,
            "RGP, theory",
            "Propagation",
            "propagation",
            "ASPL, GR and AOPU",
        ),
        **figure_files(
            RGP_THEORY_RESULTS,
            "RGP, theory",
            "Propagation",
            "propagation",
            "GR and AOPU over ASPL (Figure 3)",
        ),
    log:
        f"{RGP_THEORY_RESULTS}/logs/propagation_report.log",
    benchmark:
        f"{RGP_THEORY_RESULTS}/benchmarks/propagation_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        nodes=SPREAD["nodes"],
        degree=SPREAD["degree"],
        layers=SPREAD["layers"],
        code=code_hash("rgp_propagation_report.py", CLAIMS),
    script:
        "../workflow_scripts/rgp_propagation_report.py"


STUDIES["rgp_theory"] = [
    *rules.rgp_bound_report.output,
    *rules.rgp_trees_report.output,
    *rules.rgp_propagation_report.output,
]
