"""A range: what a value of the wire may be; says all that is wrong with a value, and how a right one is sent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeAlias, cast

from callwright._secrets import masked

__all__ = [
    "ANYTHING",
    "BOOLEAN",
    "OBJECT",
    "PRICE",
    "STRING",
    "Anything",
    "Problems",
    "Range",
    "Value",
    "integer",
    "named",
    "nearest",
    "number",
    "one_of",
    "shown",
    "string",
    "wrong",
]

Problems: TypeAlias = Iterator[str]
"""All that is wrong with a value, each with its path, what was expected, and what came."""

_SHOWN = 200
_DEEPEST = 250
"""How deep the encoder goes; what is nested deeper it refuses by itself."""
_PRICE = re.compile(r"[0-9]+(\.[0-9]+)?")


class Range(Protocol):
    """What a value may be."""

    @property
    def expected(self) -> str:
        """What it is, in words."""
        ...

    def takes(self, value: object) -> bool:
        """Whether `value` is of the right kind, so that `problems` has more to say than that it is not."""
        ...

    def problems(self, value: object, path: str) -> Problems:
        """Yield all that is wrong with `value`: where, what was expected, and what came."""
        ...

    def sent(self, value: object) -> object:
        """Return a value without problems as it is sent, keys whose order means nothing in one order."""
        ...


def shown(value: object) -> str:
    """Return `value` for an error: secrets masked, at most 200 characters."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a user's own __repr__, or an integer too long to be written
        return f"a value of type {type(value).__name__}"
    return masked(text)[:_SHOWN]


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the known name that `name` was probably meant to be; empty if there is none."""
    if not isinstance(name, str):
        return ""
    import difflib  # noqa: PLC0415 - only mistakes need it

    return next(iter(difflib.get_close_matches(name, list(known), 1)), "")


def wrong(path: str, expected: str, value: object) -> str:
    """Return the problem of a value that is not what was expected."""
    return f"{path}: expected {expected}; got {shown(value)}"


@dataclass(frozen=True, slots=True)
class Value:
    """A value that is right or wrong as a whole."""

    expected: str
    fits: Callable[[object], bool]
    form: Callable[[object], object] | None = None
    """How it is sent, if not as it is."""

    def takes(self, value: object) -> bool:
        """See `Range`."""
        return self.fits(value)

    def problems(self, value: object, path: str) -> Problems:
        """See `Range`."""
        if not self.fits(value):
            yield wrong(path, self.expected, value)

    def sent(self, value: object) -> object:
        """See `Range`."""
        return value if self.form is None else self.form(value)


def number(low: float = -math.inf, high: float = math.inf) -> Value:
    """Return the range of finite numbers from `low` to `high`; True and False are none."""

    def fits(value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return low <= value <= high and abs(value) != math.inf

    return Value(f"a number{_bounds(low, high)}", fits)


def integer(low: float = -math.inf, high: float = math.inf) -> Value:
    """Return the range of integers from `low` to `high`; True, False and 1.0 are none."""

    def fits(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Value(f"an integer{_bounds(low, high)}", fits)


def _bounds(low: float, high: float) -> str:
    if low == -math.inf and high == math.inf:
        return ""
    return f" >= {low:.16g}" if high == math.inf else f" from {low:.16g} to {high:.16g}"


def string(longest: int | None = None, *, shortest: int = 0, pattern: str | None = None) -> Value:
    """Return the range of strings of so many characters, of `pattern`."""

    def fits(value: object) -> bool:
        is_long = isinstance(value, str) and shortest <= len(value) <= (longest or math.inf)
        return is_long and (pattern is None or re.fullmatch(pattern, cast("str", value)) is not None)

    size = "" if longest is None else f" of at most {longest} characters"
    blank = " that is not empty" if shortest else ""
    return Value(f"a string{size}{blank}" + (f" of {pattern}" if pattern else ""), fits)


def one_of(*words: str) -> Value:
    """Return the range of these words."""
    known = frozenset[object](words)
    return Value(" or ".join((", ".join(words[:-1]), words[-1])).removeprefix(" or "), lambda value: _in(value, known))


def _in(value: object, known: frozenset[object]) -> bool:
    return isinstance(value, str) and value in known


def _is_price(value: object) -> bool:
    match value:
        case str():
            return _PRICE.fullmatch(value) is not None
        case Decimal():
            return value.is_finite() and value >= 0
        case _:
            return number(0).fits(value)


def _price(value: object) -> str:
    # The shortest digits that are this number, and never "1e-07": who reads decimal strings may know no exponents.
    return value if isinstance(value, str) else f"{abs(Decimal(str(value))):f}"


BOOLEAN = Value("true or false", lambda value: isinstance(value, bool))
STRING = string()
PRICE = Value("a decimal string or a number >= 0", _is_price, _price)


def named(key: object) -> str:
    """Return a key for a path."""
    return shown(key) if not isinstance(key, str) else masked(key)[:_SHOWN]


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value, sent as it is; numbers are finite, since JSON has no others."""

    expected: str = "a JSON value"
    only: type[object] = object

    def takes(self, value: object) -> bool:
        """See `Range`."""
        return isinstance(value, self.only)

    def problems(self, value: object, path: str) -> Problems:
        """See `Range`."""
        return self._walked(value, path, ()) if self.takes(value) else iter((wrong(path, self.expected, value),))

    def sent(self, value: object) -> object:
        """See `Range`."""
        return value

    def _walked(self, value: object, path: str, above: tuple[int, ...]) -> Problems:
        # What holds itself, or is nested too deep, the encoder refuses.
        inside = (*above, id(value)) if len(above) < _DEEPEST and id(value) not in above else None
        match value:
            case float() if not math.isfinite(value):
                yield wrong(path, "a finite number", value)
            case Decimal() if not value.is_finite():
                yield wrong(path, "a finite number", value)
            case Mapping() if inside:
                for key, item in cast("Mapping[object, object]", value).items():
                    if not isinstance(key, str | int):
                        yield f"{path}: expected keys that are strings; got {shown(key)}"
                    yield from self._walked(item, f"{path}.{named(key)}", inside)
            case list() | tuple() if inside:
                for place, item in enumerate(cast("Sequence[object]", value)):
                    yield from self._walked(item, f"{path}[{place}]", inside)
            case _:
                return


ANYTHING = Anything()
OBJECT = Anything("an object", Mapping)
