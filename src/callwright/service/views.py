"""A view: a JSON object of the service, read leniently.

What is missing or of another kind than expected reads as None, or as empty: no answer of a service makes reading fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Generic, Self, TypeVar, overload

from callwright._json import JsonObject, JsonValue

__all__ = [
    "Read",
    "View",
    "claim",
    "count",
    "day",
    "dollars",
    "moment",
    "number",
    "object_of",
    "objects",
    "price",
    "text",
    "word",
    "words",
]

T = TypeVar("T")


class View:
    """Reads a JSON object; equal if the objects are.

    Args:
        raw: What came.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: JsonObject) -> None:
        self.raw = raw
        """What came, whole."""

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, View) and type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), str(self.raw.get("id"))))

    def __repr__(self) -> str:
        shown = [f"{key}={self.raw[key]!r}" for key in ("id", "tag", "label") if key in self.raw]
        return f"{type(self).__name__}({', '.join(shown)})"


class Read(Generic[T]):
    """A key of a view.

    Args:
        kind: Gives the value of whatever stands there, None if nothing does; never raises.
        keys: Where it may stand, the first that says something wins. Default: under the attribute's own name.
    """

    __slots__ = ("_keys", "_kind")

    def __init__(self, kind: Callable[[JsonValue], T], *keys: str) -> None:
        self._kind = kind
        self._keys = keys

    def __set_name__(self, owner: type, name: str) -> None:
        self._keys = self._keys or (name,)

    @overload
    def __get__(self, view: None, owner: type) -> Self: ...
    @overload
    def __get__(self, view: View, owner: type) -> T: ...
    def __get__(self, view: View | None, owner: type) -> T | Self:
        if view is None:
            return self
        for key in self._keys:
            value = view.raw.get(key)
            if value is not None:
                return self._kind(value)
        return self._kind(None)


def word(value: JsonValue) -> str | None:
    """Return a string; None for what is none."""
    return value if isinstance(value, str) else None


def text(value: JsonValue) -> str:
    """Return a string; empty for what is none."""
    return value if isinstance(value, str) else ""


def claim(value: JsonValue) -> bool | None:
    """Return true or false; None for what is neither."""
    return value if isinstance(value, bool) else None


def number(value: JsonValue) -> float | None:
    """Return a number; None for what is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def count(value: JsonValue) -> int | None:
    """Return a whole number >= 0; None for what is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def dollars(value: JsonValue) -> Decimal | None:
    """Return an amount, which may be negative; None for what is no finite number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        # repr of a float is the shortest text that is this float: the digits that the service wrote.
        amount = Decimal(value if isinstance(value, str) else repr(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def price(value: JsonValue) -> Decimal | None:
    """Return a price; -1 stands for one that is known only when the request was routed."""
    amount = dollars(value)
    return amount if amount is not None and amount >= 0 else None


def object_of(value: JsonValue) -> JsonObject:
    """Return an object; empty for what is none."""
    return value if isinstance(value, Mapping) else {}


def objects(value: JsonValue) -> tuple[JsonObject, ...]:
    """Return the objects of a list."""
    return tuple(item for item in _items(value) or () if isinstance(item, Mapping))


def _items(value: JsonValue) -> Sequence[JsonValue] | None:
    return value if isinstance(value, list | tuple) else None


def words(value: JsonValue) -> frozenset[str] | None:
    """Return the strings of a list; None if there is no list."""
    items = _items(value)
    return None if items is None else frozenset(item for item in items if isinstance(item, str))


def day(value: JsonValue) -> date | None:
    """Return a date in ISO 8601; None for what is none."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def moment(value: JsonValue) -> datetime | None:
    """Return a moment that was said in seconds since 1970, or as a date in ISO 8601; UTC if it names no zone."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        seconds = number(value)
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
