"""Neural curvature: exact scores of a LeNet-like net against a loop over edges, and VGG9's cut.

One thread, seconds of CPU time, everything in one run. The loop is what spec and paper say, edge by
edge: it puts the masses on both ends and their neighbours, fills the whole cost matrix from known
distances and calls POT (`ot.emd2`). It is timed on a sample of live interior edges (neither end
dead, neither the first nor the last transition), so many of each transition, and scaled to all of
them; dead edges and the two outer transitions, which need no solver, are given to it for nothing.
Ours is everything: the distances, all edges of all transitions, the least over examples. With more
examples ours gets cheaper, since an edge is solved only where it may lower the least so far; the
loop cannot know that. Where it and ours are both exact for one edge (linear layers, one example)
their values are compared.

VGG9: bounds of all weights, the base transports they rest on (one a pair of positions; there are
43 million edges), and the exact decision which weights a cut at some sparsities removes.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch reads it
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import ot
import torch
from torch import Tensor, nn

from graphprune.data.batches import Batches, ChannelScaling, DeviceSplit
from graphprune.data.digits import load
from graphprune.data.resize import resized
from graphprune.data.stored import open_dataset
from graphprune.masks.mask import Masks
from graphprune.models.build import build_model
from graphprune.models.init import initialise
from graphprune.pruning.curvature import Settings, correct_examples, neural_curvature
from graphprune.pruning.curvature_chain import Layer, Transition, read_chain
from graphprune.pruning.curvature_decide import decide
from graphprune.pruning.curvature_scene import Scene, scenes
from graphprune.pruning.curvature_work import Work
from graphprune.training.loop import State, train
from graphprune.training.recipe import Recipe

CLASSES = 10
ALPHA = 0.9  # idleness, as published


def trained(
    name: str, data: Path | None, shape: tuple[int, int, int], epochs: int, most: int
) -> tuple[nn.Module, Tensor, Tensor]:
    """A network trained on at most `most` images, and the test images and labels.

    data: a stored data set, or None for the digits.
    """
    found = open_dataset(data) if data else load(Path(), None, None)
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(found.train_labels), generator=generator)[:most].numpy()

    def split(images: np.ndarray, labels: np.ndarray) -> DeviceSplit:
        pixels = resized(torch.from_numpy(np.array(images)), shape[1])
        return DeviceSplit(pixels.expand(-1, shape[0], -1, -1), torch.from_numpy(labels))

    training = split(found.train_images[np.sort(chosen)], found.train_labels[np.sort(chosen)])
    test = split(found.test_images[:2000], found.test_labels[:2000])
    pixels = training.images.float() / 255
    scaling = ChannelScaling(
        tuple(pixels.mean((0, 2, 3)).tolist()), tuple(pixels.std((0, 2, 3)).tolist())
    )
    model = build_model(name, shape, CLASSES)
    initialise(model, seed=0)
    recipe = Recipe("adam", learning_rate=0.001, epochs=epochs, batch_size=64)
    state = State(model, recipe.optimiser_for(model), Masks({}), generator)
    train(state, Batches(training, 64, scaling=scaling), recipe)
    images, labels = next(Batches(test, len(test), scaling=scaling).epoch(None))
    model.eval()
    with torch.no_grad():
        right = (model(images).argmax(1) == labels).double().mean()
    source = data.name if data else f"digits, resized to {shape[1]}"
    print(f"{name} on {source}: {epochs} epochs, {len(training)} images, {right:.1%} right")
    return model, images, labels


class Loop:
    """The curvature of single edges by its definition, distances known."""

    def __init__(self, model: nn.Module, examples: Tensor) -> None:
        chain, layers = read_chain(model, examples)
        self.hops = [_unrolled(transition) for transition in chain]
        pairs = zip(self.hops[:-1], self.hops[1:], strict=True)
        self.twos = [_min_plus(one, other) for one, other in pairs]
        self.threes = [
            _min_plus(two, hop) for two, hop in zip(self.twos, self.hops[2:], strict=False)
        ]
        self.values = [layer.values.reshape(len(examples), -1) for layer in layers]
        self.interior = range(1, len(chain) - 1)
        self.names = [transition.name for transition in chain]

    def live(self, t: int, example: int) -> np.ndarray:
        """(edges, 2): the units u and v of all edges of transition t between active units."""
        u, v = (self.values[layer][example] > 0 for layer in (t, t + 1))
        return np.argwhere(np.isfinite(self.hops[t]) & u[:, None] & v)

    def curvature(self, t: int, example: int, u: int, v: int) -> float:
        sources = np.flatnonzero(np.isfinite(self.hops[t - 1][:, u]))
        readers = np.flatnonzero(np.isfinite(self.hops[t + 1][v]))
        sources, mu = _masses(self.values[t - 1][example], sources)
        readers, nu = _masses(self.values[t + 2][example], readers)
        length = self.hops[t][u, v]
        cost = np.empty((len(mu), len(nu)))
        cost[:-1, :-1] = self.threes[t - 1][np.ix_(sources, readers)]
        cost[:-1, -1] = self.twos[t - 1][sources, v]
        cost[-1, :-1] = self.twos[t][u, readers]
        cost[-1, -1] = length
        return (1 - ot.emd2(mu, nu, cost) / length) / (1 - ALPHA)


def _unrolled(transition: Transition) -> np.ndarray:
    """(units, units) lengths 1/|w|, infinite where there is no edge."""
    units = int(np.prod(transition.source))
    every = torch.eye(units, dtype=torch.float64).reshape(units, *transition.source)
    weight = torch.from_numpy(transition.weight)
    out = nn.functional.conv2d(every, weight, None, transition.stride, transition.padding)
    with np.errstate(divide="ignore"):
        return 1 / out.reshape(units, -1).numpy()


def _min_plus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.array([(row[:, None] + right).min(0) for row in left])


def _masses(values: np.ndarray, neighbours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Active neighbours, and the masses on them and on the edge's end (the last)."""
    active = neighbours[values[neighbours] > 0]
    weights = np.exp(-1 / values[active] ** 2)
    if weights.sum() <= 1e-7:
        weights = np.ones(len(active))
    return active, np.append((1 - ALPHA) * weights / weights.sum(), ALPHA)


def lenet(model: nn.Module, images: Tensor, labels: Tensor, counts: list[int], sample: int) -> None:
    chosen = images[correct_examples(model, images, labels, max(1, max(counts) // CLASSES))]
    neural_curvature(model, chosen[:1])  # compiled, or read from the cache
    head = f"{'examples':>9}{'live interior edges':>21}{'sampled':>9}{'loop ms/edge':>14}"
    print(head + f"{'loop s':>10}{'ours s':>9}{'ours s/example':>16}{'ratio':>8}")
    for count in counts:
        examples = chosen[:count]
        start = time.process_time()
        found = neural_curvature(model, examples)
        ours = time.process_time() - start
        loop = Loop(model, examples)
        edges, seconds, timed = timed_loop(loop, count, sample)
        print(
            f"{count:>9}{edges:>21,}{timed:>9,}{seconds / edges * 1e3:>14.3f}{seconds:>10.1f}"
            f"{ours:>9.2f}{ours / count:>16.3f}{seconds / ours:>7.1f}×"
        )
        if count == 1:
            off = difference(loop, found.scores(), sample)
            print(f"{'':>9}largest difference of the two, linear layers: {off:.1e}")


def timed_loop(loop: Loop, examples: int, sample: int) -> tuple[int, float, int]:
    """(live interior edges, seconds of the loop over all of them, how many were timed)."""
    rng = np.random.default_rng(0)
    total, seconds, timed = 0, 0.0, 0
    for t in loop.interior:
        live = [loop.live(t, x) for x in range(examples)]
        number = np.array([len(edges) for edges in live])
        total += number.sum()
        # Of each example its share of the sample, so that the mean is over all edges alike.
        draws = rng.multinomial(sample, number / number.sum())
        start, done = time.process_time(), 0
        for x, draw in enumerate(draws):
            for u, v in live[x][rng.integers(len(live[x]), size=draw)]:
                loop.curvature(t, x, u, v)
                done += 1
        seconds += (time.process_time() - start) / done * number.sum()
        timed += done
    return int(total), seconds, timed


def difference(loop: Loop, scores: dict[str, Tensor], sample: int) -> float:
    """The largest over sampled edges of linear layers, example 0."""
    rng, largest = np.random.default_rng(1), 0.0
    for t in loop.interior:
        score = scores[loop.names[t]]
        if score.ndim != 2:
            continue
        edges = loop.live(t, 0)
        for u, v in edges[rng.integers(len(edges), size=sample)]:
            largest = max(largest, abs(loop.curvature(t, 0, u, v) - float(score[v, u])))
    return largest


def vgg(model: nn.Module, images: Tensor, budget: int) -> None:
    """The first images are the examples: after a short training few are classified correctly."""
    rows = []
    for name, settings in (("bounds + transports", Settings("bounds")),):
        start = time.process_time()
        found = neural_curvature(model, images, settings)
        rows.append((name, time.process_time() - start))
    start = time.process_time()
    chain, layers = read_chain(model, images)
    made = scenes(chain)
    rows.append(("of it: distances", time.process_time() - start))
    relay = Transportless(made, layers)
    start = time.process_time()
    for t in range(len(made)):
        for x in range(len(images)):
            relay.bound(t, x)
    rows.append(("of it: relay bounds", time.process_time() - start))
    for name, seconds in rows:
        print(f"{name:<22}{seconds:>9.2f} s{seconds / len(images):>9.2f} s/example")
    lower, upper = found.interval()
    known = np.mean(np.concatenate([(lower[n] == upper[n]).ravel() for n in lower]))
    print(f"weights that the bounds settle: {known:.1%}; memory {_gigabytes():.2f} GB")
    print(f"{'sparsity':>9}{'made exact':>12}{'undecided':>11}{'seconds':>9}{'memory GB':>11}")
    for sparsity in (0.5, 0.8, 0.95):
        start = time.process_time()
        cut = decide(found, sparsity, budget=budget)
        seconds = time.process_time() - start
        print(
            f"{sparsity:>9}{cut.resolved:>12,}{cut.undecided:>11.3%}{seconds:>9.1f}"
            f"{_gigabytes():>11.2f}"
        )


class Transportless:
    """The bounds that need no transport: closed forms and what the relay alone costs."""

    def __init__(self, made: list[Scene], layers: list[Layer]) -> None:
        self.work = Work(made, layers, ALPHA, exact=False, revive=True)

    def bound(self, t: int, example: int) -> None:
        """As `bounds`, but below a ceiling under which nothing can lie."""
        nowhere = np.full(self.work.scenes[t].inverse.shape, -np.inf)
        self.work.layer((t, example)).bounds(exact=False, ceiling=nowhere)


def _gigabytes() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="stored MNIST (default: the digits, resized)")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--examples", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--sample", type=int, default=300, help="edges timed a transition")
    parser.add_argument("--vgg-data", type=Path, help="stored CIFAR-10 (default: the digits)")
    parser.add_argument("--vgg-images", type=int, default=2000, help="that VGG9 is trained on")
    parser.add_argument("--vgg-examples", type=int, default=1)
    parser.add_argument("--budget", type=int, default=2000, help="weights made exact a cut")
    parser.add_argument("--only", choices=("lenet", "vgg"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.only != "vgg":
        network = trained("lenet_like", options.data, (1, 28, 28), options.epochs, 60_000)
        lenet(*network, options.examples, options.sample)
    if options.only != "lenet":
        model, images, _ = trained("vgg9", options.vgg_data, (3, 32, 32), 1, options.vgg_images)
        vgg(model, images[: options.vgg_examples], options.budget)


if __name__ == "__main__":
    main()
