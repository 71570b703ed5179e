"""Tests of how arguments are read, and of how they reach their function."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field
from pydantic_core import ValidationError

from callwright.tools.schema import Arguments, describe, shape


class Colour(Enum):
    RED = "red"


def weather(city: str, days: int = 1) -> str:
    """Tell the weather.

    Args:
        city: Where.
        days: How many.
    """
    return f"{city} {days}"


@dataclass
class Point:
    x: int
    y: int = 0


def _parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    return describe(function).parameters["properties"]


def _error(read: Callable[[], object]) -> list[tuple[str, tuple[int | str, ...]]]:
    with pytest.raises(ValidationError) as caught:
        read()
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_no_name_of_a_parameter_is_special() -> None:
    def tool(  # noqa: PLR0917 - they are names like any other
        self: int, cls: int, func: int, function: int, ctx: int, args: int, kwargs: int, name: int, json: int,
        copy: int, model_config: int, return_: int, values: int, context: int, __pydantic_config__: int, keys: int,
    ) -> tuple[int, ...]:  # fmt: skip
        return (
            self, cls, func, function, ctx, args, kwargs, name, json,
            copy, model_config, return_, values, context, __pydantic_config__, keys,
        )  # fmt: skip

    def slow(self: Annotated[int, Field(ge=0)], cls: int, model_config: int, __pydantic_config__: int) -> list[int]:
        return [self, cls, model_config, __pydantic_config__]

    for function in (tool, slow):
        names = list(_parameters(function))
        arguments = shape(function).arguments
        values = arguments.read_object({name: index for index, name in enumerate(names)})
        assert names == list(inspect.signature(function).parameters)
        assert list(arguments.call(function, values)) == list(range(len(names)))


UNSERIALISABLE = object()


@pytest.mark.parametrize(
    ("default", "shown"),
    [
        pytest.param(None, {"default": None}, id="None"),
        pytest.param("a", {"default": "a"}, id="text"),
        pytest.param("\ud800", {"default": "\ufffd"}, id="lone surrogate"),
        pytest.param(1.5, {"default": 1.5}, id="float"),
        pytest.param(math.nan, {"description": "Default: nan"}, id="NaN"),
        pytest.param([1, {"a": (2,)}], {"default": [1, {"a": [2]}]}, id="nested"),
        pytest.param({"b", "a"}, {"default": ["a", "b"]}, id="set"),
        pytest.param(Colour.RED, {"default": "red"}, id="enum"),
        pytest.param(Point(1), {"default": {"x": 1, "y": 0}}, id="dataclass"),
        pytest.param(UNSERIALISABLE, {}, id="object"),
        pytest.param(b"\xff", {"description": "Default: b'\\xff'"}, id="bytes"),
    ],
)
def test_a_default_is_shown_if_it_has_a_json_form_or_words_of_its_own(default: object, shown: dict[str, Any]) -> None:
    def tool(x: Any = default) -> object:
        return x

    arguments = shape(tool).arguments

    assert arguments.parameters == {"type": "object", "properties": {"x": shown}, "additionalProperties": False}
    assert arguments.call(tool, arguments.read("{}")) is default


def test_a_default_of_none_admits_null() -> None:
    def tool(x: int = None, y: list[str] = None) -> object:  # noqa: RUF013 - as people write it
        return x, y

    arguments = shape(tool).arguments

    assert arguments.call(tool, arguments.read('{"x": null}')) == (None, None)
    assert _parameters(tool)["x"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}


def test_a_field_as_default_is_meant_as_in_a_model() -> None:
    def tool(x: int = Field(3, ge=1, description="How many"), y: str = Field(..., description="What")) -> object:
        return x, y

    arguments = shape(tool).arguments

    assert arguments.call(tool, arguments.read('{"y": "a"}')) == (3, "a")
    assert arguments.parameters["required"] == ["y"]
    assert _parameters(tool) == {
        "x": {"type": "integer", "minimum": 1, "default": 3, "description": "How many"},
        "y": {"type": "string", "description": "What"},
    }


def test_an_alias_is_the_name_on_the_wire() -> None:
    def tool(from_: Annotated[str, Field(alias="from")], to: str) -> object:
        """Go.

        Args:
            from_: Whence.
            to: Whither.
        """
        return from_, to

    arguments = shape(tool).arguments

    assert _parameters(tool)["from"] == {"type": "string", "description": "Whence."}
    assert arguments.call(tool, arguments.read('{"from": "a", "to": "b"}')) == ("a", "b")
    assert arguments.read_object(arguments.dump({"from_": "a", "to": "b"})) == {"from_": "a", "to": "b"}


def test_values_are_read_in_lax_mode_and_absent_ones_stay_absent() -> None:
    assert shape(weather).arguments.read(b'{"city": "Rome"}') == {"city": "Rome"}
    assert shape(weather).arguments.read('{"city": "Rome", "days": "3"}') == {"city": "Rome", "days": 3}


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", [("json_invalid", ())]),
        ("{", [("json_invalid", ())]),
        ('{"city": "\\ud800"', [("json_invalid", ())]),
        ("[]", [("dict_type", ())]),
        ("null", [("dict_type", ())]),
        ("{}", [("missing", ("city",))]),
        ('{"city": 1, "days": "x"}', [("string_type", ("city",)), ("int_parsing", ("days",))]),
        ('{"city": "a", "town": "b"}', [("extra_forbidden", ("town",))]),
    ],
)
def test_what_does_not_fit_is_told_by_place(text: str, errors: object) -> None:
    assert _error(lambda: shape(weather).arguments.read(text)) == errors


@pytest.mark.parametrize("text", ['{"city": "\\ud800"}', '{"city": "\ud800"}'], ids=["escape", "character"])
def test_a_lone_surrogate_is_replaced(text: str) -> None:
    assert shape(weather).arguments.read(text) == {"city": "\ufffd"}


@pytest.mark.parametrize("annotation", [float, Annotated[float, Field(le=9)]], ids=["leaf", "pydantic"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", '"nan"'])
def test_a_number_is_finite(annotation: Any, value: str) -> None:
    def tool(x: Any) -> None: ...

    tool.__annotations__["x"] = annotation

    assert _error(lambda: shape(tool).arguments.read(f'{{"x": {value}}}')) == [("finite_number", ("x",))]


def test_dumped_values_are_clean_json() -> None:
    dumped = shape(weather).arguments.dump({"a": "\ud800", "b": {"\ud800": math.nan}, "c": Colour.RED, "d": (1,)})

    assert dumped == {"a": "\ufffd", "b": {"\ufffd": None}, "c": "red", "d": [1]}


PLACES = st.sampled_from(["positional", "any", "keyword"])


def _source(places: list[tuple[str, bool]], *, rest: bool, others: bool) -> str:
    """Return the definition of a function whose parameters stand at the given places, some with defaults."""
    order = ["positional", "any", "keyword"]
    parts: dict[str, list[str]] = {place: [] for place in order}
    defaulted = False
    for index, (place, has_default) in enumerate(sorted(places, key=lambda item: order.index(item[0]))):
        # Once there is a default, those behind it need one too, as far as the star.
        defaulted = has_default or (defaulted and place != "keyword")
        parts[place].append(f"p{index}: int" + (f" = {-index}" if defaulted else ""))
    written = [*parts["positional"], *(["/"] if parts["positional"] else []), *parts["any"]]
    if rest or parts["keyword"]:
        written.append("*rest: int" if rest else "*")
    written += [*parts["keyword"], *(["**others: int"] if others else [])]
    return f"def tool({', '.join(written)}): return locals()"


@given(
    places=st.lists(st.tuples(PLACES, st.booleans()), max_size=6),
    rest=st.booleans(),
    others=st.booleans(),
    data=st.data(),
)
@settings(deadline=None)
def test_every_value_reaches_its_parameter(
    *, places: list[tuple[str, bool]], rest: bool, others: bool, data: st.DataObject
) -> None:
    namespace: dict[str, Any] = {}
    exec(_source(places, rest=rest, others=others), namespace)
    tool = namespace["tool"]
    known = inspect.signature(tool).parameters
    may_be_absent = [name for name, parameter in known.items() if parameter.default is not inspect.Parameter.empty]
    absent = data.draw(st.sets(st.sampled_from(may_be_absent))) if may_be_absent else set[str]()
    values: dict[str, Any] = {name: 10 + i for i, name in enumerate(known) if name[0] == "p" and name not in absent}
    values |= {"rest": data.draw(st.lists(st.integers(), max_size=2))} if rest else {}
    values |= data.draw(st.dictionaries(st.sampled_from(["x", "y", "others"]), st.integers())) if others else {}

    arguments = shape(tool).arguments
    result = arguments.call(tool, arguments.read_object(values))

    expected: dict[str, Any] = {name: known[name].default for name in absent} | values
    if rest:
        expected["rest"] = tuple(values["rest"])
    if others:
        expected["others"] = {name: expected.pop(name) for name in ("x", "y", "others") if name in values}
    assert result == expected


def test_a_missing_value_is_the_calls_own_error() -> None:
    def tool(x: int, /, y: int) -> None: ...

    with pytest.raises(TypeError, match="missing"):
        shape(tool).arguments.call(tool, {"y": 1})


def test_arguments_stand_without_a_function() -> None:
    read = shape(weather).arguments

    assert isinstance(read, Arguments)
    assert read.call(lambda **values: values, {"city": "Rome"}) == {"city": "Rome"}
