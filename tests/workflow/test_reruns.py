"""A change of code reruns exactly the stages it touches."""

import os

import pytest
from conftest import SMOKE

pytestmark = pytest.mark.workflow

COMMENT = "\n# changed\n"
STAGES_OF = {
    "src/graphprune/data/digits.py": {"dataset"},
    "src/graphprune/data/split.py": {
        "split",
        "bogp_base",
        "bogp_search",
        "bogp_baselines",
        "bogp_final",
    },
    "src/graphprune/graphs/correlation.py": {"bogp_correlation"},
    "src/graphprune/search/bayesian.py": {"bogp_search"},
    "src/graphprune/search/fetch.py": {"bogp_search"},
    "src/graphprune/models/mlp.py": {"bogp_base", "bogp_search", "bogp_baselines", "bogp_final"},
    "src/graphprune/training/loop.py": {
        "bogp_base",
        "bogp_search",
        "bogp_baselines",
        "bogp_final",
    },
    "src/graphprune/pruning/scores/magnitude.py": {"bogp_baselines"},
    "src/graphprune/masks/controls.py": {"bogp_baselines", "bogp_final"},
    "src/graphprune/report/bogp_figures.py": {"bogp_figures"},
    "src/graphprune/report/bogp_tables.py": {"bogp_tables"},
    "src/graphprune/claims/verdict.py": {"bogp_tables"},
    "src/graphprune/claims/claims.yaml": {"bogp_tables"},
    "src/graphprune/pipeline/provenance.py": {"provenance"},
    "workflow_scripts/bogp_final.py": {"bogp_final"},
}
# Named by no config, or run by no stage.
UNUSED = [
    "src/graphprune/models/vgg.py",
    "src/graphprune/data/mnist.py",
    "src/graphprune/masks/source_undirected.py",
    "src/graphprune/pruning/granularities/edge.py",
    "src/graphprune/metrics/paper.py",
    "src/graphprune/pipeline/lock.py",
]


def test_a_finished_run_has_nothing_to_do(smoke):
    assert "Nothing to be done" in smoke.run(*SMOKE)


@pytest.mark.parametrize("file", sorted(STAGES_OF))
def test_an_edit_plans_exactly_the_stages_that_run_the_file(smoke, edited, file):
    edited(file, COMMENT)
    assert smoke.planned(*SMOKE) == STAGES_OF[file]


def test_an_edit_with_an_old_time_stamp_is_seen(smoke, edited):
    edited("src/graphprune/search/bayesian.py", COMMENT)
    os.utime(smoke.folder / "src/graphprune/search/bayesian.py", (1, 1))
    assert smoke.planned(*SMOKE) == {"bogp_search"}


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
    assert smoke.planned(*SMOKE) == {"bogp_search", "bogp_baselines", "bogp_final", "provenance"}
