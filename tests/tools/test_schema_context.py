"""Tests of the parameter that takes the run's context, which no model sees."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import pytest
from pydantic_core import ValidationError

from callwright.errors import SchemaError
from callwright.tools.schema import describe, shape

if TYPE_CHECKING:
    from somewhere import Unseen

D = TypeVar("D")


class Context(Generic[D]):
    """Marked as the context of a run is."""

    __callwright_context__ = True


def _error(read: Callable[[], object]) -> list[tuple[str, tuple[int | str, ...]]]:
    with pytest.raises(ValidationError) as caught:
        read()
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def _first(ctx: Context[int], x: int) -> object:
    return ctx, x


def _last(x: int, *, ctx: Context[int]) -> object:
    return ctx, x


def _optional(x: int, ctx: Context[int] | None = None) -> object:
    return ctx, x


def _annotated(x: int, ctx: Annotated[Context[int], "hidden"]) -> object:
    return ctx, x


def _bare(x: int, ctx: Context, /) -> object:
    return ctx, x


def _unseen(ctx: Context[Unseen], x: int) -> object:
    return ctx, x


def _unseen_optional(x: int, ctx: Context[Unseen] | None = None) -> object:
    return ctx, x


def _around(*x: int, ctx: Context[int]) -> object:
    return ctx, x[0]


def _between(y: int, ctx: Context[int], *x: int) -> object:
    return ctx, x[0] if x else y


@pytest.mark.parametrize(
    "function", [_first, _last, _optional, _annotated, _bare, _unseen, _unseen_optional, _between, _around]
)
def test_the_context_is_hidden_and_handed_over(function: Callable[..., Any]) -> None:
    read = shape(function)
    value: Any = [7] if "*x" in str(inspect.signature(function)) else 7
    given_ = {"x": value, "y": 1} if function is _between else {"x": value}

    result = read.arguments.call(function, read.arguments.read_object(given_), "the context")

    assert read.context_parameter == "ctx"
    assert describe(function).parameters["properties"].keys() == given_.keys()
    assert result == ("the context", 7)
    assert _error(lambda: read.arguments.read_object({**given_, "ctx": 1})) == [("extra_forbidden", ("ctx",))]


def test_the_model_cannot_give_the_context_or_self_by_a_name_of_its_own() -> None:
    class Shop:
        def sell(self, ctx: Context[int], **more: int) -> object:
            return ctx, more

    arguments = shape(Shop().sell).arguments

    assert _error(lambda: arguments.read('{"ctx": 1}')) == [("extra_forbidden", ("ctx",))]
    assert _error(lambda: arguments.read('{"self": 1}')) == [("extra_forbidden", ("self",))]
    assert arguments.call(Shop().sell, arguments.read('{"x": "1"}'), "context") == ("context", {"x": 1})


def test_two_contexts_are_one_too_many() -> None:
    def tool(one: Context[int], two: Context[int]) -> None: ...

    with pytest.raises(SchemaError, match="tool 'tool': one parameter takes the context; got one and two"):
        describe(tool)
