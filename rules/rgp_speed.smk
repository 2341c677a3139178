# RGP: what of the theoretical speed-up of regular graphs is measured, with torch's own operators and
# with ours. Weights are random: what a network has learnt does not change its speed.
from graphprune.models.names import MODELS
from graphprune.registry import module_of

RGP_SPEED = config["rgp_speed"]
RGP_SPEED_RESULTS = f"{RESULTS}/rgp_speed"
# Chosen by the config, or read as data: the graphs.
RGP_SPEED_CODE = [
    *dict.fromkeys(
        module_of(MODELS, network["model"]["name"], "model")
        for network in RGP_SPEED["networks"]
    ),
    CATALOGUE,
]


rule rgp_speed:
    input:
        code=code_files("rgp_speed.py", *RGP_SPEED_CODE),
    output:
        times=f"{RGP_SPEED_RESULTS}/times.parquet",
        layers=f"{RGP_SPEED_RESULTS}/layers.parquet",
    log:
        f"{RGP_SPEED_RESULTS}/logs/speed.log",
    benchmark:
        f"{RGP_SPEED_RESULTS}/benchmarks/speed.tsv"
    # It computes on one, but alone: jobs beside it would disturb the times. A cluster sees to that.
    threads: lambda w: 1 if workflow.non_local_exec else workflow.cores
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        speed=RGP_SPEED,
        code=code_hash("rgp_speed.py", *RGP_SPEED_CODE),
    script:
        "../workflow_scripts/rgp_speed.py"


rule rgp_speed_report:
    input:
        times=rules.rgp_speed.output.times,
        layers=rules.rgp_speed.output.layers,
        code=code_files("rgp_speed_report.py", CLAIMS),
    output:
        **table_files(
            RGP_SPEED_RESULTS,
            "RGP, speed",
            "Speed-up",
            "speed",
            "Theoretical and measured speed-up",
        ),
        **figure_files(
            RGP_SPEED_RESULTS,
            "RGP, speed",
            "Speed-up",
            "speed",
            "Measured over theoretical speed-up",
        ),
    log:
        f"{RGP_SPEED_RESULTS}/logs/speed_report.log",
    benchmark:
        f"{RGP_SPEED_RESULTS}/benchmarks/speed_report.tsv"
    resources:
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        code=code_hash("rgp_speed_report.py", CLAIMS),
    script:
        "../workflow_scripts/rgp_speed_report.py"


STUDIES["rgp_speed"] = rules.rgp_speed_report.output
