import os
import sys
from pathlib import Path

import graphprune
from graphprune.errors import UserError
from graphprune.pipeline.checkpoints import remove_checkpoints
from graphprune.pipeline.code import ROOT, code_files, code_hash, module_hash
from graphprune.pipeline.config import validate
from graphprune.pipeline.job import FORCED, gpu_here

if ROOT != Path(workflow.basedir).resolve():
    sys.exit(
        f"error: this workflow lies in {workflow.basedir}, but the installed graphprune is that of "
        f"{ROOT}. Use the environment that `make env` makes here."
    )
try:
    validate(config)
except UserError as error:
    sys.exit(f"error: {error}")

RESULTS = f"results/{config['experiment']}"
SHARED = "results/shared"
CLAIMS = "src/graphprune/claims/claims.yaml"  # data that the code of the claims reads
DAY = 24 * 60  # minutes
SHORT = 45  # minutes, for each of the trainings that go together
# study -> the files it makes for people to read; each rules file adds its own
STUDIES = {}

# Within a job of a cluster, Snakemake does not know the profile's limits: a group of trainings has
# one GPU, and does one after the other.
if workflow.remote_exec:
    workflow.register_resource("gpu", 1)


onstart:
    # Jobs that are forced start anew instead of resuming from their checkpoint.
    settings = workflow.dag_settings
    forced = ["*"] if settings.forceall else sorted(settings.forcerun)
    os.environ[FORCED] = os.pathsep.join(forced)


onsuccess:
    # Not before: a group of which one job has failed is sent again with those that had finished.
    remove_checkpoints(job.output[0] for job in workflow.dag.jobs if job.output)


def study_targets():
    """The files of the studies that the config names."""
    return [file for study in config["studies"] for file in STUDIES[study]]


def targets():
    """All that a run makes for people to read."""
    return [f"{RESULTS}/provenance.json", *study_targets()]


def gpus(wildcards):
    """1 where a training job will use a GPU: one is here, or a cluster hands it out."""
    device = config["compute"]["device"]
    if device == "auto":
        return int(workflow.non_local_exec or workflow.remote_exec or gpu_here())
    return int(device == "cuda")


def memory(megabytes):
    """`megabytes` for the first attempt, twice as much for the second, and so on."""
    return lambda wildcards, attempt: megabytes * attempt


def minutes(amount):
    """Run time in minutes, growing with the attempt up to a day, which most partitions allow."""
    return lambda wildcards, attempt: min(amount * attempt, DAY)


def together(name):
    """The group of a training rule: `name` where the config says so, else none."""
    return name if config["compute"]["group"] else None


def training_minutes(amount):
    """`minutes`, or SHORT for each of a group: the limits of a group are added up."""
    return minutes(SHORT if config["compute"]["group"] else amount)


def table_files(folder, category, group, name, what):
    """The files of a table: CSV and Markdown, and HTML that the report shows."""
    path = f"{folder}/tables/{name}"
    return {
        f"{name}_csv": f"{path}.csv",
        f"{name}_md": f"{path}.md",
        f"{name}_html": report(
            f"{path}.html",
            caption=f"captions/{name}_table.rst",
            category=category,
            subcategory=group,
            labels={"what": what},
        ),
    }


def figure_files(folder, category, group, name, what):
    """The files of a figure: PNG, and SVG that the report shows."""
    path = f"{folder}/figures/{name}"
    return {
        f"{name}_png": f"{path}.png",
        f"{name}_svg": report(
            f"{path}.svg",
            caption=f"captions/{name}_figure.rst",
            category=category,
            subcategory=group,
            labels={"what": what},
        ),
    }


def training_setup(study, model, init, recipe, **more):
    """What the trainings of a job share.

    Threads, precision, compile and sparse_input are part of the numbers.
    more: image_size, standardise and init_kind, where a study sets them.
    """
    return {
        "experiment": config["experiment"],
        "study": study,
        "dataset": config["data"]["name"],
        "protocol": config["protocol"],
        "model": model,
        "init": init,
        "recipe_name": recipe,
        "recipe": config["recipes"][recipe],
        "threads": config["compute"]["threads"],
        "deterministic": config["compute"]["deterministic"],
        "precision": config["compute"]["precision"],
        "compile": config["compute"]["compile"],
        "sparse_input": config["compute"]["sparse_input"],
        **more,
    }
