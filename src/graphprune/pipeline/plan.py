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
    GroupSettings,
    OutputSettings,
    ResourceSettings,
    SnakemakeApi,
)
from snakemake.resources import GroupResources, Resources
from snakemake.settings.enums import Quietness

from graphprune.data.shapes import FOLDERS
from graphprune.pipeline.code import ROOT

PROFILE = ROOT / "profiles" / "slurm" / "config.yaml"


@dataclass(frozen=True)
class Asked:
    """What is asked of Slurm at the first attempt; memory in MB, limit in minutes."""

    threads: int
    memory: int
    limit: int
    gpus: int


@dataclass(frozen=True)
class Group:
    """Jobs that are sent to Slurm as one. number: tells groups of one name apart."""

    name: str
    number: int
    asked: Asked


@dataclass(frozen=True)
class Job:
    """One job of the workflow.

    asked: by this job, were it sent alone. group: what it is sent with, if with others. local:
    whether it is not sent at all. resumes: whether it goes on from a checkpoint. config: the whole
    of the experiment.
    """

    rule: str
    wildcards: Mapping[str, str]
    params: Mapping[str, Any]
    asked: Asked
    benchmark: str
    group: Group | None
    local: bool
    resumes: bool
    config: Mapping[str, Any]


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
    profile = yaml.safe_load(PROFILE.read_text())
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(config=dict(changes), configfiles=overlays),
            snakefile=ROOT / "Snakefile",
            workdir=ROOT,
        )
        workflow.dag(DAGSettings(forceall=True)).execute_workflow(
            executor="dryrun",
            group_settings=GroupSettings(
                overwrite_groups=profile["groups"], group_components=profile["group-components"]
            ),
        )
        # The API shows no jobs; what `snakemake --dag` draws is this.
        inner = workflow._workflow
        local = inner._localrules
        groups = _groups(inner.dag, Resources.from_mapping(profile["resources"]))
        return [
            Job(
                rule=job.rule.name,
                wildcards=dict(job.wildcards_dict),
                params=dict(job.params.items()),
                asked=_asked(job.resources),
                benchmark=str(job.benchmark),
                group=groups.get(job),
                local=job.rule.name in local,
                resumes="training_job(" in (ROOT / "rules" / job.rule.script).read_text(),
                config=inner.config,
            )
            for job in inner.dag.jobs
            if job.rule.script
        ]


def _groups(dag: Any, limits: Resources) -> dict[Any, Group]:
    """Snakemake's job -> the group it is in, as its executor for Slurm sums it up."""
    found: dict[Any, Group] = {}
    for group in dict.fromkeys(dag._group[job] for job in dag.jobs if job in dag._group):
        summed = GroupResources.basic_layered(group.toposorted, limits, run_local=False)
        whole = Group(group.groupid, len(found), _asked(summed))
        found |= dict.fromkeys(group.jobs, whole)
    return found


def _asked(resources: Mapping[str, Any]) -> Asked:
    return Asked(
        threads=resources["_cores"],
        memory=resources["mem_mb"],
        limit=resources["runtime"],
        gpus=resources.get("gpu", 0),
    )
