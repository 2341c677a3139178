import json


rule provenance:
    input:
        lambda wildcards: study_targets(),
        code=code_files("provenance.py"),
    output:
        report(
            f"{RESULTS}/provenance.json",
            caption="captions/provenance.rst",
            category="Run",
            labels={"what": "Config, code and versions"},
        ),
    log:
        f"{RESULTS}/logs/provenance.log",
    benchmark:
        f"{RESULTS}/benchmarks/provenance.tsv"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(5),
    params:
        # As text: Snakemake notices every change in a string.
        config=json.dumps(config, sort_keys=True),
        code=code_hash("provenance.py"),
    script:
        "../workflow_scripts/provenance.py"
