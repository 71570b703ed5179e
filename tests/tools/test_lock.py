"""Tests of the lock of tools: what a change of an interface breaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from tests.tools.random_schemas import JUNK_SCHEMAS, STRICT, Schema, of, optional, parameters, validator, values

from callwright.errors import SchemaError
from callwright.tools.lock import Change, compared, locked
from callwright.tools.schema import FunctionDescription, describe


class Item(BaseModel):
    name: str
    parts: list[Item] = []


class ItemWithCode(BaseModel):
    name: str
    code: int
    parts: list[ItemWithCode] = []


ItemWithCode.__name__ = "Item"


def tool(schema: Schema, /, name: str = "f", text: str = "Do it.") -> FunctionDescription:
    return FunctionDescription(name, text, schema)


def between(old: Schema, new: Schema) -> list[tuple[str, str, bool]]:
    found = compared(locked([tool(old)]), [tool(new)])
    return [(change.path, change.kind, change.is_breaking) for change in found]


STRING, NUMBER, INTEGER, NULL = ({"type": kind} for kind in ("string", "number", "integer", "null"))
CASES = [
    pytest.param(STRING, STRING, [], id="same"),
    pytest.param(STRING, {**STRING, "description": "It."}, [("description", False)], id="description"),
    pytest.param({**STRING, "default": "a"}, {**STRING, "default": "b"}, [("default", False)], id="default"),
    pytest.param(STRING, INTEGER, [("type-narrowed", True)], id="another type"),
    pytest.param(INTEGER, NUMBER, [], id="whole numbers are numbers"),
    pytest.param(NUMBER, INTEGER, [("type-narrowed", True)], id="numbers are not whole"),
    pytest.param(STRING, {"type": ["string", "null"]}, [("type-widened", False)], id="null as well"),
    pytest.param({"anyOf": [STRING, NULL]}, {"type": ["string", "null"]}, [], id="null in other words"),
    pytest.param({**STRING, "nullable": True}, {"anyOf": [NULL, STRING]}, [], id="null in OpenAPI's words"),
    pytest.param({"anyOf": [STRING, NULL]}, STRING, [("type-narrowed", True)], id="null no more"),
    pytest.param({}, STRING, [("type-narrowed", True)], id="anything before"),
    pytest.param(STRING, {}, [("type-widened", False)], id="anything now"),
    pytest.param(True, {}, [], id="true is anything"),
    pytest.param({"enum": ["a", "b"]}, {"enum": ["a"]}, [("value-removed", True)], id="value removed"),
    pytest.param({"enum": ["a"]}, {"enum": ["b", "a"]}, [("value-added", False)], id="value added"),
    pytest.param({"const": "a"}, {"enum": ["a"]}, [], id="constant in other words"),
    pytest.param({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["a", "b"]}, [], id="values in other words"),
    pytest.param(STRING, {"enum": ["a"]}, [("value-removed", True)], id="any value before"),
    pytest.param({"enum": ["a"]}, STRING, [("value-added", False)], id="any value now"),
    pytest.param({"enum": ["a", 1]}, {"enum": ["a"]}, [("type-narrowed", True)], id="values of one type removed"),
    pytest.param(INTEGER, {**INTEGER, "minimum": 0}, [("tightened", True)], id="minimum set"),
    pytest.param({**INTEGER, "minimum": 1}, {**INTEGER, "minimum": 0}, [("loosened", False)], id="minimum lowered"),
    pytest.param({**INTEGER, "minimum": 1}, {**INTEGER, "exclusiveMinimum": 0}, [], id="minimum in other words"),
    pytest.param({**NUMBER, "minimum": 0}, {**NUMBER, "exclusiveMinimum": 0}, [("tightened", True)], id="bound itself"),
    pytest.param(
        {**NUMBER, "maximum": 5}, {**NUMBER, "exclusiveMaximum": 6}, [("loosened", False)], id="maximum raised"
    ),
    pytest.param({**INTEGER, "multipleOf": 4}, {**INTEGER, "multipleOf": 2}, [("loosened", False)], id="finer steps"),
    pytest.param({**INTEGER, "multipleOf": 2}, {**INTEGER, "multipleOf": 3}, [("tightened", True)], id="other steps"),
    pytest.param(STRING, {**STRING, "minLength": 0}, [], id="length that says nothing"),
    pytest.param(STRING, {**STRING, "maxLength": 9}, [("tightened", True)], id="length set"),
    pytest.param({**STRING, "pattern": "a"}, {**STRING, "pattern": "b"}, [("tightened", True)], id="pattern changed"),
    pytest.param({**STRING, "format": "date"}, STRING, [("loosened", False)], id="format gone"),
    pytest.param({"oneOf": [STRING, INTEGER]}, {"anyOf": [INTEGER, STRING]}, [], id="union in another order"),
    pytest.param(
        {"anyOf": [of(a=STRING), of(b=STRING)]},
        {"anyOf": [of(b=STRING), of(a=STRING, c=STRING)]},
        [("parameter-added", True)],
        id="member of a union that fits best",
    ),
    pytest.param(of(a=STRING), {"anyOf": [of(a=STRING), of(b=STRING)]}, [("type-widened", False)], id="member added"),
    pytest.param(
        {"type": "array", "items": STRING}, {"type": "array", "items": INTEGER}, [("type-narrowed", True)], id="items"
    ),
    pytest.param(
        {"type": "array", "prefixItems": [STRING, STRING], "maxItems": 2},
        {"type": "array", "prefixItems": [STRING, INTEGER], "items": False, "maxItems": 2},
        [("type-narrowed", True)],
        id="item of a tuple",
    ),
    pytest.param(
        {"type": "array", "items": STRING, "uniqueItems": False}, {"type": "array", "items": STRING}, [], id="not a set"
    ),
    pytest.param(
        optional(a=STRING),
        {**optional(), "additionalProperties": True},
        [("parameter-removed", True), ("opened", False)],
        id="removed",
    ),
    pytest.param(optional(), optional(a=STRING), [("parameter-added", False)], id="optional added"),
    pytest.param(optional(), of(a=STRING), [("parameter-added", True)], id="required added"),
    pytest.param(optional(a=STRING), of(a=STRING), [("parameter-required", True)], id="optional to required"),
    pytest.param(of(a=STRING), optional(a=STRING), [("parameter-optional", False)], id="required to optional"),
    pytest.param({"type": "object"}, {**optional(), "type": "object"}, [("closed", True)], id="closed"),
    pytest.param(
        {"type": "object", "additionalProperties": STRING},
        {"type": "object", "additionalProperties": INTEGER},
        [("type-narrowed", True)],
        id="values of a dict",
    ),
    pytest.param({**STRING, "not": {"const": "a"}}, {**STRING, "not": {"const": "b"}}, [("tightened", True)], id="not"),
    pytest.param(
        {**STRING, "not": {"const": "a", "title": "A"}}, {**STRING, "not": {"const": "a"}}, [], id="words within not"
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), CASES)
def test_a_change_of_a_parameter_breaks_or_does_not(old: Any, new: Any, expected: list[tuple[str, bool]]):
    found = between(of(x=old), of(x=new))

    assert [(kind, is_breaking) for _, kind, is_breaking in found] == expected
    assert all(path.startswith("parameters.x") for path, _, _ in found)


def test_changes_of_tools_are_found_by_their_names():
    lock = locked([tool(of(a=STRING), "kept"), tool(of(b=STRING), "renamed"), tool(of(c=STRING), "removed")])

    found = compared(lock, [tool(of(a=STRING), "kept", "Say."), tool(of(b=STRING), "called"), tool(of(), "added")])

    assert found == [
        Change("added", "", "tool-added", is_breaking=False, message="a new tool"),
        Change("called", "", "tool-added", is_breaking=False, message="a new tool"),
        Change("kept", "", "description", is_breaking=False, message="described in other words"),
        Change("removed", "", "tool-removed", is_breaking=True, message="it is not there any more"),
        Change(
            "renamed",
            "",
            "tool-renamed",
            is_breaking=True,
            message="it is not there any more; was it renamed to 'called'?",
        ),
    ]


MESSAGES = [
    (of(x=STRING), of(x={"anyOf": [INTEGER, NULL]}), "no longer takes string, but integer, null"),
    (of(x={"enum": ["a", "b"]}), of(x={"enum": ["b"]}), 'no longer takes "a"'),
    (of(x={"enum": [*range(20)]}), of(x={"enum": [0]}), "no longer takes 1, 2, 3, 4, 5, 6, 7, 8, 11 more"),
    (of(x=NUMBER), of(x={**NUMBER, "exclusiveMinimum": 0}), "at least 0 (not taken itself), and was anything"),
    (of(), of(x=STRING), "it is new, and must be given; give it a default"),
    (optional(x=STRING), of(x=STRING), "it must be given, and could be left out; give it a default"),
    (of(x={**STRING, "format": "date"}), of(x={**STRING, "format": "time"}), 'format is "time", and was "date"'),
]


@pytest.mark.parametrize(("old", "new", "message"), MESSAGES)
def test_a_change_says_what_was_and_what_is(old: Schema, new: Schema, message: str):
    assert [change.message for change in compared(locked([tool(old)]), [tool(new)])] == [message]


def test_changes_within_recursive_types_are_found_once():
    def before(item: Item, count: int) -> None: ...
    def after(item: ItemWithCode, count: int) -> None: ...

    lock = locked([describe(before, name="f")])
    found = compared(lock, [describe(after, name="f")])

    assert [(change.path, change.kind) for change in found] == [("parameters.item.code", "parameter-added")]


def test_a_definition_that_changes_is_seen_through_every_reference():
    def schema(definition: Schema) -> Schema:
        return {**of(x={"$ref": "#/$defs/P"}, y={"not": {"$ref": "#/$defs/P"}, **STRING}), "$defs": {"P": definition}}

    assert between(schema(STRING), schema(STRING)) == []
    assert between(schema(STRING), schema(INTEGER)) == [
        ("parameters.x", "type-narrowed", True),
        ("parameters.y", "tightened", True),
    ]


def test_documented_changes_of_functions_are_seen():
    def before(city: str, kind: Literal["a", "b"] = "a", nights: Annotated[int, Field(ge=1)] = 1) -> None: ...
    def after(city: str | None, kind: Literal["a"] = "a", nights: Annotated[int, Field(ge=2)] = 2) -> None: ...

    found = compared(locked([describe(before, name="f")]), [describe(after, name="f")])

    assert [(change.path, change.kind, change.is_breaking) for change in found] == [
        ("parameters.city", "type-widened", False),
        ("parameters.kind", "value-removed", True),
        ("parameters.nights", "default", False),
        ("parameters.nights", "tightened", True),
    ]


def test_a_lock_is_the_same_whatever_the_order():
    one, two = tool(of(b=STRING, a=INTEGER), "one"), tool(of(), "two")
    same = tool({"additionalProperties": False, "required": ["b", "a"], **of(a=INTEGER, b=STRING)}, "one")
    same.parameters["required"][:] = ["b", "a"]  # type: ignore[index]

    assert json.dumps(locked([two, one])) == json.dumps(locked([same, two]))
    assert locked([]) == {"tools": {}, "version": 1}


def test_two_tools_of_one_name_cannot_be_locked():
    with pytest.raises(SchemaError, match="two tools are named 'f'"):
        locked([tool(of()), tool(of())])


BROKEN: list[tuple[Any, str]] = [
    ({}, "expected one of version 1; got something else"),
    ({"version": 2, "tools": {}}, "expected one of version 1; got version 2"),
    ({"version": 1}, "expected one of version 1"),
    ({"version": 1, "tools": []}, "expected one of version 1"),
    ({"version": 1, "tools": {"f": {}}}, "expected parameters of the tool 'f'; got {}"),
    ({"version": 1, "tools": {"f": 3}}, "expected parameters of the tool 'f'; got 3"),
]


@pytest.mark.parametrize(("lock", "message"), BROKEN)
def test_what_is_no_lock_is_refused(lock: Any, message: str):
    with pytest.raises(SchemaError, match=message):
        compared(lock, [])


@st.composite
def changed(draw: Callable[..., Any], schema: Any) -> Any:
    """Draw a schema that differs from another here or there."""
    if isinstance(schema, list):
        return [draw(changed(item)) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "properties" not in schema and draw(st.integers(0, 5)) == 0:
        return draw(STRICT)
    made = {
        key: {name: draw(changed(one)) for name, one in item.items()} if key in ("properties", "$defs") else item
        for key, item in schema.items()
    }
    made |= {key: draw(changed(schema[key])) for key in ("anyOf", "items") if key in schema}
    if "required" in made and draw(st.integers(0, 3)) == 0:
        del made["required"]
    if "enum" in made and draw(st.integers(0, 3)) == 0:
        made["enum"] = [*made["enum"][:1], "new"]
    return made


@settings(max_examples=200, deadline=None)
@given(old=parameters(is_strict=True), data=st.data())
def test_what_was_taken_is_taken_still_if_nothing_breaks(old: Schema, data: st.DataObject):
    new = data.draw(changed(old))
    if any(is_breaking for _, _, is_breaking in between(old, new)):
        return
    value = data.draw(values(old, old))

    assert validator(new).is_valid(value) or not validator(old).is_valid(value)


@settings(max_examples=100, deadline=None)
@given(schema=parameters())
def test_nothing_changes_between_a_tool_and_itself(schema: Schema):
    copy = json.loads(json.dumps(schema))

    assert between(schema, copy) == []
    copy["$defs"]["New"] = {}
    assert between(schema, copy) == []


@settings(max_examples=100, deadline=None)
@given(old=JUNK_SCHEMAS, new=JUNK_SCHEMAS)
def test_no_schema_breaks_it(old: Schema, new: Schema):
    between(old, new)
