"""Building a mask database: distinct masks, and the properties of their graphs."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from graphprune.errors import UserError
from graphprune.graphs.properties import connected, graph_properties
from graphprune.graphs.property_names import PROPERTIES
from graphprune.graphs.relational import mask_to_adjacency
from graphprune.masks.database import MaskDatabase, plain
from graphprune.masks.names import SOURCES
from graphprune.masks.sources import number_of_masks
from graphprune.registry import resolve

_CHUNK = 256  # masks unpacked together


def build(
    source: str,
    n: int,
    sparsity: float | Sequence[float],
    count: int,
    seed: int,
    properties: Sequence[str] = PROPERTIES,
) -> MaskDatabase:
    """`count` distinct masks of `source` with their graph properties (BoGP Algorithm 1).

    sparsity: that of every mask, or a pair (low, high), between which each mask has its own
    (`drawn`). The first masks of a longer database of equal source, n, sparsity and seed are
    the same. UserError if the numbers are out of range or there are fewer than `count` such
    masks.
    """
    n, count, seed = int(n), int(count), int(seed)
    asked = _asked(sparsity)
    _check(source, n, asked, count)
    seeds, packed = _distinct_masks(source, n, asked, count, seed)
    table = pd.DataFrame({"id": np.arange(count), "seed": seeds})
    kept = np.array([np.bitwise_count(np.frombuffer(p, np.uint8)).sum(dtype=int) for p in packed])
    table["sparsity"] = (n**2 - kept) / n**2
    table["mask"] = pd.Series(packed, dtype=object)
    parameters = {
        "source": source,
        "n": n,
        "sparsity": asked,
        "count": count,
        "seed": seed,
        "properties": properties,
    }
    database = MaskDatabase(plain(parameters), table)
    parts = []
    for start in range(0, count, _CHUNK):
        masks = database.masks(np.arange(start, min(start + _CHUNK, count)))
        graphs = mask_to_adjacency(masks)
        part = graph_properties(graphs, properties)
        part.insert(0, "connected", connected(graphs))
        parts.append(part)
    columns = pd.concat(parts, ignore_index=True)
    return MaskDatabase(database.parameters, pd.concat([table, columns], axis=1))


def drawn(source: str, n: int, sparsity: float | Sequence[float], seed: int) -> np.ndarray:
    """The mask that a database of these parameters has at a mask's own `seed`, (n, n) bool.

    Of a pair (low, high) the mask's sparsity is drawn first, uniformly, and then the mask
    itself from the same generator, as the source draws one of that sparsity.
    """
    draw = resolve(SOURCES, source, "mask source")
    rng = np.random.default_rng(seed)
    if isinstance(sparsity, Sequence):
        low, high = sparsity
        sparsity = rng.uniform(low, high)
    return draw(n, sparsity, rng)


def _asked(sparsity: float | Sequence[float]) -> float | list[float]:
    """The sparsity as a database's parameters name it."""
    if not isinstance(sparsity, Sequence):
        if not 0 <= sparsity < 1:
            raise UserError(
                f"the sparsity of a mask database must be at least 0 and below 1, found {sparsity} "
                "(0.9 removes 90 % of the entries)"
            )
        return float(sparsity)
    bounds = [float(bound) for bound in sparsity]
    if len(bounds) != 2 or not 0 <= bounds[0] < bounds[1] < 1:
        raise UserError(
            "a range of sparsities of a mask database must be two numbers [low, high] with "
            f"0 ≤ low < high < 1, found {bounds}; one sparsity for all masks is a single number"
        )
    return bounds


def _check(source: str, n: int, sparsity: float | list[float], count: int) -> None:
    if n < 1:
        raise UserError(f"a mask database needs n ≥ 1 nodes, found n = {n}")
    if count < 1:
        raise UserError(f"a mask database needs count ≥ 1 masks, found count = {count}")
    if isinstance(sparsity, list):
        return  # how many masks a range holds is not counted: the draws will tell
    existing = number_of_masks(source, n, sparsity)
    if count > existing:
        raise UserError(
            f"a mask database of {count} distinct masks was asked for, but source '{source}' has "
            f"only {existing} at n = {n}, sparsity {sparsity}. "
            f"Set count ≤ {existing}, or use more nodes."
        )


def _distinct_masks(
    source: str, n: int, sparsity: float | list[float], count: int, seed: int
) -> tuple[list[int], list[bytes]]:
    """Seeds and packed masks; a mask that is already there is drawn again."""
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
        mask = np.packbits(drawn(source, n, sparsity, mask_seed)).tobytes()
        duplicates = duplicates + 1 if mask in masks else 0
        masks.setdefault(mask, mask_seed)
        if duplicates > patience:
            raise UserError(
                f"source '{source}' gave no new mask in {patience} draws: only {len(masks)} of "
                f"the {count} asked for were found at n = {n}, sparsity {sparsity}. "
                "Lower count, or use more nodes."
            )
    return list(masks.values()), list(masks)
