"""The mask database: masks of one sparsity, or of several, with their graphs' properties."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.files import damaged, read_table, write_table

_PARAMETERS = ("source", "n", "sparsity", "count", "seed", "properties")


_NAME = "mask "


def mask_name(id: int) -> str:
    """What the mask of a database row is called in run records."""
    return f"{_NAME}{id}"


def mask_id(name: str) -> int:
    """The database row behind `mask_name`."""
    return int(name.removeprefix(_NAME))


@dataclass(frozen=True, eq=False)
class MaskDatabase:
    """Ψ_s of BoGP Algorithm 1, or the Ψ over several sparsities of Algorithm 4.

    parameters: source, n, sparsity (asked: a number, the [low, high] that every mask's own
    was drawn from, or the levels of the databases that were `pooled`), count, seed,
    properties (list of names).
    table: one row a mask: id (its position), seed (`build_database.drawn` draws the mask
    again from it alone), sparsity (got: share of zeros), mask (bytes of ``numpy.packbits``),
    connected, and a column for each property.
    """

    parameters: dict[str, Any]
    table: pd.DataFrame

    @classmethod
    def pooled(cls, databases: Sequence["MaskDatabase"]) -> "MaskDatabase":
        """All masks of several databases, each of one sparsity, as one (BoGP Algorithm 4).

        The masks come by rising sparsity, with ids 0 …, and keep their seeds. parameters:
        sparsity is the sorted list of the levels, count the sum, seed that of the databases
        (a list where they differ). A single database, which may be one over a range, is
        returned as it is. UserError if there are none, if source, n or properties differ, or
        if one of several has a range for its sparsity or the same sparsity as another.
        """
        _check_pool([database.parameters for database in databases])
        if len(databases) == 1:
            return databases[0]
        parts = sorted(databases, key=lambda database: database.parameters["sparsity"])
        table = pd.concat([part.table for part in parts], ignore_index=True)
        seeds = [part.parameters["seed"] for part in parts]
        changed = {
            "sparsity": [part.parameters["sparsity"] for part in parts],
            "count": len(table),
            "seed": seeds[0] if len(set(seeds)) == 1 else seeds,
        }
        return cls({**parts[0].parameters, **changed}, table.assign(id=np.arange(len(table))))

    def __len__(self) -> int:
        return len(self.table)

    def masks(self, ids: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """The masks of these ids in the order given, (k, n, n) bool; all masks by default."""
        chosen = np.arange(len(self)) if ids is None else np.asarray(ids, dtype=np.int64)
        unknown = chosen[(chosen < 0) | (chosen >= len(self))]
        if unknown.size:
            raise UserError(
                f"mask id {unknown[0]} is not in the database; its ids are 0 … {len(self) - 1}"
            )
        n = self.parameters["n"]
        packed = b"".join(self.table["mask"].iloc[chosen])
        octets = np.frombuffer(packed, dtype=np.uint8).reshape(len(chosen), -(-n * n // 8))
        return np.unpackbits(octets, axis=1, count=n * n).reshape(-1, n, n).astype(bool)

    def mask(self, id: int) -> np.ndarray:
        """The mask of one id, (n, n) bool."""
        return self.masks([id])[0]

    def properties(self) -> pd.DataFrame:
        """The property vectors: one row a mask, one column a property."""
        return self.table[list(self.parameters["properties"])]

    def save(self, path: str | Path) -> None:
        """Write the database as one Parquet file, whole or not at all."""
        write_table(path, self.table, self.parameters)

    @classmethod
    def load(cls, path: str | Path, expected: Mapping[str, Any] | None = None) -> "MaskDatabase":
        """Read what `save` wrote.

        UserError if the file is damaged or no mask database, or if any parameter named in
        `expected` differs from the one it was built with.
        """
        table, parameters = read_table(path)
        if sorted(parameters) != sorted(_PARAMETERS):
            raise damaged(path, "it is a table, but not a mask database")
        wanted = plain(expected or {})
        differing = [key for key in wanted if parameters.get(key) != wanted[key]]
        if differing:
            found = "; ".join(
                f"{key} is {parameters.get(key)!r}, expected {wanted[key]!r}" for key in differing
            )
            raise UserError(
                f"{path} holds another mask database: {found}. "
                "Delete it and run again to build the one asked for, or correct the config."
            )
        return cls(parameters, table)


def _check_pool(pool: Sequence[Mapping[str, Any]]) -> None:
    if not pool:
        raise UserError("a pool needs at least one mask database; none was given")
    for key in ("source", "n", "properties"):
        found = [parameters[key] for parameters in pool]
        if any(value != found[0] for value in found):
            raise UserError(
                f"mask databases to pool must have the same {key}, found "
                f"{' and '.join(str(value) for value in found)}; build them alike"
            )
    levels = [parameters["sparsity"] for parameters in pool]
    ranges = any(isinstance(level, list) for level in levels)
    if len(pool) > 1 and (ranges or len(set(levels)) < len(levels)):
        raise UserError(
            f"mask databases to pool must each have one sparsity of their own, found {levels}; "
            "one whose sparsity is a range is a pool by itself"
        )


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As read back from a file: tuples are lists, NumPy numbers are Python's."""
    return json.loads(json.dumps(dict(parameters), default=lambda value: value.item()))
