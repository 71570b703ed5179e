"""A reading: the value that an answer's text holds, what was repaired to read it, or what is wrong with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, cast

from pydantic_core import ValidationError, from_json
from typing_extensions import TypeVar

from callwright._json import JsonObject, JsonValue, clean, decode, encode
from callwright.output.base import Problems
from callwright.output.described import options_of
from callwright.output.kinds import Kind
from callwright.tools.calling import MOST_LISTED
from callwright.tools.fillers import given
from callwright.tools.lenient import UnreadableError, Value, read_objects, read_value, written
from callwright.tools.repair import REPAIR_LIMIT, repaired

__all__ = ["EMPTY", "Found", "finished_items", "read_text"]

T = TypeVar("T")

EMPTY = Problems(("your answer was empty",), "empty")

_TOLD = 20
_SHOWN = 100
_THOUGHTS = re.compile(r"\s*<(think|thinking|thought|reasoning)>.*?</\1>", re.DOTALL)
_END_OF_THOUGHTS = "</think>"
_FENCED = re.compile(r"```[\w-]*+(.*?)```", re.DOTALL)
_LIST = re.compile(r"(?:```[\w-]*\s*)?(?:\{\s*\"value\"\s*:\s*)?\[")
_DECODER = json.JSONDecoder(parse_constant=lambda name: float(f"no {name}"))
_NO_ANSWERS = frozenset({"error", "errors", "message", "notes", "problem", "problems", "reason", "refusal", "value"})
"""Keys under which something else stands than an answer, or the answer itself."""
_WORD, _WORD_LIMIT = "a plain word", 64
_NONSENSE = '{"value":"?! "}'
"""Where this is a value, a plain text says nothing."""
_ALONE = "a value without the object around it"
_EXPONENTS = (re.compile("e[+0-9]"), re.compile("E[+0-9]"))
"""Each begins with a letter, which makes them ten times as fast as one for both."""
_HUGE = re.compile(r"[0-9][eE]\+?[0-9]{3}|[0-9]{300}")
"""In numbers that may be larger than any float: they would be read as infinity."""
_MANY_DIGITS = 300
_WHITE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value that a text holds."""

    value: T
    text: str
    """The JSON that it was read from."""
    repairs: tuple[str, ...] = ()


def read_text(kind: Kind[T], text: str, *, deps: object = None, has_fillers: bool = False) -> Found[T] | Problems:
    """Return the one value that a whole text can mean, or what is wrong with it.

    What is not JSON, or not in the shape of the schema, is repaired where it can have meant one thing alone: that
    saves a request. Nothing that is missing is made up.

    Args:
        kind: What the value is to be.
        text: As the model wrote it.
        deps: For validators.
        has_fillers: Whether nulls may stand for what was not given, as in strict mode.
    """
    if not text.strip():
        return EMPTY
    reader = _Reader(kind, deps, has_fillers=has_fillers)
    try:
        return reader.found(text)
    except Exception as error:  # noqa: BLE001 - the edge of user code: a validator of the type's own
        if isinstance(error, ValidationError) and error.error_count() > MOST_LISTED:
            return Problems((f"{error.error_count()} values do not fit the schema",))
        failure = error
    if len(text) > REPAIR_LIMIT:
        return _problems(failure, text, kind)
    return reader.mended(text) or reader.problems(text, failure)


class _Reader(Generic[T]):
    """Reads texts as values of one kind."""

    __slots__ = ("_deps", "_has_fillers", "_kind")

    def __init__(self, kind: Kind[T], deps: object, *, has_fillers: bool) -> None:
        self._kind = kind
        self._deps = deps
        self._has_fillers = has_fillers

    def found(self, text: str, repairs: tuple[str, ...] = ()) -> Found[T]:
        """Return the value that the JSON of an object is.

        Raises:
            Exception: See `Kind.read`.
        """
        if _may_be_huge(text):
            _check_finite(text)
        if self._has_fillers and "null" in text:
            value = cast("JsonValue", from_json(text, allow_inf_nan=False))  # what a JSON parser gives
            if isinstance(value, dict):
                text = encode(given(value, self._kind.schema)).decode()
        return Found(self._kind.read(text, self._deps), text, repairs)

    def fits(self, text: str) -> bool:
        """Whether the JSON of an object can be read."""
        try:
            self.found(text)
        except Exception:  # noqa: BLE001 - the edge of user code: a validator of the type's own
            return False
        return True

    def mended(self, text: str) -> Found[T] | None:
        """Return the one value that a text can mean that is not the JSON of it; None if there is none, or several."""
        repairs: tuple[str, ...] = ()
        spoken = _without_thoughts(text)
        if spoken is not text:
            text, repairs = spoken, ("thoughts before the answer",)
            if self.fits(text):
                return self.found(text, repairs)
        found = repaired(text, self.fits, self._kind.schema)
        if found is not None:
            return self.found(found.text, (*repairs, *found.repairs))
        return self._meant(text, repairs)

    def _meant(self, text: str, repairs: tuple[str, ...]) -> Found[T] | None:
        """Return the value if it stands there alone, or under one key of the model's own."""
        meant: dict[str, tuple[str, ...]] = {}
        for value, notes in self._candidates(text):
            whole = written({"value": value} if self._kind.is_wrapped else value)
            if self.fits(whole):
                meant.setdefault(whole, notes)
        if len(meant) != 1:
            return None
        [(whole, notes)] = meant.items()
        return self.found(whole, (*repairs, *notes))

    def _candidates(self, text: str) -> Iterator[tuple[Value, tuple[str, ...]]]:
        """Yield what may be the value, with what was repaired to read it."""
        for value, notes in _values(text):
            is_object = isinstance(value, dict) and len(value) == 1
            key, inner = next(iter(value.items())) if isinstance(value, dict) and is_object else ("", None)
            if self._kind.is_wrapped and not (_WORD in notes and self.fits(_NONSENSE)):
                yield value, (*notes, _ALONE)
                said = inner if key == "value" else value
                option = self._option(said) if isinstance(said, str) else None
                if option is not None:
                    yield option, (*notes, "an option in other letters")
            if _is_rich(inner) and key.casefold() not in _NO_ANSWERS and self._kind.schema.get("required"):
                yield inner, (*notes, f"the value under {key[:40]!r}")

    def _option(self, said: str) -> str | None:
        """Return the one option of an enum that a word spells in other letters; None if there is none, or several."""
        schema = self._kind.value_schema
        reference = schema.get("$ref")
        definitions = cast("Mapping[str, JsonObject]", self._kind.schema.get("$defs", {}))
        schema = definitions.get(str(reference).removeprefix("#/$defs/"), schema)
        word = said.strip().strip("\"'`*").removesuffix(".").casefold()
        found = [option for option in options_of(schema) if option.casefold() == word]
        return found[0] if len(found) == 1 else None

    def problems(self, text: str, failure: Exception) -> Problems:
        """Return what is wrong: with the one object that stands in the text, if there is one."""
        if _is_syntax(failure):
            try:
                readings = read_objects(clean(_without_thoughts(text)))
            except UnreadableError:
                readings = []
            inner = written(readings[0].value) if len(readings) == 1 else text
            try:
                self.found(inner)
            except Exception as error:  # noqa: BLE001 - see `fits`
                if not _is_syntax(error):
                    return _problems(error, inner, self._kind)
        return _problems(failure, text, self._kind)


def finished_items(text: str) -> list[JsonValue]:
    """Return the items of a list that a cut text holds whole: the list stands there bare, or under `value`.

    Args:
        text: A text that ends anywhere; the reading takes time in proportion to its length.
    """
    body = _without_thoughts(text).lstrip()
    opening = _LIST.match(body)
    if opening is None:
        return []
    at = opening.end()
    items: list[JsonValue] = []
    while True:
        at = _past_white(body, at)
        try:
            item, at = cast("tuple[JsonValue, int]", _DECODER.raw_decode(body, at))
        except (ValueError, RecursionError):
            return items
        at = _past_white(body, at)
        follows = body[at : at + 1]
        # A number at the very end may have had more digits.
        if follows not in (",", "]") and not isinstance(item, dict | list | str):
            return items
        items.append(item)
        if follows != ",":
            return items
        at += 1


def _values(text: str) -> Iterator[tuple[Value, tuple[str, ...]]]:
    """Yield what values a text may spell: all of it, its one fenced block, the objects in it, or a plain word."""
    fenced = cast("list[str]", _FENCED.findall(text))
    for whole in (text, *(fenced if len(fenced) == 1 else ())):
        try:
            reading = read_value(clean(whole).strip("\ufeff \t\r\n"))
        except UnreadableError:
            continue
        yield reading.value, reading.repairs
        return
    try:
        for reading in read_objects(clean(text)):
            yield reading.value, reading.repairs
    except UnreadableError:
        word = text.strip()
        if len(word) <= _WORD_LIMIT:
            yield word, (_WORD,)


def _is_rich(value: Value) -> bool:
    """Whether a value is no text that may say something else than the answer: an object, or a list of no texts."""
    if isinstance(value, list):
        return bool(value) and not any(isinstance(item, str) for item in value)
    return isinstance(value, dict)


def _past_white(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    return found.end() if found else at


def _may_be_huge(text: str) -> bool:
    """Whether a number in a text may have no value as a float."""
    has_exponent = any(pattern.search(text) for pattern in _EXPONENTS)
    is_long = len(text) > _MANY_DIGITS and sum(map(text.count, "0123456789")) >= _MANY_DIGITS
    return (has_exponent or is_long) and _HUGE.search(text) is not None


def _check_finite(text: str) -> None:
    """Do nothing if all numbers in a JSON text have a value.

    Raises:
        ValueError: One is too large; or the text is no JSON.
    """
    if any(isinstance(item, float) and math.isinf(item) for item in _leaves(decode(text))):
        message = "a number in it is too large"
        raise ValueError(message)


def _leaves(value: JsonValue) -> Iterator[JsonValue]:
    open_ = [value]
    while open_:
        item = open_.pop()
        if isinstance(item, Mapping):
            open_ += item.values()
        elif isinstance(item, list | tuple):
            open_ += item
        else:
            yield item


def _without_thoughts(text: str) -> str:
    """Return the text behind the thoughts that some servers leave in it; the same object if there are none."""
    found = _THOUGHTS.match(text)
    if found is not None:
        return text[found.end() :]
    # The template of some models opens the thoughts by itself, in the prompt.
    head, end, tail = text.partition(_END_OF_THOUGHTS)
    return tail if end and not head.lstrip().startswith(("{", "[", "```")) else text


def _is_syntax(error: Exception) -> bool:
    if isinstance(error, ValidationError):
        return error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid"
    return type(error) is ValueError


def _problems(error: Exception, text: str, kind: Kind[T]) -> Problems:
    """Return an error in words for the model, and what of the text is valid."""
    if isinstance(error, ValidationError):
        details = error.errors(include_url=False)
        if details[0]["type"] == "json_invalid":
            said = f"expected one JSON object that fits the schema; {details[0]['msg']}; got {text[:200]!r}"
            return Problems((said,))
        problems = tuple(_problem(cast("Mapping[str, object]", detail)) for detail in details[:_TOLD])
        more = len(details) - len(problems)
        problems = (*problems, f"and {more} more") if more else problems
        return Problems(problems, salvaged=_salvaged(text, [detail["loc"] for detail in details], kind))
    if isinstance(error, ValueError):
        return Problems((f"expected one JSON object that fits the schema; {error}",))
    return Problems((f"the answer could not be validated; {type(error).__name__}: {error}",))


def _problem(detail: Mapping[str, object]) -> str:
    """Return one validation error as path, reason and what came."""
    path = ".".join(str(step) for step in cast("tuple[object, ...]", detail["loc"])) or "the answer"
    came = "" if detail["type"] == "missing" else f"; got {_cut(str(detail['input']))!r}"
    return f"{path}: {detail['msg']}{came}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _salvaged(text: str, places: Sequence[tuple[int | str, ...]], kind: Kind[T]) -> JsonValue:
    """Return a JSON value without what stands at these places, items of lists as wholes; None if nothing is left."""
    try:
        value = decode(text)
    except ValueError:
        return None
    # From behind, so that the places of a list's other items stay what they are.
    for place in sorted({_whole_item(place) for place in places}, key=_order, reverse=True):
        if not place:
            return None
        _take_away(value, place)
    inner = value.get("value") if kind.is_wrapped and isinstance(value, dict) else value
    known = kind.value_schema.get("properties")
    if isinstance(inner, dict) and isinstance(known, Mapping) and not kind.value_schema.get("additionalProperties"):
        inner = {key: item for key, item in inner.items() if key in known}
    return inner or None


def _whole_item(place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    first = next((at for at, step in enumerate(place) if isinstance(step, int)), len(place))
    return place[: first + 1]


def _order(place: tuple[int | str, ...]) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in place]


def _take_away(value: JsonValue, place: tuple[int | str, ...]) -> None:
    """Take away what stands at a place, or what it should stand in, if that is not the whole value."""
    holder: JsonValue = value
    found: tuple[dict[str, JsonValue], str] | tuple[list[JsonValue], int] | None = None
    for step in place:
        match holder, step:
            case dict() as members, str() if step in members:
                found, holder = (members, step), members[step]
            case list() as items, int() if step < len(items):
                found, holder = (items, step), items[step]
            case _:
                pass  # a step of the schema: the name of a member of a union, or of a validator
    match found:
        case (dict() as members, str() as key):
            del members[key]
        case (list() as items, int() as index):
            del items[index]
        case _:
            pass
