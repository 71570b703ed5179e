"""A plain value: what any object amounts to in JSON, whatever it is and does."""

from __future__ import annotations

import dataclasses
import inspect
import os
from base64 import b64encode
from collections import UserString, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from itertools import islice
from numbers import Integral, Rational, Real
from typing import Any, NamedTuple, cast

from pydantic_core import to_jsonable_python

from callwright._json import JsonObject, JsonValue, clean, encode
from callwright._secrets import masked

__all__ = ["MOST_DRAWN", "Plain", "capped", "kind_of", "leaves", "plain", "shown", "text_of_bytes", "words"]

MOST_DRAWN = 100_000
"""How many values are taken from an iterator: it may never end."""

_ROOM = 64 * 1024 * 1024
"""How large a value may get, in characters or so: a list that holds a list ten times, and so on ten deep, is 10 GB."""
_DEEPEST = 100
_MOST_LOSSES = 5
_MOST_WORDS = 2_000
_MOST_KIND = 100
_EACH = 32
_EACH_HOLDER = 128

_NUMBERS = frozenset({int, float, bool, type(None)})
_SCALARS = _NUMBERS | {str}


class Plain(NamedTuple):
    """A JSON value, and in which it differs from the object."""

    value: JsonValue
    losses: tuple[str, ...]


def plain(value: object) -> Plain:
    """Return what `value` amounts to in JSON. Raises nothing but `KeyboardInterrupt` and `SystemExit`.

    Models and dataclasses become objects, sets are sorted, iterators are drained, NaN stays for the encoder to write
    as null, and what has no JSON form becomes its `str()`. Strings may still hold lone surrogates.
    """
    maker = _Maker()
    made = maker.value(value, 0)
    return Plain(made, maker.losses())


def leaves(error: BaseException) -> bool:
    """Return whether `error` ends the program rather than whatever raised it."""
    return isinstance(error, KeyboardInterrupt | SystemExit)


def capped(text: str, limit: int) -> str:
    """Return `text`, cut if it is longer than `limit` characters."""
    return text if len(text) <= limit else f"{text[:limit]}..."


def kind_of(value: object) -> str:
    """Return the name of the type of `value`; a metaclass cannot change it."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return clean(capped(name, _MOST_KIND))


def shown(value: object) -> str:
    """Return `str(value)`, or a word that it has none."""
    try:
        return clean(str.__str__(str(value)))
    except BaseException as error:
        if leaves(error):
            raise
        return f"(a {kind_of(value)} that cannot be shown)"


def words(error: BaseException, limit: int = _MOST_WORDS) -> str:
    """Return the message of `error` without secrets, at most so many characters of it."""
    try:
        return capped(masked(clean(str.__str__(str(error)))), limit)
    except BaseException as other:
        if leaves(other):
            raise
        return "(its message could not be read)"


def text_of_bytes(value: bytes | bytearray | memoryview) -> tuple[str, str | None]:
    """Return bytes as text: as UTF-8 if they are, else as base64, and then a note."""
    whole = bytes(value)
    try:
        return whole.decode(), None
    except UnicodeDecodeError:
        return b64encode(whole).decode(), f"bytes that are not UTF-8 ({len(whole)} in all) are written in base64"


class _Maker:
    """Makes one value plain."""

    __slots__ = ("_losses", "_lost", "_path", "_room")

    def __init__(self) -> None:
        self._losses: list[str] = []
        self._lost = 0
        self._path: set[int] = set()
        self._room = _ROOM

    def losses(self) -> tuple[str, ...]:
        more = self._lost - len(self._losses)
        return (*self._losses, f"and {more} more") if more else tuple(self._losses)

    def value(self, value: object, depth: int) -> JsonValue:
        """Return `value` as JSON; what is plain already comes back as it is."""
        kind = type(value)
        if kind in _SCALARS:
            self._room -= _EACH + (len(cast("str", value)) if kind is str else 0)
            return cast("JsonValue", value)
        if self._room <= 0 or depth > _DEEPEST or id(value) in self._path:
            return self._left_out(value, depth)
        self._room -= _EACH_HOLDER
        self._path.add(id(value))
        try:
            if kind is dict:
                return self._mapping(cast("Mapping[object, object]", value), depth + 1)
            if kind in (list, tuple):
                return self._sequence(cast("Sequence[object]", value), depth + 1)
            return self._made(value, depth + 1)
        except BaseException as error:
            if leaves(error):
                raise
            return self._lose(value, f"{kind_of(error)}: {words(error, 200)}")
        finally:
            self._path.discard(id(value))

    def _made(self, value: object, depth: int) -> JsonValue:
        made: JsonValue
        match value:
            case str() | int() | float():
                made = _exact(value)
            case Enum():
                made = self.value(value.value, depth)
            case bytes() | bytearray() | memoryview():
                made = self._bytes(cast("bytes", value))
            case _ if hasattr(type(value), "__pydantic_serializer__"):
                made = self._model(value, depth)
            case dict() | Mapping():
                made = self._mapping(cast("Mapping[object, object]", value), depth)
            case _ if (names := _field_names(value)) is not None:
                made = self._pairs(_fields(value, names), depth)
            case list() | tuple():
                made = self._sequence(cast("Sequence[object]", value), depth)
            case set() | frozenset():
                # In an order that is the same in every process.
                made = _sorted(self._sequence(list(cast("AbstractSet[object]", value)), depth))
            case _:
                made = self._other(value, depth)
        return made

    def _other(self, value: object, depth: int) -> JsonValue:
        """Return what is neither a container that JSON has nor a model."""
        made: JsonValue
        match value:
            case Iterator():
                made = self._drawn(cast("Iterator[object]", value), depth)
            case _ if _is_row(value):
                made = self._pairs(dict(cast("Any", value)).items(), depth)
            case UserString():
                made = self._text(str(value.data))
            case deque() | AbstractSet() | Sequence():
                made = self._items(cast("Iterable[object]", value), depth)
            case BaseException():
                made = self._text(f"{kind_of(value)}: {words(value)}")
            case os.PathLike():
                made = self.value(os.fspath(cast("os.PathLike[str]", value)), depth)
            case Integral():
                made = int(value)
            case Real() if not isinstance(value, Rational):
                made = float(value)
            case _:
                made = self._leaf(value)
        return made

    def _bytes(self, value: bytes) -> JsonValue:
        text, note = text_of_bytes(value)
        self._note(note)
        return self._text(text)

    def _leaf(self, value: object) -> JsonValue:
        """Return a date, a decimal and the like as the text that pydantic gives them."""
        try:
            made: object = to_jsonable_python(value, inf_nan_mode="null")
        except Exception:  # noqa: BLE001 - an unknown type, or one of the user with a method that raises
            if inspect.iscoroutine(value):
                # Nobody will await it any more; Python would warn.
                value.close()
            return self._lose(value, "it has no JSON form")
        return self._text(made) if isinstance(made, str) else cast("JsonValue", made)

    def _model(self, value: object, depth: int) -> JsonValue:
        """Return what a pydantic model or dataclass says it is; if it cannot say, its fields."""
        try:
            made: object = to_jsonable_python(value, inf_nan_mode="null", fallback=lambda item: self.value(item, depth))
            if _holds_set(vars(value)):
                made = _ordered(made, cast("Any", type(value)).__pydantic_serializer__.to_python(value))
        except Exception as error:  # noqa: BLE001 - a serializer of the user, or bytes that are no text
            self._note(f"the {kind_of(value)} could not write itself as JSON: {kind_of(error)}: {words(error, 200)}")
            return self._pairs(dict(vars(value)).items(), depth)
        # Walked for its size: the same model may stand in a list a thousand times.
        return self.value(made, depth)

    def _mapping(self, value: Mapping[object, object], depth: int) -> JsonValue:
        if type(cast("object", value)) is dict and set(map(type, value)) <= {str}:
            items = cast("dict[str, object]", value)
            if set(map(type, items.values())) <= _SCALARS:
                size = sum(map(len, items)) + _size(items.values())
                if size <= self._room:
                    self._room -= size
                    return cast("dict[str, JsonValue]", items)
        return self._pairs(value.items(), depth)

    def _pairs(self, pairs: Iterable[tuple[object, object]], depth: int) -> JsonValue:
        made: dict[str, JsonValue] = {}
        for key, item in pairs:
            if self._room <= 0:
                self._note("cut: it is too large")
                break
            name = key if type(key) is str else self._key(key, depth)
            if name in made:
                self._note(f"two keys read {capped(name, 100)!r}; the last one counts")
            self._room -= len(name)
            made[name] = self.value(item, depth)
        return made

    def _key(self, key: object, depth: int) -> str:
        made = self.value(key, depth)
        return made if isinstance(made, str) else encode(made).decode()

    def _sequence(self, value: Sequence[object], depth: int) -> Sequence[JsonValue]:
        kinds = set(map(type, value)) if type(value) in (list, tuple) else {object}
        if kinds <= _SCALARS:
            size = _EACH * len(value) if kinds <= _NUMBERS else _size(value)
            if size <= self._room:
                self._room -= size
                return cast("Sequence[JsonValue]", value)
        return self._items(value, depth)

    def _items(self, items: Iterable[object], depth: int, kind: str | None = None) -> list[JsonValue]:
        made: list[JsonValue] = []
        try:
            for item in items:
                if self._room <= 0:
                    self._note("cut: it is too large")
                    break
                made.append(self.value(item, depth))
        except BaseException as error:
            if leaves(error):
                raise
            reason = f"going through a {kind or kind_of(items)} raised {kind_of(error)}: {words(error)}"
            self._note(reason)
            made.append(f"({reason})")
        return made

    def _drawn(self, items: Iterator[object], depth: int) -> JsonValue:
        kind = kind_of(items)
        made = self._items(islice(items, MOST_DRAWN), depth, kind)
        if len(made) == MOST_DRAWN:
            self._note(f"cut: at most {MOST_DRAWN} values are taken from a {kind}")
        if inspect.isgenerator(items):
            items.close()
        return made

    def _text(self, text: str) -> str:
        self._room -= len(text)
        return text

    def _left_out(self, value: object, depth: int) -> JsonValue:
        if depth > _DEEPEST:
            self._note(f"cut: it is nested more than {_DEEPEST} deep")
            return "(nested too deeply)"
        if id(value) in self._path:
            self._note(f"cut: a {kind_of(value)} holds itself")
            return "(holds itself)"
        self._note("cut: it is too large")
        return "(too large)"

    def _lose(self, value: object, reason: str) -> JsonValue:
        self._note(f"a value of type {kind_of(value)} is written as its str(): {reason}")
        return self._text(shown(value))

    def _note(self, loss: str | None) -> None:
        if loss is None or loss in self._losses:
            return
        self._lost += 1
        if len(self._losses) < _MOST_LOSSES:
            self._losses.append(loss)


def _exact(value: str | float) -> JsonValue:
    """Return the number or text in an instance of a subclass, whose own methods may say anything."""
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int.__int__(value)
        case _:
            return float.__float__(value)


def _field_names(value: object) -> Sequence[str] | None:
    """Return the names of the fields of a dataclass, a named tuple or an attrs object; None if it is none."""
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    if isinstance(value, tuple):
        names = getattr(kind, "_fields", None)
        return cast("tuple[str, ...]", names) if isinstance(names, tuple) else None
    attributes: tuple[Any, ...] | None = getattr(kind, "__attrs_attrs__", None)
    if attributes is None:
        return None
    return [str(attribute.name) for attribute in attributes]


def _fields(value: object, names: Sequence[str]) -> Iterator[tuple[str, object]]:
    if isinstance(value, tuple):
        return zip(names, cast("tuple[object, ...]", value), strict=False)
    return ((name, getattr(value, name)) for name in names)


def _is_row(value: object) -> bool:
    """Return whether it is a row of a database: no mapping, but with keys. Tables have a shape, and better words."""
    kind = type(value)
    return not isinstance(value, type) and hasattr(kind, "keys") and not hasattr(kind, "shape")


def _size(values: Iterable[object]) -> int:
    return sum(_EACH + len(value) if type(value) is str else _EACH for value in values)


def _sorted(items: Sequence[JsonValue]) -> list[JsonValue]:
    kinds = set(map(type, items))
    if kinds <= {str} or kinds <= {int, float, bool}:
        return cast("list[JsonValue]", sorted(cast("list[str]", items)))
    return sorted(items, key=lambda item: (type(item).__name__, encode(item)))


def _holds_set(value: object) -> bool:
    """Return whether there is a set among the values of a model, however deep."""
    match value:
        case set() | frozenset():
            return True
        case dict():
            inner: Iterable[object] = cast("dict[object, object]", value).values()
        case list() | tuple():
            inner = cast("Sequence[object]", value)
        case _ if hasattr(type(value), "__pydantic_serializer__") or dataclasses.is_dataclass(type(value)):
            inner = vars(value).values()
        case _:
            return False
    return not set(map(type, inner)) <= _SCALARS and any(_holds_set(item) for item in inner)


def _ordered(made: object, raw: object) -> object:
    """Return JSON with every list sorted that was a set in `raw`, the same value before it became JSON."""
    match raw:
        case set() | frozenset() if isinstance(made, list):
            return _sorted(cast("list[JsonValue]", made))
        case dict() if isinstance(made, dict):
            items = zip(cast("JsonObject", made).items(), cast("dict[object, object]", raw).values(), strict=True)
            return {key: _ordered(item, other) for (key, item), other in items}
        case list() | tuple() if isinstance(made, list):
            pairs = zip(cast("list[JsonValue]", made), cast("Sequence[object]", raw), strict=True)
            return [_ordered(item, other) for item, other in pairs]
        case _:
            return made
