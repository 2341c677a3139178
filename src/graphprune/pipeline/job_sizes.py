"""docs/job_sizes.md: the Slurm jobs of every experiment, what they ask for and what they take.

``python -m graphprune.pipeline.job_sizes`` plans every overlay with Snakemake, groups its jobs
as the Slurm profile does, and estimates each from benchmarks/job_times.csv and step_times.csv.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from graphprune.files import write_text
from graphprune.pipeline.code import ROOT
from graphprune.pipeline.job_times import (
    COUNTED,
    GPU_FLOPS,
    GPU_STEP,
    SCALED,
    STEP_TIMES,
    STEPS,
    Time,
    Times,
)
from graphprune.pipeline.plan import PROFILE, Asked, Job, plan
from graphprune.pipeline.trainings import load

PAGE = ROOT / "docs" / "job_sizes.md"
LOCAL = "local"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Sent:
    """What is sent to Slurm at once: a job, or all jobs of a group; and what each takes."""

    name: str
    jobs: tuple[Job, ...]
    times: tuple[Time, ...]

    @property
    def asked(self) -> Asked:
        """What Slurm is asked for at the first attempt."""
        first = self.jobs[0]
        return first.group.asked if first.group else first.asked

    @property
    def resumes(self) -> bool:
        """Whether all of it goes on from checkpoints."""
        return all(job.resumes for job in self.jobs)

    @property
    def minutes(self) -> float:
        """Minutes of work, one job after the other."""
        return sum(time.seconds for time in self.times) / MINUTE

    @property
    def gpu_hours(self) -> float:
        pairs = zip(self.jobs, self.times, strict=True)
        return sum(time.seconds for job, time in pairs if job.asked.gpus) / HOUR

    @property
    def core_hours(self) -> float:
        return sum(time.core for time in self.times) / HOUR

    @property
    def attempts(self) -> int:
        """How often it is sent until it has ended, each time with a longer limit."""
        limit, needed, attempts = self.asked.limit, self.minutes, 0
        while needed > 0:
            attempts += 1
            needed -= limit * attempts
        return attempts


def overlays() -> list[Path]:
    """The experiments at the size of a paper."""
    return [p for p in sorted((ROOT / "experiments").glob("*.yaml")) if p.stem != "smoke"]


def sent(jobs: Iterable[Job], times: Times) -> list[Sent]:
    """The Slurm jobs, in order of name; and one named LOCAL of all that is no job."""
    parts: dict[tuple[str, object], list[Job]] = {}
    for job in jobs:
        if job.local:
            key: tuple[str, object] = (LOCAL, None)
        else:
            key = (job.group.name, job.group) if job.group else (job.rule, job.benchmark)
        parts.setdefault(key, []).append(job)
    found = [
        Sent(name, tuple(part), tuple(times.of(job) for job in part))
        for (name, _), part in parts.items()
    ]
    return sorted(found, key=lambda one: (one.name, one.minutes))


def rows(found: Sequence[Sent]) -> pd.DataFrame:
    """One row for each rule or group that is sent: how many, resources, estimates."""
    table = []
    for name in dict.fromkeys(one.name for one in found):
        same = [one for one in found if one.name == name]
        jobs = [job for one in same for job in one.jobs]
        minutes = [one.minutes for one in same]
        table.append(
            {
                "jobs": f"`{name}`" if len(jobs) == len(same) else f"`{name}` ({_rules(jobs)})",
                "n": len(same),
                "CPUs": max(one.asked.threads for one in same),
                "GB": f"{max(one.asked.memory for one in same) / 1000:g}",
                "GPU": max(one.asked.gpus for one in same),
                "limit, min": _range([one.asked.limit for one in same]),
                "work, min": _range(minutes),
                "GPU h": _number(sum(one.gpu_hours for one in same)),
                "goes on": "yes" if all(one.resumes for one in same) else "no",
                "estimated from": ", ".join(
                    sorted({time.source for one in same for time in one.times})
                ),
            }
        )
    return pd.DataFrame(table)


def summary(experiments: dict[str, list[Sent]]) -> pd.DataFrame:
    """One row an experiment."""
    table = []
    for name, every in experiments.items():
        slurm = [one for one in every if one.name != LOCAL]
        table.append(
            {
                "experiment": f"[{name}](#{name})",
                "Slurm jobs": len(slurm),
                "of them on a GPU": sum(one.asked.gpus > 0 for one in slurm),
                "jobs of the workflow": sum(len(one.jobs) for one in every),
                "shortest, min": _number(min(one.minutes for one in slurm)),
                "longest, h": _number(max(one.minutes for one in slurm) / MINUTE),
                "attempts at most": max(one.attempts for one in slurm),
                "GPU h": _number(sum(one.gpu_hours for one in slurm)),
                "or h on one core": _number(sum(one.core_hours for one in every)),
            }
        )
    return pd.DataFrame(table)


def agreement(experiments: dict[str, list[Sent]], times: Times) -> str:
    """How the estimates on a core compare with the training jobs that were measured whole."""
    ratios = [
        times.by_steps(job, "cpu") / times.jobs[job.benchmark]
        for every in experiments.values()
        for one in every
        for job in one.jobs
        if load(job) and job.benchmark in times.jobs
    ]
    if not ratios:
        return "No training job of these experiments was measured whole."
    return (
        f"{len(ratios)} training jobs were measured whole as well, on a CPU: the estimate is "
        f"{pd.Series(ratios).median():.2f} times what they took (median; "
        f"{min(ratios):.2f} to {max(ratios):.2f})."
    )


def page(experiments: dict[str, list[Sent]], times: Times) -> str:
    """The page in Markdown."""
    devices = times.training.groupby("type")["device"].unique()
    gpus = ", ".join(devices.get("cuda", [])) or "none yet"
    words = [
        "# Job sizes",
        "",
        "Made by `python -m graphprune.pipeline.job_sizes`; do not edit. What "
        f"`snakemake --workflow-profile {PROFILE.parent.relative_to(ROOT)}` sends for every "
        "experiment, what the first attempt asks for, and what it takes.",
        "",
        _table(summary(experiments)),
        "",
        "## Where the numbers are from",
        "",
        "Jobs, resources and groups are those of the workflow: Snakemake plans each experiment "
        "and nothing is run. Of a group, the resources are those that Snakemake sums up for all of "
        "it, and the work is that of all its jobs together. *Work* leaves out the wait in the "
        "queue and the start of a job. "
        "*Goes on* says whether a job that was killed, preempted or late goes on from its "
        "checkpoint; *attempts* are needed where the work is longer than the limit, which grows "
        "with them (see `--retries` in [cluster.md](cluster.md)).",
        "",
        f"* *{COUNTED}*: what the job trains, counted from its params (trainings × epochs × "
        f"multiply-adds), at {GPU_FLOPS / 1e12:g} TFLOP/s, which a ResNet-18 was published to "
        f"sustain on an A100, and at least {GPU_STEP * 1000:g} ms a step, a third of it for a "
        "batch that is only evaluated (assumed; it decides for small networks, so for all on "
        "MNIST). **No GPU of ours stands behind these numbers**; trust them to a factor of three.",
        f"* *{STEP_TIMES}*: the same count, with the time of a step or a picture measured "
        f"([{STEPS.name}](../benchmarks/{STEPS.name})). GPUs measured: {gpus}. "
        "`python benchmarks/step_times.py` on a GPU adds it, and its times replace the others.",
        "* *this job*, *its rule elsewhere*: measured by Snakemake in a run of ours, of this very "
        "job or, at the most, of another job of the rule "
        "([job_times.csv](../benchmarks/job_times.csv)). A report grows with its tables, so the "
        f"latter is no bound. *{SCALED}*: of a run that was stopped, scaled up from the share that "
        "was done.",
        "* *h on one core*: the same trainings by steps measured on "
        f"{', '.join(devices.get('cpu', []))}. {agreement(experiments, times)}",
        "",
        "Trainings are counted as dense, and a mask that several searches ask for as often as they "
        "ask, so both are more than what is done.",
    ]
    for name, every in experiments.items():
        small = [one for one in every if one.name == LOCAL]
        words += ["", f"## {name}", "", _table(rows([o for o in every if o not in small]))]
        for one in small:
            words += ["", f"On the login node, {_number(one.minutes)} min: {_rules(one.jobs)}."]
    return "\n".join(words) + "\n"


def _table(frame: pd.DataFrame) -> str:
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def _rules(jobs: Iterable[Job]) -> str:
    counts = pd.Series([job.rule for job in jobs]).value_counts(sort=False)
    return ", ".join(f"{n} × {rule}" if n > 1 else rule for rule, n in counts.items())


def _number(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def _range(values: Sequence[float]) -> str:
    low, high = _number(min(values)), _number(max(values))
    return low if low == high else f"{low}–{high}"


def main() -> None:
    times = Times()
    experiments = {path.stem: sent(plan(path), times) for path in overlays()}
    PAGE.parent.mkdir(exist_ok=True)
    write_text(PAGE, page(experiments, times))
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
