"""Names in a config that must be known, checked in the user's words."""

from collections.abc import Mapping
from typing import Any

from graphprune.errors import UserError
from graphprune.registry import lookup


def known(table: Mapping[str, Any], name: str, kind: str, key: str) -> None:
    """UserError with the config key and a suggestion if `table` has no entry `name`."""
    try:
        lookup(table, name, kind)
    except UserError as error:
        raise UserError(f"config key {key}: {error}") from None
