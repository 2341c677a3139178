"""What a training step of every network of the experiments takes; a step of a search, a picture.

    python benchmarks/step_times.py [experiments/name.yaml ...]

For every different network, image size and precision in experiments/ (smoke apart; or in those
named) a few steps
on random images, in batches as large as the recipe's or as a few seconds allow, on the device
at hand: on a CPU one thread, timed by the processor's own clock, so that what else the machine
does counts little. Prints a row each and writes them to benchmarks/step_times.csv, in the place
of earlier ones of the same thing on the same device. docs/job_sizes.md is made from it.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads them
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

from graphprune.data.batches import DeviceSplit
from graphprune.data.decoding import ImageFiles
from graphprune.files import write_text
from graphprune.masks.mask import Masks
from graphprune.metrics.counts import count
from graphprune.models.init import initialise
from graphprune.pipeline.code import ROOT
from graphprune.pipeline.plan import Job, plan
from graphprune.pipeline.trainings import batch, data_of, load, recipe
from graphprune.runs.setup import Setup
from graphprune.search.bayesian import Bayesian
from graphprune.training.device import precision_for, prepare
from graphprune.training.loop import State, step

FILE = ROOT / "benchmarks" / "step_times.csv"
TURNS = 5
WARM_UP = 2
OPERATIONS = 1e11  # multiply-adds of a step on a CPU, at most: some seconds
PROPERTIES, STARTS, ASKED = 5, 5, 25


def network(job: Job, device: torch.device) -> dict[str, Any]:
    """What tells one measurement from another, and what the network multiplies for an image."""
    params, data = job.params["setup"], data_of(job)
    return {
        "model": json.dumps(params["model"], sort_keys=True),
        "shape": "x".join(map(str, data.shape)),
        "classes": data.classes,
        "precision": precision_for(params["precision"], device),
    }


def timed(job: Job, device: torch.device) -> dict[str, Any]:
    """One row: images in a step, and the median seconds of one."""
    data, params = data_of(job), job.params["setup"]
    setup = Setup(
        labels={},
        model=dict(params["model"]),
        init="dense",
        recipe=recipe(job),
        device=device,
        splits={},
        input_shape=data.shape,
        classes=data.classes,
        checkpoint_seconds=0,
        precision=precision_for(params["precision"], device),
        compile=params["compile"] and device.type == "cuda",
    )
    model = setup.build()
    macs = count(model, data.shape).macs_dense
    images = batch(job)
    if device.type == "cpu":
        images = min(images, max(8, int(OPERATIONS / (3 * macs))))
    initialise(model, seed=0)
    masks = Masks.full(model, [name for name, _ in model.named_parameters()])
    state = State(
        model, setup.recipe.optimiser_for(model), masks, torch.Generator(), forward=setup.forward
    )
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (images, *data.shape), dtype=torch.uint8, generator=generator)
    labels = torch.randint(data.classes, (images,), generator=generator)
    split = DeviceSplit(pixels.to(device), labels.to(device))
    whole = replace(setup.recipe, batch_size=images)
    one = next(
        iter(replace(setup, splits={"train": split}, recipe=whole).training_batches().epoch(None))
    )
    seconds = clocked(lambda: step(state, *one), device)
    return {"images": images, "macs": macs, "seconds": seconds}


def clocked(act: Callable[[], Any], device: torch.device) -> float:
    """Median seconds of `act` over TURNS, after WARM_UP; of processor time on a CPU."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    found = []
    for _ in range(WARM_UP + TURNS):
        start = clock()
        act()
        if device.type == "cuda":
            torch.cuda.synchronize()
        found.append(clock() - start)
    return median(found[WARM_UP:])


def search_step() -> float:
    """Processor seconds of a step of a Bayesian search that asks ASKED times, on average."""
    rng = np.random.default_rng(0)
    starts = rng.random((STARTS, PROPERTIES))
    searcher = Bayesian([(0.0, 1.0)] * PROPERTIES, starts, 0, 5.0)
    begun = time.process_time()
    for _ in range(ASKED):
        point = searcher.ask()
        searcher.tell(point, float(-((point - 0.3) ** 2).sum()))
    return (time.process_time() - begun) / (ASKED - STARTS)


def picture() -> float:
    """Processor seconds to decode a JPEG of 500 × 375 pixels and cut it to 224 × 224."""
    grid = np.linspace(0, 255, 375 * 500 * 3).reshape(375, 500, 3).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 32, grid.shape, dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "picture.jpg")
        Image.fromarray(grid // 2 + noise).save(path, quality=90)
        files = ImageFiles((path,), grey=False, height=224, width=224, shorter_side=256)
        return clocked(lambda: [files[0:1] for _ in range(20)], torch.device("cpu")) / 20


def name_of(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, one thread"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    parser.add_argument("overlays", type=Path, nargs="*", help="experiments (default: all)")
    arguments = parser.parse_args()
    device = prepare(arguments.device, threads=1, deterministic=False)
    who = {"device": name_of(device), "type": device.type, "torch": torch.__version__}
    rows: dict[str, dict[str, Any]] = {}
    for overlay in arguments.overlays or sorted((ROOT / "experiments").glob("*.yaml")):
        if overlay.stem == "smoke":
            continue
        for job in plan(overlay):
            if load(job) is None:
                continue
            known = network(job, device)
            key = json.dumps(known)
            if key not in rows:
                rows[key] = {**who, "what": "training", **known, **timed(job, device)}
                print(rows[key], flush=True)
    if device.type == "cpu" and not arguments.overlays:
        for what, seconds in (("search", search_step()), ("picture", picture())):
            rows[what] = {**who, "what": what, "seconds": seconds}
            print(rows[what])
    table = pd.DataFrame(list(rows.values()))
    if FILE.exists():
        same = ["device", "what", "model", "shape", "classes", "precision"]
        table = pd.concat([pd.read_csv(FILE), table]).drop_duplicates(same, keep="last")
    write_text(FILE, table.to_csv(index=False, float_format="%.4g"))


if __name__ == "__main__":
    main()
