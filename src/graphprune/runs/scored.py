"""What was measured of the weights of one trained network, as a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphprune.errors import UserError
from graphprune.files import read_arrays, write_arrays

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Scored:
    """Curvature of every weight and what its controls need, tensor name -> array of its shape.

    per_class: examples of each class, one entry a measurement. lower, upper: bounds on the
    curvature, with the entries of per_class in front (equal where it is exact). dead: whether
    for no example both units of an edge are active. norms: of the weight's inputs over the
    examples. failure: why there are no arrays, or "".
    """

    per_class: tuple[int, ...]
    lower: Arrays
    upper: Arrays
    dead: Arrays
    norms: Arrays
    failure: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tensors, in module order."""
        return tuple(self.lower)

    def interval(self, per_class: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """(lower, upper) for so many examples of each class; UserError if not measured."""
        if per_class not in self.per_class:
            raise UserError(
                f"curvature was not measured with {per_class} examples a class, only with "
                f"{', '.join(map(str, self.per_class))}"
            )
        at = self.per_class.index(per_class)
        return (
            {name: self.lower[name][at] for name in self.names},
            {name: self.upper[name][at] for name in self.names},
        )

    def save(self, path: str | Path) -> None:
        """Write as npz."""
        kinds = {"lower": self.lower, "upper": self.upper, "dead": self.dead, "norms": self.norms}
        arrays = {f"{kind}:{n}": a for kind, found in kinds.items() for n, a in found.items()}
        named = np.array(self.names or [""])
        counts, failure = np.array(self.per_class, np.int64), np.array(self.failure)
        write_arrays(path, per_class=counts, failure=failure, names=named, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Scored":
        """What `save` wrote; UserError if the file is damaged."""
        arrays = read_arrays(path)
        names = [str(name) for name in arrays["names"] if name]
        lower, upper, dead, norms = (
            {name: arrays[f"{kind}:{name}"] for name in names}
            for kind in ("lower", "upper", "dead", "norms")
        )
        counts = tuple(int(count) for count in arrays["per_class"])
        return cls(counts, lower, upper, dead, norms, str(arrays["failure"]))
