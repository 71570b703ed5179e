"""Random JSON Schemas of arguments, and random values that fit them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

Schema = dict[str, Any]


def of(**properties: Any) -> Schema:
    """Return an object of these properties, all required."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def optional(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


NAMES = st.sampled_from(["a", "b", "c", "kind", "type", "properties", "$ref", "items", "é"])
WORDS = st.sampled_from(["", "x", "yy", "zzz", "A", "2020-01-01"])
DEFINITIONS = ("Node", "a/b~c")

STRICT = st.sampled_from(
    [
        {"type": "string"},
        {"type": "boolean"},
        {"type": "string", "enum": ["x", "A"]},
        {"type": "string", "enum": ["yy"]},
        {"enum": ["x", None]},
        {"enum": ["x", 2]},
        {"enum": [1, 2, True]},
        {"const": "x"},
        {"const": "x", "default": "x"},
        {"const": 3, "type": "integer"},
        {"const": None},
        {"type": ["string", "null"]},
        {"type": ["integer", "string"]},
        {"type": "string", "default": "yy", "description": "A word."},
        {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        {"type": "integer"},
        {"type": "integer", "exclusiveMinimum": -1, "maximum": 3},
        {"type": "number", "minimum": 0},
        {"type": "number", "exclusiveMaximum": 5},
        {"type": "integer", "multipleOf": 2},
        {"$ref": "#/$defs/Node"},
        {"$ref": "#/$defs/a~1b~0c", "description": "One."},
    ]
)
"""Schemas without others in them that strict mode holds."""

LOOSE = STRICT | st.sampled_from(
    [
        {"type": "string", "minLength": 1},
        {"type": "string", "maxLength": 2, "pattern": "^[a-z]*$"},
        {"type": ["string", "integer"], "minLength": 2, "minimum": 2},
        {"type": "string", "format": "date"},
        {"type": "object"},
        {"type": "array"},
        {"description": "Anything."},
        {},
    ]
)


def _listed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return inner.map(lambda one: {"type": "array", "items": one}) | inner.map(
        lambda one: {"type": "array", "prefixItems": [one, one], "minItems": 2, "maxItems": 2}
    )


def _odd(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    pairs = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        inner.map(lambda one: {"type": "object", "additionalProperties": one}),
        pairs.map(lambda some: {"type": "array", "prefixItems": some}),
        pairs.map(lambda some: {"type": "array", "prefixItems": some, "items": False}),
        inner.map(lambda one: {"type": "array", "items": one, "uniqueItems": True, "minItems": 1}),
        inner.map(lambda one: {"type": "array", "contains": one}),
        inner.map(lambda one: {"type": ["string", "integer"], "not": one}),
        inner.map(lambda one: {"type": "integer", "if": {"minimum": 2}, "then": {"maximum": 3}, "else": one}),
        pairs.map(lambda some: {"allOf": some, "description": "All."}),
        pairs.map(lambda some: {"oneOf": some}),
        pairs.map(lambda some: {"type": ["string", "object"], "anyOf": some}),
        inner.map(lambda one: {"patternProperties": {"^[ab]$": one}, "additionalProperties": False}),
        inner.map(lambda one: {"$ref": "#/$defs/Node", "properties": {"a": one}}),
    )


@st.composite
def _objects(draw: Callable[..., Any], inner: st.SearchStrategy[Any], *, is_closed: bool) -> Schema:
    properties = draw(st.dictionaries(NAMES, inner, max_size=3))
    made: Schema = {"type": "object", "properties": properties}
    if required := [name for name in properties if draw(st.booleans())]:
        made["required"] = required
    endings = [{"additionalProperties": False}] + ([] if is_closed else [{}, {"additionalProperties": True}])
    return made | draw(st.sampled_from(endings))


def _grown(inner: st.SearchStrategy[Any], *, is_strict: bool) -> st.SearchStrategy[Any]:
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": some})
    plain = _objects(inner, is_closed=is_strict) | _listed(inner) | unions
    return plain if is_strict else plain | _odd(inner)


_INNER_STRICT = st.recursive(STRICT, lambda inner: _grown(inner, is_strict=True), max_leaves=4)
_INNER = st.recursive(LOOSE, lambda inner: _grown(inner, is_strict=False), max_leaves=4)


@st.composite
def parameters(draw: Callable[..., Any], *, is_strict: bool = False) -> Schema:
    """Draw the schema of a function's arguments, with definitions that may be recursive.

    Args:
        draw: Hypothesis's.
        is_strict: Whether only what strict mode mostly holds is wanted.
    """
    inner = _INNER_STRICT if is_strict else _INNER
    made = draw(_objects(inner, is_closed=is_strict))
    definitions = {name: draw(_objects(inner, is_closed=is_strict)) for name in DEFINITIONS}
    for one in definitions.values():
        one.pop("required", None)  # Every recursion must be able to end.
    return {**made, "$defs": definitions}


ANY_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 6), WORDS, st.sampled_from([0.5, 2.0])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)

KEYWORDS = [
    *("$defs", "$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "definitions", "description"),
    *("enum", "examples", "exclusiveMinimum", "format", "if", "items", "maxLength", "maxProperties", "minItems"),
    *("minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern", "patternProperties"),
    *("prefixItems", "properties", "required", "type", "uniqueItems", "title", "x-mine"),
]
JUNK = st.recursive(
    ANY_VALUES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYWORDS) | NAMES, inner, max_size=4),
    max_leaves=20,
)
"""What somebody's server may send as a schema."""
JUNK_SCHEMAS = st.dictionaries(st.sampled_from(KEYWORDS), JUNK, max_size=6)


def validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(schema)


def named(reference: str, root: Schema) -> Schema:
    definition: Schema = root["$defs"][reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")]
    return definition


@st.composite
def values(draw: Callable[..., Any], schema: Any, root: Schema, depth: int = 5) -> Any:
    """Draw a value that fits a schema more often than not."""
    if not isinstance(schema, dict) or depth <= 0:
        return {} if depth <= 0 and "$ref" in str(schema) else draw(ANY_VALUES)
    if "$ref" in schema:
        return draw(values(named(schema["$ref"], root), root, depth - 1))
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else draw(st.sampled_from(schema["enum"]))
    unions = [schema[keyword] for keyword in ("anyOf", "oneOf", "allOf") if schema.get(keyword)]
    if unions:
        return draw(values(draw(st.sampled_from(unions[0])), root, depth - 1))
    kinds = schema.get("type", "object" if "patternProperties" in schema else "any")
    kind = draw(st.sampled_from(kinds)) if isinstance(kinds, list) else kinds
    if kind in ("object", "array"):
        return draw((_dicts if kind == "object" else _lists)(schema, root, depth - 1))
    scalars = {"string": WORDS, "integer": st.integers(-3, 6), "boolean": st.booleans(), "null": st.none()}
    scalars["number"] = st.sampled_from([0, 1.5, 2, 4.5])
    return draw(scalars.get(kind, ANY_VALUES))


@st.composite
def _dicts(draw: Callable[..., Any], schema: Schema, root: Schema, depth: int) -> Any:
    made = {
        name: draw(values(one, root, depth))
        for name, one in schema.get("properties", {}).items()
        if name in schema.get("required", ()) or draw(st.booleans())
    }
    others = schema.get("additionalProperties", True)
    names = [] if others is False else draw(st.lists(NAMES, max_size=1))
    return {**{name: draw(values(others, root, depth)) for name in names}, **made}


@st.composite
def _lists(draw: Callable[..., Any], schema: Schema, root: Schema, depth: int) -> Any:
    fixed = [draw(values(one, root, depth)) for one in schema.get("prefixItems", ())]
    items = schema.get("items", not fixed)
    count = 0 if items is False else draw(st.integers(schema.get("minItems", 0) and not fixed, 2))
    return fixed + [draw(values(items, root, depth)) for _ in range(count)]
