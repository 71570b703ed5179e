"""A bound: what one keyword of a JSON Schema allows, by itself."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from callwright._json import JsonObject, JsonValue, encode

__all__ = ["BOUNDS", "Bound", "identity", "shown"]

_LONGEST_SHOWN = 100

Bound: TypeAlias = Callable[[JsonValue, Any, JsonObject], str | None]
"""Takes a value, what the keyword says, and its schema; gives what the value should be, in words, None if it is."""


def identity(value: JsonValue) -> object:
    """Return something that is equal for values that are equal in JSON, and only for them."""
    match value:
        case bool():
            return ("boolean", value)
        case dict():
            return ("object", frozenset((key, identity(item)) for key, item in value.items()))
        case list():
            return ("array", tuple(map(identity, value)))
        case _:
            return value


def shown(value: JsonValue) -> str:
    """Return a value as JSON, cut if it is long."""
    text = encode(value).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _number(is_within: Callable[[float, float], bool], words: str, exclusive: str | None = None) -> Bound:
    """Return the limit of a number; the keyword `exclusive` excludes it, as draft 4 and OpenAPI 3.0 have it."""

    def limit(value: JsonValue, bound: float, schema: JsonObject) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or isinstance(bound, bool):
            return None
        is_out = exclusive is not None and schema.get(exclusive) is True and value == bound
        return f"{words} {bound}" if is_out or not is_within(value, bound) else None

    return limit


def _length(kind: type[str | list[Any] | dict[str, Any]], unit: str, *, is_most: bool) -> Bound:
    """Return the limit of how long values of a kind are."""

    def limit(value: JsonValue, bound: int, _schema: JsonObject) -> str | None:
        if not isinstance(value, kind) or (len(value) <= bound if is_most else len(value) >= bound):
            return None
        return f"{'at most' if is_most else 'at least'} {bound} {unit}, not {len(value)}"

    return limit


def _const(value: JsonValue, due: JsonValue, _schema: JsonObject) -> str | None:
    return None if identity(value) == identity(due) else shown(due)


def _unique(value: JsonValue, given: JsonValue, _schema: JsonObject) -> str | None:
    is_unique = given is not True or not isinstance(value, list) or len(set(map(identity, value))) == len(value)
    return None if is_unique else "a list in which nothing comes twice"


def _is_multiple(value: float, step: float) -> bool:
    # As decimals: 0.3 is three times 0.1 to whoever wrote the schema.
    return (Fraction(str(value)) / Fraction(str(step))).denominator == 1


BOUNDS: Mapping[str, Bound] = {
    "const": _const,
    "exclusiveMaximum": _number(operator.lt, "less than"),
    "exclusiveMinimum": _number(operator.gt, "greater than"),
    "maximum": _number(operator.le, "at most", "exclusiveMaximum"),
    "maxItems": _length(list, "items", is_most=True),
    "maxLength": _length(str, "characters", is_most=True),
    "maxProperties": _length(dict, "members", is_most=True),
    "minimum": _number(operator.ge, "at least", "exclusiveMinimum"),
    "minItems": _length(list, "items", is_most=False),
    "minLength": _length(str, "characters", is_most=False),
    "minProperties": _length(dict, "members", is_most=False),
    "multipleOf": _number(_is_multiple, "a multiple of"),
    "uniqueItems": _unique,
}
"""Keyword -> its bound."""
