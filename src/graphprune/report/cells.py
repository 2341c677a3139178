"""How BoGP's tables write a number: with its spread and its n, short enough for six columns."""

import math

import pandas as pd

POINTS = 100
NONE = "–"


def titled(title: str, setting: str) -> str:
    """The title of a page, with the setting it is about."""
    return f"{title} (setting {setting})" if setting else title


def points(fraction: float, sign: str = "") -> str:
    """In points or per cent; a dash where there is no number (all runs failed, n = 1)."""
    return NONE if pd.isna(fraction) else f"{POINTS * fraction:{sign}z.2f}"


def spread(text: str) -> str:
    """A standard deviation without the 0 before its point."""
    return text.removeprefix("0") if text.startswith("0.") else text


def accuracy(mean: float, sd: float, n: int | str, sign: str = "") -> str:
    """ "95.67 ± .21 (25)" from fractions."""
    return f"{points(mean, sign)} ± {spread(points(sd))} ({n})"


def interval(low: float, high: float) -> str:
    """ "[-0.50, +0.76]" from fractions, in points."""
    return f"[{points(low, '+')}, {points(high, '+')}]"


def counted(mean: float, sd: float, n: int | str) -> str:
    """ "13.8 ± 1.6 (5)"."""
    return _rounded(mean, sd, n, 1)


def timed(mean: float, sd: float, n: int | str) -> str:
    """ "0.0291 ± .0012 (10)": seconds, the mean to three digits."""
    digits = 2 - math.floor(math.log10(mean)) if mean > 0 else 2
    return _rounded(mean, sd, n, max(0, digits))


def _rounded(mean: float, sd: float, n: int | str, digits: int) -> str:
    value, deviation = (NONE if pd.isna(v) else f"{v:.{digits}f}" for v in (mean, sd))
    return f"{value} ± {spread(deviation)} ({n})"
