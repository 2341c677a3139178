"""The plan of every experiment on a cluster, and what follows from it."""

from types import SimpleNamespace

import pytest
import yaml

from graphprune.pipeline.job_sizes import PAGE, Sent, overlays, sent
from graphprune.pipeline.job_times import Time, Times
from graphprune.pipeline.plan import LOCAL, PROFILE, plan
from graphprune.pipeline.trainings import load

FOUR_HOURS = 240  # minutes
ABOUT_A_MINUTE = 0.75
# Goes on from a checkpoint and trains nothing.
MEASURING = {"curvature_scores"}


@pytest.fixture(scope="module")
def profile():
    return yaml.safe_load(PROFILE.read_text())


@pytest.fixture(scope="module", params=overlays(), ids=lambda path: path.stem)
def jobs(request):
    return plan(request.param)


def test_only_what_goes_on_from_a_checkpoint_may_run_for_more_than_four_hours(jobs, profile):
    attempts = 1 + profile["retries"]
    for job in jobs:
        assert job.resumes or job.limit * attempts <= FOUR_HOURS, job.rule


def test_whatever_trains_has_a_gpu_a_checkpoint_and_a_known_size(jobs):
    for job in jobs:
        trains = load(job) is not None
        assert job.gpu == trains, job.rule
        assert job.resumes == (trains or job.rule in MEASURING), job.rule


def test_rules_with_a_gpu_share_the_block_that_a_site_edits(jobs, profile):
    named = profile["set-resources"]
    for rule in {job.rule for job in jobs if job.gpu}:
        assert {"slurm_partition", "gpu_model"} <= set(named.get(rule, {})), (
            f"rule {rule} asks for a GPU; add `{rule}: *gpu_jobs` to {PROFILE.name}"
        )


@pytest.mark.xfail(
    reason="trainings of small experiments take seconds on a GPU, and are not grouped yet"
)
def test_no_job_of_less_than_about_a_minute_goes_to_the_queue(jobs):
    times = Times()
    short = {
        one.name: round(one.minutes, 2)
        for one in sent(jobs, times)
        if one.name != LOCAL and one.minutes < ABOUT_A_MINUTE
    }
    assert not short, f"put them into a group of {PROFILE}, or among the localrules: {short}"


def test_attempts_are_as_many_as_growing_limits_need():
    job = SimpleNamespace(limit=60, gpu=True)

    def attempts(minutes):
        return Sent("x", (job,), (Time(minutes * 60, 0, ""),)).attempts

    assert [attempts(m) for m in (1, 60, 61, 180, 181)] == [1, 1, 2, 2, 3]


def test_the_page_has_every_experiment():
    text = PAGE.read_text()
    for path in overlays():
        assert f"\n## {path.stem}\n" in text, (
            "run python -m graphprune.pipeline.job_sizes to make docs/job_sizes.md anew"
        )
