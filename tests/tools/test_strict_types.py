"""Which types of Python strict mode holds."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

from pydantic import BaseModel, Field, HttpUrl
from tests.tools.random_schemas import validator
from typing_extensions import TypedDict

from callwright.tools.schema import describe
from callwright.tools.strict import obstacles, strict


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    owner: str | None = None


class Node(BaseModel):
    value: int
    children: list[Node] = []


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: float
    y: float = 0.0


class Pair(NamedTuple):
    left: int
    right: int


class Sparse(TypedDict):
    note: NotRequired[str | None]


def test_documented_types_are_held():
    def tool(
        *,
        pet: Annotated[Cat | Dog, Field(discriminator="kind")],
        node: Node,
        colour: Colour,
        where: Point,
        pair: Pair,
        amount: Decimal,
        corner: tuple[float, float],
        folder: Path = Path(),
        day: date | None = None,
        wait: timedelta = timedelta(seconds=1),
        address: ipaddress.IPv4Address | None = None,
        count: Annotated[int, Field(ge=1, le=9)] = 1,
        names: list[str] | None = None,
    ) -> None: ...

    described = describe(tool).parameters

    made = strict(described)
    assert obstacles(described) == []
    assert strict(made) == made
    assert validator(made).is_valid(
        {
            "pet": {"kind": "cat", "lives": None},
            "node": {"value": 1, "children": [{"value": 2, "children": None}]},
            "colour": "red",
            "where": {"x": 1, "y": None},
            "pair": [1, 2],
            "amount": "1.50",
            "corner": [1, 2],
            "folder": None,
            "day": None,
            "wait": None,
            "address": None,
            "count": None,
            "names": None,
        }
    )


def test_types_that_strict_mode_cannot_hold_are_named():
    def tool(home: HttpUrl, tags: set[str], sparse: Sparse, raw: Any = None, **more: int) -> None: ...

    assert {one.path for one in obstacles(describe(tool).parameters)} == {
        "parameters",
        "parameters.home",
        "parameters.tags",
        "parameters.raw",
        "$defs.Sparse.note",
    }
