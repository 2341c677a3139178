"""The jobs of an experiment, as Snakemake would run them on a cluster; nothing is run."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from snakemake.api import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
    SnakemakeApi,
)
from snakemake.settings.enums import Quietness

from graphprune.data.shapes import FOLDERS
from graphprune.pipeline.code import ROOT

PROFILE = ROOT / "profiles" / "slurm" / "config.yaml"
LOCAL = "local"


@dataclass(frozen=True)
class Job:
    """One job of the workflow.

    place: what it is sent to Slurm with: LOCAL (not at all), the name of a group of the profile,
    or "" (alone). memory in MB and limit in minutes are those of the first attempt. resumes:
    whether it goes on from a checkpoint. config: the whole of the experiment.
    """

    rule: str
    wildcards: Mapping[str, str]
    params: Mapping[str, Any]
    threads: int
    memory: int
    limit: int
    gpu: bool
    benchmark: str
    place: str
    resumes: bool
    config: Mapping[str, Any]


def groups() -> dict[str, str]:
    """Rule -> the group that the Slurm profile puts it in."""
    return dict(yaml.safe_load(PROFILE.read_text())["groups"])


def plan(overlay: Path | None = None) -> list[Job]:
    """The jobs of the default experiment with `overlay` over it, where GPUs are handed out.

    A data folder that the overlay names need not be there. Run from the project's folder, as
    Snakemake is.
    """
    changes: dict[str, Any] = {"compute": {"device": "cuda"}}
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    data = dict(config["data"])
    if overlay:
        data |= yaml.safe_load(overlay.read_text()).get("data", {})
    with tempfile.TemporaryDirectory() as empty:
        if data["name"] in FOLDERS and not Path(data["folder"]).is_dir():
            changes["data"] = {"folder": empty}
        return _planned([overlay] if overlay else [], changes)


def _planned(overlays: list[Path], changes: Mapping[str, Any]) -> list[Job]:
    grouped = groups()
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config=dict(changes), configfiles=overlays),
            snakefile=ROOT / "Snakefile",
            workdir=ROOT,
        )
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(executor="dryrun")
        # The API shows no jobs; what `snakemake --dag` draws is this.
        inner = workflow._workflow
        local = inner._localrules
        return [
            Job(
                rule=job.rule.name,
                wildcards=dict(job.wildcards_dict),
                params=dict(job.params.items()),
                threads=job.threads,
                memory=job.resources["mem_mb"],
                limit=job.resources["runtime"],
                gpu=bool(job.resources.get("gpu", 0)),
                benchmark=str(job.benchmark),
                place=LOCAL if job.rule.name in local else grouped.get(job.rule.name, ""),
                resumes="training_job(" in (ROOT / "rules" / job.rule.script).read_text(),
                config=inner.config,
            )
            for job in inner.dag.jobs
            if job.rule.script
        ]
