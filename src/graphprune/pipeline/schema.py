"""The schema of the config, and its errors in the user's words."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from graphprune.errors import UserError
from graphprune.registry import suggestion

SCHEMA = Path(__file__).resolve().parents[3] / "schemas" / "config.schema.yaml"

_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a finite number",
    "object": "keys with values",
    "string": "a text",
}


def check_schema(config: Mapping[str, Any]) -> None:
    """UserError for the first key of `config` that is unknown, missing or has a wrong value."""
    _check_keys(config, [])
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    error = best_match(_Validator(schema).iter_errors(dict(config)))
    if error is not None:
        raise UserError(_in_words(error, schema))


def _is_integer(_: Any, value: Any) -> bool:
    # JSON's own rule lets 50.0 pass, which no `range` takes.
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    # YAML knows .nan and .inf, which no comparison with a minimum refuses.
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def _check_keys(value: Any, path: list[str | int]) -> None:
    """UserError for a key that YAML did not read as text."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise UserError(
                    f"config key {_name([*path, str(key)])} is no text: YAML reads an unquoted "
                    "yes, no, on, off, null or number as a value. Correct it, or put it in quotes"
                )
            _check_keys(inner, [*path, key])
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _check_keys(inner, [*path, place])


def _in_words(error: ValidationError, schema: Mapping[str, Any]) -> str:
    path = list(error.absolute_path)
    found: Any = error.instance
    here: Any = error.schema
    rule: Any = error.validator_value
    if error.validator == "additionalProperties":
        known = here["properties"]
        unknown = sorted(set(found) - set(known))[0]
        guess = suggestion(unknown, known)
        names = ", ".join(sorted(known))
        return f"unknown config key {_name([*path, unknown])}{guess}; known here: {names}"
    if error.validator == "required":
        missing = next(key for key in _list(rule) if key not in found)
        return f"config key {_name([*path, missing])} is missing"
    if error.validator == "type":
        expected = " or ".join(_WORDS[kind] for kind in _list(rule))
        what = "empty" if found is None else repr(found)
        fault = f" is {what}, expected {expected}{_misread(found, _list(rule))}"
    elif error.validator == "enum":
        known = [str(value) for value in _list(rule)]
        fault = f" is {found!r}{suggestion(str(found), known)}, expected one of: {', '.join(known)}"
    elif error.validator in ("pattern", "not"):
        fault = f" cannot be {found!r}"
    else:
        fault = f": {error.message}"
    meaning = _meaning(schema, path)
    return f"config key {_name(path)}{fault}" + (f". It means: {meaning}" if meaning else "")


def _name(path: Iterable[str | int]) -> str:
    """bogp.masks.sparsities, entry 2; or bogp.settings, entry 1, nodes"""
    name, separator = "", ""
    for part in path:
        name += f", entry {part + 1}" if isinstance(part, int) else f"{separator}{part}"
        separator = ", " if isinstance(part, int) else "."
    return name


def _misread(found: Any, expected: list[str]) -> str:
    """How YAML came to read something else than was meant, where that is likely."""
    if isinstance(found, bool) and "string" in expected:
        return " (YAML reads an unquoted yes, no, on or off as true or false; use quotes)"
    if isinstance(found, str) and {"number", "integer"} & set(expected):
        try:
            number = float(found)
        except ValueError:
            return ""
        return f" (in quotes, or as 3e-4 without a point, it is a text to YAML; write {number:g})"
    return ""


def _meaning(schema: Any, path: Iterable[str | int]) -> str:
    """The description of the key at `path`; for an entry of a list, that of the list."""
    found = ""
    for part in path:
        inner = "items" if isinstance(part, int) else "additionalProperties"
        schema = schema.get("properties", {}).get(part) or schema.get(inner)
        if not isinstance(schema, Mapping):
            break
        found = schema.get("description", found)
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
