"""What a job takes: measured, or estimated from what it trains and what a step takes."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from graphprune.data.shapes import FOLDERS
from graphprune.errors import UserError
from graphprune.pipeline.code import ROOT
from graphprune.pipeline.plan import Job
from graphprune.pipeline.trainings import IMAGES, data_of, load, steps
from graphprune.runs.setup import evaluation_batch_size

JOBS = ROOT / "benchmarks" / "job_times.csv"
STEPS = ROOT / "benchmarks" / "step_times.csv"
# A GPU that nobody has measured yet: what a ResNet-18 sustained on an A100 in bf16, as the README
# of KellerJordan/airbench reports it (32.3 PFLOP in 420 s), and the least that a step takes, whose
# kernels are launched one by one (assumed).
GPU_FLOPS = 77e12
GPU_STEP = 0.002
# Forward and backward, two operations a multiply-add; an evaluation is a third of it.
PASSES = 3
MEASURED, SAME_RULE, STEP_TIMES, COUNTED = "this job", "its rule elsewhere", "steps", "operations"
SCALED = "a part of this job"


@dataclass(frozen=True)
class Time:
    """Seconds that a job takes where the profile sends it, and where the number is from.

    core: seconds of one thread of the measured CPU, if nothing ran on a GPU.
    """

    seconds: float
    core: float
    source: str


class Times:
    """The measured jobs and steps. UserError if a network was not measured on a CPU."""

    def __init__(self, jobs: Path = JOBS, steps: Path = STEPS) -> None:
        table = pd.read_csv(jobs)
        self.jobs: Mapping[str, float] = table.set_index("job")["seconds"].to_dict()
        self.rules: Mapping[str, float] = table.groupby("rule")["seconds"].max().to_dict()
        self.scaled = set(table.loc[table["share"].notna(), "job"])
        measured = pd.read_csv(steps)
        self.training = measured[measured["what"] == "training"]
        single = measured[measured["what"] != "training"].set_index("what")["seconds"]
        self.search_step, self.picture = float(single["search"]), float(single["picture"])

    def of(self, job: Job) -> Time:
        """What `job` takes."""
        if load(job):
            core = self.jobs.get(job.benchmark) or self.by_steps(job, "cpu")
            seconds, source = self._gpu(job)
            return Time(seconds, core, source)
        if job.benchmark in self.jobs:
            source = SCALED if job.benchmark in self.scaled else MEASURED
            return Time(self.jobs[job.benchmark], self.jobs[job.benchmark], source)
        if job.rule == "dataset" and job.config["data"]["name"] in FOLDERS:
            core = sum(IMAGES[job.config["data"]["name"]]) * self.picture
            return Time(core / job.asked.threads, core, STEP_TIMES)
        if job.rule not in self.rules:
            raise UserError(
                f"no run of rule {job.rule} is in {JOBS.name}; run the experiment, or another one "
                "that has the rule, and collect its times with benchmarks/job_times.py"
            )
        return Time(self.rules[job.rule], self.rules[job.rule], SAME_RULE)

    def _gpu(self, job: Job) -> tuple[float, str]:
        """(seconds, source) on a GPU: measured steps, or operations at a published rate."""
        if not self._rows(job, "cuda").empty:
            return self.by_steps(job, "cuda"), STEP_TIMES
        work, row = load(job), self._rows(job, "cpu").iloc[0]
        assert work
        operations = 2 * PASSES * row["macs"] * self._images(job)
        launched = steps(job, work.epochs) + self._evaluation_steps(job) / PASSES
        seconds = max(operations / GPU_FLOPS, launched * GPU_STEP)
        return seconds + work.fits * self.search_step, COUNTED

    def by_steps(self, job: Job, kind: str) -> float:
        """Seconds by the measured time of an image in a step."""
        rows, work = self._rows(job, kind), load(job)
        assert work
        if rows.empty:
            raise UserError(
                f"{STEPS.name} has no {kind} row for the network of {job.benchmark}; "
                "run benchmarks/step_times.py"
            )
        row = rows.iloc[-1]
        return float(
            self._images(job) * row["seconds"] / row["images"] + work.fits * self.search_step
        )

    def _images(self, job: Job) -> float:
        """Images that are trained on, those that are only evaluated counted as a third."""
        work, data = load(job), data_of(job)
        assert work
        return work.epochs * data.train + work.evaluations * data.held_out / PASSES

    def _evaluation_steps(self, job: Job) -> float:
        """Batches that are only evaluated."""
        work, data = load(job), data_of(job)
        assert work
        return work.evaluations * math.ceil(data.held_out / evaluation_batch_size(data.shape))

    def _rows(self, job: Job, kind: str) -> pd.DataFrame:
        """The measurements of this job's network on a kind of device; of both precisions."""
        table, data = self.training, data_of(job)
        wanted = {
            "type": kind,
            "model": json.dumps(job.params["setup"]["model"], sort_keys=True),
            "shape": "x".join(map(str, data.shape)),
            "classes": data.classes,
        }
        found = pd.Series(True, index=table.index)
        for column, value in wanted.items():
            found &= table[column] == value
        return table[found]
