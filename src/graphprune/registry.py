"""Names chosen in a config -> the code they stand for.

A package that offers a choice holds one plain dict from name to ``"module:function"``.
Nothing is imported until a name is used, so a job loads, and its rule depends on, only
the pieces its config names.
"""

import difflib
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from graphprune.errors import UserError


def suggestion(word: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` when a known word is close to `word`, else ``""``."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def lookup(table: Mapping[str, Any], name: str, kind: str) -> Any:
    """The entry of `table` called `name`; UserError naming the known ones otherwise."""
    if name not in table:
        raise UserError(
            f"unknown {kind} '{name}'{suggestion(name, table)}; known: {', '.join(sorted(table))}"
        )
    return table[name]


def resolve(table: Mapping[str, str], name: str, kind: str) -> Any:
    """Import and return the object that ``table[name]`` (``"module:function"``) points to."""
    module, _, attribute = lookup(table, name, kind).partition(":")
    return getattr(importlib.import_module(module), attribute)


def module_of(table: Mapping[str, str], name: str, kind: str) -> str:
    """The module that ``table[name]`` lives in, for a rule's list of code files."""
    return lookup(table, name, kind).partition(":")[0]
