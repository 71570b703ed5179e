"""The meaning of an answer: what of it counts when two answers are compared, by extensions of its JSON Schema.

`"_confidence": false` at a property: it does not count, such as a reason. `"_preserveOrder": true` at an array, or at
`prefixItems`: the order of its items counts, which else it does not. Neither is sent to a model.

Source: https://objective-ai.io/docs/query/response_format, as of October 2025; `_preserve_order` is its older spelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from callwright._json import JsonObject, JsonValue, encode

__all__ = ["Meaning", "canonical_text", "is_same", "plain_schema", "resolved", "split_extensions"]

_ORDER = ("_preserveOrder", "_preserve_order")
_EXTENSIONS = frozenset({"_confidence", *_ORDER})
_BRANCHES = ("allOf", "anyOf", "oneOf")
_LITERAL = frozenset({"const", "default", "enum", "examples"})
"""Keywords whose value is data, not a schema."""
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose keys are names, which may be spelled as an extension is."""
_EXACT = 2**53


def split_extensions(schema: JsonObject) -> tuple[JsonObject, Meaning]:
    """Return the schema as it is sent, and what its extensions say."""
    return plain_schema(schema), Meaning(schema)


def plain_schema(schema: JsonObject) -> JsonObject:
    """Return the schema without the extensions; the one given is not changed."""
    return cast("JsonObject", _plain(schema))


def _plain(schema: JsonValue) -> JsonValue:
    if isinstance(schema, Mapping):
        return {key: _plain_under(key, value) for key, value in schema.items() if key not in _EXTENSIONS}
    return [_plain(item) for item in schema] if isinstance(schema, list | tuple) else schema


def _plain_under(key: str, value: JsonValue) -> JsonValue:
    if key in _LITERAL:
        return value
    if key in _BY_NAME and isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return _plain(value)


@dataclass(frozen=True, slots=True)
class Meaning:
    """Reduces values to what counts of them."""

    schema: JsonObject = field(default_factory=dict[str, JsonValue])
    """With its extensions; without a schema all counts but the order of keys and items."""

    def of(self, value: JsonValue) -> JsonValue:
        """Return what counts of `value`: keys and items in one order, a whole number as an integer.

        Raises:
            ValueError: `value` is nested too deeply.
        """
        try:
            return self._of(value, [self.schema])
        except RecursionError:
            message = "a value is nested too deeply to be compared"
            raise ValueError(message) from None

    def text(self, value: JsonValue) -> str:
        """Return what counts of `value` as JSON: equal texts, equal meanings."""
        return encode(self.of(value)).decode()

    def _of(self, value: JsonValue, schemas: Sequence[JsonObject]) -> JsonValue:
        if isinstance(value, Mapping):
            return self._of_object(value, list(self._all(schemas)))
        if isinstance(value, list | tuple):
            return self._of_array(value, list(self._all(schemas)))
        return _number(value) if isinstance(value, float) else value

    def _of_object(self, value: JsonObject, schemas: Sequence[JsonObject]) -> JsonValue:
        kept: dict[str, JsonValue] = {}
        for key in sorted(value):
            inner = list(self._all([found for schema in schemas for found in _of_property(schema, key)]))
            if not any(schema.get("_confidence") is False for schema in inner):
                kept[key] = self._of(value[key], inner)
        return kept

    def _of_array(self, value: Sequence[JsonValue], schemas: Sequence[JsonObject]) -> JsonValue:
        items = [
            self._of(item, [found for schema in schemas for found in _of_item(schema, place)])
            for place, item in enumerate(value)
        ]
        has_order = any(schema.get(key) is True for schema in schemas for key in _ORDER)
        if has_order or any("prefixItems" in schema for schema in schemas):
            return items
        return sorted(items, key=encode)

    def _all(self, schemas: Sequence[JsonObject]) -> Iterator[JsonObject]:
        """Yield the schemas with all that they refer to and branch into: what one branch says, counts."""
        pending, seen = list(schemas), set[int]()
        while pending:
            schema = pending.pop(0)
            if id(schema) in seen:
                continue
            seen.add(id(schema))
            yield schema
            pending += _objects([resolved(self.schema, schema.get("$ref"))])
            for key in _BRANCHES:
                pending += _objects(schema.get(key))


def resolved(root: JsonObject, reference: JsonValue) -> JsonValue:
    """Return the part of `root` that a local reference such as `#/$defs/Item` names; None if there is none."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    part: JsonValue = root
    for step in reference[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, Mapping) and key in part:
            part = part[key]
        elif isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        else:
            return None
    return part


def canonical_text(value: JsonValue) -> str:
    """Return the JSON of `value` with keys in order and whole numbers as integers; items stay where they are."""
    return encode(_canonical(value)).decode()


def is_same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two JSON values are equal as JSON Schema compares them: 1 is 1.0, and true is neither."""
    return canonical_text(one) == canonical_text(other)


def _canonical(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float:
    return int(value) if abs(value) < _EXACT and value == int(value) else value


def _of_property(schema: JsonObject, key: str) -> Iterator[JsonObject]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and key in properties:
        yield from _objects([properties[key]])
    else:
        yield from _objects([schema.get("additionalProperties")])


def _of_item(schema: JsonObject, place: int) -> Iterator[JsonObject]:
    prefix = schema.get("prefixItems")
    before = prefix if isinstance(prefix, list | tuple) else ()
    yield from _objects([before[place] if place < len(before) else schema.get("items")])


def _objects(items: JsonValue) -> list[JsonObject]:
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list | tuple) else []
