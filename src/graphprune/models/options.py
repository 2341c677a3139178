"""Checks of a model's options, so that a wrong value in a config is named and not a traceback."""

from collections.abc import Sequence
from typing import Any

from graphprune.errors import UserError


def image_shape(
    value: Sequence[int], model: str, smallest: tuple[int, int] = (1, 1)
) -> tuple[int, int, int]:
    """(channels, height, width) of one input; UserError if `model` cannot take it.

    `smallest` is the least height and width that the model's strides leave anything of.
    """
    if len(value) != 3:
        raise UserError(
            f"{model}: input_shape is {tuple(value)}; expected (channels, height, width)"
        )
    channels, height, width = (whole_number("input_shape", size, model) for size in value)
    if height < smallest[0] or width < smallest[1]:
        raise UserError(
            f"{model}: images are {height}×{width}, but it needs at least "
            f"{smallest[0]}×{smallest[1]}. Upsample them in the data set's options."
        )
    return channels, height, width


def whole_number(option: str, value: Any, model: str) -> int:
    """`value` if it is an integer of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UserError(f"{model}: {option} is {value!r}; expected an integer of at least 1")
    return value


def widths(option: str, value: Any, model: str) -> list[int]:
    """`value` as a list of layer widths (possibly empty)."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise UserError(
            f"{model}: {option} is {value!r}; expected a list of layer widths such as [128, 64]"
        )
    return [whole_number(f"{option}[{i}]", width, model) for i, width in enumerate(value)]


def flag(option: str, value: Any, model: str) -> bool:
    """`value` if it is True or False; the text "false" is not."""
    if not isinstance(value, bool):
        raise UserError(f"{model}: {option} is {value!r}; expected true or false")
    return value


def probability(option: str, value: Any, model: str) -> float:
    """`value` if it is a number in [0, 1)."""
    if not _is_number(value) or not 0 <= value < 1:
        raise UserError(
            f"{model}: {option} is {value!r}; expected a number of at least 0 and below 1"
        )
    return float(value)


def multiplier(option: str, value: Any, model: str) -> float:
    """`value` if it is a number above 0."""
    if not _is_number(value) or not 0 < value < float("inf"):
        raise UserError(f"{model}: {option} is {value!r}; expected a number above 0")
    return float(value)


def choice(option: str, value: Any, known: Sequence[str], model: str) -> str:
    """`value` if it is one of `known`."""
    if value not in known:
        raise UserError(f"{model}: {option} is {value!r}; expected one of {', '.join(known)}")
    return str(value)


def scaled(channels: int, width: float) -> int:
    """`channels` times the width multiplier, rounded, at least 1."""
    return max(1, round(channels * width))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
