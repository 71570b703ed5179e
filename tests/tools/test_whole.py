"""Tests of functions whose only parameter is a model, and which take its fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, NotRequired, Self, TypeVar

import pytest
from jsonschema import Draft202012Validator
from pydantic import VERSION, AliasChoices, BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator
from pydantic_core import ValidationError
from typing_extensions import TypedDict

from callwright.tools.context import RunContext
from callwright.tools.schema import describe, shape

T = TypeVar("T")


class Line(BaseModel):
    sku: str
    count: int = Field(default=1, ge=1)


class Order(BaseModel):
    """What is bought."""

    customer: str = Field(description="Who pays")
    lines: list[Line]
    note: str | None = None

    @field_validator("customer")
    @classmethod
    def _known(cls, name: str) -> str:
        if name == "nobody":
            raise ValueError("nobody is no customer")
        return name


class Node(BaseModel):
    """A node."""

    name: str
    children: list[Node] = []


@dataclass
class Point:
    """A point."""

    x: int
    y: float = 0.0


class Options(TypedDict):
    depth: int
    wide: NotRequired[bool]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    a: int


class Careless(BaseModel):
    model_config = ConfigDict(extra="ignore")

    a: int


class Renamed(BaseModel):
    a: int = Field(validation_alias=AliasChoices("first", "A"))
    b: int = Field(default=0, alias="B")

    @model_validator(mode="before")
    @classmethod
    def _older(cls, value: Any) -> Any:
        return {"first": value["old"]} if isinstance(value, dict) and "old" in value else value

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.a < 0:
            raise ValueError("a is negative")
        return self


class Empty(BaseModel):
    """Nothing."""


class Box(BaseModel, Generic[T]):
    content: T


class Numbers(RootModel[list[int]]):
    pass


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Home(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


def order(order: Order) -> object:
    """Place an order.

    Args:
        order: Complete, please.
        lines: In any order.
        customer: Overridden by the model.
    """
    return order


def _function(annotation: object) -> Callable[..., Any]:
    def function(value: Any) -> object:
        return value

    function.__annotations__["value"] = annotation
    return function


def _properties(function: Callable[..., Any]) -> list[str]:
    found = describe(function).parameters["properties"]
    assert isinstance(found, Mapping)
    return list(found)


def _got(function: Callable[..., Any], text: str) -> object:
    arguments = shape(function).arguments
    values = arguments.read(text)
    assert arguments.read_object(arguments.dump(values)) == values
    return arguments.call(function, values)


def _errors(function: Callable[..., Any], text: str) -> list[tuple[str, tuple[int | str, ...]]]:
    with pytest.raises(ValidationError) as caught:
        shape(function).arguments.read(text)
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_the_fields_of_a_model_stand_for_it() -> None:
    assert describe(order).parameters == {
        "type": "object",
        "properties": {
            "customer": {"type": "string", "description": "Who pays"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}, "description": "In any order."},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["customer", "lines"],
        "additionalProperties": False,
        "description": "Complete, please.\n\nWhat is bought.",
        "$defs": {
            "Line": {
                "type": "object",
                "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "default": 1, "minimum": 1}},
                "required": ["sku"],
            }
        },
    }


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        pytest.param(
            Order, '{"customer": "a", "lines": [{"sku": "b"}]}', Order(customer="a", lines=[Line(sku="b")]), id="model"
        ),
        pytest.param(Point, '{"x": "1"}', Point(1), id="dataclass"),
        pytest.param(Options, '{"depth": 1}', {"depth": 1}, id="typed dict"),
        pytest.param(Open, '{"a": 1, "b": 2}', Open.model_validate({"a": 1, "b": 2}), id="open model"),
        pytest.param(Careless, '{"a": 1, "b": 2}', Careless(a=1), id="model that ignores"),
        pytest.param(Renamed, '{"first": 1, "B": 2}', Renamed(first=1, B=2), id="aliases"),
        pytest.param(Renamed, '{"A": 1}', Renamed(first=1), id="another alias"),
        pytest.param(Renamed, '{"old": 1}', Renamed(first=1), id="rewritten by a validator"),
        pytest.param(Empty, "{}", Empty(), id="empty model"),
        pytest.param(Box[int], '{"content": "1"}', Box[int](content=1), id="generic model"),
        pytest.param(Home, '{"pet": {"kind": "dog"}}', Home(pet=Dog(kind="dog")), id="union with a tag inside"),
        pytest.param(Order, '{"customer": "\\ud800", "lines": []}', Order(customer="\ufffd", lines=[]), id="surrogate"),
        pytest.param(Point, '{"value": {"x": 1}}', Point(1), id="wrapped in its name"),
    ],
)
def test_the_function_gets_the_whole(annotation: object, text: str, value: object) -> None:
    assert _got(_function(annotation), text) == value


@pytest.mark.parametrize(
    ("annotation", "text", "errors"),
    [
        pytest.param(Order, '{"customer": "a"}', [("missing", ("lines",))], id="missing"),
        pytest.param(
            Order, '{"customer": "a", "lines": [{"sku": 1}]}', [("string_type", ("lines", 0, "sku"))], id="nested"
        ),
        pytest.param(Order, '{"customer": "nobody", "lines": []}', [("value_error", ("customer",))], id="validator"),
        pytest.param(Renamed, '{"first": -1}', [("value_error", ())], id="validator of the model"),
        pytest.param(
            Order, '{"customer": "a", "lines": [], "notes": ""}', [("extra_forbidden", ("notes",))], id="misspelt"
        ),
        pytest.param(
            Point, '{"x": 1, "z": 1}', [("unexpected_keyword_argument", ("z",))], id="misspelt in a dataclass"
        ),
        pytest.param(Options, '{"depth": 1, "wild": 1}', [("extra_forbidden", ("wild",))], id="misspelt in a dict"),
        pytest.param(
            Node,
            '{"name": "a", "child": []}',
            [("extra_forbidden", ("child",))],
            id="misspelt in a node",
            marks=pytest.mark.skipif(VERSION < "2.13", reason="pydantic takes a model's own validator"),
        ),
        pytest.param(Empty, '{"a": 1}', [("extra_forbidden", ("a",))], id="too much"),
        pytest.param(Point, '{"x": 1, "y": NaN}', [("finite_number", ("y",))], id="NaN"),
        pytest.param(Order, "[]", [("model_type", ())], id="no object"),
        pytest.param(Order, "{", [("json_invalid", ())], id="no JSON"),
        pytest.param(Point, '{"value": {"y": 1}}', [("missing", ("x",))], id="wrapped and wrong"),
    ],
)
def test_problems_are_told_by_the_place_of_the_field(annotation: object, text: str, errors: object) -> None:
    assert _errors(_function(annotation), text) == errors


def test_a_recursive_model_refers_to_its_definition() -> None:
    node = {
        "type": "object",
        "description": "A node.",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}, "default": []},
        },
        "required": ["name"],
    }

    parameters = describe(_function(Node)).parameters

    assert parameters == {**node, "additionalProperties": False, "$defs": {"Node": node}}
    Draft202012Validator.check_schema(parameters)
    tree = {"name": "a", "children": [{"name": "b", "other": 1}]}
    assert _got(_function(Node), json.dumps(tree)) == Node(name="a", children=[Node(name="b")])


def test_it_is_told_which_parameter_the_fields_stand_for() -> None:
    def two(point: Point, other: int) -> None: ...

    assert (shape(order).arguments.whole, shape(two).arguments.whole) == ("order", None)


def test_the_context_does_not_count() -> None:
    def function(ctx: RunContext[int], point: Point) -> object:
        return ctx, point

    def positional(point: Point, /, ctx: RunContext[int]) -> object:
        return ctx, point

    for tool in (function, positional):
        arguments = shape(tool).arguments
        assert _properties(tool) == ["x", "y"]
        assert arguments.call(tool, arguments.read('{"x": 1}'), "the context") == ("the context", Point(1))


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(Point | None, id="optional"),
        pytest.param(Cat | Dog, id="union"),
        pytest.param(Annotated[Cat | Dog, Field(discriminator="kind")], id="union with a tag"),
        pytest.param(Numbers, id="root model"),
        pytest.param(Annotated[Point, Field(title="Ruled")], id="with a rule"),
        pytest.param(list[Point], id="list"),
        pytest.param(dict[str, Point], id="dict"),
    ],
)
def test_what_would_lose_something_stays_one_parameter(annotation: object) -> None:
    assert "value" in _properties(_function(annotation))


def test_only_a_required_parameter_that_stands_alone_is_taken_apart() -> None:
    def default(value: Point = Point(1)) -> None: ...  # noqa: B008 - that is what is tested
    def two(value: Point, other: int = 0) -> None: ...
    def rest(*value: Point) -> None: ...
    def others(**value: Point) -> None: ...

    for function in (default, two, rest):
        assert "value" in _properties(function)
    assert describe(others).parameters["additionalProperties"] == {"$ref": "#/$defs/Point"}


def test_a_model_that_is_a_tool_takes_its_fields_by_their_names_on_the_wire() -> None:
    class Trip(BaseModel):
        from_: str = Field(alias="from")
        to: str = Field(alias="not a name")

    arguments = shape(Trip).arguments

    assert _properties(Trip) == ["from", "not a name"]
    values = arguments.read('{"from": "a", "not a name": "b"}')
    assert arguments.call(Trip, values) == Trip.model_validate({"from": "a", "not a name": "b"})
