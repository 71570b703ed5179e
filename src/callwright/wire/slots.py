"""Slots: the calls of one choice while their pieces come in.

Source of the rules: recorded streams of 13 hosts, and issue threads of the clients that met them.
"""

from __future__ import annotations

from typing import cast

from callwright._json import JsonObject, JsonValue, encode
from callwright.wire.answer import place_of
from callwright.wire.calls import Arguments, Settling, is_complete, nested
from callwright.wire.chat import CallDelta
from callwright.wire.messages import ToolCall

__all__ = ["Slots"]

_PIECE = frozenset({"index", "id", "function"})
_FUNCTION = frozenset({"name", "arguments"})


class _Slot:
    """One call under assembly."""

    __slots__ = ("arguments", "extra", "function_extra", "id", "name", "position", "type")

    def __init__(self, position: int) -> None:
        self.position = position
        self.id: str | None = None
        self.name: str | None = None
        self.type: str | None = None
        self.arguments = Arguments()
        self.extra: dict[str, JsonValue] = {}
        self.function_extra: dict[str, JsonValue] = {}

    def raw(self) -> dict[str, JsonValue]:
        function: dict[str, JsonValue] = {"name": self.name, "arguments": self.arguments.text, **self.function_extra}
        return {"id": self.id, "type": self.type or "function", "function": function, **self.extra}

    def keep_rest(self, piece: dict[str, JsonValue], function: dict[str, JsonValue]) -> None:
        """Keep what we do not know, such as Gemini's signature of a thought; a later null takes nothing away."""
        for key, value in piece.items():
            if key == "type":
                self.type = self.type or _word(value)
            elif key not in _PIECE and (value is not None or key not in self.extra):
                self.extra[key] = value
        for key, value in function.items():
            if key not in _FUNCTION and (value is not None or key not in self.function_extra):
                self.function_extra[key] = value


class Slots:
    """The calls of one choice under assembly."""

    __slots__ = ("_by_id", "_by_index", "_closed", "_settling", "_waiting", "all")

    def __init__(self) -> None:
        self.all: list[_Slot] = []
        self._by_id: dict[str, _Slot] = {}
        self._by_index: dict[int, _Slot] = {}
        self._closed = 0
        self._settling: Settling | None = None
        self._waiting: list[tuple[int, str, _Slot]] = []

    def push(self, piece: dict[str, JsonValue]) -> CallDelta:
        """Add a piece to the call that it belongs to; return what it adds."""
        function = piece.get("function")
        if not isinstance(function, dict):
            piece = nested(piece)
            function = cast("dict[str, JsonValue]", piece["function"])  # that is what `nested` gives
        wire_id, name = _word(piece.get("id")), _word(function.get("name"))
        slot = self._slot(piece.get("index"), wire_id, name, function.get("arguments"))
        if wire_id is not None and slot.id is None:
            slot.id = wire_id
            self._by_id.setdefault(wire_id, slot)
        fresh_name = name if slot.name is None else None
        slot.name = slot.name or name
        added = self._append(slot, function.get("arguments"))
        if not (_PIECE.issuperset(piece) and _FUNCTION.issuperset(function)):
            slot.keep_rest(piece, function)
        return CallDelta(slot.position, fresh_name, added, id=slot.id)

    def is_due(self, *, is_over: bool) -> bool:
        """Whether `newly_ready` has something to look at."""
        return self._closed < len(self.all) - (not is_over) or (is_over and bool(self._waiting))

    def newly_ready(self, origin: str, *, is_over: bool) -> tuple[tuple[int, ToolCall], ...]:
        """Return the calls that nothing more is expected for, with their positions; each is returned once.

        A call is ready when it is one whole object and the next one has begun or the finish was seen, never merely
        because it happens to parse.

        Args:
            origin: The id of the generation, as for `settled_calls`.
            is_over: Whether the finish was seen.
        """
        end = len(self.all) if is_over else len(self.all) - 1
        settling = self._settling = self._settling or Settling(origin)
        ready: list[tuple[int, ToolCall]] = []
        for position, call_id, slot in self._waiting if is_over else ():
            call = _call(slot, call_id, slot.arguments.text)
            ready += [(position, call)] if call else []
        for slot in self.all[self._closed : end]:
            position, parts = settling.count, settling.add(slot.raw())
            if is_over or slot.arguments.is_complete:
                calls = [_call(slot, str(part["id"]), _arguments(part)) for part in parts]
                ready += [(position + at, call) for at, call in enumerate(calls) if call]
            else:
                # Heads may come first and all the arguments after them.
                self._waiting.append((position, str(parts[0]["id"]), slot))
        if is_over:
            self._waiting = []
        self._closed = max(self._closed, end)
        return tuple(ready)

    def _slot(self, index: JsonValue, wire_id: str | None, name: str | None, arguments: JsonValue) -> _Slot:
        """Return the slot that a piece belongs to: by its id, else by its index, else by order."""
        if wire_id is not None:
            known = self._by_id.get(wire_id)
            if known is not None and not self._is_reused(known, index, name, arguments):
                return known
        index = index if isinstance(index, int) else place_of(index)
        if index is not None:
            slot = self._by_index.get(index)
            if slot is None:
                slot = self._new() if wire_id or name or not self.all else self.all[-1]
            elif _starts_anew(slot, wire_id, name, arguments):
                slot = self._new()
            self._by_index[index] = slot
            return slot
        if not self.all or wire_id is not None or (name is not None and self.all[-1].name is not None):
            return self._new()
        return self.all[-1]

    def _is_reused(self, known: _Slot, index: JsonValue, name: str | None, arguments: JsonValue) -> bool:
        """Whether a piece with the id of a call is the head of another: ids repeat on some servers."""
        if name is None or not known.arguments.is_complete:
            return False
        if name != known.name:
            return True
        return isinstance(index, int) and index not in self._by_index and arguments != known.arguments.text

    def _new(self) -> _Slot:
        self.all.append(_Slot(len(self.all)))
        return self.all[-1]

    @staticmethod
    def _append(slot: _Slot, arguments: JsonValue) -> str:
        """Add a piece of arguments; return what it added."""
        if arguments is None or arguments == "":
            return ""
        if not isinstance(arguments, str):
            text = encode(arguments).decode()
            slot.arguments = Arguments(text)
            return text
        held = slot.arguments
        # Some proxies repeat the whole arguments in a last chunk; only a piece of the same length can be such a repeat.
        if len(arguments) == held.length and held.is_complete and arguments == held.text:
            return ""
        held.append(arguments)
        return arguments


def _arguments(part: JsonObject) -> str:
    """Return the arguments of a settled call."""
    function = part["function"]
    return str(function.get("arguments")) if isinstance(function, dict) else ""


def _call(slot: _Slot, call_id: str, arguments: str) -> ToolCall | None:
    """Return a call of a slot; None if it has no name or no whole arguments. Blank arguments are none: `{}`."""
    arguments = arguments if arguments.strip() else "{}"
    return ToolCall(call_id, slot.name, arguments) if slot.name and is_complete(arguments) else None


def _word(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _is_blank(arguments: JsonValue) -> bool:
    return isinstance(arguments, str) and not arguments.strip()


def _starts_anew(slot: _Slot, wire_id: str | None, name: str | None, arguments: JsonValue) -> bool:
    """Whether a piece at a known index is the head of another call."""
    if wire_id is not None and slot.id is not None and wire_id != slot.id:
        # vLLM once made up a new id for every piece: without a name it is the tail of a call, not another one.
        return name is not None or not arguments or (slot.arguments.is_complete and not _is_blank(arguments))
    if name is None or slot.name is None or not slot.arguments.is_complete:
        return False
    return name != slot.name or (bool(arguments) and arguments != slot.arguments.text)
