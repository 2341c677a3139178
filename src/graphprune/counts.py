"""How many weights (or mask entries) a sparsity keeps: the one rounding rule of the project."""

import math


def kept_count(total: int, sparsity: float) -> int:
    """Entries kept of `total` when a share `sparsity` of them is removed.

    The number removed is sparsity · total rounded to the nearest integer, halves up (Python's
    ``round`` takes halves to even). Products that miss a half by a float's error count as
    the half. Never increases with the sparsity, so masks along a schedule can nest.
    """
    # Six decimals: far above the error of a product up to 1e9, far below what a user means.
    return total - math.floor(round(sparsity * total, 6) + 0.5)
