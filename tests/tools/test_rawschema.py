"""Raw schemas: which are taken, and what values they take."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic_core import ValidationError

from callwright import SchemaError
from callwright.tools.fitting import Fitter
from callwright.tools.rawschema import RawSchema

_NODE = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}


def of(value: Any) -> dict[str, Any]:
    """Return a schema of an object with the one property x."""
    return {"type": "object", "properties": {"x": value}}


def fit(schema: Any, value: Any, *, lax: bool = True) -> Any:
    """Return x as the schema of x has it."""
    return Fitter(RawSchema("t", of(schema)), "t").fitted({"x": value}, lax=lax)["x"]  # type: ignore[call-overload,index]


def problems(schema: Any, value: Any) -> list[str]:
    """Return what is told of x."""
    with pytest.raises(ValidationError) as caught:
        fit(schema, value)
    return [f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in caught.value.errors()]


# -- the schema itself


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": "object"}, {"type": "object", "properties": {}}),
        ({"properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}}),
        ({"type": ["object"], "properties": {}}, {"type": ["object"], "properties": {}}),
        ({"anyOf": [{"required": ["a"]}]}, {"type": "object", "anyOf": [{"required": ["a"]}]}),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}},) * 2,
        ({"type": "object", "properties": {}, "x-any": [1], "$schema": "s"},) * 2,
    ],
    ids=["empty", "no properties", "no type", "list of types", "alternatives", "reference", "unknown keywords"],
)
def test_the_model_is_told_the_schema_as_it_is_with_what_services_ask_for(given: Any, told: Any) -> None:
    assert RawSchema("t", given).parameters == told


def test_the_schema_is_copied() -> None:
    given = of({"type": "string"})
    schema = RawSchema("t", given)

    given["properties"]["x"]["type"] = "integer"

    assert schema.parameters == of({"type": "string"})


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (3, r"parameters: expected a JSON Schema, as a dict; got 3"),
        ({"x": object()}, r"parameters: expected a JSON Schema"),
        ({"type": "array"}, r"parameters\.type: the arguments of a tool are an object; got 'array'"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, r"an object; got 'string'"),
        (of({"type": "strin"}), r"parameters\.properties\.x\.type: expected one of array, .*got 'strin'"),
        (of({"type": []}), r"properties\.x\.type"),
        (of(5), r"parameters\.properties\.x: expected a schema; got 5"),
        ({"properties": []}, r"parameters\.properties: expected an object of schemas"),
        (of({"items": {"anyOf": {}}}), r"properties\.x\.items\.anyOf: expected a list of schemas"),
        (of({"anyOf": []}), r"properties\.x\.anyOf: expected a list of schemas"),
        (of({"enum": "a"}), r"properties\.x\.enum: expected a list of values"),
        (of({"required": True}), r"properties\.x\.required: expected a list of names"),
        (of({"pattern": 3}), r"properties\.x\.pattern: expected a string"),
        (of({"minimum": "3"}), r"properties\.x\.minimum: expected a number"),
        (of({"multipleOf": 0}), r"properties\.x\.multipleOf: expected a number > 0"),
        (of({"maxLength": -1}), r"properties\.x\.maxLength: expected a whole number >= 0"),
        (of({"$ref": 3}), r"properties\.x\.\$ref: expected a string"),
        (of({"$ref": "#/$defs/y"}), r"properties\.x\.\$ref: there is nothing at '#/\$defs/y'"),
        (of({"$ref": "#nowhere"}), r"expected a reference within the schema"),
        (of({"$ref": "https://x.y/z.json"}), r"expected a reference within the schema"),
        (of({"$ref": "#/properties/x"}), r"refers back to itself"),
        ({"$ref": "#"}, r"refers back to itself"),
        ({"anyOf": [{"type": "object"}, {"$ref": "#"}]}, r"refers back to itself"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}}, r"refers back to itself"),
    ],
)
def test_a_malformed_schema_is_refused_with_the_path(schema: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        RawSchema("t", schema)


@pytest.mark.parametrize(
    ("reference", "extra"),
    [
        ("#/$defs/a~1b~0c", {"$defs": {"a/b~c": {"type": "integer"}}}),
        ("#/$defs/a%20b", {"$defs": {"a b": {"type": "integer"}}}),
        ("#/definitions/a", {"definitions": {"a": {"type": "integer"}}}),
        ("#/components/schemas/a", {"components": {"schemas": {"a": {"type": "integer"}}}}),
        ("#/allOf/1/x-inner", {"allOf": [{}, {"x-inner": {"type": "integer"}}]}),
        ("#whole", {"$defs": {"a": {"$anchor": "whole", "type": "integer"}}}),
    ],
    ids=["escaped", "percent", "definitions", "components", "list", "anchor"],
)
def test_references_are_followed(reference: str, extra: Any) -> None:
    fitter = Fitter(RawSchema("t", {**of({"$ref": reference}), **extra}), "t")

    assert fitter.fitted({"x": 3}) == {"x": 3}
    with pytest.raises(ValidationError, match="an integer"):
        fitter.fitted({"x": "a"})


# -- values


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        ({"type": "integer"}, "3", 3),
        ({"type": "integer"}, " -3 ", -3),
        ({"type": "integer"}, "3.0", 3),
        ({"type": "integer"}, 3.0, 3),
        ({"type": "number"}, "2.5e1", 25.0),
        ({"type": "number"}, 3, 3),
        ({"type": "boolean"}, "True", True),
        ({"type": ["integer", "null"]}, "3", 3),
        ({"type": ["string", "integer"]}, "3", "3"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "3", "3"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "3", 3),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "3", 3),
        ({"type": "integer", "enum": [1, 2, 3]}, "3", 3),
        ({"type": "array", "items": {"type": "integer"}}, [1, "2"], [1, 2]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": "1"}, {"a": 1}),
        ({"type": "string", "nullable": True}, None, None),
        ({"type": "object", "properties": {"a": {"default": 3}}}, {}, {}),
        ({}, "3", "3"),
    ],
)
def test_a_value_stays_as_it_is_but_for_what_a_string_spells(schema: Any, value: Any, found: Any) -> None:
    assert fit(schema, value) == found
    assert type(fit(schema, value)) is type(found)


def test_a_value_that_is_brought_into_form_is_not_changed_itself() -> None:
    value = ["1"]

    assert fit({"type": "array", "items": {"type": "integer"}}, value) == [1]
    assert value == ["1"]


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        ({"type": "integer"}, True, "x: Input should be an integer"),
        ({"type": "integer"}, "3.5", "x: Input should be an integer"),
        ({"type": "integer"}, "1_000", "x: Input should be an integer"),
        ({"type": "number"}, float("inf"), "x: Input should be a number"),
        ({"type": "string"}, 3, "x: Input should be a string"),
        ({"type": ["string", "null"]}, 3, "x: Input should be a string or null"),
        ({"type": "object"}, [], "x: Input should be an object"),
        ({"items": {"type": "integer"}}, [1, "a"], "x.1: Input should be an integer"),
        ({"enum": ["a", 1, None]}, "b", 'x: Input should be one of "a", 1, null'),
        ({"enum": [1]}, True, "x: Input should be one of 1"),
        ({"const": {"a": [1]}}, {"a": [True]}, 'x: Input should be {"a":[1]}'),
        ({"minimum": 3}, 2, "x: Input should be at least 3"),
        ({"minimum": 3, "exclusiveMinimum": True}, 3, "x: Input should be at least 3"),
        ({"exclusiveMaximum": 3}, 3, "x: Input should be less than 3"),
        ({"multipleOf": 0.1}, 0.25, "x: Input should be a multiple of 0.1"),
        ({"maxLength": 2}, "abc", "x: Input should be at most 2 characters, not 3"),
        ({"minItems": 1}, [], "x: Input should be at least 1 items, not 0"),
        ({"uniqueItems": True}, [1, 1.0], "x: Input should be a list in which nothing comes twice"),
        ({"pattern": "^a+$"}, "ab", "x: Input should be a string that matches ^a+$"),
        ({"properties": {"a": False}}, {"a": 1}, "x.a: Extra inputs are not permitted"),
        ({"required": ["a"]}, {}, "x.a: Field required"),
        ({"additionalProperties": False}, {"a": 1}, "x.a: Extra inputs are not permitted"),
        ({"prefixItems": [{}, {"type": "string"}], "items": False}, [1, 2, 3], "x.1: Input should be a string"),
        ({"items": [{}], "additionalItems": {"type": "string"}}, [1, 2], "x.1: Input should be a string"),
        ({"patternProperties": {"^s": {"type": "string"}}}, {"sa": 1, "a": 1}, "x.sa: Input should be a string"),
        ({"allOf": [{"minimum": 1}, {"maximum": 3}]}, 4, "x: Input should be at most 3"),
        (
            {"oneOf": [{"minimum": 1}, {"maximum": 3}, {"const": "a"}]},
            2,
            "x: Input should be what only one of the alternatives takes; numbers 1 and 2 do",
        ),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "a", "x: Input should be an integer or null"),
        ({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]}, 2, "x: Input should be at least 3"),
    ],
)
def test_what_does_not_fit_is_told_with_path_and_what_is_expected(schema: Any, value: Any, told: str) -> None:
    assert problems(schema, value)[0] == told


def test_of_alternatives_the_nearest_is_told() -> None:
    dog = {"properties": {"kind": {"const": "dog"}, "bark": {"type": "integer"}}, "required": ["kind", "bark"]}
    cat = {"properties": {"kind": {"const": "cat"}, "purr": {"type": "string"}}, "required": ["kind", "purr"]}

    told = problems({"oneOf": [dog, cat]}, {"kind": "cat", "purr": 3})

    assert told == ["x.purr: Input should be a string"]


@pytest.mark.parametrize(
    "schema",
    [
        {"format": "date-time"},
        {"not": {"type": "string"}},
        {"contentEncoding": "base64"},
        {"pattern": "(?=a)b"},
        {"pattern": "["},
        {"discriminator": {"propertyName": "k"}},
        {"if": {"const": 3}, "then": {"const": 4}},
    ],
)
def test_what_is_not_known_is_let_through(schema: Any) -> None:
    assert fit(schema, "3") == "3"


def test_a_decimal_is_a_multiple_as_it_is_written() -> None:
    assert fit({"multipleOf": 0.1}, 0.3) == 0.3


def test_recursive_schemas_are_followed_as_deep_as_the_value_goes() -> None:
    fitter = Fitter(RawSchema("t", {"$ref": "#/$defs/node", "$defs": {"node": _NODE}}), "t")
    value: Any = {"kids": "none"}
    for _ in range(20):
        value = {"kids": [value]}

    with pytest.raises(ValidationError) as caught:
        fitter.fitted(value)

    assert caught.value.errors()[0]["loc"] == ("kids", 0) * 20 + ("kids",)


# -- hostile schemas and values


def test_a_schema_that_is_nested_endlessly_is_refused() -> None:
    schema: Any = {}
    for _ in range(10_000):
        schema = {"properties": {"a": schema}}

    with pytest.raises(SchemaError, match="nested"):
        RawSchema("t", schema)


def test_a_long_chain_of_references_is_refused() -> None:
    chain: dict[str, Any] = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}]} for i in range(10_000)}

    with pytest.raises(SchemaError, match="too many schemas for one value"):
        RawSchema("t", {"$defs": {**chain, "d10000": {}}})


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    anything = {"$ref": "#/$defs/any", "$defs": {"any": {"items": {"anyOf": [{"$ref": "#/$defs/any"}]}}}}
    value: Any = []
    for _ in range(190):
        value = [value]

    with pytest.raises(ValidationError, match="less deeply nested"):
        Fitter(RawSchema("t", {"properties": {"x": anything["$defs"]["any"]}, "$defs": anything["$defs"]}), "t").fitted(
            {"x": value}
        )


def test_alternatives_within_alternatives_take_no_exponential_time() -> None:
    """Each level could be read in two ways, and in each of them the next one could again."""
    node = {"properties": {"x": {"anyOf": [{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/m"}]}}}
    schema = {**of({"$ref": "#/$defs/n"}), "$defs": {"n": node, "m": {**node, "required": ["q"]}}}
    value: Any = 3
    for _ in range(60):
        value = {"x": value}
    fitter, started = Fitter(RawSchema("t", schema), "t"), time.perf_counter()

    fitter.fitted(value)

    assert time.perf_counter() - started < 2


def test_long_enums_take_linear_time() -> None:
    fitter = Fitter(RawSchema("t", of({"items": {"enum": list(range(50_000))}})), "t")
    started = time.perf_counter()

    fitter.fitted({"x": list(range(50_000))})
    with pytest.raises(ValidationError) as caught:
        fitter.fitted({"x": [True] * 50_000})

    assert caught.value.error_count() == 1_000
    assert "(50000 in all)" in caught.value.errors()[0]["msg"]
    assert time.perf_counter() - started < 10


def test_a_pattern_that_takes_backtracking_engines_for_ever_takes_none() -> None:
    started = time.perf_counter()

    assert problems({"pattern": "^(a+)+$"}, "a" * 50_000 + "b")

    assert time.perf_counter() - started < 2


# -- the same as a validator of the standard

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([0.0, 1.0, 1.5, -2.0, 1e30]),
    st.sampled_from(["", "a", "ab", "b1", "3", "true", "é"]),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
_TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]
_KEYWORDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(_TYPES) | st.lists(st.sampled_from(_TYPES), min_size=1, max_size=3, unique=True),
    "enum": st.lists(_VALUES, min_size=1, max_size=4),
    "const": _VALUES,
    "minimum": st.integers(-3, 9),
    "maximum": st.integers(-3, 9),
    "exclusiveMinimum": st.integers(-3, 9),
    "exclusiveMaximum": st.integers(-3, 9),
    "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
    "minLength": st.integers(0, 3),
    "maxLength": st.integers(0, 3),
    "pattern": st.sampled_from(["^a", "b", "^[ab]*$", "[0-9]"]),
    "minItems": st.integers(0, 3),
    "maxItems": st.integers(0, 3),
    "uniqueItems": st.booleans(),
    "minProperties": st.integers(0, 2),
    "maxProperties": st.integers(0, 2),
    "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
}


def _schema(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several, named = st.lists(inner, min_size=1, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    deeper = {
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "[bc]"]), inner, max_size=2),
        "additionalProperties": inner,
        "items": inner,
        "prefixItems": several,
        "anyOf": several,
        "oneOf": several,
        "allOf": several,
    }
    return st.fixed_dictionaries({}, optional=deeper) | st.fixed_dictionaries(
        {}, optional={"type": _KEYWORDS["type"], **deeper}
    )


_REFERENCES = st.sampled_from([{"$ref": "#/$defs/one"}, {"$ref": "#/$defs/two"}])
_LEAVES = st.booleans() | st.fixed_dictionaries({}, optional=_KEYWORDS) | _REFERENCES
_SCHEMAS = st.recursive(_LEAVES, _schema, max_leaves=8)


@settings(max_examples=150, deadline=None)
@given(schema=_SCHEMAS, one=_SCHEMAS, two=_SCHEMAS, value=_VALUES)
def test_values_are_taken_and_refused_as_the_standard_says(schema: Any, one: Any, two: Any, value: Any) -> None:
    whole = {**of(schema), "$defs": {"one": one, "two": two}}
    try:
        raw = RawSchema("t", whole)
    except SchemaError:
        return  # references in a circle, for which the standard has no answer
    expected = Draft202012Validator(whole).is_valid({"x": value})

    try:
        found = Fitter(raw, "t").fitted({"x": value}, lax=False)
        is_taken = True
    except ValidationError:
        is_taken = False

    assert is_taken == expected
    assert not is_taken or found == {"x": value}


@settings(max_examples=75, deadline=None)
@given(schema=_SCHEMAS, value=_VALUES)
def test_read_laxly_a_value_that_fits_stays_as_it_is(schema: Any, value: Any) -> None:
    whole = {**of(schema), "$defs": {"one": {"type": "integer"}, "two": {"type": "boolean"}}}
    fitter, exact = Fitter(RawSchema("t", whole), "t"), Draft202012Validator(whole)

    try:
        found = fitter.fitted({"x": value})
    except ValidationError:
        assert not exact.is_valid({"x": value})
        return

    assert exact.is_valid({"x": value}) is False or found == {"x": value}
