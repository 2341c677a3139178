"""Is the graph identifiable at all? What is trained to tell masks from seeds."""

from collections.abc import Iterator, Sequence

from graphprune.masks.database import MaskDatabase, mask_name
from graphprune.runs.execute import Task

BLOCK = "identifiability"


def tasks(
    databases: Sequence[MaskDatabase],
    masks: int,
    scope: str | tuple[str, ...],
    seeds: Sequence[int],
) -> Iterator[Task]:
    """The first `masks` masks of each database, every one of them on every seed.

    The design is crossed: all masks share the seeds, so what a seed does to every network
    alike can be told from what a mask does. The arm is the database's source. UserError if a
    database holds fewer masks.
    """
    for database in databases:
        sparsity = database.parameters["sparsity"]
        for number, psi in enumerate(database.masks(range(masks))):
            for seed in seeds:
                yield Task(
                    arm=database.parameters["source"],
                    method="block_mask",
                    sparsity=sparsity,
                    scope=scope,
                    seed=seed,
                    level=sparsity,
                    block=BLOCK,
                    graph=mask_name(number),
                    psi=psi,
                )
