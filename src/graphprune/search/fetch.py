"""BoGP, Algorithm 2: from an asked property vector to a mask of the database."""

import numpy as np
import pandas as pd

from graphprune.errors import UserError

SCALINGS = ("none", "minmax", "zscore")
SIMILARITIES = ("cosine", "l1", "l2")


class Fetcher:
    """Finds the database row whose property vector is most similar to an asked one.

    scaling: "none" (as printed: the property with the largest numbers decides almost
    alone), "minmax" or "zscore" over the database.
    similarity: "cosine" (BoGP §5.2), or minus the "l1" or "l2" distance. Higher is closer;
    among equals the first row is taken. A zero vector has cosine 0 with everything.
    """

    def __init__(self, properties: pd.DataFrame, scaling: str, similarity: str):
        if scaling not in SCALINGS:
            raise UserError(f"unknown scaling '{scaling}'; known: {', '.join(SCALINGS)}")
        if similarity not in SIMILARITIES:
            raise UserError(f"unknown similarity '{similarity}'; known: {', '.join(SIMILARITIES)}")
        self.names = tuple(properties.columns)
        self.vectors = properties.to_numpy(dtype=np.float64)
        if not len(self.vectors) or not np.isfinite(self.vectors).all():
            raise UserError("a database to search needs at least one row and finite properties")
        self.similarity = similarity
        self._shift, self._scale = _scaling(self.vectors, scaling)
        self._rows = (self.vectors - self._shift) / self._scale

    @property
    def box(self) -> list[tuple[float, float]]:
        """[min, max] of each property over the database: the space a search asks in."""
        low, high = self.vectors.min(axis=0), self.vectors.max(axis=0)
        return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]

    def fetch(self, vector: np.ndarray) -> tuple[int, float]:
        """(row number, similarity) of the row closest to `vector`, given on the raw scale."""
        asked = (np.asarray(vector, dtype=np.float64) - self._shift) / self._scale
        similarity = self._similarities(asked)
        row = int(similarity.argmax())
        return row, float(similarity[row])

    def _similarities(self, asked: np.ndarray) -> np.ndarray:
        if self.similarity == "l1":
            return -np.abs(self._rows - asked).sum(axis=1)
        if self.similarity == "l2":
            return -np.sqrt(((self._rows - asked) ** 2).sum(axis=1))
        norms = np.linalg.norm(self._rows, axis=1) * np.linalg.norm(asked)
        # Not a matrix product: it may round equal rows differently, and ties go to the first.
        dots = (self._rows * asked).sum(axis=1)
        return np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0)


def _scaling(vectors: np.ndarray, scaling: str) -> tuple[np.ndarray, np.ndarray]:
    zero, one = np.zeros(vectors.shape[1]), np.ones(vectors.shape[1])
    if scaling == "minmax":
        shift, scale = vectors.min(axis=0), np.ptp(vectors, axis=0)
    elif scaling == "zscore":
        shift, scale = vectors.mean(axis=0), vectors.std(axis=0)
    else:
        return zero, one
    # A spread at the level of rounding is none.
    varies = np.ptp(vectors, axis=0) > 1e-12 * np.abs(vectors).max(axis=0)
    return shift, np.where(varies, scale, one)
