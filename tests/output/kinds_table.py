"""What the tests of outputs ask for: a type of each kind, a value of it, and how a model writes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from callwright.errors import ToolError
from callwright.output.checked import Checked
from callwright.output.output import Output, output_of
from callwright.output.schema import Schema

__all__ = ["KINDS", "Kind"]


class Line(BaseModel):
    what: str
    amount: float = Field(gt=0)


class Invoice(BaseModel):
    number: int
    lines: list[Line]


@dataclass
class Point:
    x: int
    y: int = 0


class Place(TypedDict):
    city: str
    people: int


class Span(NamedTuple):
    first: int
    last: int


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Node(BaseModel):
    name: str
    children: list[Node] = []


class Left(BaseModel):
    size: int


class Right(BaseModel):
    size: int


def submit_order(item: str, count: int) -> str:
    """Submit an order.

    Args:
        item: What to order.
        count: How many.
    """
    return f"{count} {item}"


async def submit_later(item: str, count: int) -> Point:
    """Submit an order later."""
    if not item:
        raise ToolError("name the item")
    return Point(count, len(item))


def no_odd(number: int) -> int:
    if number % 2:
        raise ValueError("the number must be even")
    return number


async def no_empty(place: Place) -> None:
    if place["people"] < 1:
        raise ValueError("people: nobody lives there")


INVOICE = {"number": 7, "lines": [{"what": "tea", "amount": 2.5}]}
POINTS = [{"x": 1, "y": 2}, {"x": 3, "y": 4}, {"x": 5, "y": 6}]


@dataclass(frozen=True, eq=False)
class Kind:
    """A type, and what is written and read of it."""

    kind: Any
    """A type form, a function, or how to make an output in a mode."""
    answer: dict[str, Any]
    """What the model writes as text."""
    value: Any
    wrong: dict[str, Any]
    """What it writes that does not fit."""
    tool: str = "final_answer"
    arguments: dict[str, Any] | None = None
    """What it calls the tool with, if that is not the answer."""
    kept: Any = None
    """What is kept of the answer, cut two thirds through."""
    make: Callable[..., Output[Any]] = field(default=output_of)

    @cache  # noqa: B019 - the table lives as long as the tests
    def output(self, mode: str) -> Output[Any]:
        """Return the output in a mode."""
        return self.make(self.kind, mode=mode)

    def text(self, mode: str, answer: dict[str, Any] | None = None) -> str:
        """Return what the model writes in a mode."""
        written = self.answer if answer is None else answer
        if mode == "tool" and self.arguments is not None:
            written = self.arguments if answer is None else written["value"]
        return json.dumps(written)


def _wrapped(kind: Any, raw: Any, value: Any, wrong: Any, **more: Any) -> Kind:
    return Kind(kind, {"value": raw}, value, {"value": wrong}, **more)


def _member(kind: Any, name: str, raw: Any, *, value: Any, wrong: Any) -> Kind:
    return _wrapped(kind, raw, value, wrong, tool=f"final_answer{name}", arguments=raw)


_NO_LINES = {"number": 7, "lines": 5}

KINDS: dict[str, Kind] = {
    "model": Kind(Invoice, INVOICE, Invoice.model_validate(INVOICE), _NO_LINES),
    "dataclass": Kind(Point, {"x": 1, "y": 2}, Point(1, 2), {"x": "far", "y": 2}),
    "typed dict": Kind(Place, {"city": "Rome", "people": 3}, {"city": "Rome", "people": 3}, {"city": 5, "people": 3}),
    "named tuple": Kind(Span, {"first": 1, "last": 9}, Span(1, 9), {"first": 1, "last": "end"}),
    "recursive model": Kind(
        Node, {"name": "a", "children": [{"name": "b"}]}, Node(name="a", children=[Node(name="b")]), {"name": None}
    ),
    "integer": _wrapped(int, 417, 417, "many"),
    "boolean": _wrapped(bool, *(True,) * 2, "perhaps"),
    "enum": _wrapped(Color, "blue", Color.BLUE, "green"),
    "literal": _wrapped(Literal["yes", "no"], "no", "no", "perhaps"),
    "constrained": _wrapped(Annotated[int, Field(ge=100)], 250, 250, 3),
    "optional": _wrapped(int | None, None, None, "none of them"),
    "optional model": _wrapped(Point | None, {"x": 1, "y": 2}, Point(1, 2), {"x": "far"}),
    "list": _wrapped(list[Point], POINTS, [Point(1, 2), Point(3, 4), Point(5, 6)], [{"x": "far"}], kept=[Point(1, 2)]),
    "list of texts": _wrapped(list[str], ["one", "two", "six"], ["one", "two", "six"], [{}], kept=["one"]),
    "tuple": _wrapped(tuple[int, str], [1, "a"], (1, "a"), [1]),
    "dict": Kind(dict[str, int], {"one": 1, "two": 2}, {"one": 1, "two": 2}, {"one": "a"}),
    "union": _member(Invoice | Point, "_Point", {"x": 1, "y": 2}, value=Point(1, 2), wrong={"x": "far", "y": 1}),
    "discriminated union": _member(
        Annotated[Cat | Dog, Field(discriminator="kind")],
        "_Dog",
        {"kind": "dog", "tricks": ["sit"]},
        value=Dog(kind="dog", tricks=["sit"]),
        wrong={"kind": "dog", "tricks": 5},
    ),
    "answer or text": _member(Point | str, "", {"x": 1, "y": 2}, value=Point(1, 2), wrong={"x": "far", "y": 2}),
    "schema": Kind(
        {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False},
        {"n": 3},
        {"n": 3},
        {"n": "three"},
        make=Schema,
    ),
    "function": Kind(submit_order, {"item": "tea", "count": 2}, "2 tea", {"item": "tea"}, tool="submit_order"),
    "async function": Kind(
        submit_later, {"item": "tea", "count": 2}, Point(2, 3), {"item": "", "count": 2}, tool="submit_later"
    ),
    "checked": _wrapped(int, 418, 418, 417, make=lambda kind, mode: Checked(kind, no_odd, mode=mode)),
    "checked later": Kind(
        Place,
        {"city": "Rome", "people": 3},
        {"city": "Rome", "people": 3},
        {"city": "Rome", "people": 0},
        make=lambda kind, mode: Checked(kind, no_empty, mode=mode),
    ),
}
"""By name."""
