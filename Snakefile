configfile: "config.yaml"


# Never used without --sdm; says to --lint that the environment is the project's own (make env).
container: "docker://python:3.11"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/bogp_common.smk"
include: "rules/bogp.smk"
include: "rules/bogp_choices.smk"
include: "rules/bogp_graphs.smk"
include: "rules/rgp_theory.smk"
include: "rules/rgp_common.smk"
include: "rules/rgp.smk"
include: "rules/rgp_speed.smk"
include: "rules/ws_flex.smk"
include: "rules/edges_common.smk"
include: "rules/edges.smk"
include: "rules/weight_unit_common.smk"
include: "rules/weight_unit.smk"
include: "rules/curvature_common.smk"
include: "rules/curvature.smk"
include: "rules/report.smk"


report: "rules/captions/workflow.rst"


# What is too small to be a job of its own on a cluster, even all of it together: seconds on the
# login node.
localrules:
    all,
    split,
    mask_database,
    bogp_kept,
    bogp_correlation,
    bogp_mask_properties,
    rgp_graphs,
    provenance,
    rgp_accuracy_report,
    rgp_chain_report,
    rgp_speed_report,
    ws_flex_report,
    edges_report,
    weight_unit_report,
    weight_unit_latency_report,
    curvature_report,
    rgp_trees_report,
    rgp_propagation_report,
    rgp_bound_report,


rule all:
    default_target: True
    input:
        targets(),
