"""Tests that whatever fits a schema is read, and reaches the function as it was sent."""

from __future__ import annotations

import datetime as dt
import pathlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from callwright._json import JsonValue
from callwright.tools.schema import shape


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Item(BaseModel):
    sku: str
    count: int = Field(default=1, ge=1, le=5)
    colour: Colour | None = None


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


@dataclass
class Point:
    x: int
    y: float = 0.0


class Place(TypedDict, total=False):
    name: str
    at: Point


class Pair(NamedTuple):
    first: int
    second: str = "b"


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]
    age: int = 0


LEAVES: list[Any] = [
    str, int, float, bool, Any, Colour, Size, Literal["a", "b"], Literal[1, 2], dt.date, dt.datetime, dt.time,
    dt.timedelta, uuid.UUID, bytes, pathlib.Path, Decimal, Item, Tree, Point, Place, Pair,
    Annotated[int, Field(ge=1, le=9)], Annotated[str, "a text"], Annotated[Cat | Dog, Field(discriminator="kind")],
]  # fmt: skip
KEYS = [str, int, float, bool, dt.date, Colour, uuid.UUID, Literal["a", "b"]]


def _wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda kind: list[kind]),
        inner.map(lambda kind: Sequence[kind]),
        inner.map(lambda kind: dict[str, kind]),
        inner.map(lambda kind: tuple[kind, ...]),
        inner.map(lambda kind: kind | None),
        st.tuples(inner, inner).map(lambda kinds: tuple[kinds[0], kinds[1]]),
        st.sampled_from(KEYS).map(lambda kind: set[kind]),
        st.sampled_from(KEYS).map(lambda kind: frozenset[kind]),
    )


TYPES = st.recursive(st.sampled_from(LEAVES), _wider, max_leaves=3)
NAMES = st.sampled_from(
    ["self", "cls", "ctx", "args", "kwargs", "name", "json", "copy", "model_config", "values", "x", "y"]
)
PLACES = st.sampled_from(["positional", "any", "keyword"])

# One value for each format, as the type that has it is written again.
FORMATS: Mapping[str, JsonValue] = {
    "date": "2026-01-02",
    "date-time": "2026-01-02T03:04:05Z",
    "time": "03:04:05",
    "duration": "PT1H",
    "uuid": str(uuid.UUID(int=1)),
    "binary": "abc",
    "path": "/a/b",
}


@st.composite
def _fitting(draw: st.DrawFn, schema: Any, definitions: Mapping[str, Any], depth: int = 3) -> Any:
    """Draw a value that fits a schema, as far as ours use the language."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    kinds = schema.get("anyOf", schema.get("oneOf"))
    if kinds is not None:
        # Of the texts that the schema of a Decimal admits, only those of numbers fit.
        is_decimal = any(kind.get("type") == "number" for kind in kinds)
        known = [kind for kind in kinds if not is_decimal or kind.get("type") != "string"]
        return draw(_fitting(draw(st.sampled_from(known)), definitions, depth))
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else draw(st.sampled_from(schema["enum"]))
    match schema.get("type"):
        case "object":
            return draw(_object(schema, definitions, depth))
        case "array":
            return draw(_array(schema, definitions, depth))
        case _:
            return draw(_scalar(schema))


def _scalar(schema: Any) -> st.SearchStrategy[Any]:
    scalars: dict[str | None, st.SearchStrategy[Any]] = {
        "string": st.just(FORMATS[schema["format"]]) if "format" in schema else st.text(max_size=3),
        "integer": st.integers(schema.get("minimum", -9), schema.get("maximum", 9)),
        "number": st.integers(-9, 9).map(lambda number: number + 0.5),
        "boolean": st.booleans(),
        "null": st.none(),
        None: st.sampled_from([None, 1, "a", [1], {"a": None}]),
    }
    return scalars[schema.get("type")]


@st.composite
def _object(draw: st.DrawFn, schema: Any, definitions: Mapping[str, Any], depth: int) -> Any:
    value: dict[str, Any] = {}
    for name, kind in schema.get("properties", {}).items():
        if name in schema.get("required", ()) or (depth > 0 and draw(st.booleans())):
            value[name] = draw(_fitting(kind, definitions, depth - 1))
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping):
        for name in draw(st.sets(st.sampled_from(["u", "v"]))):
            value[name] = draw(_fitting(others, definitions, depth - 1))
    return value


@st.composite
def _array(draw: st.DrawFn, schema: Any, definitions: Mapping[str, Any], depth: int) -> Any:
    if "prefixItems" in schema:
        return [draw(_fitting(kind, definitions, depth - 1)) for kind in schema["prefixItems"]]
    length = draw(st.integers(0, 2)) if depth > 0 else 0
    items = [draw(_fitting(schema["items"], definitions, depth - 1)) for _ in range(length)]
    return items[:1] if schema.get("uniqueItems") else items


@st.composite
def _functions(draw: st.DrawFn) -> Callable[..., Any]:
    """Draw a function with parameters of any kind, which returns what it got."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    places = sorted((draw(PLACES) for _ in names), key=["positional", "any", "keyword"].index)
    written: list[str] = []
    for index, (name, place) in enumerate(zip(names, places, strict=True)):
        if place == "keyword" and "keyword" not in places[:index]:
            written.append("*")
        written.append(name)
        if place == "positional" and "positional" not in places[index + 1 :]:
            written.append("/")
    namespace: dict[str, Any] = {}
    exec(f"def tool({', '.join(written)}): return [{', '.join(names)}]", namespace)
    function: Callable[..., Any] = namespace["tool"]
    function.__annotations__ = {name: draw(TYPES) for name in names}
    return function


@given(function=_functions(), data=st.data())
@settings(deadline=None, max_examples=150)
def test_what_fits_the_schema_reaches_the_function_unchanged(function: Callable[..., Any], data: st.DataObject) -> None:
    arguments = shape(function).arguments
    parameters: Any = arguments.parameters
    sent = data.draw(_fitting({**parameters, "additionalProperties": False}, parameters.get("$defs", {})))

    Draft202012Validator(parameters).validate(sent)
    values = arguments.read_object(sent)
    got = arguments.call(function, values)

    assert got == list(values.values()) or len(function.__annotations__) == 1
    again = arguments.dump(values)
    assert arguments.read_object(again) == values
    assert _is_the_same(again, sent)


def _is_the_same(told: Any, sent: Any) -> bool:
    """Whether a value that was read and written again is what was sent; what was left out may be filled in."""
    match told, sent:
        case dict(), dict():
            return all(name in told and _is_the_same(told[name], item) for name, item in sent.items())
        case list(), list():
            # A named tuple has its defaults filled in, too.
            return len(told) >= len(sent) and all(map(_is_the_same, told, sent))
        case _:
            return bool(told == sent or str(told) == str(sent))


@pytest.mark.parametrize("annotation", [kind for kind in LEAVES if kind is not Any], ids=str)
def test_what_was_read_has_the_type_that_was_asked_for(annotation: Any) -> None:
    def function(x: Any, y: int = 0) -> None: ...

    function.__annotations__["x"] = annotation
    arguments = shape(function).arguments
    parameters: Any = arguments.parameters
    for example in _examples(parameters["properties"]["x"], parameters.get("$defs", {})):
        value = arguments.read_object({"x": example})["x"]
        assert isinstance(value, dict) or not isinstance(annotation, type) or isinstance(value, annotation)


def _examples(schema: Any, definitions: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = []

    @given(_fitting(schema, definitions))
    @settings(max_examples=5, deadline=None, database=None, derandomize=True)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found
