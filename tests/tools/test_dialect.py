"""Tests of the dialects of JSON Schema that services understand."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.tools.random_schemas import ANY_VALUES, JUNK_SCHEMAS, Schema, of, optional, parameters, validator, values

from callwright.errors import SchemaError
from callwright.tools.dialect import DIALECTS, Dialect, cleaned, dialect_named, losses
from callwright.tools.schema import describe

GEMINI, MOONSHOT, LLAMA = DIALECTS["gemini"], DIALECTS["moonshot"], DIALECTS["llama.cpp"]
EACH = [pytest.param(dialect, id=name) for name, dialect in DIALECTS.items()]
WAYS = [Dialect(f"by {way}", nullable=way, plain_root=True) for way in ("any_of", "type_list", "nullable")]
ALL = st.sampled_from([*DIALECTS.values(), *WAYS])

GEMINI_KNOWS = frozenset(
    {
        *("anyOf", "description", "enum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum"),
        *("minItems", "minLength", "minProperties", "minimum", "nullable", "pattern", "properties", "required"),
        *("title", "type"),
    }
)
"""Source: ai.google.dev/api/caching, Schema."""


class Node(BaseModel):
    value: int
    children: list[Node] = []


def with_null(schema: Any) -> Any:
    """Return a schema in which OpenAPI's `nullable` is said as JSON Schema says it."""
    if isinstance(schema, list):
        return [with_null(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: with_null(item) for key, item in schema.items() if key != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


def keywords(schema: Any) -> set[str]:
    """Return every keyword in a schema; names of properties are none."""
    found = set(schema)
    for key, item in schema.items():
        inner = item.values() if key == "properties" else item if key == "anyOf" else [item] if key == "items" else []
        found |= {keyword for one in inner for keyword in keywords(one)}
    return found


def test_the_full_dialect_changes_nothing():
    schema = of(x={"oneOf": [{"const": 1}, {"$ref": "#"}]})

    assert cleaned(schema, DIALECTS["full"]) is schema
    assert losses(schema, DIALECTS["full"]) == []


def test_an_unknown_dialect_is_refused():
    assert dialect_named("gemini") is GEMINI

    with pytest.raises(SchemaError, match=r"dialect: expected one of full, openai, .*; got 'gemin'"):
        dialect_named("gemin")


CASES = [
    pytest.param(
        {"type": "integer", "default": 3, "exclusiveMinimum": 0, "examples": [1], "description": "Many."},
        {"type": "integer", "minimum": 1, "description": "Many. Default: 3. Examples: 1."},
        [],
        id="bounds of whole numbers stay",
    ),
    pytest.param(
        {"type": "number", "exclusiveMaximum": 2.5, "multipleOf": 0.5},
        {"type": "number", "description": "Less than 2.5. A multiple of 0.5."},
        ["exclusiveMaximum", "multipleOf"],
        id="bounds of other numbers are told",
    ),
    pytest.param({"const": "x"}, {"type": "string", "enum": ["x"]}, [], id="constant"),
    pytest.param(
        {"enum": [1, 2], "type": "integer"}, {"type": "integer", "description": "One of 1, 2."}, ["enum"], id="numbers"
    ),
    pytest.param(
        {"enum": ["a", 1, None], "description": "It."},
        {
            "anyOf": [{"type": "string", "enum": ["a"]}, {"type": "integer", "description": "One of 1."}],
            "description": "It.",
            "nullable": True,
        },
        ["enum"],
        id="mixed values",
    ),
    pytest.param(
        {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}], "default": None, "description": "It."},
        {"type": "string", "enum": ["a"], "description": "It. Default: null.", "nullable": True},
        [],
        id="optional",
    ),
    pytest.param(
        {"type": ["string", "null"], "minLength": 1},
        {"type": "string", "minLength": 1, "nullable": True},
        [],
        id="list",
    ),
    pytest.param(
        {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
        [],
        id="union with null",
    ),
    pytest.param({"type": "null"}, {"type": "null"}, [], id="null alone"),
    pytest.param(
        {"type": "string", "format": "uuid"}, {"type": "string", "description": "Format: uuid."}, [], id="format"
    ),
    pytest.param({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}, [], id="known"),
    pytest.param(
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object"},
        ["additionalProperties"],
        id="dict",
    ),
    pytest.param({"type": "object", "additionalProperties": True}, {"type": "object"}, [], id="free dict"),
    pytest.param(
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2, "maxItems": 2},
        {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}, "minItems": 2, "maxItems": 2},
        ["which item has which type"],
        id="tuple",
    ),
    pytest.param(
        {"type": "array", "items": [{"type": "string"}], "additionalItems": False},
        {"type": "array", "items": {"type": "string"}, "maxItems": 1},
        [],
        id="tuple of draft 4",
    ),
    pytest.param({"type": "array"}, {"type": "array", "items": {}}, [], id="list of anything"),
    pytest.param(
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        {"type": "array", "items": {"type": "string"}, "description": "No item twice."},
        ["uniqueItems"],
        id="set",
    ),
    pytest.param(
        {"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {"propertyName": "kind"}},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        [],
        id="oneOf",
    ),
    pytest.param(
        {"allOf": [optional(a={"type": "string"}), {**of(b={"type": "string"}), "description": "B."}]},
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "required": ["b"],
            "description": "B.",
        },
        [],
        id="allOf",
    ),
    pytest.param(
        {"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 2}]},
        {"type": "integer", "minimum": 1},
        ["minimum"],
        id="allOf whose members say different things",
    ),
    pytest.param({"type": "string", "not": {"const": "x"}}, {"type": "string"}, ["not"], id="not"),
    pytest.param(
        {"type": "object", "patternProperties": {"^a": {"type": "string"}}},
        {"type": "object"},
        ["patternProperties"],
        id="pa",
    ),
    pytest.param({"$ref": "https://example.org/x"}, {}, ["a reference to 'https://example.org/x'"], id="remote"),
    pytest.param({"$ref": "#/nothing"}, {}, ["a reference to '#/nothing'"], id="dangling"),
    pytest.param({"type": "string", "x-mine": 1, "$comment": "?"}, {"type": "string"}, [], id="own keywords"),
]


@pytest.mark.parametrize(("before", "after", "lost"), CASES)
def test_gemini_is_told_what_it_understands(before: Schema, after: Schema, lost: list[str]):
    schema = of(x=before)

    assert cleaned(schema, GEMINI) == {"type": "object", "properties": {"x": after}, "required": ["x"]}
    assert [one.what for one in losses(schema, GEMINI)] == lost
    assert all(one.path.startswith("parameters.x") for one in losses(schema, GEMINI))


def test_a_recursion_is_cut_after_two_rounds():
    def tool(node: Node, depth: int) -> None: ...

    made: Any = cleaned(describe(tool).parameters, GEMINI)

    node = made["properties"]["node"]
    inner = node["properties"]["children"]["items"]
    assert inner["properties"]["value"] == {"type": "integer"}
    assert inner["properties"]["children"]["items"] == {"type": "object"}
    assert "$defs" not in made
    assert [f"{one}" for one in losses(describe(tool).parameters, GEMINI)] == [
        "what stands deeper than a recursion is followed at parameters.node.children[].children[]"
    ]


def test_what_stands_beside_a_reference_is_kept():
    schema = {**of(x={"$ref": "#/$defs/P", "description": "Mine."}), "$defs": {"P": {"type": "string", "title": "P"}}}
    schema["$defs"]["P"]["description"] = "Theirs."

    assert cleaned(schema, GEMINI)["properties"] == {"x": {"type": "string", "title": "P", "description": "Mine."}}


def test_definitions_that_use_each_other_do_not_grow_without_bound():
    """Thirty definitions with two references each stand for a thousand million schemas."""
    definitions = {
        f"D{n}": {
            "type": "object",
            "properties": {"a": {"$ref": f"#/$defs/D{n + 1}"}, "b": {"$ref": f"#/$defs/D{n + 1}"}},
        }
        for n in range(30)
    }
    schema = {**of(x={"$ref": "#/$defs/D0"}), "$defs": {**definitions, "D30": {"type": "string"}}}

    started = perf_counter()
    made = cleaned(schema, GEMINI)

    assert perf_counter() - started < 2.0
    assert len(str(made)) < 500_000


def test_a_root_that_is_a_union_becomes_one_object_for_those_who_refuse_it():
    """Anthropic: "input_schema does not support oneOf, allOf, or anyOf at the top level"."""
    schema = {
        "type": "object",
        "anyOf": [of(kind={"const": "a"}, n={"type": "integer"}), of(kind={"const": "b"}, text={"type": "string"})],
    }

    made = cleaned(schema, DIALECTS["anthropic"])

    assert made == {
        "type": "object",
        "additionalProperties": True,
        "properties": {
            "kind": {"anyOf": [{"const": "a", "type": "string"}, {"const": "b", "type": "string"}]},
            "n": {"type": "integer"},
            "text": {"type": "string"},
        },
        "required": ["kind"],
    }
    assert [one.what for one in losses(schema, DIALECTS["anthropic"])] == ["anyOf"]


def test_a_root_is_always_an_object_with_properties_for_those_who_want_it():
    assert cleaned({}, DIALECTS["openai"]) == {"type": "object", "properties": {}}
    assert cleaned({"$ref": "#/$defs/P", "$defs": {"P": of(x={"type": "null"})}}, DIALECTS["openai"]) == {
        **of(x={"type": "null"}),
        "$defs": {"P": of(x={"type": "null"})},
    }
    assert cleaned({"allOf": [of(a={"type": "null"})], "not": {}}, DIALECTS["openai"])["required"] == ["a"]


def test_moonshot_has_types_in_the_members_of_a_union_and_no_references():
    schema = of(x={"type": "string", "anyOf": [{"minLength": 1}, {"$ref": "#/$defs/P"}]}, y={"items": [{}, {}]})

    made = cleaned({**schema, "$defs": {"P": {"const": "p"}}}, MOONSHOT)

    assert made["properties"] == {
        "x": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "string", "const": "p"}]},
        "y": {"type": "array", "items": {}},
    }


def test_llama_cpp_is_told_that_a_dict_is_open():
    schema = of(x={"type": "object"}, y=optional(a={"type": "string"}), z={"type": "object", "properties": {"a": {}}})

    made: Any = cleaned(schema, LLAMA)

    assert made["properties"]["x"] == {"type": "object", "additionalProperties": True}
    assert made["properties"]["y"] == optional(a={"type": "string"})
    assert "additionalProperties" not in made["properties"]["z"]


@pytest.mark.parametrize("dialect", EACH)
def test_deep_schemas_are_refused_and_hang_nothing(dialect: Dialect):
    own: dict[str, Any] = {"type": "object"}
    own["properties"] = {"x": own}

    if dialect.name != "full":
        with pytest.raises(SchemaError, match="at most 64 deep"):
            cleaned(own, dialect)


@settings(max_examples=100, deadline=None)
@given(schema=parameters(), dialect=ALL, data=st.data())
def test_what_fits_a_schema_fits_it_in_every_dialect(schema: Schema, dialect: Dialect, data: st.DataObject):
    value = data.draw(values(schema, schema) | ANY_VALUES)

    made = with_null(cleaned(schema, dialect))

    validator(made).check_schema(made)
    assert validator(made).is_valid(value) or not validator(schema).is_valid(value)


@settings(max_examples=100, deadline=None)
@given(schema=parameters(), dialect=ALL)
def test_a_cleaned_schema_is_clean(schema: Schema, dialect: Dialect):
    before = repr(schema)

    made = cleaned(schema, dialect)

    assert cleaned(made, dialect) == made
    assert repr(schema) == before


@settings(max_examples=100, deadline=None)
@given(schema=parameters())
def test_gemini_gets_no_keyword_that_it_does_not_know(schema: Schema):
    assert keywords(cleaned(schema, GEMINI)) <= GEMINI_KNOWS


@settings(max_examples=100, deadline=None)
@given(schema=JUNK_SCHEMAS, dialect=ALL)
def test_no_schema_breaks_it(schema: Schema, dialect: Dialect):
    losses(schema, dialect)


def test_a_large_schema_takes_linear_time():
    schema = of(**{f"p{n}": {"anyOf": [{"const": n}, {"type": "null"}], "default": None} for n in range(2_000)})

    started = perf_counter()
    cleaned(schema, GEMINI)

    assert perf_counter() - started < 2.0
