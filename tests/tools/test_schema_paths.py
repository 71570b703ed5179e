"""Tests that the short path to a schema gives what pydantic gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic_core import SchemaValidator, ValidationError

from callwright._json import JsonValue, encode
from callwright.tools.forms import form_of_leaves, form_of_types
from callwright.tools.signature import MISSING, Parameter, Signature


class Colour(Enum):
    """What a thing looks like."""

    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Mood(StrEnum):
    GOOD = "good"


LITERALS = st.lists(st.sampled_from(["a", "b", 1, 2, True, None]), min_size=1, max_size=3)
ATOMS: st.SearchStrategy[Any] = st.sampled_from([str, int, float, bool, Any, Colour, Size, Mood]) | LITERALS.map(
    lambda values: Literal[tuple(values)]
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda kind: list[kind]),
        inner.map(lambda kind: Sequence[kind]),
        inner.map(lambda kind: dict[str, kind]),
        inner.map(lambda kind: Mapping[str, kind]),
        inner.map(lambda kind: Annotated[kind, "text"]),
        inner.map(lambda kind: kind | None),
        st.tuples(inner, inner).map(lambda kinds: kinds[0] | kinds[1]),
    )


TYPES = st.recursive(ATOMS, _containers, max_leaves=4)
NAMES = st.sampled_from(["self", "cls", "func", "ctx", "args", "kwargs", "name", "json", "copy", "model_config", "x"])
PARAMETERS = st.builds(Parameter, NAMES, st.just("any"), TYPES, st.sampled_from([MISSING, None, 1]))
SIGNATURES = st.builds(
    Signature,
    parameters=st.lists(PARAMETERS, max_size=4, unique_by=lambda parameter: parameter.name).map(tuple),
    others=st.none() | st.builds(Parameter, st.just("others"), st.just("others"), TYPES),
    context=st.none(),
    taken=st.just(frozenset[str]()),
    order=st.just(()),
)
SCALARS: st.SearchStrategy[JsonValue] = st.sampled_from(
    ["a", "red", "good", "1", "x", "true", "", 0, 1, 2, -1, 1.0, 1.5, True, False, None, 10**30]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)


def _verdict(validator: SchemaValidator, text: bytes) -> object:
    """Return what comes of a text, in a form in which NaN is equal to itself.

    Members of a union are left out of places: pydantic's name for a sequence tells of how it is made.
    """
    try:
        values = validator.validate_json(text)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        places = [[part for part in item["loc"] if "[" not in str(part)] for item in errors]
        return error.title, places, repr([(item["type"], item["msg"], item["input"]) for item in errors])
    return [(name, repr(value), type(value)) for name, value in values.items()]


@given(SIGNATURES, st.lists(st.dictionaries(NAMES | st.just("y"), VALUES, max_size=4), max_size=6))
@settings(deadline=None, max_examples=150)
def test_the_short_path_and_pydantics_agree(signature: Signature, objects: Sequence[Mapping[str, JsonValue]]) -> None:
    short = form_of_leaves("tool", signature)
    long = form_of_types("tool", signature)

    if short is None:
        return  # `int | Annotated[int | None, ...]` and the like
    assert short.schema == long.schema
    for text in [encode(value) for value in objects] + [b"[]", b'"a"', b"{", b'{"x": NaN}', b'{"x": 1e999}']:
        assert _verdict(short.validator(), text) == _verdict(long.validator(), text)


@given(SIGNATURES)
@settings(deadline=None, max_examples=100)
def test_every_schema_is_a_json_schema(signature: Signature) -> None:
    short = form_of_leaves("tool", signature)

    if short is not None:
        Draft202012Validator.check_schema(short.schema)
