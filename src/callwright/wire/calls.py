"""Settling calls: what a server wrote as `tool_calls` becomes named calls with unique ids and whole arguments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from callwright._json import JsonObject, JsonValue, decode, encode

__all__ = ["is_complete", "settled_calls"]

_DECODER = json.JSONDecoder()


def settled_calls(message: JsonObject, *, origin: str) -> JsonObject:
    """Return the assistant message with its calls settled; the same object if nothing had to change.

    Missing and repeated ids are made up, blank arguments become `{}`, several objects glued together become several
    calls, entries that are no calls are left out.

    Args:
        message: An assistant message as it came.
        origin: The id of the generation; the same answer gets the same ids, streamed or not.

    Source: reference of OpenRouter's wire, 3.4, rules 7 to 10.
    """
    calls = message.get("tool_calls")
    if calls is None:
        return message
    entries = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list | tuple) else []
    settled: list[JsonObject] = []
    seen = set[str]()
    for entry in entries:
        for part in _parts(entry):
            settled.append(_with_id(part, seen, f"{origin}:{len(settled)}"))
    return message if settled == calls else {**message, "tool_calls": settled}


def is_complete(arguments: str) -> bool:
    """Whether `arguments` is one whole JSON object."""
    if not arguments.endswith(("}", " ", "\n", "\t", "\r")):
        return False
    try:
        return isinstance(decode(arguments), dict)
    except ValueError:
        return False


def _parts(call: Mapping[str, JsonValue]) -> list[JsonObject]:
    """Return the calls that one entry holds: itself as a rule, several if their arguments are glued together."""
    function = call.get("function")
    if not isinstance(function, dict):
        return []
    arguments = function.get("arguments")
    if isinstance(arguments, dict):
        return [{**call, "function": {**function, "arguments": encode(arguments).decode()}}]
    if not isinstance(arguments, str) or not arguments.strip():
        return [{**call, "function": {**function, "arguments": "{}"}}]
    objects = _glued(arguments)
    if not objects:
        return [call]
    first, *others = ({**function, "arguments": text} for text in objects)
    rest = {key: value for key, value in call.items() if key != "id"}
    return [{**call, "function": first}, *({**rest, "function": other} for other in others)]


def _glued(arguments: str) -> list[str]:
    """Return the JSON objects that stand one behind the other in `arguments`; nothing if it is not two or more."""
    if "}" not in arguments[:-1] or arguments[0] != "{" or is_complete(arguments):
        return []
    objects: list[str] = []
    start = 0
    while start < len(arguments):
        try:
            value, end = _DECODER.raw_decode(arguments, start)
        except (ValueError, RecursionError):
            return []
        if not isinstance(value, dict):
            return []
        objects.append(arguments[start:end])
        start = end
        while start < len(arguments) and arguments[start].isspace():
            start += 1
    return objects


def _with_id(call: JsonObject, seen: set[str], place: str) -> JsonObject:
    wire_id = call.get("id")
    if isinstance(wire_id, str) and wire_id and wire_id not in seen:
        seen.add(wire_id)
        return call if call.get("type") else {**call, "type": "function"}
    made_up = "call_" + hashlib.blake2b(place.encode(), digest_size=10).hexdigest()
    seen.add(made_up)
    return {**call, "id": made_up, "type": call.get("type") or "function"}
