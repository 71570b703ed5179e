"""Tests of strict mode, and of reading the arguments that come under it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from tests.tools.random_schemas import Schema, of, optional, parameters, validator

from callwright.errors import SchemaError
from callwright.tools.schema import describe
from callwright.tools.strict import obstacles, strict, strict_or_none

NULLABLE = {"type": ["string", "null"]}

PROPERTIES = [
    pytest.param({"type": "string"}, {"type": ["string", "null"], "description": "null means not given."}, id="plain"),
    pytest.param(
        {"type": "integer", "minimum": 1, "default": 3, "description": "How many."},
        {"type": ["integer", "null"], "minimum": 1, "description": "How many. null means the default, 3."},
        id="default",
    ),
    pytest.param(
        {"type": "string", "enum": ["a", "b"], "default": "a"},
        {
            "anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}],
            "description": 'null means the default, "a".',
        },
        id="enum",
    ),
    pytest.param({"type": "string", "const": "x", "default": "x"}, {"type": "string", "const": "x"}, id="constant"),
    pytest.param(
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        id="None by default",
    ),
    pytest.param(
        {"type": ["string", "null"], "default": "x"},
        {"type": ["string", "null"], "description": 'Default: "x".'},
        id="nullable with another default",
    ),
    pytest.param(
        {"enum": ["a", 1, None], "default": 1},
        {
            "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "integer", "enum": [1]}, {"type": "null"}],
            "description": "Default: 1.",
        },
        id="mixed values",
    ),
    pytest.param(
        {"type": "string", "format": "path"},
        {"type": ["string", "null"], "description": "Format: path. null means not given."},
        id="format that is not known",
    ),
    pytest.param(
        {"type": "string", "format": "date", "examples": ["2020-01-01"], "deprecated": True, "x-mine": 1},
        {
            "type": ["string", "null"],
            "format": "date",
            "description": 'Examples: "2020-01-01". Deprecated. null means not given.',
        },
        id="annotations",
    ),
    pytest.param(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}],
            "description": "null means not given.",
        },
        id="union",
    ),
    pytest.param(
        {"type": "string", "nullable": True, "default": None}, {"type": ["string", "null"]}, id="nullable of OpenAPI"
    ),
    pytest.param(
        {"type": "string", "minLength": 0, "patternProperties": {}, "uniqueItems": False},
        {"type": ["string", "null"], "description": "null means not given."},
        id="keywords that say nothing",
    ),
    pytest.param(
        {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
        {
            "anyOf": [{"type": "array", "maxItems": 3, "items": {"type": "integer"}}, {"type": "null"}],
            "description": "null means not given.",
        },
        id="list",
    ),
]


@pytest.mark.parametrize(("before", "after"), PROPERTIES)
def test_an_optional_property_is_written_as_one_that_may_be_null(before: Schema, after: Schema):
    made = strict(optional(x=before))

    assert made == {"type": "object", "properties": {"x": after}, "required": ["x"], "additionalProperties": False}


REQUIRED = [
    pytest.param({"type": "string", "default": "x"}, {"type": "string", "description": 'Default: "x".'}, id="default"),
    pytest.param({"const": "x"}, {"type": "string", "const": "x"}, id="constant without a type"),
    pytest.param({"const": None}, {"type": "null", "const": None}, id="null"),
    pytest.param(
        {"properties": {"y": {"type": "null"}}, "required": ["y"]},
        {"type": "object", "properties": {"y": {"type": "null"}}, "required": ["y"], "additionalProperties": False},
        id="object by its shape",
    ),
    pytest.param(
        {"type": "array", "prefixItems": [{"type": "number"}] * 2, "minItems": 2, "maxItems": 2},
        {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        id="tuple of one type",
    ),
    pytest.param(
        {"type": "array", "prefixItems": [{"type": "number"}], "minItems": 1, "items": False},
        {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 1},
        id="closed tuple",
    ),
    pytest.param(
        {"oneOf": [{"type": "string"}, of(kind={"const": "a"}), of(kind={"enum": ["b", "c"]})]},
        {
            "anyOf": [
                {"type": "string"},
                of(kind={"type": "string", "const": "a"}),
                of(kind={"type": "string", "enum": ["b", "c"]}),
            ]
        },
        id="oneOf of members that are apart",
    ),
    pytest.param(
        {"type": "string", "anyOf": [{"format": "date"}, {"const": "today"}]},
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "const": "today"}]},
        id="type beside a union",
    ),
    pytest.param(
        {"allOf": [{"type": "integer"}], "description": "One."},
        {"type": "integer", "description": "One."},
        id="allOf of one",
    ),
    pytest.param(
        {"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"},
        {"type": "string", "pattern": r"^[+-]?(\d+\.?\d*|\.\d+)$"},
        id="a decimal's pattern",
    ),
]


@pytest.mark.parametrize(("before", "after"), REQUIRED)
def test_a_required_property_keeps_its_meaning(before: Schema, after: Schema):
    assert strict(of(x=before)) == of(x=after)


REFUSED = [
    pytest.param({"type": "object"}, "parameters.x: a dict with free keys; make it a list of pairs", id="dict"),
    pytest.param(
        {"type": "object", "additionalProperties": {"type": "integer"}},
        "parameters.x: a dict with free",
        id="dict of int",
    ),
    pytest.param(
        {"type": "object", "properties": {}, "additionalProperties": True},
        "parameters.x: a dict with",
        id="open object",
    ),
    pytest.param({}, "parameters.x: a value of any type; name one", id="Any"),
    pytest.param(True, "parameters.x: a value of any type; name one", id="true"),
    pytest.param({"type": "array"}, "parameters.x: a list of anything", id="list"),
    pytest.param({"type": "array", "items": {}}, "parameters.x: a list of anything", id="list of Any"),
    pytest.param(
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "maxItems": 2},
        "parameters.x: a tuple of several types",
        id="tuple",
    ),
    pytest.param(
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "x: the keyword uniqueI", id="set"
    ),
    pytest.param({"type": "string", "minLength": 2}, "parameters.x: the keyword minLength", id="minLength"),
    pytest.param({"type": "string", "not": {"const": ""}}, "parameters.x: the keyword not", id="not"),
    pytest.param({"type": "string", "if": {}, "then": {}}, "parameters.x: the keyword if", id="if"),
    pytest.param({"type": "string", "madeUp": 1}, "parameters.x: the keyword madeUp", id="unknown keyword"),
    pytest.param({"type": "strnig"}, "parameters.x: the type 'strnig'", id="unknown type"),
    pytest.param(
        {"type": "string", "pattern": "^(?=a)"}, r"parameters.x: a pattern that looks around", id="look-ahead"
    ),
    pytest.param({"oneOf": [{"type": "string"}, {"const": "a"}]}, "oneOf with members that may overlap", id="oneOf"),
    pytest.param(
        {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        "oneOf with members that may overlap",
        id="oneOf of numbers",
    ),
    pytest.param({"allOf": [of(a={}), of(b={})]}, "parameters.x: the keyword allOf", id="allOf"),
    pytest.param({"anyOf": []}, "an empty anyOf", id="empty union"),
    pytest.param(
        {"anyOf": [{"type": "string"}, {}]}, r"parameters.x\(anyOf 1\): a value of any type", id="union with Any"
    ),
    pytest.param({"properties": {}, "anyOf": [of(a={})]}, "anyOf beside properties", id="properties beside a union"),
    pytest.param({"$ref": "https://example.org/x"}, "a reference to 'https://example.org/x'", id="remote reference"),
    pytest.param({"$ref": "#/$defs/None"}, "a reference to '#/.defs/None'", id="dangling reference"),
    pytest.param({"$ref": "#/properties/x"}, "a reference to '#/properties/x'", id="reference elsewhere"),
    pytest.param(
        {"type": "object", "properties": {}, "required": ["y"]}, "y as required, which no property", id="required"
    ),
    pytest.param({"type": "object", "properties": {}, "minProperties": 1}, "a count of properties", id="minProperties"),
    pytest.param(
        {"enum": [[1], {"a": 1}]}, "parameters.x: a list or an object as a value", id="values that are no scalars"
    ),
    pytest.param({"enum": [f"{n:0100}" for n in range(251)]}, "251 values of 25,100 characters", id="long enum"),
    pytest.param({"enum": [*range(1_001)]}, "1,001 values of enums where strict mode takes 1,000", id="many values"),
    pytest.param(
        of(**{f"{n}": {"type": "null"} for n in range(5_000)}), "5,001 properties where strict mode", id="many"
    ),
    pytest.param(of(**{"n" * 120_000: {"type": "null"}}), "120,001 characters in names", id="many characters"),
]


@pytest.mark.parametrize(("schema", "message"), REFUSED)
def test_what_would_be_lost_is_refused_with_its_path(schema: Schema, message: str):
    with pytest.raises(SchemaError, match=message):
        strict(of(x=schema))
    assert strict_or_none(of(x=schema)) is None


def test_null_beside_not_given_is_refused_unless_a_default_says_that_they_are_the_same():
    with pytest.raises(SchemaError, match=r"parameters\.x: null, when not given may mean something else"):
        strict(optional(x=NULLABLE))

    assert strict_or_none(optional(x={**NULLABLE, "default": None})) is not None


@pytest.mark.parametrize(
    "root",
    [
        {"anyOf": [of(x={"type": "string"})]},
        {"type": "array", "items": {"type": "string"}},
        {"type": ["object", "null"]},
        {"type": "object", "not": {}},
    ],
)
def test_a_root_that_is_not_one_object_is_refused(root: Schema):
    with pytest.raises(SchemaError, match=r"parameters: .* at the root; describe one object with named arguments"):
        strict(root)


def test_ten_objects_within_each_other_are_taken_and_eleven_are_not():
    def nested(levels: int) -> Schema:
        return of(x=nested(levels - 1)) if levels > 1 else of(x={"type": "string"})

    assert strict_or_none(nested(10)) is not None
    assert [one.path for one in obstacles(nested(11))] == ["parameters" + 10 * ".x"]


def test_a_schema_that_holds_itself_is_refused_and_so_is_a_deep_one():
    own: dict[str, Any] = {"type": "object", "properties": {}}
    own["properties"]["x"] = own
    deep: Schema = {"type": "string"}
    for _ in range(5_000):
        deep = {"type": "array", "items": deep}

    for schema in (own, of(x=deep)):
        with pytest.raises(SchemaError, match="at most 64 deep"):
            strict(schema)


def test_the_error_names_the_tool_and_counts_what_else_is_in_the_way():
    def tool(a: dict[str, int], b: Any, c: list[Any]) -> None: ...

    with pytest.raises(SchemaError) as caught:
        strict(describe(tool).parameters, name="tool")

    assert str(caught.value) == (
        "tool 'tool': strict mode cannot hold parameters.a: a dict with free keys; make it a list of pairs, or a class "
        "with the keys as fields, or leave strict mode off (and 2 more, at parameters.b, parameters.c)"
    )


def test_no_arguments_are_held_too():
    empty = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}

    assert strict({"type": "object", "properties": {}}) == empty
    assert strict({}) == empty


def test_what_is_said_beside_a_reference_stands_beside_a_union():
    """Strict mode refuses keywords beside `$ref`, but not beside `anyOf`."""
    schema = {**of(a={"$ref": "#/definitions/P", "description": "It."}, b={"$ref": "#/definitions/P"})}
    schema["definitions"] = {"P": of(x={"type": "string"}), "Unused": {}}

    made = strict(schema)

    assert made["properties"] == {
        "a": {"anyOf": [{"$ref": "#/$defs/P"}], "description": "It."},
        "b": {"$ref": "#/$defs/P"},
    }
    assert made["$defs"] == {"P": of(x={"type": "string"})}
    assert "definitions" not in made


def test_a_reference_at_the_root_is_followed_and_recursion_stays():
    schema = {
        "$ref": "#/$defs/Node",
        "$defs": {"Node": of(next={"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]})},
    }

    made = strict(schema)

    assert made["type"] == "object"
    assert made["properties"] == {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}}
    assert strict(of(x={"$ref": "#"})) == of(x={"$ref": "#"})


@settings(max_examples=200, deadline=None)
@drawn(schema=parameters())
def test_strict_mode_is_written_once_and_never_changes_what_it_is_given(schema: Schema):
    before = repr(schema)

    made = strict_or_none(schema)

    assert repr(schema) == before
    assert (made is None) == bool(obstacles(schema))
    if made is not None:
        validator(dict(made)).check_schema(made)
        assert strict(made) == made


@settings(max_examples=300, deadline=None)
@drawn(text=st.text("0123456789+-.", max_size=6))
def test_the_pattern_of_a_decimal_means_the_same_without_looking_ahead(text: str):
    ours = strict(of(x={"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"}))["properties"]["x"]["pattern"]  # type: ignore[index,call-overload]

    assert bool(re.search(ours, text)) == bool(re.search(r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$", text))
