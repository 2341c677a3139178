"""Two small networks for the tests of pruning."""

from torch import nn

N = 4  # nodes of the relational graph; no width below is a multiple of it in every layer


def mlp() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(7, 10), nn.ReLU(), nn.Linear(10, 9), nn.ReLU(), nn.Linear(9, 8), nn.Linear(8, 4)
    )


def conv() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(4, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 9, 3),
        nn.BatchNorm2d(9),
        nn.ReLU(),
        nn.Conv2d(9, 8, 1, bias=False),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


INPUTS = {"mlp": (7,), "conv": (4, 5, 5)}
