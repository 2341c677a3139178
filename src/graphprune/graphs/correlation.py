"""Which properties say something that the others do not (BoGP §5.1, Figure 8)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from graphprune.errors import UserError


def correlations(properties: pd.DataFrame) -> pd.DataFrame:
    """Pearson correlations (p, p) over the rows with finite values only.

    A property that does not vary there has NaN with everything, itself included.
    """
    finite = properties[np.isfinite(properties).all(axis=1)].astype(float)
    # A spread at the level of rounding is no variation, and its correlation would be noise.
    varies = finite.max() - finite.min() > 1e-9 * finite.abs().max()
    matrix = finite.loc[:, varies].corr()
    return matrix.reindex(index=properties.columns, columns=properties.columns)


def kept_properties(matrix: pd.DataFrame, threshold: float) -> list[str]:
    """The properties left by the filter, in the order of `matrix`.

    The list is walked in order; a property is dropped when it is constant, or when |r| with
    one already kept exceeds `threshold`. UserError if nothing varies.
    """
    kept: list[str] = []
    for name in matrix.columns:
        if np.isnan(matrix.loc[name, name]):
            continue
        if all(abs(matrix.loc[name, other]) <= threshold for other in kept):
            kept.append(name)
    if not kept:
        raise UserError(
            "no property varies over the connected graphs of a mask database, so there is nothing "
            "to search over; use another mask source, more nodes or another sparsity"
        )
    return kept


def mean_correlation(matrices: Mapping[float, pd.DataFrame]) -> pd.DataFrame:
    """Mean of the correlations within each sparsity, over those where both properties vary.

    Within, because a search runs at one sparsity: pooled over sparsities, everything
    follows the density.
    """
    names = next(iter(matrices.values())).columns
    stack = np.stack([matrix.to_numpy() for matrix in matrices.values()])
    counts = (~np.isnan(stack)).sum(axis=0)
    totals = np.nansum(stack, axis=0)
    mean = np.divide(totals, counts, out=np.full_like(totals, np.nan), where=counts > 0)
    return pd.DataFrame(mean, index=names, columns=names)
