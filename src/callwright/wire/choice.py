"""A choice under assembly: what the deltas of one choice add up to.

Source of the rules: recorded streams of 13 hosts, and issue threads of the clients that met them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from callwright._json import JsonObject, JsonValue, encode
from callwright.wire.chat import CUT, CallDelta
from callwright.wire.slots import Slots

__all__ = ["Choice"]

_REASONING_KEYS = ("reasoning", "reasoning_content", "reasoning_text", "thinking")
_TEXT_KEYS = frozenset({*_REASONING_KEYS, "refusal"})
_LIST_KEYS = frozenset({"annotations", "images"})
_KNOWN = frozenset({"index", "delta", "finish_reason", "logprobs"})
_END: JsonObject = {}
_SOUNDS = frozenset({"data", "transcript"})


class Choice:
    """One choice of a stream."""

    __slots__ = (
        *("_audio", "_delta_extra", "_details", "_is_mixed", "_lists", "_logprobs", "_noted", "_sounds", "_texts"),
        *("_thoughts", "content", "extra", "finish_reason", "index", "slots"),
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.content: list[str | JsonObject] = []
        """Pieces of text, and the other parts where they came."""
        self.slots = Slots()
        self.finish_reason: str | None = None
        self.extra: dict[str, JsonValue] = {}
        """What the choice holds besides, such as `native_finish_reason`."""
        self._is_mixed = False
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[JsonValue]] = {}
        self._noted = set[bytes]()
        self._details: list[dict[str, JsonValue]] | None = None
        self._thoughts: list[str] = []
        self._audio: dict[str, JsonValue] = {}
        self._sounds: dict[str, list[str]] = {}
        self._logprobs: dict[str, JsonValue] = {}
        self._delta_extra: dict[str, JsonValue] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return not (self.content or self._texts or self.slots.all or self._details or self._lists)

    def push_delta(self, delta: Mapping[str, JsonValue]) -> tuple[CallDelta, ...]:
        """Add everything of a delta but its content; return the pieces of calls."""
        calls: tuple[CallDelta, ...] = ()
        for key, value in delta.items():
            if value is None or key in {"role", "content"}:
                continue
            if key in _TEXT_KEYS and isinstance(value, str):
                if value:
                    self._texts.setdefault(key, []).append(value)
            elif key == "tool_calls":
                pieces = value if isinstance(value, list) else [value]
                calls = tuple([self.slots.push(piece) for piece in pieces if piece and isinstance(piece, dict)])
            elif key == "function_call":
                # The form before `tool_calls`: one call, without an id.
                calls += tuple([self.slots.push({"function": piece}) for piece in _objects(value)])
            elif key == "reasoning_details":
                self._push_details(value)
            elif key in _LIST_KEYS:
                self._push_list(key, value)
            elif key == "audio":
                self._push_audio(value)
            else:
                _add(self._delta_extra, key, value)
        return calls

    def push_content(self, content: JsonValue) -> tuple[str, str]:
        """Add content, as text or as parts (Mistral, image models); return its text and its reasoning."""
        if isinstance(content, str):
            if content:
                self.content.append(content)
            return content, ""
        if not content:
            return "", ""
        text, reasoning = "", ""
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str):
                text += part
                self.content.append(part)
            elif isinstance(part, dict):
                kind = part.get("type") or "text"
                piece = str(part.get("text") or "") if kind == "text" else ""
                text += piece
                reasoning += _thought(part.get("thinking")) if kind == "thinking" else ""
                is_plain = kind == "text" and part.keys() <= {"type", "text"}
                self.content.append(piece if is_plain else part)
                self._is_mixed = self._is_mixed or not is_plain
        return text, reasoning

    def shown(self, delta: Mapping[str, JsonValue]) -> str:
        """Return the reasoning that a delta shows, whichever key it comes under: several keys hold the same."""
        for key in _REASONING_KEYS:
            text = delta.get(key)
            if text and isinstance(text, str):
                return text
        details = delta.get("reasoning_details")
        if not details or any(key in self._texts for key in _REASONING_KEYS):
            return ""
        texts = [item.get("text") or item.get("summary") for item in _objects(details)]
        return "".join([text for text in texts if isinstance(text, str)])

    def push_finish(self, finish: str) -> None:
        """Note a finish: the first one counts, but a later one that says that the answer was cut is believed."""
        if self.finish_reason is None or (finish in CUT and self.finish_reason not in CUT):
            self.finish_reason = finish

    def push_rest(self, raw: Mapping[str, JsonValue]) -> None:
        """Keep what we do not know of a choice; a later null takes nothing away."""
        for key, value in raw.items():
            if key not in _KNOWN and (value is not None or key not in self.extra):
                self.extra[key] = value

    def push_logprobs(self, logprobs: Mapping[str, JsonValue]) -> None:
        """Add log probabilities, of the content, the refusal, or in an older form."""
        for key, value in logprobs.items():
            _add(self._logprobs, key, value)

    def raw(self) -> dict[str, JsonValue]:
        """Return the choice in the shape of an answer that came at once."""
        message: dict[str, JsonValue] = {"role": "assistant", "content": self._content()}
        message.update({key: _copied(value) for key, value in self._delta_extra.items()})
        message.update({key: "".join(pieces) for key, pieces in self._texts.items()})
        message.update({key: list(items) for key, items in self._lists.items()})
        if self._audio or self._sounds:
            message["audio"] = {**self._audio, **{key: _sound(key, parts) for key, parts in self._sounds.items()}}
        self._join_thoughts()
        if self._details is not None:
            message["reasoning_details"] = [dict(item) for item in self._details]
        if self.slots.all:
            message["tool_calls"] = [slot.raw() for slot in self.slots.all]
        choice: dict[str, JsonValue] = {"index": self.index, "finish_reason": self.finish_reason, "message": message}
        if self._logprobs:
            choice["logprobs"] = {key: _copied(value) for key, value in self._logprobs.items()}
        return {**choice, **{key: value for key, value in self.extra.items() if key != "message"}}

    def _content(self) -> JsonValue:
        """Return the content: a text, or parts if there was something else than text."""
        if not self._is_mixed:
            return "".join([piece for piece in self.content if isinstance(piece, str)]) or None
        parts: list[JsonObject] = []
        pieces: list[str] = []
        thoughts: list[str] = []
        for piece in (*self.content, _END):
            if isinstance(piece, str):
                pieces.append(piece)
                continue
            if text := "".join(pieces):
                _close(parts, thoughts)
                parts.append({"type": "text", "text": text})
            pieces = []
            if piece.get("type") == "thinking" and piece.keys() <= {"type", "thinking"}:
                thoughts.append(_thought(piece["thinking"]))
                continue
            _close(parts, thoughts)
            if piece:
                parts.append(piece)
        return parts

    def _push_details(self, value: JsonValue) -> None:
        """Add reasoning blocks: pieces of text that follow each other are one block, all else stands alone."""
        if not isinstance(value, list):
            return
        self._details = self._details or []
        for item in _objects(value):
            last = self._details[-1] if self._details else None
            if last and item.get("type") == "reasoning.text" == last.get("type"):
                self._thoughts.append(str(item.get("text") or ""))
                for key in item.keys() - {"text"}:
                    held = last.get(key)
                    last[key] = item[key] if held is None or held == "" else held
            else:
                self._join_thoughts()
                self._details.append(dict(item))
                self._thoughts = [str(item.get("text") or "")]

    def _join_thoughts(self) -> None:
        # Kept in pieces until somebody looks: adding to a text copies it, and there are thousands of pieces.
        if self._details and len(self._thoughts) > 1:
            self._details[-1]["text"] = "".join(self._thoughts)
            self._thoughts = [str(self._details[-1]["text"])]

    def _push_list(self, key: str, value: JsonValue) -> None:
        """Add items; some servers send all annotations again with every chunk."""
        held = self._lists.setdefault(key, [])
        for item in value if isinstance(value, list) else [value]:
            mark = encode(item)
            if key == "images" or mark not in self._noted:
                self._noted.add(mark)
                held.append(item)

    def _push_audio(self, value: JsonValue) -> None:
        for key, part in value.items() if isinstance(value, dict) else ():
            if key in _SOUNDS and isinstance(part, str):
                self._sounds.setdefault(key, []).append(part)
            elif part is not None or key not in self._audio:
                self._audio[key] = part


def _objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    """Return the objects among the items of a list; an object by itself is a list of one."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _add(kept: dict[str, JsonValue], key: str, value: JsonValue) -> None:
    """Add the value of a key that we do not know: lists and objects grow, else the last one counts."""
    held = kept.get(key)
    if isinstance(value, list) and isinstance(held, list):
        held.extend(value)
    elif isinstance(value, dict) and isinstance(held, dict):
        held.update(value)
    elif value is not None or key not in kept:
        kept[key] = _copied(value)


def _copied(value: JsonValue) -> JsonValue:
    """Return a list or object that can grow, without the one that came."""
    return list(value) if isinstance(value, list) else dict(value) if isinstance(value, dict) else value


def _thought(value: JsonValue) -> str:
    """Return the text of a part of type `thinking`: parts of text, or the text itself."""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else []
    return "".join([str(part.get("text") or "") for part in parts if isinstance(part, dict)])


def _close(parts: list[JsonObject], thoughts: list[str]) -> None:
    """End a part of type `thinking`, if one is open."""
    if thoughts:
        parts.append({"type": "thinking", "thinking": [{"type": "text", "text": "".join(thoughts)}]})
        thoughts.clear()


def _sound(key: str, parts: Sequence[str]) -> str:
    """Return the pieces of a sound or its transcript as one."""
    if key != "data" or not any(part.endswith("=") for part in parts[:-1]):
        return "".join(parts)
    try:
        # Each piece was encoded by itself: padding in the middle would end the sound there.
        return base64.b64encode(b"".join([base64.b64decode(part) for part in parts])).decode()
    except binascii.Error:
        return "".join(parts)
