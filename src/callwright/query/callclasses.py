"""Classes of calls: whether the calls of a turn can be run, and the form in which two turns are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import cast

from pydantic_core import ValidationError

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import SchemaError
from callwright.query.candidates import REFUSAL, Candidate, call_candidate, candidate_of
from callwright.query.meaning import Meaning, plain_schema
from callwright.tools.fitting import Fitter
from callwright.tools.rawschema import RawSchema
from callwright.wire.chat import Encoded
from callwright.wire.messages import AssistantMessage, ToolCall

__all__ = ["ANSWER", "CallClasses", "call_classes", "plain_tools", "shape_of"]

ANSWER = "answer"
"""The shape of every turn without calls."""

_ORDER = ("_preserveOrder", "_preserve_order")
_LITERAL = frozenset({"const", "default", "enum", "examples"})


class CallClasses:
    """Reads the turns of models that were offered the same tools.

    Args:
        entries: The tools, as on the wire, with the extensions of their schemas.
    """

    __slots__ = ("_defaults", "_fitters", "_meanings", "_names")

    def __init__(self, entries: Sequence[JsonObject]) -> None:
        self._names: set[str] = set()
        self._fitters: dict[str, Fitter] = {}
        self._meanings: dict[str, Meaning] = {}
        self._defaults: dict[str, JsonObject] = {}
        for entry in entries:
            name, parameters = _described(entry)
            if name is None:
                continue
            self._names.add(name)
            if parameters is None:
                continue
            self._meanings[name] = Meaning(cast("JsonObject", _ordered(parameters)))
            self._defaults[name] = _defaults(parameters)
            try:
                self._fitters[name] = Fitter(RawSchema(name, plain_schema(parameters)), name)
            except SchemaError:
                # A schema that cannot be read cannot be held against anything; the tool itself will say what is wrong.
                continue

    def problem(self, message: AssistantMessage) -> str | None:
        """Return why the calls of a turn cannot be run; None if they can."""
        for call in message.tool_calls:
            if call.name not in self._names:
                return f"there is no tool {call.name!r}"
            try:
                self._fitted(call)
            except ValidationError as error:
                return f"arguments of {call.name!r}: {error.errors(include_url=False)[0]['msg']}"
            except ValueError as error:
                return f"arguments of {call.name!r}: {error}"
        return None

    def candidate(self, message: AssistantMessage, meaning: Meaning | None) -> Candidate | None:
        """Return the candidate that a turn is; None if it says nothing that can be voted for.

        What the schemas of the tools give by default counts as given, and a number as a number, however it is spelled.
        """
        if not message.tool_calls:
            return candidate_of(message, meaning)
        calls = [ToolCall(call.id, call.name, self._settled(call)) for call in message.tool_calls]
        return call_candidate(calls, message.text, meanings=self._meanings)

    def _settled(self, call: ToolCall) -> str:
        try:
            value = self._fitted(call)
        except ValueError:
            return call.arguments
        return encode({**self._defaults.get(call.name, {}), **value}).decode()

    def _fitted(self, call: ToolCall) -> JsonObject:
        """Return the arguments of a call as the schema has them.

        Raises:
            ValueError: They are no JSON object, or do not fit.
        """
        value = decode(call.arguments)
        if not isinstance(value, Mapping):
            message = "they are no JSON object"
            raise ValueError(message)  # noqa: TRY004 - as for all that is wrong with what a model wrote
        fitter = self._fitters.get(call.name)
        return value if fitter is None else cast("JsonObject", fitter.fitted(value))


@lru_cache(maxsize=64)
def call_classes(tools: Encoded) -> CallClasses:
    """Return the classes of the calls of some tools; made once for each set of tools."""
    return CallClasses(cast("Sequence[JsonObject]", tools.raw))


@lru_cache(maxsize=64)
def plain_tools(tools: Encoded) -> Encoded:
    """Return the tools as they are sent: their schemas without extensions."""
    entries = cast("Sequence[JsonObject]", tools.raw)
    plain = [_plain(entry) for entry in entries]
    return tools if all(new == old for new, old in zip(plain, entries, strict=True)) else Encoded(plain)


def shape_of(candidate: Candidate, calls: Sequence[ToolCall]) -> str:
    """Return the shape of a turn: which tools it calls and how often each, an answer, or a refusal."""
    if candidate.is_refusal:
        return REFUSAL
    return f"calls:{','.join(sorted(call.name for call in calls))}" if calls else ANSWER


def _described(entry: JsonObject) -> tuple[str | None, JsonObject | None]:
    function = entry.get("function")
    if not isinstance(function, Mapping):
        return None, None
    name, parameters = function.get("name"), function.get("parameters")
    return (name if isinstance(name, str) else None), (parameters if isinstance(parameters, Mapping) else None)


def _plain(entry: JsonObject) -> JsonObject:
    parameters = _described(entry)[1]
    if parameters is None:
        return entry
    return {**entry, "function": {**cast("JsonObject", entry["function"]), "parameters": plain_schema(parameters)}}


def _defaults(parameters: JsonObject) -> JsonObject:
    properties = parameters.get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {
        key: inner["default"] for key, inner in properties.items() if isinstance(inner, Mapping) and "default" in inner
    }


def _ordered(schema: JsonValue) -> JsonValue:
    """Return a schema of arguments in which every array has an order, but one whose items are a set.

    Of answers the order of items says nothing unless the schema says so; of arguments it may.
    """
    if isinstance(schema, list | tuple):
        return [_ordered(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed: dict[str, JsonValue] = {
        key: value if key in _LITERAL else _ordered(value) for key, value in schema.items()
    }
    is_array = schema.get("type") == "array" or "items" in schema
    if is_array and isinstance(schema.get("type", "array"), str) and not any(key in schema for key in _ORDER):
        changed[_ORDER[0]] = schema.get("uniqueItems") is not True
    return changed
