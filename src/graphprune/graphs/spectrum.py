"""What eigenvalues tell of graphs: eigenvector centrality, spectral gap."""

import numpy as np
from numba import njit

from graphprune.graphs.relational import RelationalGraph

# A power step costs about a hundredth of an eigendecomposition, so this is where waiting
# for a small spectral gap begins to cost more than deciding it exactly.
_STEPS = 200
_TOLERANCE = 1e-14  # mean change of an entry in one step, as networkx counts it
_TIE = 1e-9  # eigenvalues this near (relative) are one


def mean_eigenvector_centralities(adjacencies: np.ndarray) -> np.ndarray:
    """Mean over nodes of networkx's eigenvector centrality, (G,) float64.

    networkx iterates x ← (A + I)x / ‖·‖₂ from the uniform vector. That tends to P·1/‖P·1‖
    with P the projection on the eigenspace of A's largest eigenvalue (which may be
    many-dimensional if the graph is disconnected), and its mean entry is ‖P·1‖/n. The
    iteration is used while it converges fast, the eigendecomposition elsewhere.

    `adjacencies`: (G, n, n) bool, symmetric.
    """
    means = _power_means(adjacencies, _STEPS, _TOLERANCE)
    for g in np.flatnonzero(np.isnan(means)):
        means[g] = _exact_mean(adjacencies[g])
    return means


def _exact_mean(adjacency: np.ndarray) -> float:
    values, vectors = np.linalg.eigh(adjacency.astype(np.float64))
    top = vectors[:, values >= values[-1] - _TIE * max(1.0, values[-1])]
    return float(np.linalg.norm(top.sum(axis=0)) / len(adjacency))


@njit(cache=True)
def _power_means(adjacencies: np.ndarray, steps: int, tolerance: float) -> np.ndarray:
    """Mean entry of the converged vector; NaN where `steps` do not suffice."""
    graphs, n, _ = adjacencies.shape
    means = np.full(graphs, np.nan)
    for g in range(graphs):
        matrix = adjacencies[g].astype(np.float64)
        x = np.full(n, 1 / np.sqrt(n))
        for _ in range(steps):
            y = x.copy()
            for j in range(n):  # columns times entries: vectorises without reordering sums
                for i in range(n):
                    y[i] += matrix[j, i] * x[j]
            y /= np.sqrt((y * y).sum())
            change = np.abs(y - x).sum()
            x = y
            if change < n * tolerance:
                means[g] = x.mean()
                break
    return means


def spectral_gap(graph: RelationalGraph) -> float:
    """1 − max(|λ₂|, |λₙ|) of D^(−1/2) A D^(−1/2), D the degrees, self-loops left out.

    In [0, 1]: how fast a random walk forgets where it began. 0 if the graph is disconnected or
    bipartite. Of a k-regular graph λ are the eigenvalues of A over k (Chung 1997, chapter 1).
    """
    degrees = graph.adjacency.sum(axis=1)
    if graph.n == 1 or not degrees.all():
        return 0.0
    scale = 1 / np.sqrt(degrees)
    values = np.linalg.eigvalsh(scale[:, None] * graph.adjacency * scale)
    second = max(abs(values[0]), abs(values[-2]))
    return float(np.clip(1 - second, 0, 1))
