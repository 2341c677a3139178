"""The trainings behind BoGP's Figures 5–7: every small graph on every seed."""

from collections.abc import Iterator, Sequence

from graphprune.graphs.atlas import graph_name
from graphprune.graphs.relational import RelationalGraph
from graphprune.runs.execute import Task

BLOCK = "five nodes"


def tasks(graphs: Sequence[RelationalGraph], seeds: Sequence[int]) -> Iterator[Task]:
    """Every graph on every seed: its mask on all matrices but the first and the last.

    level is the density of the graph's mask, self-loops included, and the sparsity asked for
    is what is left to 1. The complete graph asks for nothing: it is the dense network. Seeds
    are shared by the graphs, so that these differ in the mask alone (BoGP §3).
    """
    for number, graph in enumerate(graphs):
        psi, name = graph.to_mask(), graph_name(number)
        density = float(psi.mean())
        for seed in seeds:
            yield Task(
                arm=name,
                method="block_mask",
                sparsity=1 - density,
                scope="inner",
                seed=seed,
                level=density,
                block=BLOCK,
                graph=name,
                psi=psi,
            )
