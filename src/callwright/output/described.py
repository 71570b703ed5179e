"""A description: the schema of an output, as models are told of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic_core import core_schema

from callwright._json import JsonObject, JsonValue
from callwright.errors import ParameterError

__all__ = ["closed", "described", "is_strict", "options_of", "wire_name", "wrapped"]

_LONGEST_NAME = 64


def described(adapter: Any, kind: object) -> JsonObject:  # noqa: ANN401 - a TypeAdapter, which is not imported here
    """Return the JSON Schema of a type; an object stands at its root where it is one.

    Args:
        adapter: Pydantic's, of the type.
        kind: The type, for the error.

    Raises:
        ParameterError: It has no JSON Schema.
    """
    from pydantic.errors import PydanticUserError  # noqa: PLC0415 - the larger half of our import time

    try:
        schema: JsonObject = adapter.json_schema(schema_generator=_by_name())
    except PydanticUserError as error:
        raise ParameterError(f"output {kind!r}: it has no JSON Schema: {error.message}") from error
    reference = schema.get("$ref")
    definitions = cast("Mapping[str, JsonObject]", schema.get("$defs", {}))
    if isinstance(reference, str):
        # A class that holds itself.
        target = definitions.get(reference.removeprefix("#/$defs/"), {})
        return {**target, "$defs": definitions}
    return schema


@functools.cache
def _by_name() -> type[Any]:
    from pydantic.json_schema import GenerateJsonSchema  # noqa: PLC0415 - see `described`

    class ByName(GenerateJsonSchema):
        """Describes named tuples by their names: of an array of values a model forgets the order."""

        def arguments_schema(self, schema: core_schema.ArgumentsSchema) -> dict[str, Any]:
            return super().arguments_schema({**schema, "metadata": {}})

        # Pydantic 2.14 has a schema of their own for them; before, they were calls with arguments.
        def named_tuple_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401 - a type that not every version has
            fields = cast("list[dict[str, Any]]", schema["fields"])
            names = [str(field["name"]) for field in fields]
            items: list[Any] = cast("Any", super()).named_tuple_schema(schema).get("prefixItems", [])
            required = [name for name, field in zip(names, fields, strict=True) if field["schema"]["type"] != "default"]
            made = {"type": "object", "properties": dict(zip(names, items, strict=True)), "required": required}
            return {**made, "additionalProperties": False}

    return ByName


def wrapped(schema: JsonObject) -> JsonObject:
    """Return the schema of an object whose one key `value` holds what `schema` describes."""
    homes = ("$defs", "definitions")
    inner = {key: value for key, value in schema.items() if key not in homes}
    above = {key: schema[key] for key in homes if key in schema}
    return {"type": "object", "properties": {"value": inner}, "required": ["value"], **above}


def closed(schema: JsonValue) -> JsonValue:
    """Return the schema with every object closed that does not say itself what else it may hold."""
    if isinstance(schema, list | tuple):
        return [closed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {
        key: value if key in ("default", "examples", "const", "enum") else closed(value)
        for key, value in schema.items()
    }
    if made.get("type") == "object" and "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


def is_strict(schema: JsonValue) -> bool:
    """Whether OpenAI's strict mode takes the schema as it is: every object closed, every key required."""
    if isinstance(schema, list | tuple):
        return all(is_strict(item) for item in schema)
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object":
        properties, required = schema.get("properties"), schema.get("required")
        names = set(properties) if isinstance(properties, Mapping) else set[str]()
        if schema.get("additionalProperties") is not False or names != set(cast("list[str]", required or [])):
            return False
    return not {"default", "oneOf", "prefixItems", "uniqueItems"} & schema.keys() and all(
        is_strict(value) for value in schema.values()
    )


def options_of(schema: JsonObject) -> tuple[str, ...]:
    """Return the texts that a schema lists as all there may be; none if it takes anything else."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else ())
    options = cast("list[JsonValue]", values)
    return tuple([option for option in options if isinstance(option, str)])


def wire_name(kind: object, default: str) -> str:
    """Return a name in the charset of the wire: that of a class, or of a title, at most 64 characters.

    Args:
        kind: A type, or a text.
        default: If it has no name.
    """
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    return re.sub(r"[^A-Za-z0-9_-]+", "_", str(name)).strip("_")[:_LONGEST_NAME] or default
