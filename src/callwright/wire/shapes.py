"""The ranges of lists and objects: what may be in them, which keys they need, and which come together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from callwright.wire.ranges import ANYTHING, STRING, Problems, Range, named, nearest, shown, wrong

__all__ = ["STRINGS", "Either", "Fields", "Items", "Maybe", "Pairs", "Tagged"]


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value, or None, which is sent as null."""

    inner: Range

    @property
    def expected(self) -> str:
        """See `Range`."""
        return self.inner.expected

    def takes(self, value: object) -> bool:
        """See `Range`."""
        return value is None or self.inner.takes(value)

    def problems(self, value: object, path: str) -> Problems:
        """See `Range`."""
        return iter(()) if value is None else self.inner.problems(value, path)

    def sent(self, value: object) -> object:
        """See `Range`."""
        return None if value is None else self.inner.sent(value)


@dataclass(frozen=True, slots=True)
class Either:
    """One of several kinds: a string or a list of them, a number or an object."""

    options: tuple[Range, ...]

    @property
    def expected(self) -> str:
        """See `Range`."""
        return " or ".join(option.expected for option in self.options)

    def takes(self, value: object) -> bool:
        """See `Range`."""
        return any(option.takes(value) for option in self.options)

    def problems(self, value: object, path: str) -> Problems:
        """See `Range`."""
        right = next((option for option in self.options if option.takes(value)), None)
        return iter((wrong(path, self.expected, value),)) if right is None else right.problems(value, path)

    def sent(self, value: object) -> object:
        """See `Range`."""
        return next(option for option in self.options if option.takes(value)).sent(value)


@dataclass(frozen=True, slots=True)
class Items:
    """A list, or a tuple, of values of one range."""

    inner: Range
    plural: str
    """What its items are, in words."""
    most: int | None = None
    least: int = 0

    @property
    def expected(self) -> str:
        """See `Range`."""
        least = f"at least {self.least} " if self.least else ""
        most = f"at most {self.most} " if self.most is not None else ""
        return f"a list of {least}{'and ' if least and most else ''}{most}{self.plural}"

    def takes(self, value: object) -> bool:
        """See `Range`."""
        return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)

    def problems(self, value: object, path: str) -> Problems:
        """See `Range`."""
        if not self.takes(value):
            yield wrong(path, self.expected, value)
            return
        items = cast("Sequence[object]", value)
        if not self.least <= len(items) <= (math.inf if self.most is None else self.most):
            yield f"{path}: expected {self.expected}; got {len(items)}"
        for place, item in enumerate(items):
            yield from self.inner.problems(item, f"{path}[{place}]")

    def sent(self, value: object) -> object:
        """See `Range`."""
        return [self.inner.sent(item) for item in cast("Sequence[object]", value)]


STRINGS = Items(STRING, "strings")


class _Object:
    """What all ranges of objects share."""

    __slots__ = ()

    def takes(self, value: object) -> bool:
        """See `Range`."""
        return isinstance(value, Mapping)

    def problems(self, value: object, path: str) -> Problems:
        """See `Range`."""
        if isinstance(value, Mapping):
            return self._inside(cast("Mapping[object, object]", value), path)
        return iter((wrong(path, "an object", value),))

    def _inside(self, value: Mapping[object, object], path: str) -> Problems:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Fields(_Object):
    """An object whose keys are known, each with a range of its own."""

    fields: Mapping[str, Range]
    required: frozenset[str] = frozenset()
    is_open: bool = False
    """Whether keys that are not known may come, too."""
    some_of: tuple[str, ...] = ()
    """Keys of which at least one is needed."""
    expected: str = "an object"

    def _inside(self, value: Mapping[object, object], path: str) -> Problems:
        if self.some_of and not value.keys() & set(self.some_of):
            yield f"{path}: expected {' or '.join(self.some_of)}; got {shown(value)}"
        for missing in sorted(self.required - value.keys()):
            yield f"{path}.{missing}: expected {self.fields[missing].expected}; it is missing"
        for key, item in value.items():
            known = self.fields.get(key) if isinstance(key, str) else None
            if known is not None:
                yield from known.problems(item, f"{path}.{key}")
            elif not self.is_open or not isinstance(key, str):
                near = nearest(key, self.fields)
                hint = f"did you mean {near!r}?" if near else f"expected some of {', '.join(self.fields)}"
                yield f"{path}.{named(key)}: no such key; {hint}"
            else:
                yield from ANYTHING.problems(item, f"{path}.{key}")

    def sent(self, value: object) -> object:
        """See `Range`."""
        given = cast("Mapping[str, object]", value)
        return {key: self.fields[key].sent(given[key]) if key in self.fields else given[key] for key in sorted(given)}


@dataclass(frozen=True, slots=True)
class Tagged(_Object):
    """An object of which one key says what the others may be."""

    tag: str
    kinds: Mapping[str, Fields]
    hint: str = ""
    """What to do about a kind that is not known."""
    expected: str = "an object"

    def _inside(self, value: Mapping[object, object], path: str) -> Problems:
        kind = value.get(self.tag)
        if isinstance(kind, str) and kind in self.kinds:
            yield from self.kinds[kind].problems(value, path)
            return
        near = nearest(kind, self.kinds)
        wish = f"{path}.{self.tag}: expected one of {', '.join(self.kinds)}; got {shown(kind)}"
        yield wish + (f"; did you mean {near!r}?" if near else self.hint)

    def sent(self, value: object) -> object:
        """See `Range`."""
        given = cast("Mapping[str, object]", value)
        return self.kinds[cast("str", given[self.tag])].sent(given)


@dataclass(frozen=True, slots=True)
class Pairs(_Object):
    """An object of any keys, all of one range, to values of another."""

    keys: Range
    values: Range
    most: int | None = None
    expected: str = "an object"

    def _inside(self, value: Mapping[object, object], path: str) -> Problems:
        if self.most is not None and len(value) > self.most:
            yield f"{path}: expected at most {self.most} pairs; got {len(value)}"
        for key, item in value.items():
            if not self.keys.takes(key):
                yield f"{path}: expected keys that are {self.keys.expected}; got {shown(key)}"
            yield from self.values.problems(item, f"{path}.{named(key)}")
        if len({_written(key) for key in value}) < len(value):
            yield f"{path}: expected each key once; got one as a number and as a string"

    def sent(self, value: object) -> object:
        """See `Range`."""
        given = {_written(key): item for key, item in cast("Mapping[object, object]", value).items()}
        return {key: self.values.sent(given[key]) for key in sorted(given)}


def _written(key: object) -> str:
    # A member of an enumeration of strings is its string, which is not what str() gives.
    return key if isinstance(key, str) else shown(key)
