"""Settling calls: what a server wrote as `tool_calls` becomes named calls with unique ids and whole arguments."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import cast

from callwright._json import JsonObject, JsonValue, decode, encode

__all__ = ["UNNAMED", "Arguments", "Settling", "is_complete", "nested", "settled_calls"]

UNNAMED = "__unnamed__"
"""Stands for the name of a call that has none: no tool has it, and servers take it back."""

_FLAT = ("name", "arguments")
_DECODER = json.JSONDecoder()
_MOST_GLUED = 256
"""Calls that one entry may hold; beyond that its arguments are no arguments."""
_BLANKLESS = re.compile(r"[^ \t\r\n]")
_QUOTED = re.compile(r'["\\]')
_BARE = re.compile(r'["{}\[\]]')


class Arguments:
    """The arguments of a call under assembly. However often it is asked, each character is looked at once.

    Args:
        text: The first piece.
    """

    __slots__ = ("_depth", "_in_text", "_is_closed", "_is_escaped", "_is_spoiled", "_scanned", "length", "pieces")

    def __init__(self, text: str = "") -> None:
        self.pieces = [text] if text else []
        self.length = len(text)
        """In characters."""
        self._scanned = 0
        self._depth = 0
        self._in_text = self._is_escaped = self._is_closed = self._is_spoiled = False

    def append(self, piece: str) -> None:
        """Add a piece."""
        self.pieces.append(piece)
        self.length += len(piece)

    @property
    def text(self) -> str:
        """All pieces as one."""
        return "".join(self.pieces)

    @property
    def is_complete(self) -> bool:
        """Whether they are one whole JSON object."""
        was_closed = self._is_closed
        while self._scanned < len(self.pieces) and not self._is_spoiled:
            self._scan(self.pieces[self._scanned])
            self._scanned += 1
        if self._is_closed and not was_closed and not self._is_spoiled:
            self._is_spoiled = not is_complete(self.text)
        return self._is_closed and not self._is_spoiled

    def _scan(self, piece: str) -> None:
        """Follow quotes and brackets through a piece; the rest of JSON's rules are checked once, at the end."""
        at = 0
        while at < len(piece):
            if self._is_escaped:
                self._is_escaped, at = False, at + 1
                continue
            pattern = _QUOTED if self._in_text else _BARE if self._depth else _BLANKLESS
            found = pattern.search(piece, at)
            if found is None:
                return
            at = found.end()
            if self._in_text:
                self._in_text, self._is_escaped = found[0] != '"', found[0] == "\\"
            elif self._depth == 0 and (self._is_closed or found[0] != "{"):
                self._is_spoiled = True
                return
            elif found[0] == '"':
                self._in_text = True
            else:
                self._depth += 1 if found[0] in "{[" else -1
                self._is_closed = self._depth == 0


def settled_calls(message: JsonObject, *, origin: str) -> JsonObject:
    """Return the assistant message with its calls settled; the same object if nothing had to change.

    Missing names and ids and repeated ids are made up, blank arguments become `{}`, several objects glued together
    become several calls, entries that are no calls are left out.

    Args:
        message: An assistant message as it came.
        origin: The id of the generation; the same answer gets the same ids, streamed or not.

    Source: recorded answers of 13 hosts.
    """
    calls = message.get("tool_calls")
    if calls is None:
        return message
    entries = [call for call in calls if isinstance(call, dict)] if isinstance(calls, list | tuple) else []
    settling = Settling(origin)
    settled = [part for entry in entries for part in settling.add(entry)]
    return message if settled == calls else {**message, "tool_calls": settled}


class Settling:
    """Settles the calls of one message, entry by entry.

    Args:
        origin: See `settled_calls`.
    """

    __slots__ = ("_origin", "_seen", "count")

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._seen = set[str]()
        self.count = 0
        """How many calls there are so far: the position of the next one."""

    def add(self, entry: Mapping[str, JsonValue]) -> list[JsonObject]:
        """Return the calls that an entry holds: one as a rule."""
        settled: list[JsonObject] = []
        for part in _parts(entry):
            settled.append(_with_id(part, self._seen, f"{self._origin}:{self.count}"))
            self.count += 1
        return settled


def nested(call: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a call, or a piece of one, with a `function`: some servers put name and arguments beside the id."""
    function: dict[str, JsonValue] = {key: call[key] for key in _FLAT if key in call}
    return {**{key: value for key, value in call.items() if key not in _FLAT}, "function": function}


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
        if call.keys().isdisjoint(_FLAT):
            return []
        call = nested(call)
        function = cast("JsonObject", call["function"])  # that is what `nested` gives
    name = function.get("name")
    if not isinstance(name, str) or not name:
        function = {**function, "name": UNNAMED}
        call = {**call, "function": function}
    arguments = function.get("arguments")
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return [{**call, "function": {**function, "arguments": "{}"}}]
    if not isinstance(arguments, str):
        return [{**call, "function": {**function, "arguments": encode(arguments).decode()}}]
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
        if not isinstance(value, dict) or len(objects) == _MOST_GLUED:
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
