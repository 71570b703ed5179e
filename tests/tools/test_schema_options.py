"""Tests of `**options: Unpack[...]`, whose keys are parameters."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Required, Unpack

import pytest
import typing_extensions
from pydantic import Field
from pydantic_core import ValidationError
from typing_extensions import Doc, ReadOnly, TypedDict

from callwright.errors import SchemaError
from callwright.tools.schema import describe, shape


class Options(TypedDict, total=False):
    """How to search.

    Attributes:
        depth: How deep.
    """

    depth: Required[int]
    wide: bool
    """Whether to look aside."""
    kind: Annotated[NotRequired[Literal["a", "b"]], Doc("What to look for")]


class More(Options):
    limit: Annotated[int, Field(ge=1, description="At most")]
    order: ReadOnly[NotRequired[str]]


def search(query: str, /, *, lang: str = "en", **options: Unpack[More]) -> object:
    """Search.

    Args:
        query: What.
        wide: Overrides what stands underneath the key.
        order: How to sort.
    """
    return query, lang, options


PARAMETERS = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "What."},
        "lang": {"type": "string", "default": "en"},
        "depth": {"type": "integer", "description": "How deep."},
        "wide": {"type": "boolean", "description": "Overrides what stands underneath the key."},
        "kind": {"type": "string", "enum": ["a", "b"], "description": "What to look for"},
        "limit": {"type": "integer", "minimum": 1, "description": "At most"},
        "order": {"type": "string", "description": "How to sort."},
    },
    "required": ["query", "depth", "limit"],
    "additionalProperties": False,
}


def test_the_keys_are_parameters() -> None:
    assert describe(search).parameters == PARAMETERS


def test_the_unpack_of_either_module_is_understood() -> None:
    def other(query: str, **options: typing_extensions.Unpack[More]) -> None: ...

    assert list(describe(other).parameters["required"]) == ["query", "depth", "limit"]  # type: ignore[call-overload,arg-type] # a list


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ('{"query": "a", "depth": 1, "limit": 2}', ("a", "en", {"depth": 1, "limit": 2})),
        (
            '{"query": "a", "depth": "1", "limit": 2, "wide": true, "lang": "de"}',
            ("a", "de", {"depth": 1, "limit": 2, "wide": True}),
        ),
    ],
)
def test_the_function_gets_the_keys_that_are_given(text: str, got: object) -> None:
    arguments = shape(search).arguments

    values = arguments.read(text)

    assert arguments.call(search, values) == got
    assert arguments.read_object(arguments.dump(values)) == values


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ('{"query": "a", "limit": 1}', [("missing", ("depth",))]),
        ('{"query": "a", "depth": 1, "limit": 0}', [("greater_than_equal", ("limit",))]),
        ('{"query": "a", "depth": 1, "limit": 1, "widht": 1}', [("extra_forbidden", ("widht",))]),
        ('{"query": "a", "options": {"depth": 1, "limit": 1}}', None),
    ],
)
def test_what_does_not_fit_is_told_by_its_key(text: str, errors: object) -> None:
    with pytest.raises(ValidationError) as caught:
        shape(search).arguments.read(text)

    if errors is not None:
        assert [(error["type"], error["loc"]) for error in caught.value.errors()] == errors


def test_a_key_that_is_a_parameter_already_is_refused() -> None:
    def twice(depth: int, /, **options: Unpack[Options]) -> None: ...

    with pytest.raises(
        SchemaError, match=r"tool 'twice': 'depth' is a parameter, and a key of .*Options.* again; rename"
    ):
        describe(twice)


def test_only_a_typed_dict_can_be_unpacked() -> None:
    def wrong(**options: Any) -> None: ...

    wrong.__annotations__["options"] = Unpack[dict]  # type: ignore[type-arg] # that is what is tested

    with pytest.raises(
        SchemaError, match=r"Unpack\[...\] of parameter 'options' takes a TypedDict; got <class 'dict'>"
    ):
        describe(wrong)
