"""Schemas all of whose values can be put to the vote."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel

from callwright.errors import ParameterError
from callwright.query.finite import outputs, outputs_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Ticket(BaseModel):
    colour: Colour
    urgent: bool | None = None


FINITE: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "enum": ({"enum": ["a", 1, None]}, ["a", 1, None]),
    "enum with the same twice": ({"enum": [1, 1.0, True]}, [1, True]),
    "const": ({"const": {"a": 1}}, [{"a": 1}]),
    "boolean": ({"type": "boolean"}, [True, False]),
    "boolean or null": ({"type": ["boolean", "null"]}, [True, False, None]),
    "branches": ({"anyOf": [{"const": 1}, {"oneOf": [{"const": 2}, {"const": 1}]}]}, [1, 2]),
    "one of all": ({"allOf": [{"const": 1}]}, [1]),
    "reference": ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": 1}}}, [1]),
    "integers": ({"type": "integer", "minimum": 1, "exclusiveMaximum": 4}, [1, 2, 3]),
    "even integers": ({"type": "integer", "minimum": -3, "maximum": 4, "multipleOf": 2}, [-2, 0, 2, 4]),
    "object": (
        {"type": "object", "properties": {"a": {"enum": [1, 2]}, "b": {"const": 3}}, "required": ["a"]},
        [{"a": 1, "b": 3}, {"a": 1}, {"a": 2, "b": 3}, {"a": 2}],
    ),
    "sets": (
        {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
        [[], ["a"], ["b"], ["a", "b"]],
    ),
    "ordered sets": (
        {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True, "minItems": 2, "_preserveOrder": True},
        [["a", "b"], ["b", "a"]],
    ),
    "bags": ({"type": "array", "items": {"enum": [1, 2]}, "minItems": 2, "maxItems": 2}, [[1, 1], [1, 2], [2, 2]]),
    "lists": (
        {"type": "array", "items": {"enum": [1, 2]}, "minItems": 2, "maxItems": 2, "_preserveOrder": True},
        [[1, 1], [1, 2], [2, 1], [2, 2]],
    ),
    "tuple": ({"type": "array", "prefixItems": [{"enum": [1, 2]}, {"const": 3}]}, [[1, 3], [2, 3]]),
    "what does not count comes once": (
        {
            "type": "object",
            "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2], "_confidence": False}, "c": {"type": "null"}},
            "required": ["a", "b", "c"],
        },
        [{"a": 1, "b": 1, "c": None}, {"a": 2, "b": 1, "c": None}],
    ),
    "an endless text that does not count and need not be": (
        {
            "type": "object",
            "properties": {"a": {"const": 1}, "why": {"type": "string", "_confidence": False}},
            "required": ["a"],
        },
        [{"a": 1}],
    ),
}


@pytest.mark.parametrize(("schema", "values"), FINITE.values(), ids=FINITE)
def test_every_value_comes_once(schema: dict[str, Any], values: list[Any]):
    found = outputs(schema)

    assert list(map(repr, found)) == list(map(repr, values))
    for value in found:
        jsonschema.validate(value, schema)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (bool, [True, False]),
        (Literal["a", 2] | None, ["a", 2, None]),
        (Colour, ["red", "blue"]),
        (Colour | None, ["red", "blue", None]),
    ],
    ids=["bool", "literal", "enumeration", "optional"],
)
def test_types_of_few_values_have_all_of_them(kind: object, values: list[Any]):
    assert list(outputs_of(kind)) == values


def test_a_model_of_few_values_has_all_of_them():
    assert len(outputs_of(Ticket)) == 2 * 4


ENDLESS: dict[str, tuple[dict[str, Any], str]] = {
    "any": ({}, r"\$: expected an enum"),
    "text": ({"type": "object", "properties": {"a": {"type": "string"}}}, r"\$\.a: expected an enum"),
    "number": ({"type": "number"}, "expected an enum"),
    "integer": ({"type": "integer", "minimum": 0}, "an integer with minimum and maximum"),
    "open object": ({"type": "object"}, "an object with properties"),
    "list": ({"type": "array", "items": {"const": 1}}, "an array with maxItems"),
    "item": ({"type": "array", "items": {"type": "string"}, "maxItems": 2}, r"\$\[\]: expected an enum"),
    "reference to nowhere": ({"$ref": "#/$defs/x"}, r"\$ \(#/\$defs/x\): expected"),
    "itself": ({"$ref": "#"}, "a schema that does not hold itself"),
    "none": ({"enum": []}, "allows none"),
    "too many": ({"type": "integer", "minimum": 0, "maximum": 400}, "at most 400 values"),
    "far too many": (
        {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 10**9}, "maxItems": 10**9},
        "at most 400 values",
    ),
    "all of two": ({"allOf": [{"const": 1}, {"const": 2}]}, "expected an enum"),
    "an endless reason that must be": (
        {"type": "object", "properties": {"why": {"type": "string", "_confidence": False}}, "required": ["why"]},
        r"\$\.why: expected",
    ),
}


@pytest.mark.parametrize(("schema", "told"), ENDLESS.values(), ids=ENDLESS)
def test_a_schema_of_too_many_values_is_refused(schema: dict[str, Any], told: str):
    with pytest.raises(ParameterError, match=told):
        outputs(schema)


def test_a_type_without_a_schema_is_refused():
    with pytest.raises(ParameterError, match="expected a type with a JSON Schema"):
        outputs_of(object())
