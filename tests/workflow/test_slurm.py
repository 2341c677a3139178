"""The pipeline on a real Slurm: preempted, killed and late jobs go on, and nothing differs.

Slurm runs on this machine alone (tests/slurm). Two studies of the smoke run go through the
profile, for time: graphs in a group, trainings with a GPU, those of RGP in a group, reports on the
"login node". With GRAPHPRUNE_SLURM=whole the smoke run goes through it as well, undisturbed.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT, SMOKE, Project, copy_project

from graphprune.files import read_table
from graphprune.runs import lines

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("slurm")]

SCRIPTS = ROOT / "tests/slurm"
CANNOT = 77
WHOLE = os.environ.get("GRAPHPRUNE_SLURM") == "whole"
PART = """
experiment: part
studies: [rgp, ws_flex]
compute: {group: true, checkpoint_seconds: 0}
recipes:
  rgp: {epochs: 10}
rgp:
  networks:
    - name: mlp
      model: {name: mlp, hidden: [16, 16, 16], batch_norm: true}
      nodes: 8
      degrees: [3, 4]
      parts: [comparison]
"""
# Two jobs of a group as well.
THEORY = [f"results/part/rgp_theory/tables/{name}.csv" for name in ("trees", "propagation")]
RUN = (*SMOKE, "part.yaml", "--", "all", *THEORY)
PROFILE_FILE = "profiles/slurm/config.yaml"
# Looking often suits jobs of seconds.
PROFILE = (
    "--workflow-profile",
    "profiles/slurm",
    "--slurm-init-seconds-before-status-checks",
    "2",
)
SLEEP = """
import time
from pathlib import Path

if not Path("late").exists():
    Path("late").touch()
    time.sleep(600)
"""
# What a Slurm job is called -> times it is sent, and whether it has a GPU
JOBS = {
    "graphs_rgp_spread_rgp_trees": (1, False),
    "ws_flex_graphs": (2, False),
    "ws_flex_train_wildcards_1": (1, True),
    "rgp_rgp_dense_rgp_train": (2, True),
}
TRAININGS = "rgp_rgp_dense_rgp_train"
COMPARISONS = {"k3/comparison", "k4/comparison"}
TABLES = ("rgp/tables/rgp_accuracy", "rgp_theory/tables/propagation", "ws_flex/tables/ws_flex")
# Tables of measured times, and columns of them in others.
TIMES = {"speed", "unit_latency"}
TIMED = r"seconds|ms$|ms_"
TOO_SMALL = {"dataset", "split", "provenance", "rgp_accuracy_report", "ws_flex_report"}


@pytest.fixture(scope="module")
def slurm():
    """A Slurm, in this process's environment; three jobs at a time, one of which only waits.

    For the whole smoke run it has the CPUs that its widest group asks for.
    """
    installed = subprocess.run(
        [SCRIPTS / "install.sh"], capture_output=True, text=True, timeout=300
    )
    if installed.returncode == CANNOT:
        reason = f"THE SLURM PROFILE IS NOT TESTED: {installed.stderr.strip().splitlines()[-1]}"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    assert installed.returncode == 0, installed.stderr
    parent = Path(tempfile.mkdtemp(prefix="slurm"))  # short: sockets lie in it
    box = parent / "box"
    started = subprocess.run(
        [SCRIPTS / "up.sh", box, "8" if WHOLE else "3"], capture_output=True, text=True
    )
    # Should this process be killed, nothing may stay behind.
    watch = (
        f"while kill -0 {os.getpid()}; do sleep 2; done; {SCRIPTS}/down.sh {box}; rmdir {parent}"
    )
    guard = subprocess.Popen(
        ["bash", "-c", watch], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert started.returncode == 0, started.stderr
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLURM_CONF", str(box / "slurm.conf"))
            patch.setenv("PATH", str(box / "bin"), prepend=os.pathsep)
            yield
    finally:
        guard.kill()
        guard.wait()
        if box.exists():
            subprocess.run([SCRIPTS / "down.sh", box], check=True, timeout=60)
        shutil.rmtree(parent)


def jobs(after=0):
    """The jobs that Slurm knows, one row each, in the order in which they were sent."""
    columns = ["id", "comment", "state", "partition", "limit", "memory", "cpus", "requeued", "gpus"]
    form = (
        "jobid:|,comment:|,state:|,partition:|,timelimit:|,minmemory:|,numcpus:|,restartcnt:|,"
        "tres-per-job:"
    )
    output = subprocess.run(
        ["squeue", "--states=all", "--noheader", "--sort=i", f"--Format={form}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [[cell.strip() for cell in line.split("|")] for line in output.splitlines()]
    table = pd.DataFrame(rows, columns=columns).astype({"id": int, "cpus": int, "requeued": int})
    name = table["comment"].str.removeprefix("rule_")
    return table.assign(name=name)[table["id"] > after].reset_index(drop=True)


def records(project, name):
    """Of a finished training job, what each training took: equal only if it is the same one."""
    file = project.folder / f"results/part/rgp/mlp/{name}.parquet"
    try:
        return set(read_table(file)[0]["seconds"])
    except FileNotFoundError:  # not yet, or no longer
        return set()


def begun(project, name):
    """The same of the trainings that a job in the middle of another training has saved."""
    folder = project.folder / f"results/part/rgp/mlp/{name}.parquet.checkpoint"
    if not list(folder.glob("*.checkpoint")) or not (folder / "rows.jsonl").exists():
        return set()
    return {row["seconds"] for row in lines.read(folder / "rows.jsonl")[0].values()}


def disturb_in_training(process, project, files, command):
    """Send `command` about the group of trainings as soon as one of `files` is being trained.

    The file, what it had by then, and what was finished by then: name -> records. Not read
    afterwards, since Snakemake removes what a group that has failed had finished.
    """
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0][-8000:]
        for name in files:
            saved = begun(project, name)
            if saved and not records(project, name):
                finished = {other: records(project, other) for other in ("dense", *COMPARISONS)}
                (number,) = jobs().query("name == @TRAININGS and state == 'RUNNING'")["id"]
                subprocess.run([*command, str(number)], check=True)
                return name, saved, {other: found for other, found in finished.items() if found}
        time.sleep(0.1)
    raise AssertionError(f"none of {files} was trained:\n{jobs()}")


def planned(project, *profile):
    """The rules that a run would run now."""
    output = project.snakemake("-n", "--quiet", "rules", *profile, *RUN)
    return set(re.findall(r"^(\w+) +\d+$", output, flags=re.MULTILINE)) - {"all", "total"}


def edit(project, file, old, new):
    path = project.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def with_part(project):
    (project.folder / "part.yaml").write_text(PART)
    return project


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The project, to be run on this machine as `remote` is elsewhere."""
    return with_part(copy_project(tmp_path_factory.mktemp("local")))


@dataclass(frozen=True)
class Disturbed:
    """A finished run through the profile, and what its trainings took that stood or were saved
    when their job was requeued and, in another one of the group, killed."""

    project: Project
    finished: dict[str, set[float]]
    saved: dict[str, set[float]]


@pytest.fixture(scope="module")
def disturbed(slurm, local, tmp_path_factory):
    """One job slept past its time, the group of trainings was requeued and then killed.

    Meanwhile `local` has run as well.
    """
    project = with_part(copy_project(tmp_path_factory.mktemp("remote")))
    edit(
        project,
        "workflow_scripts/ws_flex_graphs.py",
        "\nfrom graphprune",
        f"{SLEEP}\nfrom graphprune",
    )
    edit(project, "rules/ws_flex.smk", "minutes(80)", "minutes(1)")
    for key, mine in (("slurm_partition", "gpu"), ("gpu_model", "pretended")):
        edit(project, PROFILE_FILE, f"    {key}: \"''\"", f"    {key}: {mine}")
    process = project.start("--quiet", "rules", *PROFILE, *RUN)
    try:
        first, saved, before = disturb_in_training(
            process, project, COMPARISONS, ["scontrol", "requeue"]
        )
        (second,) = COMPARISONS - {first}
        assert not begun(project, second), "two trainings shared the GPU"
        _, more, finished = disturb_in_training(process, project, [second], ["scancel"])
        assert set(before) == {"dense"}
        assert finished.items() >= before.items()
        local.run(*RUN)
        output, _ = process.communicate(timeout=400)
    finally:
        process.kill()
    assert process.returncode == 0, output[-8000:]
    return Disturbed(project, finished, {first: saved, second: more})


@pytest.fixture(scope="module")
def remote(disturbed):
    return disturbed.project


def test_jobs_are_sent_with_what_their_rules_ask_for(remote):
    sent = jobs()
    assert sent["name"].value_counts().to_dict() == {name: n for name, (n, _) in JOBS.items()}
    with_gpu = set(sent.loc[sent["gpus"].str.endswith("gpu:pretended:1"), "name"])
    assert with_gpu == {name for name, (_, gpu) in JOBS.items() if gpu}
    assert set(sent.loc[sent["partition"] == "gpu", "name"]) == with_gpu
    first = sent.drop_duplicates("name").set_index("name")[["memory", "cpus", "limit"]]
    assert first.loc["ws_flex_train_wildcards_1"].tolist() == ["4000M", 1, "12:00:00"]
    # A group runs its jobs side by side, but trainings one after the other.
    assert first.loc["graphs_rgp_spread_rgp_trees"].tolist() == ["4000M", 2, "1:00:00"]
    assert first.loc[TRAININGS].tolist() == ["4000M", 1, "2:15:00"]


def test_a_killed_and_a_late_job_are_sent_again_with_more_and_a_requeued_one_goes_back(remote):
    sent = jobs()
    killed, late = (sent[sent["name"] == name] for name in (TRAININGS, "ws_flex_graphs"))
    assert killed["state"].tolist() == ["CANCELLED", "COMPLETED"]
    assert killed["memory"].tolist() == ["4000M", "8000M"]
    assert killed["requeued"].tolist() == [1, 0]
    assert late["state"].tolist() == ["TIMEOUT", "COMPLETED"]
    assert late["limit"].tolist() == ["1:00", "2:00"]
    others = sent.drop(killed.index).drop(late.index)
    assert set(others["state"]) == {"COMPLETED"}


def test_no_training_of_a_requeued_or_killed_group_is_done_twice(disturbed):
    assert len(disturbed.saved) == len(disturbed.finished) == 2
    for name, before in (*disturbed.finished.items(), *disturbed.saved.items()):
        assert before
        assert before <= records(disturbed.project, name)
    assert not list(disturbed.project.folder.glob("results/part/**/*.checkpoint"))


def assert_equal_tables(local, remote, table):
    here, there = (
        pd.read_csv(project.folder / f"results/part/{table}.csv") for project in (local, remote)
    )
    assert len(here)
    # What a training took is measured anew.
    pd.testing.assert_frame_equal(
        *(one.drop(columns="seconds", errors="ignore") for one in (here, there)), check_exact=True
    )


@pytest.mark.parametrize("table", TABLES)
def test_tables_equal_those_of_a_local_run_number_for_number(local, remote, table):
    assert_equal_tables(local, remote, table)


def test_a_finished_run_has_nothing_to_do(remote):
    assert planned(remote, *PROFILE) == planned(remote) == set()


@pytest.mark.parametrize(
    ("file", "stages", "table"),
    [
        ("studies/ws_flex.py", {"ws_flex_train", "ws_flex_report"}, "ws_flex/tables/ws_flex"),
        ("claims/rgp_pairs.py", {"rgp_accuracy_report"}, "rgp/tables/rgp_accuracy"),
    ],
)
def test_an_edit_reruns_through_the_profile_what_it_does_locally(
    local, remote, file, stages, table
):
    shutil.copy(ROOT / PROFILE_FILE, remote.folder / PROFILE_FILE)  # as it is, without a site
    module = local.folder / "src/graphprune" / file
    as_it_was = module.read_text()
    for project in (local, remote):
        (project.folder / "src/graphprune" / file).write_text(f"{as_it_was}\n# changed\n")
    expected = stages | {"provenance"}
    assert planned(local) == planned(remote, *PROFILE) == expected
    module.write_text(as_it_was)
    before = jobs()["id"].max()
    remote.snakemake(*PROFILE, *RUN)
    sent = jobs(after=before)
    assert {re.sub("_wildcards.*", "", name) for name in sent["name"]} == expected - TOO_SMALL
    assert set(sent["state"]) <= {"COMPLETED"}
    assert planned(remote, *PROFILE) == set()
    assert_equal_tables(local, remote, table)


@pytest.mark.skipif(not WHOLE, reason="takes long: set GRAPHPRUNE_SLURM=whole")
def test_the_whole_smoke_run_has_the_tables_of_a_local_one(slurm, smoke, tmp_path):
    project = copy_project(tmp_path)
    before = max(jobs()["id"], default=0)
    project.snakemake(*PROFILE, *SMOKE)
    assert set(jobs(after=before)["state"]) == {"COMPLETED"}
    here, there = (
        {path.relative_to(run.folder): path for path in run.folder.glob("results/**/tables/*.csv")}
        for run in (smoke, project)
    )
    assert here.keys() == there.keys()
    assert len(here) > 20
    for name in here:
        if name.stem not in TIMES:
            one, other = (pd.read_csv(tables[name]) for tables in (here, there))
            one, other = (table.filter(regex=f"^(?!.*({TIMED}))") for table in (one, other))
            pd.testing.assert_frame_equal(one, other, check_exact=True, obj=str(name))
