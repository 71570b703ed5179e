"""JSON: its values as a type, and the one encoder and decoder of the project, which no string can break."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeVar, cast

from pydantic_core import from_json, to_json, to_jsonable_python

__all__ = ["JsonObject", "JsonValue", "clean", "decode", "encode"]

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

JsonObject: TypeAlias = Mapping[str, JsonValue]

T = TypeVar("T")

# One escape of a JSON text, a pair of surrogates taken as one; the group is set for a surrogate that stands alone.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def clean(value: T) -> T:
    """Return `value` with every lone surrogate in its strings and keys replaced by U+FFFD.

    Numbers stay as they are, NaN and infinities too: `encode` writes those as null.

    Args:
        value: Any JSON value; it is not changed.

    Returns:
        The very same object if nothing had to be replaced, else a copy, of plain dicts and lists, of what changed.

    Raises:
        ValueError: `value` is nested too deeply for Python's stack, or holds itself.
    """
    try:
        return cast("T", _cleaned(value))  # a JSON value of the same kind
    except RecursionError:
        message = "a JSON value is nested too deeply, or holds itself"
        raise ValueError(message) from None


def encode(value: object) -> bytes:
    """Return `value` as compact JSON in UTF-8; NaN and infinities become null, lone surrogates U+FFFD.

    Args:
        value: A JSON value, or anything that pydantic-core writes as JSON (dates, dataclasses, models).

    Raises:
        ValueError: `value` holds something that has no JSON form, holds itself, or is nested more than 250 deep.
    """
    try:
        return to_json(value, inf_nan_mode="null", fallback=_plain)
    except ValueError:
        # A lone surrogate, as a rule. Strings inside dataclasses and models can be reached only once those are dicts.
        plain = to_jsonable_python(clean(value), inf_nan_mode="null", fallback=_plain)
        return to_json(clean(plain), inf_nan_mode="null")


def decode(text: bytes | str) -> JsonValue:
    r"""Return the value that the JSON `text` spells; lone surrogates become U+FFFD.

    Args:
        text: One JSON value, in UTF-8 if bytes. Of two equal keys the last one counts; NaN and Infinity are taken.

    Raises:
        ValueError: `text` is not JSON, not UTF-8, or nested more than 200 deep.
    """
    try:
        return cast("JsonValue", from_json(text))  # what a JSON parser gives
    except (ValueError, TypeError):
        # pydantic-core refuses "\ud800" as an escape (ValueError) and as a character (TypeError).
        whole = text if isinstance(text, str) else text.decode()
        mended = _ESCAPE.sub(_mended, _cleaned_text(whole))
        if mended == whole:
            raise
    return cast("JsonValue", from_json(mended))  # what a JSON parser gives


def _cleaned(value: object) -> object:
    match value:
        case str():
            return _cleaned_text(value)
        case Mapping():
            return _cleaned_mapping(cast("Mapping[object, object]", value))
        case list() | tuple():
            return _cleaned_sequence(cast("Sequence[object]", value))
        case _:
            return value


def _cleaned_text(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        # By way of UTF-16, in which two halves of one character meet again.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _cleaned_mapping(value: Mapping[object, object]) -> Mapping[object, object]:
    copy: dict[object, object] = {}
    changed = False
    for key, item in value.items():
        new_key = _cleaned(key) if isinstance(key, str) else key
        new_item = _cleaned(item)
        changed = changed or new_key is not key or new_item is not item
        copy[new_key] = new_item
    return copy if changed else value


def _cleaned_sequence(value: Sequence[object]) -> Sequence[object]:
    copy = [_cleaned(item) for item in value]
    return copy if any(new is not old for new, old in zip(copy, value, strict=True)) else value


def _mended(escape: re.Match[str]) -> str:
    return escape[0] if escape[1] is None else "\ufffd"


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return dict(cast("Mapping[object, object]", value))
        case Sequence():
            return list(cast("Sequence[object]", value))
        case _:
            message = f"an object of type {type(value).__name__} has no JSON form"
            raise ValueError(message)
