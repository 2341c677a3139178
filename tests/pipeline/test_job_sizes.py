"""The plan of every experiment on a cluster, and what follows from it."""

from types import SimpleNamespace

import pytest
import yaml

from graphprune.pipeline.job_sizes import LOCAL, PAGE, Sent, overlays, sent
from graphprune.pipeline.job_times import COUNTED, GPU_STEP, PASSES, Time, Times
from graphprune.pipeline.plan import PROFILE, Asked, plan
from graphprune.pipeline.trainings import load, steps

FOUR_HOURS, DAY = 240, 1440  # minutes
# Starting a job is not counted, and the measured times are those of a fast machine.
ABOUT_A_MINUTE = 0.6
# Goes on from a checkpoint and trains nothing.
MEASURING = {"curvature_scores"}


@pytest.fixture(scope="module")
def profile():
    return yaml.safe_load(PROFILE.read_text())


@pytest.fixture(scope="module", params=overlays(), ids=lambda path: path.stem)
def jobs(request):
    return plan(request.param)


@pytest.fixture(scope="module")
def slurm_jobs(jobs):
    """What is sent, each with the jobs in it."""
    return [one for one in sent(jobs, Times()) if one.name != LOCAL]


def test_only_what_goes_on_from_a_checkpoint_may_run_for_more_than_four_hours(slurm_jobs, profile):
    attempts = 1 + profile["retries"]
    for one in slurm_jobs:
        assert one.resumes or one.asked.limit * attempts <= FOUR_HOURS, one.name


def test_a_group_fits_into_a_day_in_every_attempt(slurm_jobs, profile):
    attempts = 1 + profile["retries"]
    for one in slurm_jobs:
        assert len(one.jobs) == 1 or one.asked.limit * attempts <= DAY, one.name


def test_a_group_of_trainings_does_one_after_the_other_on_one_gpu(slurm_jobs):
    for one in slurm_jobs:
        own = [job.asked for job in one.jobs]
        if any(asked.gpus for asked in own):
            assert one.resumes, f"{one.name} has jobs without a GPU, which would keep it idle"
            assert one.asked == Asked(
                threads=max(asked.threads for asked in own),
                memory=max(asked.memory for asked in own),
                limit=sum(asked.limit for asked in own),
                gpus=1,
            ), one.name


def test_whatever_trains_has_a_gpu_a_checkpoint_and_a_known_size(jobs):
    for job in jobs:
        trains = load(job) is not None
        assert (job.asked.gpus > 0) == trains, job.rule
        assert job.resumes == (trains or job.rule in MEASURING), job.rule


def test_rules_with_a_gpu_share_the_block_that_a_site_edits(jobs, profile):
    named = profile["set-resources"]
    for rule in {job.rule for job in jobs if job.asked.gpus}:
        assert {"slurm_partition", "gpu_model"} <= set(named.get(rule, {})), (
            f"rule {rule} asks for a GPU; add `{rule}: *gpu_jobs` to {PROFILE.name}"
        )


def test_no_job_of_less_than_about_a_minute_goes_to_the_queue(slurm_jobs):
    short = {one.name: round(one.minutes, 2) for one in slurm_jobs if one.minutes < ABOUT_A_MINUTE}
    assert not short, (
        "set compute.group where trainings are short and their rules have a group; put other jobs "
        f"into a group of {PROFILE}, or among the localrules: {short}"
    )


def test_a_batch_that_is_only_evaluated_is_launched_as_well(jobs):
    times = Times()
    for job in jobs:
        work = load(job)
        if work and times.of(job).source == COUNTED:
            launched = steps(job, work.epochs) + work.evaluations / PASSES
            assert times.of(job).seconds >= launched * GPU_STEP, job.rule


def test_attempts_are_as_many_as_growing_limits_need():
    job = SimpleNamespace(group=None, asked=Asked(threads=1, memory=1, limit=60, gpus=1))

    def attempts(minutes):
        return Sent("x", (job,), (Time(minutes * 60, 0, ""),)).attempts

    assert [attempts(m) for m in (1, 60, 61, 180, 181)] == [1, 1, 2, 2, 3]


def test_the_page_has_every_experiment():
    text = PAGE.read_text()
    for path in overlays():
        assert f"\n## {path.stem}\n" in text, (
            "run python -m graphprune.pipeline.job_sizes to make docs/job_sizes.md anew"
        )
