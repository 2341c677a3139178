"""The mask database: many masks of one sparsity with the properties of their graphs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.files import damaged, read_table, write_table
from graphprune.graphs.properties import PROPERTIES, connected, graph_properties
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks.sources import SOURCES, number_of_masks
from graphprune.registry import resolve

_CHUNK = 256  # masks unpacked together while a database is built
_PARAMETERS = ("source", "n", "sparsity", "count", "seed", "properties")


@dataclass(frozen=True, eq=False)
class MaskDatabase:
    """Ψ_s of BoGP Algorithm 1.

    parameters: source, n, sparsity (asked), count, seed, properties (list of names).
    table: one row a mask: id (its position), seed (the mask is drawn again from
    ``default_rng(seed)`` alone), sparsity (got: share of zeros), mask (bytes of
    ``numpy.packbits``), connected, and a column for each property.
    """

    parameters: dict[str, Any]
    table: pd.DataFrame

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
        wanted = _plain(expected or {})
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


def build(
    source: str,
    n: int,
    sparsity: float,
    count: int,
    seed: int,
    properties: Sequence[str] = PROPERTIES,
) -> MaskDatabase:
    """`count` distinct masks of `source` with their graph properties (BoGP Algorithm 1).

    The first masks of a longer database of equal source, n, sparsity and seed are the same.
    UserError if the numbers are out of range or there are fewer than `count` such masks.
    """
    n, sparsity, count, seed = int(n), float(sparsity), int(count), int(seed)
    _check(source, n, sparsity, count)
    seeds, packed = _distinct_masks(source, n, sparsity, count, seed)
    table = pd.DataFrame({"id": np.arange(count), "seed": seeds})
    kept = np.array([np.bitwise_count(np.frombuffer(p, np.uint8)).sum(dtype=int) for p in packed])
    table["sparsity"] = (n**2 - kept) / n**2
    table["mask"] = pd.Series(packed, dtype=object)
    parameters = {
        "source": source,
        "n": n,
        "sparsity": sparsity,
        "count": count,
        "seed": seed,
        "properties": properties,
    }
    database = MaskDatabase(_plain(parameters), table)
    parts = []
    for start in range(0, count, _CHUNK):
        masks = database.masks(np.arange(start, min(start + _CHUNK, count)))
        graphs = mask_to_adjacency(masks)
        part = graph_properties(graphs, properties)
        part.insert(0, "connected", connected(graphs))
        parts.append(part)
    columns = pd.concat(parts, ignore_index=True)
    return MaskDatabase(database.parameters, pd.concat([table, columns], axis=1))


def _check(source: str, n: int, sparsity: float, count: int) -> None:
    if n < 1:
        raise UserError(f"a mask database needs n ≥ 1 nodes, found n = {n}")
    if not 0 <= sparsity < 1:
        raise UserError(
            f"the sparsity of a mask database must be at least 0 and below 1, found {sparsity} "
            "(0.9 removes 90 % of the entries)"
        )
    if count < 1:
        raise UserError(f"a mask database needs count ≥ 1 masks, found count = {count}")
    existing = number_of_masks(source, n, sparsity)
    if count > existing:
        raise UserError(
            f"a mask database of {count} distinct masks was asked for, but source '{source}' has "
            f"only {existing} at n = {n}, sparsity {sparsity}. "
            f"Set count ≤ {existing}, or use more nodes."
        )


def _distinct_masks(
    source: str, n: int, sparsity: float, count: int, seed: int
) -> tuple[list[int], list[bytes]]:
    """Seeds and packed masks; a mask that is already there is drawn again."""
    draw = resolve(SOURCES, source, "mask source")
    # Everything that names the distribution enters the seed: with equal streams the masks of
    # two sparsities would be nested in each other.
    name = json.dumps([source, n, sparsity, seed])
    stream = np.random.default_rng(int(hashlib.sha256(name.encode()).hexdigest(), 16))
    masks: dict[bytes, int] = {}
    # Of uniform draws, even the last mask of all is missed this often with chance e^-50.
    patience = 50 * (count + 1)
    duplicates = 0
    while len(masks) < count:
        mask_seed = int(stream.integers(2**63))
        mask = np.packbits(draw(n, sparsity, np.random.default_rng(mask_seed))).tobytes()
        duplicates = duplicates + 1 if mask in masks else 0
        masks.setdefault(mask, mask_seed)
        if duplicates > patience:
            raise UserError(
                f"source '{source}' gave no new mask in {patience} draws: only {len(masks)} of "
                f"the {count} asked for were found at n = {n}, sparsity {sparsity}. "
                "Lower count, or use more nodes."
            )
    return list(masks.values()), list(masks)


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As read back from a file: tuples are lists, NumPy numbers are Python's."""
    return json.loads(json.dumps(dict(parameters), default=lambda value: value.item()))
