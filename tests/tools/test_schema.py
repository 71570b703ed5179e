"""Tests of what is read off functions."""

from __future__ import annotations

import functools
import gc
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, TypeVar

import pytest
from pydantic import Field
from pydantic_core import ValidationError

from callwright.errors import SchemaError
from callwright.tools.docstrings import DocstringWarning
from callwright.tools.schema import FunctionDescription, describe, shape

D = TypeVar("D")


class Context(Generic[D]):
    """Marked as the context of a run is."""

    __callwright_context__ = True


def weather(city: str, days: int = 1) -> str:
    """Tell the weather.

    Args:
        city: Where.
        days: How many.
    """
    return f"{city} {days}"


class Forecast:
    """Tells the weather."""

    def __init__(self, unit: str) -> None:
        """Begin.

        Args:
            unit: Of temperature.
        """
        self.unit = unit

    def tell(self, city: str, **more: int) -> str:
        """Tell the weather."""
        return f"{city} {self.unit} {more}"

    async def ask(self, city: str) -> str:
        return city

    @classmethod
    def of(cls, city: str) -> str:
        return f"{cls.__name__} {city}"

    @staticmethod
    def at(city: str) -> str:
        return city

    class Sky(Enum):
        BLUE = "blue"

    def paint(self, sky: Sky) -> Sky:
        return sky


class Teller:
    """Tells."""

    async def __call__(self, city: str) -> str:
        """Tell what is asked."""
        return city


@dataclass
class Point:
    x: int
    y: int = 0


def _twice(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> list[Any]:
        return [function(*args, **kwargs)] * 2

    return inner


@_twice
def decorated(city: str) -> str:
    """Tell twice."""
    return city


def _parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    return describe(function).parameters["properties"]


def _error(read: Callable[[], object]) -> list[tuple[str, tuple[int | str, ...]]]:
    with pytest.raises(ValidationError) as caught:
        read()
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_a_function_is_described_by_its_name_its_docstring_and_its_annotations() -> None:
    assert describe(weather) == FunctionDescription(
        name="weather",
        description="Tell the weather.",
        parameters={
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where."},
                "days": {"type": "integer", "description": "How many.", "default": 1},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    )


def test_a_description_is_sent_with_strict_only_if_it_is_set() -> None:
    plain = FunctionDescription("now", "", {"type": "object", "properties": {}})
    strict = FunctionDescription("now", "Tell the time.", plain.parameters, strict=False)

    assert plain.wire() == {"type": "function", "function": {"name": "now", "parameters": plain.parameters}}
    assert strict.wire()["function"] == {
        "name": "now",
        "description": "Tell the time.",
        "parameters": plain.parameters,
        "strict": False,
    }


def test_name_and_description_can_be_given() -> None:
    described = describe(weather, name="sky", description="Look up.")

    assert (described.name, described.description) == ("sky", "Look up.")
    assert describe(weather, description="").description == ""


@pytest.mark.parametrize("name", ["", "with space", "größe", "x" * 65])
def test_a_name_that_services_refuse_is_refused(name: str) -> None:
    with pytest.raises(SchemaError, match="a tool's name is 1 to 64 of"):
        describe(weather, name=name)


def test_the_name_of_a_function_is_made_to_fit_the_wire() -> None:
    def größe() -> None: ...  # noqa: PLC2401 - that is what is tested

    assert describe(größe).name == "gr__e"
    assert describe(lambda: None).name == "_lambda_"


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    def now() -> float: ...

    assert describe(now).parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    assert shape(now).arguments.read("{}") == {}
    assert _error(lambda: shape(now).arguments.read('{"x": 1}')) == [("extra_forbidden", ("x",))]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        pytest.param(Forecast("C").tell, ("tell", "Tell the weather.", ["city"], False), id="method"),
        pytest.param(Forecast("C").ask, ("ask", "", ["city"], True), id="async method"),
        pytest.param(Forecast.of, ("of", "", ["city"], False), id="class method"),
        pytest.param(Forecast.at, ("at", "", ["city"], False), id="static method"),
        pytest.param(Forecast, ("Forecast", "Tells the weather.", ["unit"], False), id="class"),
        pytest.param(Point, ("Point", "", ["x", "y"], False), id="dataclass"),
        pytest.param(Teller(), ("Teller", "Tell what is asked.", ["city"], True), id="object"),
        pytest.param(decorated, ("decorated", "Tell twice.", ["city"], False), id="decorated"),
        pytest.param(
            functools.partial(weather, days=2), ("weather", "Tell the weather.", ["city"], False), id="partial"
        ),
        pytest.param(
            functools.partial(weather, "Rome"), ("weather", "Tell the weather.", ["days"], False), id="partial2"
        ),
    ],
)
def test_whatever_can_be_called_is_described(function: Callable[..., Any], expected: object) -> None:
    """Expected are name, description, the names of the parameters, and whether it is async."""
    described = describe(function)

    names = list(_parameters(function))
    assert (described.name, described.description, names, shape(function).is_async) == expected


def test_the_docstring_of_init_describes_the_parameters_of_its_class() -> None:
    assert _parameters(Forecast) == {"unit": {"type": "string", "description": "Of temperature."}}


def test_what_a_partial_binds_is_neither_shown_nor_taken() -> None:
    def search(query: str, key: str = "", **more: str) -> str:
        return f"{query} {key} {more}"

    bound = functools.partial(functools.partial(search, key="secret"), lang="en")
    arguments = shape(bound).arguments

    assert list(_parameters(bound)) == ["query"]
    assert arguments.call(bound, arguments.read('{"query": "a", "x": "b"}')) == "a secret {'lang': 'en', 'x': 'b'}"
    assert _error(lambda: arguments.read('{"query": "a", "key": "b"}')) == [("extra_forbidden", ("key",))]
    assert _error(lambda: arguments.read('{"query": "a", "lang": "b"}')) == [("extra_forbidden", ("lang",))]
    placed = shape(functools.partial(search, "a")).arguments
    assert _error(lambda: placed.read('{"query": "b"}')) == [("extra_forbidden", ("query",))]


def test_a_signature_that_tells_nothing_is_refused_at_once() -> None:
    def wrapper(*args, **kwargs) -> None: ...

    with pytest.raises(
        SchemaError, match=r"tool 'wrapper': nobody can tell what \(\*args, \*\*kwargs\) takes; annotate"
    ):
        shape(wrapper)


def test_names_are_resolved_when_they_are_needed() -> None:
    namespace: dict[str, Any] = {"__name__": "somewhere"}
    exec("from __future__ import annotations\ndef tool(x: list[Later]) -> None: ...", namespace)
    read = shape(namespace["tool"])

    with pytest.raises(SchemaError, match=r"annotation 'list\[Later\]' of parameter 'x' cannot be resolved \(name 'La"):
        _ = read.arguments
    namespace["Later"] = int

    assert read.arguments.parameters["properties"] == {"x": {"type": "array", "items": {"type": "integer"}}}


def test_names_may_stand_in_the_class_of_a_method_or_in_an_enclosing_function() -> None:
    class Local(Enum):
        ONE = 1

    def tool(x: Local) -> Local:
        return Local(x)

    assert _parameters(tool) == {"x": {"type": "integer", "enum": [1]}}
    assert _parameters(Forecast("C").paint) == {"sky": {"type": "string", "enum": ["blue"]}}


def test_a_type_without_a_schema_is_refused_by_its_parameter() -> None:
    def tool(x: int, then: Callable[[], None]) -> None: ...

    with pytest.raises(
        SchemaError, match=r"tool 'tool': the annotation .*Callable.* of parameter 'then' has no JSON S"
    ):
        describe(tool)


@pytest.mark.parametrize("thing", [3, None, max])
def test_what_has_no_signature_is_refused(thing: Any) -> None:
    with pytest.raises(SchemaError):
        describe(thing)


def test_texts_in_annotations_win_over_the_docstring() -> None:
    def tool(a: Annotated[str, "annotated"], b: Annotated[int, Field(description="field")], c: str) -> None:
        """Do.

        Args:
            a: documented
            b: documented
            c: documented
        """

    texts = {name: found["description"] for name, found in _parameters(tool).items()}

    assert texts == {"a": "annotated", "b": "field", "c": "documented"}


def test_names_that_are_documented_but_no_parameters_are_warned_of() -> None:
    def tool(city: str) -> None:
        """Do.

        Args:
            town: Where.
        """

    with pytest.warns(DocstringWarning, match="'tool': .* it documents town; the parameters are: city") as caught:
        describe(tool)

    assert caught[0].filename == __file__


def test_names_that_are_taken_in_other_ways_may_be_documented() -> None:
    def tool(ctx: Context[int], x: int, **more: int) -> None:
        """Do.

        Args:
            self: Nothing.
            ctx: The context.
            x: One.
            y: One more.
            **more: All others.
        """

    assert describe(tool).parameters["additionalProperties"] == {"type": "integer", "description": "All others."}


def test_shapes_of_top_level_functions_and_methods_are_kept() -> None:
    assert shape(weather) is shape(weather)
    assert shape(Forecast("C").tell) is shape(Forecast("F").tell)
    assert shape(Forecast("C").tell).arguments.parameters is describe(Forecast("F").tell).parameters


def test_no_function_is_kept_alive_by_its_shape() -> None:
    namespace: dict[str, Any] = {"__name__": "somewhere", "Annotated": Annotated, "Field": Field}
    exec("def one(x: int): ...\ndef two(x: Annotated[int, Field(ge=1)]): ...", namespace)
    functions = [namespace.pop("one"), namespace.pop("two"), lambda x=1: x]
    functions[-1].__annotations__["x"] = int
    values = [shape(function).arguments.read('{"x": 1}') for function in functions]
    alive = [weakref.ref(function) for function in functions]

    functions.clear()
    gc.collect()

    assert values == [{"x": 1}] * 3
    assert [reference() for reference in alive] == [None] * 3


def test_pydantic_and_docstring_parser_are_loaded_only_when_needed() -> None:
    program = """
import sys
from callwright.tools.schema import shape

def tool(city: str, days: int = 1, kinds: list[str] | None = None):
    '''Tell.

    Args:
        city: Where.
    '''

shape(tool).arguments.read('{"city": "Rome"}')
print([name for name in ("pydantic", "docstring_parser") if name in sys.modules])
"""

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed == "[]\n"
