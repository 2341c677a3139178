"""What is printed in RGP's Tables 1 to 3 (Chen et al. 2021): quoted, not measured here."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd


class Printed(NamedTuple):
    """A row of Table 1: accuracies in %, one number without spread; degree 0 is the dense net."""

    dataset: str
    model: str
    nodes: int
    degree: int
    accuracy: float


_TABLE_1 = {
    ("cifar10", "vgg16"): {0: 93.14, 20: 92.91, 16: 92.76, 10: 92.17, 6: 91.45},
    ("cifar10", "resnet18"): {0: 94.73, 20: 94.53, 16: 94.38, 10: 93.70, 6: 93.05},
    ("cifar100", "vgg16"): {0: 71.83, 20: 71.15, 16: 70.40, 10: 69.33, 6: 67.42},
    ("cifar100", "resnet18"): {0: 77.04, 20: 75.28, 16: 74.80, 10: 72.96, 6: 71.51},
    ("svhn", "vgg16"): {0: 96.09, 20: 95.91, 16: 95.97, 10: 95.77, 6: 95.63},
    ("svhn", "resnet18"): {0: 96.03, 20: 96.14, 16: 96.22, 10: 96.03, 6: 95.86},
}
# Of Tables 2 and 3, rows of the paper's own method: (data set, model, nodes, degree) -> accuracy.
_OWN = {
    ("cifar10", "vgg16", 64, 12): 92.39,
    ("cifar10", "resnet56", 16, 4): 91.50,
    ("imagenet", "resnet50", 64, 36): 75.30,
    ("imagenet", "resnet50", 64, 30): 74.58,
    ("imagenet", "resnet50", 64, 24): 74.07,
    ("imagenet", "resnet50", 64, 16): 72.68,
}
_OTHERS_COLUMNS = ["data set", "model", "method", "accuracy %", "parameters − %", "FLOPs − %"]
# Other methods, as RGP's Tables 2 and 3 quote them from elsewhere.
_OTHERS = [
    ("cifar10", "vgg16", "GAL-0.05", "92.03", "77.6", "39.6"),
    ("cifar10", "vgg16", "HRank (1)", "92.34", "82.1", "65.3"),
    ("cifar10", "vgg16", "GAL-0.1", "90.73", "82.2", "45.2"),
    ("cifar10", "vgg16", "HRank (2)", "91.23", "92.0", "76.5"),
    ("cifar10", "vgg16", "TRP", "91.62", "–", "77.82"),
    ("cifar10", "resnet56", "He et al.", "90.80", "–", "50.6"),
    ("cifar10", "resnet56", "GAL-0.8", "90.36", "65.9", "60.2"),
    ("cifar10", "resnet56", "HRank", "90.72", "68.1", "74.1"),
    ("imagenet", "resnet50", "GAL", "71.95", "16.90", "43.00"),
    ("imagenet", "resnet50", "ThiNet", "72.04", "33.72", "36.80"),
    ("imagenet", "resnet50", "SFP", "74.61", "–", "41.80"),
    ("imagenet", "resnet50", "Taylor", "74.50", "44.50", "44.90"),
    ("imagenet", "resnet50", "Autopruner", "74.76", "–", "48.70"),
    ("imagenet", "resnet50", "C-SGD", "74.93", "–", "46.20"),
    ("imagenet", "resnet50", "HRank-1", "74.98", "36.70", "43.70"),
    ("imagenet", "resnet50", "PFP-A", "75.91", "18.10", "10.80"),
    ("imagenet", "resnet50", "PFP-B", "75.21", "30.10", "44.00"),
    ("imagenet", "resnet50", "HRank-2", "71.98", "62.10", "46.00"),
    ("imagenet", "resnet50", "RRBP", "73.00", "–", "54.50"),
    ("imagenet", "resnet50", "HRank-3", "69.10", "76.04", "67.57"),
    ("imagenet", "resnet50", "Prune-From-Scratch", "72.80", "–", "75.61"),
]
DENSE_IMAGENET = 76.22


def printed() -> Iterator[Printed]:
    """Every accuracy that the paper prints of its own method and of its dense networks."""
    for (dataset, model), by_degree in _TABLE_1.items():
        for degree, accuracy in by_degree.items():
            yield Printed(dataset, model, 64 if degree else 0, degree, accuracy)
    for (dataset, model, nodes, degree), accuracy in _OWN.items():
        yield Printed(dataset, model, nodes, degree, accuracy)
    yield Printed("imagenet", "resnet50", 0, 0, DENSE_IMAGENET)


def printed_accuracy(dataset: str, model: str, nodes: int, degree: int) -> float | None:
    """The printed accuracy in %, or None; nodes and degree 0 for the dense network."""
    for row in printed():
        if row[:4] == (dataset, model, nodes, degree):
            return row.accuracy
    return None


def others() -> pd.DataFrame:
    """Tables 2 and 3 without RGP's own rows: what the paper quotes of others."""
    return pd.DataFrame(_OTHERS, columns=_OTHERS_COLUMNS)
