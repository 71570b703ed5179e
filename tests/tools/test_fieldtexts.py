"""Tests of what classes say of their fields, as a model is told it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, NotRequired, TypeVar

import pytest
from pydantic import BaseModel, Field
from pydantic.dataclasses import dataclass as checked_dataclass
from typing_extensions import Doc, TypedDict

from callwright.tools.fieldtexts import class_texts
from callwright.tools.schema import describe

T = TypeVar("T")


class Base(BaseModel):
    """What all have.

    Attributes:
        id: Of the base.
        note: Of the base.
    """

    id: int
    note: str = ""


class Line(Base):
    """One line.

    More of it.

    Attributes:
        sku: Overridden by the string underneath.
        count: How many.
        note (str): Of the line.
    """

    sku: str
    """The article,
    as in the catalogue."""
    count: Annotated[int, Field(ge=1)] = 1
    price: Annotated[float, "in euros"] = 0
    """Overridden by the annotation."""
    weight: float = Field(default=0, description="in kilograms")
    """Overridden by the field."""
    colour: Annotated[str, Doc("as painted")] = ""
    from_: str = Field(default="", alias="from")
    """Where from."""
    tags: list[Annotated[str, "one word"]] = []
    sizes: dict[str, Annotated[int, Doc("in cm")]] = {}
    """By name."""
    parent: Line | None = None
    """The line above."""


@dataclass
class Point:
    """A point.

    :param x: Across.
    :ivar y: Up.
    """

    x: int
    y: int = 0
    z: int = 0
    """Ahead."""


@checked_dataclass
class Checked:
    x: int
    """Across."""


class Place(TypedDict):
    """Somewhere.

    Parameters
    ----------
    name : str
        What it is called.
    """

    name: str
    kind: Annotated[str, "town or village"]


class Town(Place, total=False):
    people: NotRequired[int]
    """How many live there."""


class Pair(NamedTuple):
    """Two."""

    first: int
    """The one."""
    second: Annotated[str, "the other"] = ""


class Box(BaseModel, Generic[T]):
    content: T
    """What is in it."""


@dataclass
class Plain:
    x: int

    """Not underneath a field, but close enough."""

    def method(self) -> None:
        """Not of a field."""

    y: int = 0
    z = 1
    """Not of a field either."""


def _defined(kind: object, name: str = "") -> Mapping[str, Any]:
    def function(value: Any, other: int) -> None: ...

    function.__annotations__["value"] = kind
    definitions = describe(function).parameters["$defs"]
    assert isinstance(definitions, Mapping)
    return definitions[name or next(iter(definitions))]


def _texts(definition: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: found.get("description") for name, found in definition["properties"].items()}


def test_fields_of_models_have_the_text_that_is_nearest() -> None:
    line = _defined(Line)

    assert line["description"] == "One line.\n\nMore of it."
    assert _texts(line) == {
        "id": "Of the base.",
        "note": "Of the line.",
        "sku": "The article,\nas in the catalogue.",
        "count": "How many.",
        "price": "in euros",
        "weight": "in kilograms",
        "colour": "as painted",
        "from": "Where from.",
        "tags": None,
        "sizes": "By name.",
        "parent": "The line above.",
    }
    assert line["properties"]["tags"]["items"] == {"type": "string", "description": "one word"}
    assert line["properties"]["sizes"]["additionalProperties"] == {"type": "integer", "description": "in cm"}


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        pytest.param(Point, {"x": "Across.", "y": "Up.", "z": "Ahead."}, id="dataclass"),
        pytest.param(Checked, {"x": "Across."}, id="pydantic dataclass"),
        pytest.param(Place, {"name": "What it is called.", "kind": "town or village"}, id="typed dict"),
        pytest.param(
            Town,
            {"name": "What it is called.", "kind": "town or village", "people": "How many live there."},
            id="typed dict with a base",
        ),
        pytest.param(Box[int], {"content": "What is in it."}, id="generic model"),
        pytest.param(list[Point], {"x": "Across.", "y": "Up.", "z": "Ahead."}, id="within a list"),
        pytest.param(dict[str, Point] | None, {"x": "Across.", "y": "Up.", "z": "Ahead."}, id="within a union"),
        pytest.param(Plain, {"x": "Not underneath a field, but close enough.", "y": None}, id="other strings"),
    ],
)
def test_fields_of_every_kind_of_class_have_their_text(kind: object, texts: dict[str, str]) -> None:
    assert _texts(_defined(kind)) == texts


def test_items_of_named_tuples_have_their_text() -> None:
    items = _defined(Pair)["prefixItems"]

    assert [item["description"] for item in items] == ["The one.", "the other"]


def test_classes_of_one_name_are_told_apart_by_their_fields() -> None:
    def one() -> type:
        @dataclass
        class Same:
            a: int
            """The one."""

        return Same

    def two() -> type:
        @dataclass
        class Same:
            b: int
            """The other."""

        return Same

    assert (class_texts(one()).fields, class_texts(two()).fields) == ({"a": "The one."}, {"b": "The other."})


def test_classes_without_a_source_say_what_their_docstring_says() -> None:
    made = dataclasses.make_dataclass(
        "Made", [("x", int)], namespace={"__doc__": "Made.\n\nAttributes:\n    x: Across."}
    )
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec("class There:\n    '''There.'''\n    x: int", namespace)

    assert class_texts(made) == ("Made.", {"x": "Across."})
    assert class_texts(namespace["There"]) == ("There.", {})


def test_what_a_dataclass_says_unasked_is_not_said() -> None:
    assert class_texts(Checked).description is None
    assert "description" not in _defined(Checked)


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        pytest.param(
            list[Annotated[str, "a city"]],
            {"type": "array", "items": {"type": "string", "description": "a city"}},
            id="list",
        ),
        pytest.param(
            dict[str, Annotated[int, Doc("a size")]],
            {"type": "object", "additionalProperties": {"type": "integer", "description": "a size"}},
            id="dict",
        ),
        pytest.param(
            dict[str, Annotated[Any, "anything"]],
            {"type": "object", "additionalProperties": {"description": "anything"}},
            id="dict of anything",
        ),
        pytest.param(
            list[Annotated[str, "a"] | None],
            {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "a"}},
            id="optional within a list",
        ),
        pytest.param(
            Annotated[int, "an id"] | Annotated[str, "a name"],
            {"anyOf": [{"type": "integer", "description": "an id"}, {"type": "string", "description": "a name"}]},
            id="union with two texts",
        ),
        pytest.param(
            Annotated[list[Annotated[str, "a city"]] | None, "all cities"],
            {
                "anyOf": [{"type": "array", "items": {"type": "string", "description": "a city"}}, {"type": "null"}],
                "description": "all cities",
            },
            id="outside and inside",
        ),
        pytest.param(
            tuple[Annotated[float, "north"], Annotated[float, "east"]],
            {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [
                    {"type": "number", "description": "north"},
                    {"type": "number", "description": "east"},
                ],
            },
            id="tuple",
        ),
        pytest.param(
            tuple[Annotated[int, "one"], ...],
            {"type": "array", "items": {"type": "integer", "description": "one"}},
            id="tuple of any length",
        ),
        pytest.param(
            set[Annotated[int, "one"]],
            {"type": "array", "uniqueItems": True, "items": {"type": "integer", "description": "one"}},
            id="set",
        ),
        pytest.param(
            list[list[Annotated[int, Field(ge=1), "one"]]],
            {
                "type": "array",
                "items": {"type": "array", "items": {"type": "integer", "minimum": 1, "description": "one"}},
            },
            id="list of lists",
        ),
    ],
)
def test_a_text_within_a_type_stands_at_its_place(annotation: object, schema: dict[str, Any]) -> None:
    def function(x: Any) -> None: ...

    function.__annotations__["x"] = annotation

    assert describe(function).parameters["properties"] == {"x": schema}


def test_no_source_is_read_for_functions_of_leaves() -> None:
    program = """
import sys
from callwright.tools.schema import describe

def tool(city: str, days: list[int] | None = None):
    '''Tell.'''

describe(tool)
print("pydantic" in sys.modules, [name for name in sys.modules["linecache"].cache if name.endswith(".py")])
"""

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed == "False []\n"


def _described(function: Callable[..., Any]) -> Mapping[str, Any]:
    found = describe(function).parameters["properties"]
    assert isinstance(found, Mapping)
    return {name: schema.get("description") for name, schema in found.items()}


def test_a_class_that_is_a_tool_says_it_of_its_parameters() -> None:
    assert _described(Point) == {"x": "Across.", "y": "Up.", "z": "Ahead."}
    assert _described(Pair) == {"first": "The one.", "second": "the other"}
    assert _described(Line)["weight"] == "in kilograms"
    assert _described(Line)["from"] == "Where from."
    assert _described(Line)["sku"] == "The article,\nas in the catalogue."
