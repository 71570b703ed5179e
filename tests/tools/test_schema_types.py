"""Tests of how types are described and validated, on the short path and on pydantic's."""

from __future__ import annotations

import datetime as dt
import ipaddress
import pathlib
import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypeAlias, TypeVar

import pytest
from pydantic import BaseModel, Field, HttpUrl
from typing_extensions import Doc, TypeAliasType, TypedDict

from callwright._json import JsonValue
from callwright.tools.schema import describe, shape


class Colour(Enum):
    """What a thing looks like."""

    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Mood(StrEnum):
    GOOD = "good"


class Mixed(Enum):
    ONE = 1
    TWO = "two"


class Forgiving(Enum):
    YES = "yes"

    @classmethod
    def _missing_(cls, value: object) -> Forgiving:
        return cls.YES


class Place(BaseModel):
    """Somewhere."""

    name: str = Field(description="What it is called")
    title: str | None = Field(default=None, title="The title of it")
    colour: Colour = Colour.RED


class Tree(BaseModel):
    children: list[Tree] = []


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


@dataclass
class Point:
    x: int
    y: list[int] = field(default_factory=list[int])


class Options(TypedDict):
    depth: int
    wide: NotRequired[bool]


class Pair(NamedTuple):
    first_one: int
    second: str = "b"


class Later(BaseModel):
    when: int


T = TypeVar("T")
Number = TypeVar("Number", bound=int)


class Box(BaseModel, Generic[T]):
    content: T


UserId = NewType("UserId", int)
Names: TypeAlias = "list[Name]"
Name: TypeAlias = str
Nested = TypeAliasType("Nested", "int | list[Nested]")

ADDRESS: JsonValue = {
    "description": "Somewhere.",
    "properties": {
        "name": {"description": "What it is called", "type": "string"},
        "title": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "title": "The title of it"},
        "colour": {
            "default": "red",
            "description": "What a thing looks like.",
            "enum": ["red", "blue"],
            "type": "string",
        },
    },
    "required": ["name"],
    "type": "object",
}


def _case(annotation: object, described: JsonValue, example: tuple[JsonValue, object], name: str = "") -> Any:
    """Return a case: a type, its schema, and a JSON value with the value that it is read as."""
    return pytest.param(annotation, described, *example, id=name or str(annotation).replace("typing.", ""))


TEXT: dict[str, JsonValue] = {"type": "string"}
COLOUR: JsonValue = {"enum": ["red", "blue"], "type": "string", "description": "What a thing looks like."}


@pytest.mark.parametrize(
    ("annotation", "described", "given_", "value"),
    [
        _case(str, TEXT, ("a", "a")),
        _case(int, {"type": "integer"}, ("3", 3)),
        _case(float, {"type": "number"}, (1, 1.0)),
        _case(bool, {"type": "boolean"}, (True, True)),
        _case(None, {"type": "null"}, (None, None)),
        _case(Any, {}, ({"a": [1]}, {"a": [1]})),
        _case(str | None, {"anyOf": [TEXT, {"type": "null"}]}, (None, None)),
        _case(int | str, {"anyOf": [{"type": "integer"}, TEXT]}, ("3", "3")),
        _case(list, {"type": "array", "items": {}}, ([1, "a"], [1, "a"])),
        _case(list[int], {"type": "array", "items": {"type": "integer"}}, (["1"], [1])),
        _case(Sequence[str], {"type": "array", "items": TEXT}, (["a"], ["a"])),
        _case(dict, {"type": "object", "additionalProperties": True}, ({"a": 1}, {"a": 1})),
        _case(dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}, ({"a": 1}, {"a": 1.0})),
        _case(Mapping[str, str], {"type": "object", "additionalProperties": TEXT}, ({"a": "b"}, {"a": "b"})),
        _case(Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}, ("b", "b")),
        _case(Literal["a"], {"type": "string", "const": "a"}, ("a", "a")),
        _case(Literal["a", 1, None], {"enum": ["a", 1, None]}, (1, 1)),  # noqa: PYI061 - not the same to pydantic
        _case(Colour, COLOUR, ("blue", Colour.BLUE)),
        _case(Size, {"type": "integer", "enum": [1, 2]}, (2, Size.LARGE)),
        _case(Mood, {"type": "string", "enum": ["good"]}, ("good", Mood.GOOD)),
        _case(Annotated[str, "a text"], TEXT | {"description": "a text"}, ("a", "a"), "Annotated with a text"),
        _case(Annotated[str, Doc("a text")], TEXT | {"description": "a text"}, ("a", "a"), "Annotated with Doc"),
        _case(Annotated[str, Field(description="d")], TEXT | {"description": "d"}, ("a", "a"), "Annotated with Field"),
        _case(
            Annotated[str, "d"] | None,
            {"anyOf": [TEXT, {"type": "null"}], "description": "d"},
            ("a", "a"),
            "Annotated in a union",
        ),
        _case(
            Annotated[int, Field(ge=1, description="d")],
            {"type": "integer", "minimum": 1, "description": "d"},
            (1, 1),
            "Annotated with a bound",
        ),
        _case(Mixed, {"enum": [1, "two"]}, ("two", Mixed.TWO)),
        _case(Forgiving, {"type": "string", "enum": ["yes"]}, ("yes", Forgiving.YES)),
        _case(list[Colour | None], {"type": "array", "items": {"anyOf": [COLOUR, {"type": "null"}]}}, ([None], [None])),
        _case(
            dict[Colour, int],
            {"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": COLOUR},
            ({"red": 1}, {Colour.RED: 1}),
        ),
        _case(set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, ([1, 1], {1})),
        _case(frozenset[str], {"type": "array", "items": TEXT, "uniqueItems": True}, (["a"], frozenset({"a"}))),
        _case(tuple[int, ...], {"type": "array", "items": {"type": "integer"}}, ([1, 2], (1, 2))),
        _case(
            tuple[int, str],
            {"type": "array", "prefixItems": [{"type": "integer"}, TEXT], "minItems": 2, "maxItems": 2},
            ([1, "a"], (1, "a")),
        ),
        _case(dt.date, {"type": "string", "format": "date"}, ("2026-01-02", dt.date(2026, 1, 2))),
        _case(dt.time, {"type": "string", "format": "time"}, ("12:30", dt.time(12, 30))),
        _case(dt.timedelta, {"type": "string", "format": "duration"}, ("PT1H", dt.timedelta(hours=1))),
        _case(uuid.UUID, {"type": "string", "format": "uuid"}, (str(uuid.UUID(int=1)), uuid.UUID(int=1))),
        _case(bytes, {"type": "string", "format": "binary"}, ("a", b"a")),
        _case(pathlib.Path, {"type": "string", "format": "path"}, ("/a", pathlib.Path("/a"))),
        _case(
            ipaddress.IPv4Address, {"type": "string", "format": "ipv4"}, ("1.2.3.4", ipaddress.IPv4Address("1.2.3.4"))
        ),
        _case(re.Pattern, {"type": "string", "format": "regex"}, ("a+", re.compile("a+"))),
        _case(UserId, {"type": "integer"}, (1, 1), "NewType"),
        _case(Number, {"type": "integer"}, (1, 1), "bound TypeVar"),
    ],
)
def test_a_type_is_described_and_its_values_are_read(
    annotation: object, described: JsonValue, given_: JsonValue, value: object
) -> None:
    def function(x: Any) -> None: ...

    function.__annotations__["x"] = annotation
    arguments = shape(function).arguments

    values = arguments.read_object({"x": given_})

    assert arguments.parameters == {
        "type": "object",
        "properties": {"x": described},
        "required": ["x"],
        "additionalProperties": False,
    }
    assert (values, type(values["x"])) == ({"x": value}, type(value))
    assert arguments.read_object(arguments.dump(values)) == values


@pytest.mark.parametrize(
    ("annotation", "definitions", "given_", "value"),
    [
        _case(Place, {"Place": ADDRESS}, ({"name": "a"}, Place(name="a")), "model"),
        _case(
            Tree,
            {
                "Tree": {
                    "properties": {"children": {"default": [], "items": {"$ref": "#/$defs/Tree"}, "type": "array"}},
                    "type": "object",
                }
            },
            ({"children": [{}]}, Tree(children=[Tree()])),
            "recursive model",
        ),
        _case(
            Point,
            {
                "Point": {
                    "properties": {"x": {"type": "integer"}, "y": {"items": {"type": "integer"}, "type": "array"}},
                    "required": ["x"],
                    "type": "object",
                }
            },
            ({"x": 1}, Point(1)),
            "dataclass",
        ),
        _case(
            Options,
            {
                "Options": {
                    "properties": {"depth": {"type": "integer"}, "wide": {"type": "boolean"}},
                    "required": ["depth"],
                    "type": "object",
                }
            },
            ({"depth": 1}, {"depth": 1}),
            "typed dict",
        ),
        _case(
            Pair,
            {
                "Pair": {
                    "prefixItems": [{"type": "integer"}, {"default": "b", "type": "string"}],
                    "minItems": 1,
                    "maxItems": 2,
                    "type": "array",
                }
            },
            ([1], Pair(1)),
            "named tuple",
        ),
        _case(
            Box[int],
            {"Box_int_": {"properties": {"content": {"type": "integer"}}, "required": ["content"], "type": "object"}},
            ({"content": 1}, Box[int](content=1)),
            "generic model",
        ),
        _case(
            Nested,
            {"Nested": {"anyOf": [{"type": "integer"}, {"items": {"$ref": "#/$defs/Nested"}, "type": "array"}]}},
            ([1, [2]], [1, [2]]),
            "recursive alias",
        ),
    ],
)
def test_a_type_with_a_name_of_its_own_is_defined_once(
    annotation: object, definitions: JsonValue, given_: JsonValue, value: object
) -> None:
    def function(x: Any, y: Any = None) -> None: ...

    function.__annotations__["x"] = annotation
    arguments = shape(function).arguments

    values = arguments.read_object({"x": given_})

    assert arguments.parameters["$defs"] == definitions
    assert values == {"x": value}
    assert arguments.read_object(arguments.dump(values)) == values


def test_the_tag_of_a_union_decides() -> None:
    def adopt(pet: Annotated[Cat | Dog, Field(discriminator="kind")]) -> None: ...

    arguments = shape(adopt).arguments

    assert arguments.read('{"pet": {"kind": "dog"}}') == {"pet": Dog(kind="dog")}
    assert describe(adopt).parameters["properties"] == {
        "pet": {
            "discriminator": {"mapping": {"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}, "propertyName": "kind"},
            "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
        }
    }


def test_names_that_stand_for_types_are_looked_up_where_the_function_is() -> None:
    def greet(names: Names, page: HttpUrl, later: list[Later]) -> None: ...

    properties = describe(greet).parameters["properties"]

    assert properties == {
        "names": {"items": {"type": "string"}, "type": "array"},
        "page": {"format": "uri", "maxLength": 2083, "minLength": 1, "type": "string"},
        "later": {"items": {"$ref": "#/$defs/Later"}, "type": "array"},
    }


PEP_695 = """
from typing import Annotated

type City = Annotated[str, "a city"]
type Tree = dict[str, Tree] | int
type Pair[T] = tuple[T, T]

def travel[N: int](city: City, tree: Tree, pair: Pair[int], cities: list[City], count: N): ...
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="it is the syntax of 3.12")
def test_aliases_and_parameters_of_types_by_their_own_syntax() -> None:
    namespace: dict[str, Any] = {"__name__": "made"}
    exec(PEP_695, namespace)
    arguments = shape(namespace["travel"]).arguments

    city = {"type": "string", "description": "a city"}
    assert arguments.parameters["properties"] == {
        "city": city,
        "tree": {"$ref": "#/$defs/Tree"},
        "pair": {"$ref": "#/$defs/Pair_int_"},
        "cities": {"type": "array", "items": city},
        "count": {"type": "integer"},
    }
    values = {"city": "a", "tree": {"b": {"c": 1}}, "pair": [1, 2], "cities": [], "count": 3}
    assert arguments.read_object(values) == {**values, "pair": (1, 2)}
