"""Fitting: one message in the form that the servers of a profile take."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from callwright._json import JsonObject, JsonValue, decode
from callwright.wire.profile import Profile

__all__ = ["CACHE_MARKS", "fitted", "is_media"]

CACHE_MARKS = ("cache_control", "prompt_cache_breakpoint")
"""Keys of parts and tools that only caches of prompts read."""
_CALL_KEYS = frozenset({"id", "type", "function"})
_REASONING_KEYS = ("reasoning_content", "reasoning")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 9


def fitted(raw: JsonObject, profile: Profile) -> JsonObject:
    """Return a message as servers of `profile` take it; the same object if nothing has to change.

    What depends on the neighbours of a message is not done here, see `adapted`.
    """
    if "name" in raw and not profile.message_names:
        raw = {key: value for key, value in raw.items() if key != "name"}
    content = raw.get("content")
    if not profile.cache_marks and isinstance(content, list | tuple):
        raw = {**raw, "content": [_unmarked(part) for part in content]}
    fit = _FITS.get(str(raw.get("role")))
    return raw if fit is None else fit(raw, profile)


def is_media(part: JsonValue) -> bool:
    """Whether a part of a message is no text: an image, a sound, a file."""
    return isinstance(part, Mapping) and part.get("type") != "text"


def _unmarked(part: JsonValue) -> JsonValue:
    if isinstance(part, Mapping) and any(mark in part for mark in CACHE_MARKS):
        return {key: value for key, value in part.items() if key not in CACHE_MARKS}
    return part


def _developer(raw: JsonObject, profile: Profile) -> JsonObject:
    return raw if profile.developer_role else {**raw, "role": "system"}


def _tool(raw: JsonObject, profile: Profile) -> JsonObject:
    call_id, content = raw.get("tool_call_id"), raw.get("content")
    if isinstance(call_id, str) and profile.call_id is not None:
        raw = {**raw, "tool_call_id": _fitting_id(call_id, profile.call_id)}
    if profile.tool_media or not isinstance(content, list | tuple):
        return raw
    return {**raw, "content": "".join([_told(part) for part in content])}


def _told(part: JsonValue) -> str:
    """Return a part of a tool's result as text."""
    if not isinstance(part, Mapping) or is_media(part):
        return "[a file: see the next message]"
    return str(part.get("text") or "")


def _assistant(raw: JsonObject, profile: Profile) -> JsonObject:
    calls = raw.get("tool_calls")
    changed: dict[str, JsonValue] = {}
    if isinstance(calls, list | tuple) and calls:
        fitting = [_call(call, profile) if isinstance(call, dict) else call for call in calls]
        if any(new is not old for new, old in zip(fitting, calls, strict=True)):
            changed["tool_calls"] = fitting
    if not profile.null_content and raw.get("content") is None:
        changed["content"] = ""
    key = profile.reasoning_key
    if key is not None and any(other in raw for other in _REASONING_KEYS):
        texts = [raw.get(other) for other in (key, *_REASONING_KEYS)]
        changed[key] = next((text for text in texts if text), "")
        raw = {other: value for other, value in raw.items() if other not in _REASONING_KEYS}
    return {**raw, **changed} if changed else raw


def _call(call: JsonObject, profile: Profile) -> JsonObject:
    """Return a call as it goes back; the same object if nothing has to change."""
    changed: dict[str, JsonValue] = {}
    if profile.call_echo is not None and not call.keys() <= _CALL_KEYS | profile.call_echo:
        call = {key: value for key, value in call.items() if key in _CALL_KEYS or key in profile.call_echo}
    call_id, function = call.get("id"), call.get("function")
    if profile.call_id is not None and isinstance(call_id, str):
        fitting = _fitting_id(call_id, profile.call_id)
        if fitting != call_id:
            changed["id"] = fitting
    if profile.object_arguments and isinstance(function, dict):
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            changed["function"] = {**function, "arguments": decode(arguments)}
    return {**call, **changed} if changed else call


def _fitting_id(call_id: str, pattern: str) -> str:
    """Return the id, or one of nine letters and digits that always stands for it.

    The same id gives the same letters, so that a call and its result stay together without a table of both.
    """
    if re.fullmatch(pattern, call_id):
        return call_id
    number = int.from_bytes(hashlib.blake2b(call_id.encode(), digest_size=16).digest())
    letters: list[str] = []
    for _ in range(_ID_LENGTH):
        number, letter = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "".join(letters)


_FITS: Mapping[str, Callable[[JsonObject, Profile], JsonObject]] = {
    "assistant": _assistant,
    "developer": _developer,
    "tool": _tool,
}
