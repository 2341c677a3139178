"""What the smoke run leaves on disk, read as a user would."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import SMOKE, overlay_names
from PIL import Image

from graphprune.files import read_table

pytestmark = pytest.mark.workflow
RESULTS = "results/smoke"
BOGP = f"{RESULTS}/bogp/main"
STAGES = {
    "dataset": 1,
    "split": 1,
    "mask_database": 3,
    "bogp_kept": 1,
    "bogp_correlation": 1,
    "bogp_base": 2,
    "bogp_search": 1,
    "bogp_final": 1,
    "bogp_tables": 1,
    "bogp_figures": 1,
    "bogp_ablation": 1,
    "bogp_ablation_report": 1,
    "bogp_exhaustive": 1,
    "bogp_regret": 1,
    "bogp_tradeoff": 2,
    "bogp_tradeoff_final": 2,
    "bogp_tradeoff_report": 1,
    "bogp_identifiability": 2,
    "bogp_mask_properties": 2,
    "bogp_identifiability_report": 2,
    "bogp_five_nodes": 1,
    "bogp_five_nodes_report": 1,
    "bogp_claims": 2,
    "bogp_settings": 1,
    "bogp_reading": 1,
    "rgp_searches": 5,
    "rgp_bound_report": 1,
    "rgp_trees": 1,
    "rgp_trees_report": 1,
    "rgp_spread": 1,
    "rgp_propagation_report": 1,
    "rgp_graphs": 2,
    "rgp_dense": 1,
    "rgp_train": 4,
    "rgp_accuracy_report": 1,
    "rgp_chain_report": 1,
    "rgp_speed": 1,
    "rgp_speed_report": 1,
    "ws_flex_graphs": 1,
    "ws_flex_train": 1,
    "ws_flex_report": 1,
    "edges_dense": 2,
    "edges_train": 3,
    "edges_search": 1,
    "edges_report": 1,
    "weight_unit_train": 1,
    "weight_unit_prune": 2,
    "weight_unit_weights": 1,
    "weight_unit_latency": 1,
    "weight_unit_report": 1,
    "weight_unit_latency_report": 1,
    "curvature_train": 1,
    "curvature_scores": 1,
    "curvature_prune": 3,
    "curvature_report": 1,
    "provenance": 1,
    "all": 1,
}
# folder below the experiment -> the figures and tables in it
FIGURES = {
    "bogp/main": (
        "accuracy",
        "convergence",
        "correlation",
        "property_scatter",
        "ablation",
        "regret",
        "tradeoff",
        "spread",
        "mask_means",
    ),
    "bogp/deep": ("spread", "mask_means"),
    "bogp": ("five_nodes", "settings"),
    "rgp_theory": ("bound", "traces", "trees", "propagation"),
    "rgp": ("rgp_arms", "rgp_regular", "rgp_chain", "rgp_transfer"),
    "rgp_speed": ("speed",),
    "ws_flex": ("ws_flex",),
    "edges": ("edges_heat", "edges_pareto", "edges_trail", "edges_graph"),
    "weight_unit": (
        "unit_training",
        "unit_accuracy",
        "unit_weights",
        "unit_auc",
        "unit_latency",
    ),
    "curvature": ("nc_accuracy", "nc_retrained", "nc_examples", "nc_layers", "nc_spearman"),
}
TABLES = {
    "bogp/main": (
        "table1",
        "search",
        "claims",
        "properties",
        "ablation",
        "regret",
        "table2",
        "identifiability",
    ),
    "bogp/deep": ("claims", "identifiability"),
    "bogp": ("five_nodes", "settings", "reading"),
    "rgp_theory": ("bound", "trees", "propagation"),
    "rgp": ("rgp_accuracy", "rgp_chain"),
    "rgp_speed": ("speed",),
    "ws_flex": ("ws_flex",),
    "edges": ("edges",),
    "weight_unit": ("unit_accuracy", "unit_weights", "unit_latency"),
    "curvature": ("nc_accuracy", "nc_layers"),
}


def records(smoke):
    paths = ["base", "final/s0.75"]
    tables = [read_table(smoke.folder / BOGP / f"{p}.parquet")[0] for p in paths]
    return pd.concat(tables, ignore_index=True)


def test_every_stage_is_one_job(smoke):
    assert smoke.rules(*SMOKE) == STAGES


def test_arms_share_seeds_and_every_cell_has_at_least_three(smoke):
    runs = records(smoke)
    assert (runs["failure"] == "").all()
    found = runs[runs["block"] == "found"]
    assert set(found["arm"]) == {"bogp", "random_search", "glob_1_best"}
    assert (found.groupby("arm")["search_seed"].apply(sorted).map(tuple) == (0, 1)).all()
    for _, arm in runs.drop(found.index).groupby(["arm", "block", "search_seed"]):
        assert sorted(arm["seed"]) == [100, 101, 102]
    assert set(runs.loc[runs["block"] == "equal", "arm"]) == {
        "bogp",
        "random_search",
        "rows_permuted",
        "nodes_relabelled",
        "fresh_mask",
        "random_unstructured",
        "glob_1",
        "glob_5",
        "glob_5_rewind",
    }


def test_arms_at_equal_weights_keep_equally_many(smoke):
    equal = records(smoke).query("block == 'equal'")
    # 64 inputs and 16 hidden units on 8 nodes: round(.75 · 64) = 48 of 64 blocks of 8 × 2 weights.
    assert set(equal["scope_kept"]) == {(64 - 48) * 8 * 2}
    assert set(equal["scope_weights"]) == {64 * 16}


def test_printed_arms_prune_both_matrices_to_the_asked_sparsity(smoke):
    printed = records(smoke).query("block == 'printed'")
    weights = 64 * 16 + 16 * 10
    assert set(printed["scope_weights"]) == {weights}
    glob = printed[printed["arm"].str.startswith("glob")]
    assert set(glob["scope_kept"]) == {weights - math.floor(0.75 * weights + 0.5)}


def test_searches_share_starts_and_budget(smoke):
    log, _ = read_table(smoke.folder / BOGP / "search/s0.75.parquet")
    asked = [c for c in log.columns if c.startswith("asked_")]
    assert asked
    for _, one in log.groupby("search_seed"):
        by = {s: rows.sort_values("step") for s, rows in one.groupby("strategy")}
        assert len(by["bayesian"]) == len(by["random"]) == 6
        starts = [by[s][asked].head(3).to_numpy() for s in ("bayesian", "random")]
        assert (starts[0] == starts[1]).all()


def test_every_accuracy_cell_shows_sd_and_n(smoke):
    text = (smoke.folder / BOGP / "tables/table1.md").read_text()
    section = re.search(r"Test accuracy in %.*?\n\n(\|.*?)\n\n", text, flags=re.DOTALL)[1]
    cells = [line.split("|")[2].strip() for line in section.splitlines()[2:]]
    assert len(cells) == 10
    assert all(re.fullmatch(r"\d+\.\d\d ± \d+\.\d\d \(\d+(×\d+)?\)", cell) for cell in cells)


def test_figures_and_tables_are_there_in_every_format(smoke):
    for place, name in [(p, name) for p, names in FIGURES.items() for name in names]:
        folder = smoke.folder / RESULTS / place / "figures"
        assert (folder / f"{name}.svg").read_text().lstrip().startswith("<?xml")
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    for place, name in [(p, name) for p, names in TABLES.items() for name in names]:
        folder = smoke.folder / RESULTS / place / "tables"
        assert len(pd.read_csv(folder / f"{name}.csv"))
        assert "<h1>" in (folder / f"{name}.html").read_text()


def test_provenance_names_config_and_versions(smoke):
    found = json.loads((smoke.folder / "results/smoke/provenance.json").read_text())
    assert found["config"]["experiment"] == "smoke"
    assert found["packages"]["torch"]


def test_the_report_holds_every_figure_and_table_with_its_caption(smoke):
    smoke.snakemake("--cores", "1", *SMOKE, "--report", "report.html")
    page = (smoke.folder / "report.html").read_text()
    for words in (
        "Table 1: accuracy",
        "BoGP's Figure 8",
        "Convergence of the searches",
        "judged",
        "Figure 6",
    ):
        assert words in page
    # A label with two values becomes a switch, and the page then fails on results without a twin.
    labels = [json.loads(found) for found in re.findall(r'"labels": (\{.*?\})', page)]
    results = [name for group in (FIGURES, TABLES) for names in group.values() for name in names]
    assert len(labels) == len(results) + 1  # and the provenance
    assert all(set(label) == {"what"} for label in labels)
    assert not re.search(r"(src|href)=[\"']https?://[^\"']+\.(js|css)", page)


def test_own_images_run_through_the_same_stages(fresh):
    rng = np.random.default_rng(0)
    for part, images in (("train", 12), ("test", 4)):
        for label in ("cats", "dogs", "owls"):
            folder = fresh.folder / "mine" / part / label
            folder.mkdir(parents=True)
            for number in range(images):
                pixels = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    overlay = fresh.folder / "mine.yaml"
    overlay.write_text(
        "experiment: mine\ndata: {name: image_folder, folder: mine, image_size: 6}\n"
    )
    base = "results/mine/bogp/main/base.parquet"
    fresh.run(base, *SMOKE, str(overlay))
    runs, _ = read_table(fresh.folder / base)
    assert set(runs["dataset"]) == {"image_folder"}
    assert set(runs["parameters"]) == {6 * 6 * 3 * 16 + 16 + 16 * 3 + 3}
    # A changed file of the user's is noticed.
    Image.fromarray(pixels).resize((20, 20)).save(fresh.folder / "mine/test/cats/new.png")
    assert "dataset" in fresh.planned(base, *SMOKE, str(overlay))


def resources(output):
    """Rule -> what a dry run says that its jobs ask for."""
    return dict(re.findall(r"rule (\w+):.*?resources: (.*?)\n", output, flags=re.DOTALL))


def test_trainings_ask_for_a_gpu_where_one_will_be_used(smoke, tmp_path):
    overlay = tmp_path / "cuda.yaml"
    overlay.write_text("compute: {device: cuda}\n")
    asked = resources(smoke.snakemake("-n", "--forceall", *SMOKE, str(overlay)))
    assert {rule for rule, words in asked.items() if "gpu=1" in words} == {
        "bogp_base",
        "bogp_search",
        "bogp_final",
        "bogp_ablation",
        "bogp_exhaustive",
        "bogp_tradeoff",
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
        "curvature_prune",
    }


def test_the_slurm_profile_asks_for_memory_and_time(smoke):
    pytest.importorskip("snakemake_executor_plugin_slurm")
    output = smoke.snakemake("-n", "--forceall", "--workflow-profile", "profiles/slurm", *SMOKE)
    asked = resources(output)
    assert set(asked) == set(STAGES)
    assert all("mem_mb=" in words and "runtime=" in words for words in asked.values())


@pytest.mark.parametrize("name", overlay_names())
def test_every_overlay_plans_its_own_studies_and_no_others(smoke, name):
    file = f"experiments/{name}.yaml"
    overlay = yaml.safe_load((smoke.folder / file).read_text())
    if folder := overlay.get("data", {}).get("folder"):  # of images, that a user puts there
        (smoke.folder / folder).mkdir(parents=True, exist_ok=True)
    planned = smoke.rules("--configfile", file)
    assert set(planned) <= set(STAGES)
    default = yaml.safe_load((smoke.folder / "config.yaml").read_text())
    config = {**default, **yaml.safe_load((smoke.folder / file).read_text())}
    last = {
        "bogp": "bogp_settings",
        "rgp_theory": "rgp_bound_report",
        "rgp": "rgp_accuracy_report",
        "ws_flex": "ws_flex_report",
        "edges": "edges_report",
        "weight_unit": "weight_unit_report",
        "curvature": "curvature_report",
        "rgp_speed": "rgp_speed_report",
    }
    found = {study for study, stage in last.items() if stage in planned}
    assert found == set(config["studies"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("experimnt: x\n", "experimnt"),
        ("protocol: both\n", "protocol"),
    ],
)
def test_a_config_error_stops_before_any_job(smoke, tmp_path, text, words):
    bad = tmp_path / "bad.yaml"
    bad.write_text(text)
    output = smoke.run("--configfile", str(bad), fails=True)
    assert "error: " in output
    assert words in output
    assert "Job stats" not in output
    assert "Traceback" not in output
