"""Edge pruning: what is trained, by which norm, on which schedule, and beside which controls."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from graphprune.counts import kept_count
from graphprune.errors import UserError
from graphprune.graphs.bounds import check_degree
from graphprune.progress import progress
from graphprune.pruning.norms import NORMS
from graphprune.pruning.schedule import every
from graphprune.runs.execute import Task, execute
from graphprune.runs.ledger import Ledger
from graphprune.runs.record import RunRecord, to_frame
from graphprune.runs.setup import Setup
from graphprune.studies.edges_arms import (
    AT_INIT,
    COMPARED,
    EDGES,
    FIXED,
    GRID,
    METHOD_OF,
    PER_LAYER,
    RANDOM,
    RANDOM_AT_INIT,
    REGULAR,
    RGP,
    WEIGHTS,
)
from graphprune.studies.edges_trail import Trail, final
from graphprune.studies.rgp_graphs import KINDS

NO_NORM = "-"


@dataclass(frozen=True)
class Arm:
    """A task and where it stands: its part, norm ("-" without one), share p and interval k."""

    task: Task
    norm: str
    p: float
    k: int

    @property
    def key(self) -> str:
        """What tells the trainings of one job apart."""
        task = self.task
        parts = (task.block, task.arm, self.norm, self.p, self.k, task.search_seed, task.seed)
        return "/".join(map(str, parts))


@dataclass(frozen=True)
class Job:
    """One network: its setup, the nodes of its graph, and the config's ``edges`` block."""

    setup: Setup
    nodes: int
    block: Mapping[str, Any]

    @property
    def norm(self) -> str:
        """The norm that all but the table of norms uses: the first in the config."""
        return str(self.block["norms"][0])

    def reached(self, p: float, k: int, floor: float = 1.0) -> float:
        """Share of the edges that is gone when training ends."""
        setup = self.setup
        iterations = setup.recipe.iterations(len(setup.splits["train"]))
        return every(floor, iterations, p=p, k=k).events[-1].sparsity

    def arm(
        self, name: str, part: str, seed: int, p: float, k: int, norm: str = NO_NORM, **more: Any
    ) -> Arm:
        """Arm `name` with edges pruned p of the rest every k steps; `more`: of the task.

        Its level is the share of edges that its schedule ends at.
        """
        options: dict[str, Any] = {"aggregate": NORMS[norm]} if norm != NO_NORM else {}
        if name == RANDOM_AT_INIT:
            options |= {"schedule": "at_init"}
        elif name in (EDGES, PER_LAYER, RANDOM, WEIGHTS):
            options |= {"schedule_options": {"p": p, "k": k}}
        if name == PER_LAYER:
            options |= {"shared": False}
        asked = {"sparsity": 1.0, "level": self.reached(p, k), "graph": "", **more}
        task = Task(
            arm=name,
            method=METHOD_OF[name],
            scope=self.block["scope"],
            seed=seed,
            block=part,
            nodes=self.nodes,
            options=options,
            **asked,
        )
        return Arm(task, norm, p, k)


def grid(job: Job) -> list[Arm]:
    """Every (P, K) until training ends or the floor, and every P down to one sparsity at one K."""
    chosen, fixed = job.block["grid"], job.block["fixed"]
    arms = [
        job.arm(EDGES, GRID, seed, p, k, job.norm, **_floored(job, p, k, chosen["floor"]))
        for k in chosen["k"]
        for p in chosen["p"]
        for seed in job.block["seeds"]
    ]
    for p in reaching(job):
        more = {"sparsity": fixed["sparsity"], "level": fixed["sparsity"]}
        arms += [
            job.arm(EDGES, FIXED, seed, p, fixed["k"], job.norm, **more)
            for seed in job.block["seeds"]
        ]
    return arms


def _floored(job: Job, p: float, k: int, floor: float) -> dict[str, float]:
    return {"sparsity": floor, "level": job.reached(p, k, floor)}


def reaching(job: Job) -> list[float]:
    """The shares P that reach the fixed sparsity before training ends; UserError below two."""
    fixed, shares = job.block["fixed"], job.block["grid"]["p"]
    found = [p for p in shares if job.reached(p, fixed["k"]) >= fixed["sparsity"]]
    if len(found) < 2:
        raise UserError(
            f"config key edges.fixed: of the shares {shares} only {found} reach the sparsity "
            f"{fixed['sparsity']} with k = {fixed['k']} before training ends, and two are needed "
            "for a slope; lower k or the sparsity, or train longer"
        )
    return found


def compared(job: Job, ledger: Ledger) -> list[tuple[Arm, RunRecord, list[dict[str, Any]]]]:
    """Norms, scopes, pruning at initialisation and all baselines at the chosen (P, K)."""
    found = []
    cells = [(cell["p"], cell["k"]) for cell in job.block["compared"]]
    for p, k in cells:
        lead = [job.arm(EDGES, COMPARED, seed, p, k, job.norm) for seed in job.block["seeds"]]
        done = observed(lead, job, ledger, f"edge pruning with P = {p:g}, K = {k}")
        arms = list(_beside(job, p, k))
        # As many weights as edge pruning has left on the same seed: known only now.
        arms += [
            job.arm(WEIGHTS, COMPARED, record.seed, p, k, sparsity=record.sparsity)
            for _, record, _ in done
            if not record.failure
        ]
        found += done + observed(arms, job, ledger, f"what stands beside P = {p:g}, K = {k}")
    return found


def _beside(job: Job, p: float, k: int) -> Iterator[Arm]:
    level = job.reached(p, k)
    norms = job.block["norms"]
    for place, seed in enumerate(job.block["seeds"]):
        for norm in norms[1:]:
            yield job.arm(EDGES, COMPARED, seed, p, k, norm)
        for norm in norms:
            yield job.arm(AT_INIT, COMPARED, seed, p, k, norm, sparsity=level)
        yield job.arm(PER_LAYER, COMPARED, seed, p, k, job.norm)
        yield job.arm(RANDOM, COMPARED, seed, p, k)
        yield job.arm(RANDOM_AT_INIT, COMPARED, seed, p, k, sparsity=level)
        yield from _regular(job, p, k, place, seed)


def _regular(job: Job, p: float, k: int, place: int, seed: int) -> Iterator[Arm]:
    """RGP's graph and a random regular one, of the degree next to the mean degree that is left."""
    degree = nearest_degree(job.nodes, job.reached(p, k))
    for name in (RGP, REGULAR):
        graph = KINDS[name][0](job.nodes, degree, place) if degree else None
        if graph is None:
            continue
        psi = graph.adjacency.copy()
        psi[range(job.nodes), range(job.nodes)] = True  # edge pruning keeps all self-loops
        more: dict[str, Any] = {"sparsity": 1 - float(psi.mean())}
        more |= {"graph": f"{name} {job.nodes}_{degree} {place}"}
        yield job.arm(name, COMPARED, seed, p, k, psi=psi, **more)


def nearest_degree(n: int, sparsity: float) -> int | None:
    """The degree k of the k-regular graph on n nodes with about as many edges as are left.

    None where the mean degree lies below 2: no such graph is connected.
    """
    mean = 2 * kept_count(n * (n - 1) // 2, sparsity) / n
    if mean < 2:
        return None
    return min((k for k in range(2, n) if _exists(n, k)), key=lambda k: (abs(k - mean), k))


def _exists(n: int, k: int) -> bool:
    try:
        check_degree(n, k)
    except UserError:
        return False
    return True


def observed(
    arms: Sequence[Arm], job: Job, ledger: Ledger, what: str
) -> list[tuple[Arm, RunRecord, list[dict[str, Any]]]]:
    """Each arm with its record and its trail, from the ledger where the job has them already."""
    found = []
    for arm in progress(arms, len(arms), what):
        row = ledger.get(arm.key)
        if row is None:
            shared = arm.task.arm != PER_LAYER
            trail = Trail(job.setup, job.nodes, shared, arm.key)
            record = execute(arm.task, job.setup, ledger.checkpoint(arm.key), trail)
            row = {"record": record.to_dict(), "seen": trail.seen}
            ledger.add(arm.key, row)
        found.append((arm, RunRecord(**row["record"]), row["seen"]))
    return found


def tables(
    found: Sequence[tuple[Arm, RunRecord, list[dict[str, Any]]]], job: Job, network: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(one row a training: its record, norm, p, k and `edges_trail.final`; one row an event)."""
    runs = to_frame(record for _, record, _ in found)
    more = [
        {"network": network, "nodes": job.nodes, "norm": arm.norm, "p": arm.p, "k": arm.k}
        | final(seen)
        for arm, _, seen in found
    ]
    runs = pd.concat([runs, pd.DataFrame(more)], axis=1)
    keys = ("block", "arm", "seed")
    trail = pd.DataFrame(
        [
            {name: getattr(arm.task, name) for name in keys}
            | {"network": network, "norm": arm.norm, "p": arm.p, "k": arm.k}
            | row
            for arm, _, seen in found
            for row in seen
        ]
    )
    return runs, trail


def trained(part: str, job: Job, network: str, ledger: Ledger) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both `tables` of part "grid" or "compared"."""
    if part == COMPARED:
        return tables(compared(job, ledger), job, network)
    return tables(observed(grid(job), job, ledger, "the grid of P and K"), job, network)


def without_test(job: Job) -> Job:
    """The same job for whoever makes choices: the test set is out of sight."""
    return replace(job, setup=job.setup.without_test())
