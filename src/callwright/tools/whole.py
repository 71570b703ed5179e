"""A whole: the only parameter of a function, whose fields are told to the model as the tool's own parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast, get_origin

from pydantic_core import CoreSchema, core_schema
from typing_extensions import is_typeddict

from callwright._json import JsonObject, JsonValue
from callwright.tools.outline import MISSING
from callwright.tools.signature import Parameter, Signature

__all__ = ["core_of_whole", "field_names", "schema_of_whole", "whole_parameter"]

_FIELDS = ("model-fields", "dataclass-args", "typed-dict")
_PREFIX = "#/$defs/"


def whole_parameter(signature: Signature) -> Parameter | None:
    """Return the parameter whose fields can stand for it; None if there is none.

    It is the only one beside the context, has no default, and its type is a pydantic model, a dataclass or a typed
    dict: not a root model, no union, nothing optional, nothing with further rules.
    """
    if len(signature.parameters) != 1 or signature.others is not None:
        return None
    sole = signature.parameters[0]
    is_given = sole.default is MISSING and sole.place in ("positional", "any", "keyword")
    return sole if is_given and field_names(sole.annotation) is not None else None


def field_names(annotation: object) -> frozenset[str] | None:
    """Return the names of the fields of a model, a dataclass or a typed dict; None for any other type."""
    found = cast("object", get_origin(annotation) or annotation)
    if not isinstance(found, type):
        return None
    kind = cast("type[object]", found)
    if is_dataclass(kind):
        return frozenset(field.name for field in fields(kind))
    if is_typeddict(kind):
        return frozenset(kind.__annotations__)
    # Told by what it has, since pydantic need not be loaded.
    names: object = getattr(kind, "__pydantic_fields__", None)
    is_model = isinstance(names, dict) and not getattr(kind, "__pydantic_root_model__", False)
    return frozenset(cast("dict[str, object]", names)) if is_model else None


def schema_of_whole(schema: JsonObject) -> dict[str, JsonValue] | None:
    """Return the schema of the only property of an object in place of the object's own; None if it is no object.

    Args:
        schema: With the definitions that it refers to.
    """
    (found,) = cast("JsonObject", schema["properties"]).values()
    own = cast("JsonObject", found)
    definitions = cast("Mapping[str, JsonObject]", schema.get("$defs", {}))
    reference = own.get("$ref")
    if isinstance(reference, str):
        beside = {key: value for key, value in own.items() if key != "$ref"}
        own = {**definitions.get(reference.removeprefix(_PREFIX), {}), **beside}
    properties = own.get("properties", {} if own.get("type") == "object" else None)
    if own.get("type") != "object" or not isinstance(properties, Mapping):
        return None
    whole: dict[str, JsonValue] = {"type": "object", "properties": properties}
    if required := own.get("required"):
        whole["required"] = required
    whole["additionalProperties"] = own.get("additionalProperties", False)
    whole |= {key: value for key, value in own.items() if key not in whole and key != "required"}
    used = _used(whole, definitions)
    return whole | ({"$defs": {name: definitions[name] for name in definitions if name in used}} if used else {})


def _used(schema: JsonValue, definitions: Mapping[str, JsonObject]) -> set[str]:
    """Return the names of the definitions that a schema refers to, directly or not."""
    used: set[str] = set()
    left = [schema]
    while left:
        for name in set(_references(left.pop())) - used:
            used.add(name)
            left.append(definitions.get(name, {}))
    return used & definitions.keys()


def _references(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(_PREFIX):
            yield value.removeprefix(_PREFIX)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _references(item)


def core_of_whole(core: CoreSchema, parameter: str) -> CoreSchema | None:
    """Return the core schema of the only field of a typed dict; None if it is not as expected.

    What the class says nothing of, further keys, are refused, as by every other tool.
    """
    outer = cast("dict[str, Any]", core)
    definitions: list[dict[str, Any]] = outer["definitions"] if outer["type"] == "definitions" else []
    by_name = {found["ref"]: found for found in definitions}
    if definitions:
        outer = outer["schema"]
    outer = by_name.get(outer.get("schema_ref", ""), outer)
    if outer["type"] != "typed-dict":
        return None
    inner: dict[str, Any] = outer["fields"][parameter]["schema"]
    inner = by_name.get(inner.get("schema_ref", ""), inner)
    closed = _closed({key: value for key, value in inner.items() if key != "ref"})
    if closed is None:
        return None
    made = cast("CoreSchema", closed)
    return core_schema.definitions_schema(made, cast("list[CoreSchema]", definitions)) if definitions else made


def _closed(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of a class that takes no further keys, unless the class says what becomes of them."""
    # pydantic writes "ignore" into every typed dict, whether it says so or not.
    says = schema.get("extra_behavior")
    if "extra_fields_behavior" in schema.get("config", {}) or says not in (None, "ignore"):
        return schema
    if schema["type"] in _FIELDS:
        return {**schema, "extra_behavior": "forbid"}
    inner = schema.get("schema")
    closed = _closed(cast("dict[str, Any]", inner)) if isinstance(inner, dict) else None
    return None if closed is None else {**schema, "schema": closed}
