"""A null: the ways in which a schema may admit it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from callwright._json import JsonObject, JsonValue
from callwright.tools.subschemas import ANNOTATIONS, NULL, as_list, as_object

__all__ = ["Nullable", "admitting_null"]

Nullable: TypeAlias = Literal["as_is", "any_of", "type_list", "nullable"]
"""How null is admitted: as it was, by a member of `anyOf`, in the list of types, or by OpenAPI's `nullable`."""


def admitting_null(schema: JsonObject, way: Nullable) -> JsonObject:
    """Return a schema that admits null in a certain way, if it admits it.

    Args:
        schema: One that names no list of types, unless they are to stay.
        way: See `Nullable`.
    """
    members = [member for member in as_list(schema.get("anyOf")) if not _is_null(member)]
    has_null = len(members) < len(as_list(schema.get("anyOf")))
    if way == "nullable":
        return _by_flag(schema, members) if has_null else _without_value(schema)
    return _by_type(schema, members) if way == "type_list" and has_null else schema


def _by_flag(schema: JsonObject, members: Sequence[JsonValue]) -> JsonObject:
    beside = {key: value for key, value in schema.items() if key != "anyOf"}
    if not members:
        return {**beside, **NULL}
    merged = _merged(beside, members)
    return {**schema, "anyOf": members, "nullable": True} if merged is None else {**merged, "nullable": True}


def _by_type(schema: JsonObject, members: Sequence[JsonValue]) -> JsonObject:
    made = _merged({key: value for key, value in schema.items() if key != "anyOf"}, members)
    if made is None or not isinstance(made.get("type"), str) or "const" in made:
        return schema
    values: JsonObject = {"enum": [*as_list(made["enum"]), None]} if "enum" in made else {}
    return {**made, "type": [made["type"], "null"], **values}


def _merged(beside: JsonObject, members: Sequence[JsonValue]) -> JsonObject | None:
    """Return the only member with what stands beside it; None if they do not go together."""
    member = as_object(members[0]) if len(members) == 1 else None
    if member is None or member.keys() & beside.keys() - ANNOTATIONS:
        return None
    return {**member, **beside}


def _without_value(schema: JsonObject) -> JsonObject:
    """Return a schema in whose enum null does not stand."""
    values = as_list(schema.get("enum"))
    if None not in values or len(values) == 1:
        return schema
    return {**schema, "enum": [value for value in values if value is not None], "nullable": True}


def _is_null(schema: JsonValue) -> bool:
    found = as_object(schema)
    return found is not None and found.get("type") == "null"
