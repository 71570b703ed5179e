"""Tests of reading the arguments that come under strict mode."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest
from hypothesis import assume, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from tests.tools.random_schemas import JUNK_SCHEMAS, WORDS, Schema, named, of, optional, parameters, validator

from callwright.tools.fillers import given
from callwright.tools.strict import strict, strict_or_none
from callwright.tools.subschemas import admits_null

NULLABLE = {"type": ["string", "null"]}

GIVEN = [
    pytest.param(optional(x={"type": "string"}), {"x": None}, {}, id="optional"),
    pytest.param(of(x={"type": "string"}), {"x": None}, {"x": None}, id="required, so a mistake"),
    pytest.param(optional(x={**NULLABLE, "default": None}), {"x": None}, {"x": None}, id="null has a meaning"),
    pytest.param(optional(x={}), {"x": None}, {"x": None}, id="anything may be null"),
    pytest.param(optional(), {"y": None}, {"y": None}, id="unknown name, so a mistake"),
    pytest.param(
        optional(x={"type": "array", "items": optional(y={"type": "string"})}),
        {"x": [{"y": None}, {"y": "a"}, None]},
        {"x": [{}, {"y": "a"}, None]},
        id="in a list",
    ),
    pytest.param(
        of(x={"type": "array", "prefixItems": [optional(y={"type": "string"}), {"type": "null"}]}),
        {"x": [{"y": None}, None]},
        {"x": [{}, None]},
        id="in a tuple",
    ),
    pytest.param(
        {**of(x={"$ref": "#/$defs/N"}), "$defs": {"N": optional(n={"$ref": "#/$defs/N"}, v={"type": "integer"})}},
        {"x": {"n": {"n": None, "v": None}, "v": 1}},
        {"x": {"n": {}, "v": 1}},
        id="in a recursive type",
    ),
    pytest.param(
        of(x={"anyOf": [of(k={"const": "a"}), {**of(k={"const": "b"}, v={"type": "string"}), "required": ["k"]}]}),
        {"x": {"k": "b", "v": None}},
        {"x": {"k": "b"}},
        id="in the member that its keys tell",
    ),
    pytest.param(
        of(
            x={
                "oneOf": [
                    {**of(k={"const": "a"}, v={"type": "string"}), "required": ["k"]},
                    {**of(k={"const": "b"}, v=NULLABLE), "required": ["k"]},
                ]
            }
        ),
        {"x": {"k": "b", "v": None}},
        {"x": {"k": "b", "v": None}},
        id="in the member that its constant tells",
    ),
    pytest.param({"$ref": "#/$defs/A", "$defs": {"A": optional(x={"type": "string"})}}, {"x": None}, {}, id="root"),
]


@pytest.mark.parametrize(("schema", "values", "expected"), GIVEN)
def test_nulls_that_strict_mode_asked_for_are_taken_out(schema: Schema, values: Schema, expected: Schema):
    assert given(values, schema) == expected


@st.composite
def sent(draw: Callable[..., Any], schema: Any, root: Schema, depth: int = 2) -> Any:
    """Draw a value that fits, and how a model says it under strict mode, where nothing is left out."""
    if "$ref" in schema:
        return draw(sent(named(schema["$ref"], root), root, depth - 1))
    if "const" in schema or "enum" in schema:
        value = schema["const"] if "const" in schema else draw(st.sampled_from(schema["enum"]))
        return value, value
    if "anyOf" in schema:
        return draw(sent(draw(st.sampled_from(schema["anyOf"])), root, depth))
    kind = schema["type"] if isinstance(schema["type"], str) else draw(st.sampled_from(schema["type"]))
    if kind == "object":
        return draw(sent_object(schema, root, depth))
    if kind == "array":
        fixed = schema.get("prefixItems", [schema.get("items")] * draw(st.integers(0, 2)))
        pairs = [draw(sent(one, root, depth - 1)) for one in fixed]
        return [plain for plain, _ in pairs], [full for _, full in pairs]
    value = {"integer": 2, "number": 1.5, "boolean": True, "string": draw(WORDS)}.get(kind)
    return value, value


@st.composite
def sent_object(draw: Callable[..., Any], schema: Schema, root: Schema, depth: int) -> Any:
    plain, full = {}, {}
    for name, item in schema["properties"].items():
        is_left_out = name not in schema.get("required", ()) and (depth <= 0 or draw(st.booleans()))
        # What can only be its default is always written: leaving it out means the same.
        is_fixed = "const" in item and item["const"] == item.get("default") is not None
        if is_left_out and not admits_null(item, root) and not is_fixed:
            full[name] = None
            continue
        assume(depth > -2)
        plain[name], full[name] = draw(sent(item, root, depth - 1))
    return plain, full


@settings(max_examples=200, deadline=None)
@drawn(schema=parameters(is_strict=True), data=st.data())
def test_what_is_said_under_strict_mode_is_what_was_meant(schema: Schema, data: st.DataObject):
    """Every value can be said in strict mode, and is read as itself."""
    made = strict_or_none(schema)
    assume(made is not None)
    plain, full = data.draw(sent_object(schema, schema, 2))
    assert validator(schema).is_valid(plain)

    read = given(full, schema)

    assert validator(dict(made or {})).is_valid(full)
    assert validator(schema).is_valid(read)
    assert "anyOf" in str(schema) or read == plain


@settings(max_examples=200, deadline=None)
@drawn(schema=JUNK_SCHEMAS, value=JUNK_SCHEMAS)
def test_no_schema_breaks_it(schema: Schema, value: Schema):
    strict_or_none(schema)
    given(value, schema)


def test_a_large_schema_and_large_values_take_linear_time():
    schema = of(x={"type": "array", "items": optional(**{f"p{n}": {"type": "string"} for n in range(1_000)})})
    values = {"x": [{f"p{n}": None for n in range(1_000)} for _ in range(20)]}

    started = perf_counter()
    strict(schema)
    read = given(values, schema)

    assert perf_counter() - started < 2.0
    assert read == {"x": [{}] * 20}
