"""Tests of parameters that say less than they should: no annotation, or one that means nothing here."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
import warnings
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from typing import IO, Any

import pytest

from callwright.errors import SchemaError
from callwright.tools.docstrings import DocstringWarning
from callwright.tools.schema import describe, shape

from . import guarding


class Colour(Enum):
    RED = "red"


def _parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    found = describe(function).parameters["properties"]
    assert isinstance(found, Mapping)
    return found


def _quietly(function: Callable[..., Any]) -> Mapping[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return _parameters(function)


def fetch(url, method="GET", headers=None, *rest, timeout=3.0, retries=2, verify=True, fmt=None, **others):
    """Fetch a page.

    Parameters
    ----------
    url : str
        Where it is.
    method : {'GET', 'HEAD'}, default 'GET'
    headers : dict of str to str, optional
        What is sent along.
    fmt : int, Thing or None
        Of the answer.
    **others
        Passed on.
    """
    return url, method, headers, timeout, retries, verify, rest, fmt, others


def test_the_docstring_and_the_default_say_what_no_annotation_says() -> None:
    arguments = shape(fetch).arguments

    assert _quietly(fetch) == {
        "url": {"type": "string", "description": "Where it is."},
        "method": {"type": "string", "enum": ["GET", "HEAD"], "description": "{'GET', 'HEAD'}", "default": "GET"},
        "headers": {
            "anyOf": [{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "null"}],
            "description": "What is sent along.",
            "default": None,
        },
        "timeout": {"type": "number", "default": 3.0},
        "retries": {"type": "integer", "default": 2},
        "verify": {"type": "boolean", "default": True},
        "fmt": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "Of the answer.", "default": None},
    }
    assert arguments.parameters["required"] == ["url"]
    assert arguments.parameters["additionalProperties"] is False
    values = arguments.read('{"url": "a", "retries": "1", "fmt": 3}')
    assert arguments.call(fetch, values) == ("a", "GET", None, 3.0, 1, True, (), 3, {})


@pytest.mark.parametrize(
    ("text", "described"),
    [
        ("Do.\n\nArgs:\n    x (int): The x.", {"type": "integer", "description": "The x."}),
        ("Do.\n\nArgs:\n    x (list of str, optional): X.", {"type": "array", "items": {"type": "string"}}),
        ("Do.\n\n:param x: The x.\n:type x: bool", {"type": "boolean", "description": "The x."}),
        ("Do.\n\n:param float x: The x.", {"type": "number", "description": "The x."}),
        ("Do.\n\n@param x: The x.\n@type x: C{str}", {"type": "string", "description": "The x."}),
        ("Do.\n\nParameters\n----------\nx : 'a' or 'b'\n    The x.", {"type": "string", "enum": ["a", "b"]}),
        ("Do.\n\nParameters\n----------\nx : array_like of shape (n,)\n    The x.", {"type": "array", "items": {}}),
    ],
)
def test_every_style_names_types(text: str, described: Mapping[str, Any]) -> None:
    def function(x): ...

    function.__doc__ = text

    assert _quietly(function)["x"].items() >= described.items()


@pytest.mark.parametrize(
    ("default", "type_"),
    [
        (True, "boolean"),
        (1, "integer"),
        (1.5, "number"),
        ("a", "string"),
        ([], "array"),
        ((), "array"),
        ({}, "object"),
        (Colour.RED, "string"),
        (dt.date(2026, 1, 2), "string"),
    ],
)
def test_a_default_tells_a_type(default: object, type_: str) -> None:
    def function(x=default): ...

    assert _quietly(function)["x"]["type"] == type_


def test_what_nobody_says_anything_of_takes_any_value_with_a_warning() -> None:
    def function(x, y=None, z=object()): ...  # noqa: B008 - that is what is tested

    with pytest.warns(DocstringWarning, match="'function': nothing says what x, y, z may be; annotate it") as caught:
        found = _parameters(function)

    assert found == {"x": {}, "y": {"default": None}, "z": {}}
    assert caught[0].filename == __file__


def test_a_class_or_a_method_may_say_it_where_it_is_inherited_from() -> None:
    class Base:
        """Something.

        Args:
            unit (str): Of temperature.
        """

        def __init__(self, unit, size=1):
            self.unit = unit
            self.size = size

        def get(self, key: str) -> str:
            """Get it.

            Args:
                key: Which.
            """
            return key

    class Derived(Base):
        def get(self, key: str) -> str:
            return super().get(key)

    assert _quietly(Derived)["unit"] == {"type": "string", "description": "Of temperature."}
    assert _quietly(Derived("C").get) == {"key": {"type": "string", "description": "Which."}}
    assert describe(Derived("C").get).description == "Get it."
    assert describe(Derived).description == "Something."


def test_what_adds_to_the_docstring_of_a_function_is_heard() -> None:
    def deprecated(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        inner.__doc__ = f"{function.__doc__}\n\nUse another one."
        return inner

    @deprecated
    def function(x: int) -> None:
        """Do."""

    assert describe(function).description == "Do.\n\nUse another one."


def test_a_context_without_its_type_is_refused() -> None:
    def function(ctx, city: str) -> None: ...

    with pytest.raises(SchemaError, match=r"parameter 'ctx' has no annotation; RunContext\[...\] if the run gives it"):
        describe(function)


def test_a_method_without_its_object_is_refused() -> None:
    class Thing:
        def get(self, key: str) -> None: ...

    with pytest.raises(SchemaError, match="parameter 'self' has no annotation; give the method of an object"):
        describe(Thing.get)


def test_what_only_type_checkers_import_is_imported() -> None:
    arguments = shape(guarding.pay).arguments

    values = arguments.read(f'{{"amount": "1.5", "on": "2026-01-02", "ids": ["{uuid.UUID(int=1)}"]}}')

    assert values == {"amount": Decimal("1.5"), "on": dt.date(2026, 1, 2), "ids": [uuid.UUID(int=1)]}


def test_what_cannot_even_be_imported_is_as_if_it_were_not_there() -> None:
    assert _quietly(guarding.plan) == {
        "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
        "then": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "check": {
            "anyOf": [{"type": "boolean"}, {"type": "null"}],
            "description": "Whether to.",
            "default": None,
        },
    }
    with pytest.warns(DocstringWarning, match="nothing says what thing may be"):
        assert _parameters(guarding.lost) == {"thing": {}}


def test_a_name_that_nobody_imports_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"annotation 'dt.date \| Nowhere' of parameter 'day' cannot be resolved"):
        describe(guarding.misspelt)


def test_of_several_types_those_count_that_json_can_give() -> None:
    def load(source: str | IO[str], into: IO[bytes] | list[int] | None = None) -> None: ...

    assert _quietly(load) == {
        "source": {"type": "string"},
        "into": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}], "default": None},
    }


def test_an_optional_parameter_that_json_cannot_give_is_left_out_with_a_warning() -> None:
    def load(source: str, then: Callable[[], None] | None = None, *more: IO[str], **others: IO[str]) -> object:
        return source, then, more, others

    arguments = shape(load).arguments
    with pytest.warns(DocstringWarning, match="tool 'load': no model will be told of more, then, which no JSON can"):
        parameters = arguments.parameters

    assert parameters == {
        "type": "object",
        "properties": {"source": {"type": "string"}},
        "required": ["source"],
        "additionalProperties": False,
    }
    assert arguments.call(load, arguments.read('{"source": "a"}')) == ("a", None, (), {})


def test_a_required_parameter_that_json_cannot_give_is_refused() -> None:
    def load(then: Callable[[], None] | None, source: str = "") -> None: ...

    with pytest.raises(
        SchemaError, match=r"annotation .*Callable.* of parameter 'then' has no JSON Schema: .*; bind it"
    ):
        describe(load)


def test_names_that_stand_for_many_are_said_of_the_rest() -> None:
    def concatenate(*arrays: Iterable[float]) -> None:
        """Join arrays.

        Parameters
        ----------
        a1, a2, ... : sequence of float
            All of one length.
        """

    assert _quietly(concatenate)["arrays"]["description"] == "All of one length."
