"""The dialect of a service: the schemas in a request, in the words that the service understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import cast

from callwright._json import JsonObject, JsonValue, decode
from callwright.wire.chat import ChatRequest, Encoded
from callwright.wire.profile import Profile

__all__ = ["spoken"]

_FULL = "full"


def spoken(request: ChatRequest, profile: Profile) -> ChatRequest:
    """Return the request with its tools and its response format in the dialect of the profile.

    The same request, if the service takes JSON Schema as it is. Arguments are validated against the schema that was
    given, in any case.

    Raises:
        SchemaError: There is no such dialect, or schemas are nested too deeply.
    """
    if profile.schema == _FULL:
        return request
    tools = _tools(request.tools.json, profile.schema)
    params = request.params.raw
    wanted = params.get("response_format") if isinstance(params, Mapping) else None
    told = _format(wanted, profile.schema)
    sent = request.params if told is wanted else Encoded({**_object(params), "response_format": told})
    return replace(request, tools=tools, params=sent)


@lru_cache(maxsize=256)
def _tools(entries: bytes, dialect: str) -> Encoded:
    """Return the tool entries; kept, since each step of a run sends them again."""
    listed = decode(entries)
    return Encoded([_tool(_object(entry), dialect) for entry in listed] if isinstance(listed, list) else [])


def _tool(entry: JsonObject, dialect: str) -> JsonObject:
    function = entry.get("function")
    parameters = function.get("parameters") if isinstance(function, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(parameters, Mapping):
        return entry
    return {**entry, "function": {**function, "parameters": _cleaned(parameters, dialect)}}


def _format(wanted: JsonValue, dialect: str) -> JsonValue:
    described = wanted.get("json_schema") if isinstance(wanted, Mapping) else None
    schema = described.get("schema") if isinstance(described, Mapping) else None
    if not isinstance(wanted, Mapping) or not isinstance(described, Mapping) or not isinstance(schema, Mapping):
        return wanted
    return {**wanted, "json_schema": {**described, "schema": _cleaned(schema, dialect)}}


def _cleaned(schema: JsonObject, dialect: str) -> JsonObject:
    from callwright.tools.dialect import cleaned, dialect_named  # noqa: PLC0415 - most services take JSON Schema as it is

    return cleaned(schema, dialect_named(dialect))


def _object(value: object) -> JsonObject:
    return cast("JsonObject", value) if isinstance(value, Mapping) else {}
