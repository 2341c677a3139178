"""A change of code reruns exactly the stages it touches."""

import os

import pytest
import yaml
from conftest import SMOKE

pytestmark = pytest.mark.workflow

COMMENT = "\n# changed\n"
SEARCHING = {"bogp_search", "bogp_ablation", "bogp_tradeoff"}
TRAINING = {
    "bogp_base",
    "bogp_final",
    "bogp_exhaustive",
    "bogp_tradeoff_final",
    "bogp_identifiability",
    "bogp_five_nodes",
    "rgp_dense",
    "rgp_train",
    "ws_flex_train",
    "edges_dense",
    "edges_train",
    "edges_search",
    "weight_unit_train",
    "weight_unit_prune",
    "curvature_train",
    "curvature_scores",  # which trains nothing, but takes what trainings take
    "curvature_prune",
} | SEARCHING
AFTER_BASE = {stage for stage in TRAINING if stage.startswith("bogp_")}
AFTER_BASE -= {"bogp_base", "bogp_five_nodes"}
PRUNING_EDGES = {"edges_train", "edges_search"}
PRUNING_UNITS = {"weight_unit_prune", "weight_unit_weights", "weight_unit_latency"}
RGP_REPORTS = {"rgp_accuracy_report", "rgp_chain_report"}
JUDGING = {"bogp_claims", "bogp_tradeoff_report", "bogp_identifiability_report"}
JUDGING |= {"bogp_five_nodes_report", "rgp_bound_report", "rgp_propagation_report"} | RGP_REPORTS
JUDGING |= {"edges_report", "weight_unit_report", "weight_unit_latency_report", "rgp_speed_report"}
JUDGING |= {"curvature_report"}
REPORTING = {"bogp_correlation", "bogp_tables", "bogp_figures", "bogp_ablation_report"}
REPORTING |= {"bogp_regret", "bogp_settings", "bogp_reading", "rgp_trees_report"} | JUDGING
REPORTING |= {"ws_flex_report"}
SEARCHING_GRAPHS = {"rgp_searches", "rgp_trees", "rgp_spread"}
MAKING_GRAPHS = SEARCHING_GRAPHS | {"rgp_graphs", "rgp_train"} | PRUNING_EDGES
# stage -> the stages that read what it makes
READERS = {
    "dataset": {"split", *TRAINING, *RGP_REPORTS, "edges_report", "weight_unit_report"}
    | {"curvature_report"},
    "split": TRAINING,
    "mask_database": AFTER_BASE
    | {
        "bogp_kept",
        "bogp_correlation",
        "bogp_figures",
        "bogp_mask_properties",
        "bogp_identifiability_report",
    },
    "bogp_mask_properties": {"bogp_identifiability_report"},
    "bogp_kept": {"bogp_search", "bogp_ablation", "bogp_correlation"},
    "bogp_correlation": {"provenance"},
    "bogp_base": {"bogp_tables", *AFTER_BASE},
    "bogp_search": {"bogp_final", "bogp_tables", "bogp_figures", "bogp_regret"},
    "bogp_final": {"bogp_tables", "bogp_claims"},
    "bogp_tables": {"bogp_figures", "bogp_settings", "bogp_reading", "provenance"},
    "bogp_figures": {"provenance"},
    "bogp_claims": {"bogp_settings", "bogp_reading", "provenance"},
    "bogp_ablation": {"bogp_ablation_report"},
    "bogp_ablation_report": {"bogp_reading", "provenance"},
    "bogp_exhaustive": {"bogp_ablation_report", "bogp_regret"},
    "bogp_regret": {"bogp_reading", "provenance"},
    "bogp_tradeoff": {"bogp_tradeoff_final", "bogp_tradeoff_report"},
    "bogp_tradeoff_final": {"bogp_tradeoff_report", "bogp_claims"},
    "bogp_tradeoff_report": {"bogp_reading", "provenance"},
    "bogp_identifiability": {"bogp_identifiability_report"},
    "bogp_identifiability_report": {
        "bogp_claims",
        "bogp_settings",
        "bogp_reading",
        "provenance",
    },
    "bogp_five_nodes": {"bogp_five_nodes_report"},
    "bogp_five_nodes_report": {"bogp_claims", "provenance"},
    "bogp_settings": {"provenance"},
    "bogp_reading": {"provenance"},
    "rgp_graphs": {"rgp_train"},
    "rgp_dense": {"rgp_train", "rgp_accuracy_report"},
    "rgp_train": RGP_REPORTS,
    "rgp_accuracy_report": {"provenance"},
    "rgp_chain_report": {"provenance"},
    "rgp_searches": {"rgp_bound_report"},
    "rgp_trees": {"rgp_trees_report"},
    "rgp_spread": {"rgp_propagation_report"},
    "rgp_bound_report": {"provenance"},
    "rgp_trees_report": {"provenance"},
    "rgp_propagation_report": {"provenance"},
    "rgp_speed": {"rgp_speed_report"},
    "rgp_speed_report": {"provenance"},
    "ws_flex_graphs": {"ws_flex_train", "ws_flex_report"},
    "ws_flex_train": {"ws_flex_report"},
    "ws_flex_report": {"provenance"},
    "edges_dense": {"edges_train", "edges_search", "edges_report"},
    "edges_train": {"edges_search", "edges_report"},
    "edges_search": {"edges_report"},
    "edges_report": {"provenance"},
    "weight_unit_train": {
        "weight_unit_prune",
        "weight_unit_weights",
        "weight_unit_latency",
        "weight_unit_report",
    },
    "weight_unit_prune": {"weight_unit_report"},
    "weight_unit_weights": {"weight_unit_report"},
    "weight_unit_latency": {"weight_unit_latency_report"},
    "weight_unit_report": {"provenance"},
    "weight_unit_latency_report": {"provenance"},
    "curvature_train": {"curvature_scores", "curvature_prune"},
    "curvature_scores": {"curvature_prune", "curvature_report"},
    "curvature_prune": {"curvature_report"},
    "curvature_report": {"provenance"},
}
# file -> the stages that run it
RUN_BY = {
    "src/graphprune/data/digits.py": {"dataset"},
    "src/graphprune/data/split.py": {"split", *TRAINING},
    "src/graphprune/graphs/aspl.py": MAKING_GRAPHS | {"rgp_propagation_report"},
    "src/graphprune/graphs/swap_kernel.py": MAKING_GRAPHS | {"rgp_propagation_report"},
    "src/graphprune/graphs/graded.py": MAKING_GRAPHS,
    "src/graphprune/graphs/catalogue.csv": {"rgp_searches", "rgp_graphs", "rgp_speed"},
    "src/graphprune/studies/rgp.py": {"rgp_train"},
    "src/graphprune/claims/rgp_pairs.py": {"rgp_accuracy_report"},
    "src/graphprune/claims/rgp_chain.py": {"rgp_chain_report"},
    "src/graphprune/report/rgp/accuracy_page.py": {"rgp_accuracy_report"},
    "src/graphprune/metrics/paper.py": {"rgp_train"},
    "src/graphprune/report/rgp_theory/trees.py": {"rgp_trees_report"},
    "src/graphprune/graphs/atlas.py": {"bogp_five_nodes", "bogp_five_nodes_report"},
    "src/graphprune/studies/identifiability.py": {"bogp_identifiability"},
    "src/graphprune/studies/rgp_speed.py": {"rgp_speed"},
    "src/graphprune/claims/rgp_6.py": {"rgp_speed_report"},
    "src/graphprune/studies/ws_flex.py": {"ws_flex_train"},
    "src/graphprune/studies/ws_flex_graphs.py": {"ws_flex_graphs", "ws_flex_train"},
    "src/graphprune/claims/sweet_spot.py": {"ws_flex_report"},
    "src/graphprune/report/ws_flex/words.py": {"ws_flex_report"},
    "src/graphprune/studies/edges.py": PRUNING_EDGES,
    "src/graphprune/studies/edges_trail.py": PRUNING_EDGES,
    "src/graphprune/studies/edges_search.py": {"edges_search"},
    "src/graphprune/pruning/granularities/edge.py": PRUNING_EDGES,
    "src/graphprune/claims/edges.py": {"edges_report"},
    "src/graphprune/report/edges/page.py": {"edges_report"},
    "src/graphprune/studies/weight_unit.py": {"weight_unit_prune"},
    "src/graphprune/studies/weight_unit_weights.py": {"weight_unit_weights"},
    "src/graphprune/sparse/shrink.py": {"weight_unit_latency"},
    "src/graphprune/claims/sigmoid.py": {"weight_unit_report"},
    "src/graphprune/claims/weight_unit_time.py": {"weight_unit_latency_report"},
    "src/graphprune/report/weight_unit/page.py": {"weight_unit_report"},
    "src/graphprune/pruning/curvature.py": {"curvature_scores"},
    "src/graphprune/pruning/activity.py": {"curvature_scores"},
    "src/graphprune/studies/curvature.py": {"curvature_scores"},
    "src/graphprune/studies/curvature_arms.py": {"curvature_prune"},
    "src/graphprune/training/evaluate_masked.py": {"curvature_prune"},
    "src/graphprune/training/adversarial.py": TRAINING,
    "src/graphprune/runs/keeping.py": {"weight_unit_train", "curvature_train"},
    "src/graphprune/claims/curvature.py": {"curvature_report"},
    "src/graphprune/report/curvature/page.py": {"curvature_report"},
    "src/graphprune/studies/tradeoff.py": {"bogp_tradeoff", "bogp_tradeoff_final"},
    "src/graphprune/studies/bogp_arms.py": {"bogp_final"},
    "src/graphprune/report/bogp/identifiability.py": {"bogp_identifiability_report"},
    "src/graphprune/graphs/correlation.py": {
        "bogp_kept",
        "bogp_correlation",
        "bogp_tradeoff",
        "bogp_tradeoff_final",
    },
    "src/graphprune/masks/source_random.py": {"mask_database", "bogp_final"},
    "src/graphprune/masks/controls.py": {
        "bogp_final",
        "bogp_mask_properties",
        "rgp_train",
    },
    "src/graphprune/models/mlp.py": TRAINING,
    "src/graphprune/training/loop.py": TRAINING,
    "src/graphprune/search/bayesian.py": {*SEARCHING, "edges_search"},
    "src/graphprune/search/scorer.py": {*SEARCHING, "bogp_exhaustive"},
    "src/graphprune/search/exhaustive.py": {"bogp_exhaustive"},
    "src/graphprune/report/output.py": REPORTING,
    "src/graphprune/report/bogp/figures.py": {"bogp_figures", "bogp_regret"},
    "src/graphprune/report/bogp/tables.py": {"bogp_tables"},
    "src/graphprune/claims/verdict.py": JUDGING,
    "src/graphprune/claims/claims.yaml": JUDGING,
    "src/graphprune/pipeline/provenance.py": {"provenance"},
    "workflow_scripts/bogp_final.py": {"bogp_final"},
}
# Named by no config, or run by no stage.
UNUSED = [
    "src/graphprune/models/vgg.py",
    "src/graphprune/data/mnist.py",
    "src/graphprune/masks/source_undirected.py",
    "src/graphprune/pruning/names.py",
    "src/graphprune/pipeline/lock.py",
]


def affected(stages):
    """The stages and all that follow from them."""
    found, todo = set(), list(stages)
    while todo:
        stage = todo.pop()
        if stage not in found:
            found.add(stage)
            todo.extend(READERS.get(stage, ()))
    return found


def test_a_finished_run_has_nothing_to_do(smoke):
    assert "Nothing to be done" in smoke.run(*SMOKE)


@pytest.mark.parametrize("file", sorted(RUN_BY))
def test_an_edit_plans_exactly_the_stages_that_run_the_file_and_what_follows(smoke, edited, file):
    edited(file, "\n" if file.endswith(".csv") else COMMENT)
    assert smoke.planned(*SMOKE) == affected(RUN_BY[file])


@pytest.mark.parametrize("file", ["scores/magnitude.py", "granularities/weight.py"])
def test_an_edit_of_what_a_method_chooses_leaves_the_chains_of_rgp_alone(smoke, edited, file):
    edited(f"src/graphprune/pruning/{file}", COMMENT)
    stages = affected({"bogp_final", "rgp_train", "edges_train", *PRUNING_UNITS})
    # Which has its scores from a file.
    stages |= affected({"curvature_prune"}) if "weight" in file else set()
    # No edge of a graph is pruned weight by weight: the search and what it reads stay.
    spared = {"rgp_chain_report"} | ({"edges_search"} if "weight" in file else set())
    assert smoke.planned(*SMOKE) == stages - spared


def test_an_edit_of_one_mask_source_leaves_the_others_alone(smoke, edited):
    edited("src/graphprune/masks/source_ws_flex.py", COMMENT)
    readers = {"bogp_identifiability", "bogp_mask_properties"}
    assert smoke.planned(*SMOKE) == {"mask_database"} | affected(readers)


def test_an_edit_with_an_old_time_stamp_is_seen(smoke, edited):
    edited("src/graphprune/search/bayesian.py", COMMENT)
    os.utime(smoke.folder / "src/graphprune/search/bayesian.py", (1, 1))
    assert smoke.planned(*SMOKE) == affected({*SEARCHING, "edges_search"})


def test_an_edit_of_what_no_config_names_plans_nothing(smoke, edited):
    for file in UNUSED:
        edited(file, COMMENT)
    assert smoke.planned(*SMOKE) == set()


def test_touching_everything_plans_nothing(smoke):
    for folder in ("src", "workflow_scripts", "rules", "schemas"):
        for path in (smoke.folder / folder).rglob("*.*"):
            path.touch()
    assert smoke.planned(*SMOKE) == set()


def test_a_changed_key_of_the_config_reaches_the_stages_that_use_it(smoke, edited):
    edited("experiments/smoke.yaml", "  scope: all_but_last\n")
    assert smoke.planned(*SMOKE) == affected(
        SEARCHING | {"bogp_exhaustive", "bogp_identifiability"}
    )


def test_a_partial_study_reports_what_is_there_and_trains_nothing(smoke, tmp_path):
    config = yaml.safe_load((smoke.folder / "experiments/smoke.yaml").read_text())
    (network,) = config["rgp"]["networks"]
    grown = {**network, "degrees": [*network["degrees"], 5]}
    plans = {}
    for partial in (False, True):
        file = tmp_path / f"{partial}.yaml"
        change = {"rgp": {"partial": partial, "networks": [grown]}}
        # In the same order, which is part of what jobs are compared by.
        file.write_text(yaml.safe_dump(change, sort_keys=False))
        plans[partial] = smoke.planned(*SMOKE, str(file))
    assert plans[True] == affected(RGP_REPORTS)
    assert plans[False] == affected({"rgp_graphs"})
