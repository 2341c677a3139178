"""Neural curvature by its definition: networkx finds the paths of the unrolled graph, POT moves
all the mass of every edge. Slow, and sharing nothing with the code it judges but the reading of
the network."""

import math

import networkx as nx
import numpy as np
import ot
import torch
from torch import nn

from graphprune.pruning.curvature_chain import Layer, Transition, read_chain

Unit = tuple[int, int, int, int]  # layer, channel, row, column

# Name -> (shape of an input, builder).
NETS = {
    "linear": (
        (5,),
        lambda: nn.Sequential(
            nn.Linear(5, 7),
            nn.ReLU(),
            nn.Linear(7, 6),
            nn.ReLU(),
            nn.Linear(6, 5),
            nn.ReLU(),
            nn.Linear(5, 3),
        ),
    ),
    "wide": (
        (12,),
        lambda: nn.Sequential(
            nn.Linear(12, 16),
            nn.ReLU(),
            nn.Linear(16, 14),
            nn.ReLU(),
            nn.Linear(14, 12),
            nn.ReLU(),
            nn.Linear(12, 4),
        ),
    ),
    "tanh": (
        (5,),
        lambda: nn.Sequential(
            nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3)
        ),
    ),
    "unpadded": (
        (1, 9, 9),
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, 3),
            nn.ReLU(),
            nn.Conv2d(2, 3, 3, stride=2),
            nn.ReLU(),
            nn.Conv2d(3, 2, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8, 3),
        ),
    ),
    "padded": (
        (2, 5, 6),
        lambda: nn.Sequential(
            nn.Conv2d(2, 2, 3, padding=1),
            nn.BatchNorm2d(2),
            nn.ReLU(),
            nn.Conv2d(2, 3, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(3, 2, 3, padding=(1, 0)),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(40, 2),
        ),
    ),
    "padded strided": (
        (1, 7, 8),
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, (3, 4), stride=2, padding=2),
            nn.Tanh(),
            nn.Conv2d(2, 2, 3, stride=(2, 1), padding=1),
            nn.Tanh(),
            nn.Conv2d(2, 2, 3, padding=2),
            nn.Tanh(),
            nn.Conv2d(2, 2, 1, stride=2, padding=1),
            nn.Tanh(),
            nn.Flatten(),
            nn.LazyLinear(3),
        ),
    ),
}


def net(name: str, seed: int = 0) -> tuple[nn.Module, torch.Tensor]:
    """The net and two examples, both drawn from `seed`."""
    shape, build = NETS[name]
    torch.manual_seed(seed)
    examples = torch.randn(2, *shape)
    model = build().double().eval()
    model(examples.double())
    with torch.no_grad():  # so that no layer is wholly dead
        for module in model[:-1]:
            if getattr(module, "bias", None) is not None:
                module.bias += 0.3
    return model, examples


def unrolled(chain: list[Transition]) -> tuple[nx.DiGraph, dict[tuple[Unit, Unit], tuple]]:
    """The graph of units, lengths 1/|w|, and each edge's index in its weight tensor."""
    graph, places = nx.DiGraph(), {}
    for t, transition in enumerate(chain):
        (stride_y, stride_x), (pad_y, pad_x) = transition.stride, transition.padding
        for place in np.ndindex(transition.weight.shape):
            out, into, ky, kx = place
            if transition.weight[place] == 0:
                continue
            for y, x in np.ndindex(transition.target[1:]):
                row, column = stride_y * y - pad_y + ky, stride_x * x - pad_x + kx
                if 0 <= row < transition.source[1] and 0 <= column < transition.source[2]:
                    u, v = (t, into, row, column), (t + 1, out, y, x)
                    graph.add_edge(u, v, length=1 / transition.weight[place])
                    places[u, v] = place
    return graph, places


def masses(units: list[Unit], layer: Layer, example: int, rest: Unit, alpha: float):
    """{unit: mass}: `alpha` on `rest`, what is left by activation on the active of `units`."""
    values = {unit: layer.values[example][unit[1:]] for unit in units}
    active = {unit: a for unit, a in values.items() if a > 0}
    if not active:
        return {rest: 1.0}
    weights = {unit: math.exp(-1 / a**2) for unit, a in active.items()}
    if sum(weights.values()) <= 1e-7:
        weights = dict.fromkeys(active, 1.0)
    total = sum(weights.values())
    return {rest: alpha, **{unit: (1 - alpha) * w / total for unit, w in weights.items()}}


def defined(
    chain: list[Transition], layers: list[Layer], example: int, alpha: float, revive: bool = True
) -> list[np.ndarray]:
    """Per transition the least curvature of each weight over positions, by the definition."""
    graph, places = unrolled(chain)
    reach = dict(nx.all_pairs_dijkstra_path_length(graph, weight="length"))
    last = len(chain) - 1
    found = [np.full(t.weight.shape, np.inf) for t in chain]
    for u, v in graph.edges:
        t = u[0]
        interior = 0 < t < last
        dead_u = t > 0 and layers[t].dead[example][u[1:]]
        dead_v = t < last and layers[t + 1].dead[example][v[1:]]
        if dead_u or dead_v:
            value = 1.0
        else:
            slope_u, slope_v = (layers[w[0]].slopes[example][w[1:]] for w in (u, v))
            length = graph.edges[u, v]["length"] / (min(slope_u, slope_v) if interior else slope_v)
            sources, readers = list(graph.predecessors(u)), list(graph.successors(v))
            mu = masses(sources, layers[t - 1], example, u, alpha) if t > 0 else {u: 1.0}
            nu = masses(readers, layers[t + 2], example, v, alpha) if t < last else {v: 1.0}
            cost = np.array([[length if (p, q) == (u, v) else reach[p][q] for q in nu] for p in mu])
            moved = ot.emd2(np.array([*mu.values()]), np.array([*nu.values()]), cost)
            value = (1 - moved / length) / (1 - alpha)
        if revive and interior and abs(value - 1) <= 1e-6:
            value = 2.0
        place = places[u, v]
        found[t][place] = min(found[t][place], value)
    return [
        np.where(np.isinf(values), 2.0 if 0 < t < last else 1.0, values)
        for t, values in enumerate(found)
    ]


def defined_scores(model: nn.Module, examples, alpha: float = 0.9, **options) -> dict:
    """Tensor name -> curvature over all examples, in the tensor's shape."""
    chain, layers = read_chain(model, examples, **options)
    every = [defined(chain, layers, example, alpha) for example in range(len(examples))]
    return {
        t.name: np.min([found[i] for found in every], axis=0).reshape(t.shape)
        for i, t in enumerate(chain)
    }
