"""A table of signatures and what a model is told of each: types, defaults, places and texts together."""

# ruff: noqa: E501, F401 - a case to a line; names are used in texts

from __future__ import annotations

import datetime as dt
import ipaddress
import math
import pathlib
import re
import typing
import uuid
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypeVar, Union

import pytest
import typing_extensions
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, HttpUrl, PositiveInt, SecretStr
from typing_extensions import Doc, TypedDict

from callwright.tools.context import RunContext
from callwright.tools.schema import describe, shape


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    """How loud."""

    LOW = 1
    HIGH = 2


class Item(BaseModel):
    sku: str


class Tree(BaseModel):
    children: list[Tree] = []


class Pair(NamedTuple):
    x: int
    y: int = 0


@dataclass
class Point:
    x: int
    tags: list[str] = field(default_factory=list[str])


class Place(TypedDict):
    name: str


UserId = NewType("UserId", int)
Name = NewType("Name", str)
Small = TypeVar("Small", bound=int)
Either = TypeVar("Either", int, str)
City = typing_extensions.TypeAliasType("City", Annotated[str, "a city"])
Json = typing_extensions.TypeAliasType("Json", "int | list[Json]")

INT: dict[str, Any] = {"type": "integer"}
NUM: dict[str, Any] = {"type": "number"}
STR: dict[str, Any] = {"type": "string"}
NULL: dict[str, Any] = {"type": "null"}
RED: dict[str, Any] = {"type": "string", "enum": ["red", "blue"]}
LOUD: dict[str, Any] = {"type": "integer", "enum": [1, 2], "description": "How loud."}


def any_of(*kinds: Mapping[str, Any], **more: object) -> dict[str, Any]:
    return {"anyOf": list(kinds), **more}


def array(items: Mapping[str, Any], **more: object) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def text(form: str) -> dict[str, Any]:
    return {"type": "string", "format": form}


TYPES: list[tuple[str, dict[str, Any]]] = [
    ("x: int", INT),
    ("x: 'int'", INT),
    ("x: Optional[int]", any_of(INT, NULL)),
    ("x: Optional['int'] = None", any_of(INT, NULL, default=None)),
    ("x: int = None", any_of(INT, NULL, default=None)),
    ("x: Union[int, str, None] = 3", any_of(INT, STR, NULL, default=3)),
    ("x: None | int", any_of(INT, NULL)),
    ("x: bool = True", {"type": "boolean", "default": True}),
    ("x: float = 1", {**NUM, "default": 1}),
    ("x: float = math.inf", {**NUM, "description": "Default: inf"}),
    ("x: float = -math.inf", {**NUM, "description": "Default: -inf"}),
    ("x: Any", {}),
    ("x: object = None", {"default": None}),
    ("x: list", array({})),
    ("x: typing.List", array({})),
    ("x: typing.List[int]", array(INT)),
    ("x: Sequence[str] = ()", array(STR, default=[])),
    ("x: dict", {"type": "object", "additionalProperties": True}),
    ("x: typing.Dict[str, int]", {"type": "object", "additionalProperties": INT}),
    ("x: MutableMapping[str, list[int]]", {"type": "object", "additionalProperties": array(INT)}),
    ("x: dict[int, str]", {"type": "object", "additionalProperties": STR}),
    ("x: tuple", array({})),
    ("x: tuple[int, ...] = (1, 2)", array(INT, default=[1, 2])),
    ("x: tuple[int, str]", {"type": "array", "prefixItems": [INT, STR], "minItems": 2, "maxItems": 2}),
    ("x: set[int] = frozenset({2, 1})", array(INT, uniqueItems=True, default=[1, 2])),
    ("x: frozenset", array({}, uniqueItems=True)),
    ("x: Literal['a', 'b'] = 'a'", {"type": "string", "enum": ["a", "b"], "default": "a"}),
    ("x: Literal['a', 1, True, None]", {"enum": ["a", 1, True, None]}),
    ("x: Literal['a']", {"type": "string", "const": "a"}),
    ("x: list[Literal[1, 2]]", array({"type": "integer", "enum": [1, 2]})),
    ("x: Colour = Colour.RED", {**RED, "default": "red"}),
    ("x: Level = Level.LOW", {**LOUD, "default": 1}),
    ("x: Colour | None = None", any_of(RED, NULL, default=None)),
    ("x: Literal[Colour.RED]", {"type": "string", "const": "red"}),
    ("x: dt.date = dt.date(2026, 1, 2)", {**text("date"), "default": "2026-01-02"}),
    ("x: dt.datetime", text("date-time")),
    ("x: dt.time", text("time")),
    ("x: dt.timedelta = dt.timedelta(hours=1)", {**text("duration"), "default": "PT1H"}),
    ("x: uuid.UUID", text("uuid")),
    ("x: bytes = b'a'", {**text("binary"), "default": "a"}),
    ("x: pathlib.Path = pathlib.Path('/a')", {**text("path"), "default": "/a"}),
    ("x: ipaddress.IPv6Address", text("ipv6")),
    ("x: ipaddress.IPv4Network", text("ipv4network")),
    ("x: re.Pattern[str]", text("regex")),
    ("x: HttpUrl", {**text("uri"), "minLength": 1, "maxLength": 2083}),
    ("x: SecretStr", {**text("password"), "writeOnly": True}),
    ("x: PositiveInt", {**INT, "exclusiveMinimum": 0}),
    ("x: UserId", INT),
    ("x: list[Name]", array(STR)),
    ("x: Small", INT),
    ("x: Either", any_of(INT, STR)),
    ("x: Item | None = None", any_of({"$ref": "#/$defs/Item"}, NULL, default=None)),
    ("x: list[Tree]", array({"$ref": "#/$defs/Tree"})),
    ("x: Pair", {"$ref": "#/$defs/Pair"}),
    ("x: list[Point]", array({"$ref": "#/$defs/Point"})),
    ("x: dict[str, Place]", {"type": "object", "additionalProperties": {"$ref": "#/$defs/Place"}}),
    ("x: Item | Place | int", any_of({"$ref": "#/$defs/Item"}, {"$ref": "#/$defs/Place"}, INT)),
    ("x: Json", {"$ref": "#/$defs/Json"}),
    ("x: City", {**STR, "description": "a city"}),
    ("x: list[City]", array({**STR, "description": "a city"})),
    ("x: Annotated[int, 'the x']", {**INT, "description": "the x"}),
    ("x: Annotated[int, Doc('the x')] = 1", {**INT, "description": "the x", "default": 1}),
    ("x: Annotated[int, Field(ge=1, le=9, description='the x')]", {**INT, "minimum": 1, "maximum": 9, "description": "the x"}),
    ("x: int = Field(3, description='the x')", {**INT, "description": "the x", "default": 3}),
    ("x: Annotated[str, Field(pattern='^a+$', examples=['a'])]", {**STR, "pattern": "^a+$", "examples": ["a"]}),
    ("x: Annotated[int | None, 'the x'] = None", any_of(INT, NULL, description="the x", default=None)),
    ("x: Annotated[int, 'the x'] | None = None", any_of(INT, NULL, description="the x", default=None)),
    ("x: Annotated[Colour, 'its colour']", {**RED, "description": "its colour"}),
    ("x: Annotated[Level, 'how loud']", {**LOUD, "description": "how loud"}),
    ("x: list[Annotated[Level, 'one of them']]", array({**LOUD, "description": "one of them"})),
    ("*x: int", array(INT)),
    ("*x: Annotated[int, 'each']", array({**INT}, description="each")),
    ("x: int, /", INT),
    ("*, x: int", INT),
    ("ctx: RunContext[Any], x: int", INT),
    ("x: int, *, c: RunContext[Any] | None = None", INT),
]  # fmt: skip


def function_of(signature: str) -> Callable[..., Any]:
    names: dict[str, Any] = dict(globals())
    exec(
        f"def do({signature}, other: int = 0): return locals()"
        if "*x" not in signature
        else f"def do({signature}): return locals()",
        names,
    )
    function: Callable[..., Any] = names["do"]
    return function


@pytest.mark.parametrize(("signature", "schema"), TYPES, ids=[signature for signature, _ in TYPES])
def test_each_type_is_told_as_it_is_meant(signature: str, schema: Mapping[str, Any]) -> None:
    parameters = describe(function_of(signature)).parameters

    properties = parameters["properties"]
    assert isinstance(properties, Mapping)
    assert properties["x"] == schema
    Draft202012Validator.check_schema(dict(parameters))


def test_decimals_are_numbers_or_texts() -> None:
    def pay(amount: Decimal, tip: Decimal = Decimal("0.5")) -> object:
        return amount, tip

    arguments = shape(pay).arguments

    amount = dict(arguments.parameters["properties"])["amount"]  # type: ignore[arg-type,call-overload] # an object's are
    assert [kind["type"] for kind in amount["anyOf"]] == ["number", "string"]
    assert arguments.read('{"amount": "1.10"}') == {"amount": Decimal("1.10")}
    assert arguments.read('{"amount": 1.25}') == {"amount": Decimal("1.25")}


HOSTILE = [
    "self", "cls", "func", "function", "ctx", "context", "args", "kwargs", "values", "value", "name", "names", "json", "copy",
    "dict", "keys", "items", "get", "pop", "update", "model_config", "model_fields", "model_dump", "model_post_init", "return_",
    "schema", "validate", "construct", "__root__", "root", "_private", "__dunder__", "__init__", "__class__", "__slots__", "__doc__",
    "__annotations__", "__pydantic_config__", "__total__", "title", "description", "type", "properties", "required", "default",
    "input", "id", "type_", "arguments", "parameters", "text", "error", "ref", "default_factory", "alias", "extra", "int", "str",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["int", "Annotated[int, Field(ge=0)]", "list[dt.date]"])
def test_no_name_of_a_parameter_collides(kind: str) -> None:
    names: dict[str, Any] = dict(globals())
    # Evaluated apart: some of the parameters have the names of types.
    exec(f"def do({', '.join(HOSTILE)}): return [{', '.join(HOSTILE)}]", names)
    function = names["do"]
    function.__annotations__ = dict.fromkeys(HOSTILE, eval(kind))
    sent = [["2026-01-02"]] * len(HOSTILE) if "date" in kind else list(range(len(HOSTILE)))

    arguments = shape(function).arguments
    values = arguments.read_object(dict(zip(HOSTILE, sent, strict=True)))

    assert list(dict(arguments.parameters["properties"])) == HOSTILE  # type: ignore[arg-type,call-overload] # an object's are
    assert arguments.call(function, values) == ([[dt.date(2026, 1, 2)]] * len(HOSTILE) if "date" in kind else sent)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_lone_parameter_collides(name: str) -> None:
    names: dict[str, Any] = {}
    exec(f"def do({name}): return {name}", names)
    function = names["do"]
    function.__annotations__ = {name: int}

    arguments = shape(function).arguments

    assert arguments.call(function, arguments.read_object({name: 7})) == 7
