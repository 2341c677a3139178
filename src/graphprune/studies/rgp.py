"""RGP on real networks: what is trained, on which graph or as which control, on which seed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from graphprune.masks.blocks import block_masks
from graphprune.masks.controls import nodes_relabelled
from graphprune.masks.mask import Masks
from graphprune.metrics.counts import count
from graphprune.metrics.paper import rgp_flops, rgp_parameters
from graphprune.pruning.scope import tensors
from graphprune.runs.execute import Task
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import RunRecord, to_frame
from graphprune.runs.setup import Setup
from graphprune.runs.tuning import run_all
from graphprune.seeds import generator
from graphprune.studies.narrow import narrowed
from graphprune.studies.rgp_arms import GRAPH_ARMS, METHOD_ARMS, NARROW_ARMS
from graphprune.studies.rgp_graphs import CHAIN, block_mask

COMPARISON = "comparison"


@dataclass(frozen=True)
class Job:
    """One network at one degree: the graphs (`rgp_graphs.graph_table`), the setup, the seeds."""

    graphs: pd.DataFrame
    setup: Setup
    scope: str
    nodes: int
    degree: int
    seeds: Sequence[int]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The tensors that are pruned."""
        return tensors(self.setup.build(), self.scope)

    def masks(self, psi: np.ndarray) -> Masks:
        """The network's masks under a block mask."""
        return block_masks(self.setup.build(), self.names, psi)

    def graph_of(self, kind: str, place: int) -> tuple[str, np.ndarray] | None:
        """(name, block mask) of the graph of `kind` for the seed at `place`, if there is one."""
        rows = self.graphs[self.graphs["kind"] == kind]
        if rows.empty:
            return None
        row = rows.iloc[place % len(rows)]
        return str(row["graph"]), block_mask(row)

    def task(self, arm: str, method: str, seed: int, **details: Any) -> Task:
        """A task of this job; sparsity is that of the graph, on all blocks."""
        level = 1 - self.degree / self.nodes
        details = {"sparsity": level, "scope": self.scope, "block": COMPARISON, **details}
        return Task(arm=arm, method=method, seed=seed, level=level, **details)


def comparison(job: Job, arms: Sequence[str], ledger: Ledger) -> list[RunRecord]:
    """Every arm on every seed: the same initial weights and data order for all arms of a seed."""
    records = []
    for arm in arms:
        if arm in NARROW_ARMS:
            setup = job.setup.with_model(**_narrow(job, arm))
            tasks = [job.task(arm, "dense", seed, sparsity=0.0, scope="all") for seed in job.seeds]
        else:
            setup, tasks = job.setup, list(_tasks(job, arm))
        records += run_all(tasks, setup, ledger, f"{arm} at degree {job.degree}")
    return records


def _narrow(job: Job, arm: str) -> dict[str, Any]:
    """Options of the dense network that is as large as RGP's in what the arm is named after."""
    found = job.graph_of("rgp", 0)
    assert found is not None
    masks = job.masks(found[1])
    size = count(job.setup.build(), job.setup.input_shape, masks)
    if arm == "narrow_macs":
        return narrowed(job.setup, lambda counts: counts.macs_kept, size.macs_kept)
    return narrowed(job.setup, lambda counts: counts.parameters_kept, size.parameters_kept)


def chain(job: Job, ledger: Ledger) -> list[RunRecord]:
    """Figure 4: every graph of the chains from ring lattice to optimum on every seed."""
    rows = job.graphs[job.graphs["kind"] == CHAIN]
    tasks = [
        job.task(CHAIN, "block_mask", seed, block=CHAIN, graph=row["graph"], psi=block_mask(row))
        for _, row in rows.iterrows()
        for seed in job.seeds
    ]
    return run_all(tasks, job.setup, ledger, f"chain at degree {job.degree}")


def _tasks(job: Job, arm: str) -> Iterator[Task]:
    for place, seed in enumerate(job.seeds):
        kind = GRAPH_ARMS.get(arm, "rgp")
        found = job.graph_of(kind, place)
        if found is None:
            return  # no such graph at this degree
        name, psi = found
        rng = generator(seed, f"arms/{arm}")
        if arm in GRAPH_ARMS:
            chosen: Any = ARRANGED.get(arm, _as_it_is)(psi, job.names, rng)
            yield job.task(arm, "block_mask", seed, graph=name, psi=chosen)
        else:
            method = METHOD_ARMS[arm]
            reference = job.masks(psi)
            sparsity = 1 - sum(reference.kept().values()) / sum(reference.total().values())
            yield job.task(arm, method, seed, sparsity=sparsity, reference=reference)


def _as_it_is(psi: np.ndarray, names: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    return psi


def _relabelled(psi: np.ndarray, names: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    return nodes_relabelled(psi, rng)


def _one_a_layer(
    psi: np.ndarray, names: tuple[str, ...], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The same graph in every layer, its nodes dealt to other units in each."""
    return {name: nodes_relabelled(psi, rng) for name in names}


ARRANGED: dict[str, Callable[..., Any]] = {
    "relabelled": _relabelled,
    "graph_per_layer": _one_a_layer,
}


def with_graphs(records: Sequence[RunRecord], graphs: pd.DataFrame) -> pd.DataFrame:
    """One row a record, with aspl, clustering and spectral_gap of its graph, NaN without one."""
    properties = graphs.set_index("graph")[["aspl", "clustering", "spectral_gap"]]
    return to_frame(records).join(properties, on="graph")


def described(job: Job) -> dict[str, Any]:
    """What all runs of a job share, as columns beside their records.

    nodes, degree; full_width: whether the network is as wide as published; its parameters and
    FLOPs, dense and pruned, as the paper counts them (`metrics.paper`).
    """
    setup, density = job.setup, job.degree / job.nodes
    model = setup.build()
    shape = setup.input_shape
    return {
        "nodes": job.nodes,
        "degree": job.degree,
        "full_width": setup.model.get("width", 1.0) == 1.0,
        "paper_parameters_dense": rgp_parameters(model),
        "paper_parameters": rgp_parameters(model, density),
        "paper_flops_dense": rgp_flops(model, shape),
        "paper_flops": rgp_flops(model, shape, density),
    }
