"""An answer: what a server wrote as an answer, in the one form that the rest of the code expects.

Strict in what is sent, lenient in what is read: whatever is half right here is read for what it says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from callwright._json import JsonObject, JsonValue

__all__ = [
    "choices_of",
    "confidence_of",
    "count_of",
    "dollars_of",
    "extra_of",
    "place_of",
    "said_in",
    "usage_of",
]

_OURS = "callwright_"
_MOST_TOKENS = 10**15
"""A larger count is no count."""
_MOST_DOLLARS = 10**9
_FORMS: Mapping[str, type | tuple[type, ...]] = {
    "content": (str, list, tuple),
    **dict.fromkeys(("reasoning", "reasoning_content", "refusal"), str),
    **dict.fromkeys(("annotations", "images", "reasoning_details", "tool_calls"), (list, tuple)),
    "audio": dict,
}
_OBJECTS = ("annotations", "images", "reasoning_details")


def choices_of(raw: JsonObject) -> list[JsonObject]:
    """Return the choices of an answer, by index; one without an index has its place in the list."""
    choices = raw.get("choices")
    entries = choices if isinstance(choices, list | tuple) else [choices]
    found: list[JsonObject] = [entry for entry in entries if isinstance(entry, dict)]
    if len(found) < 2:  # noqa: PLR2004 - nothing to sort
        return found
    placed = [(place_of(entry.get("index")), at) for at, entry in enumerate(found)]
    order = sorted(range(len(found)), key=lambda at: (at if placed[at][0] is None else placed[at][0], at))
    return [found[at] for at in order]


def place_of(index: JsonValue) -> int | None:
    """Return an index as a number, >= 0; None if it is none."""
    if isinstance(index, str) and index.isascii() and index.isdigit() and len(index) < len(str(_MOST_TOKENS)):
        return int(index)
    if isinstance(index, float) and index.is_integer():
        index = int(index)
    return index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else None


def said_in(choice: JsonObject) -> JsonObject:
    """Return the message of a choice, of the form that servers take back; the same object if it has that form."""
    message = choice.get("message")
    if message is None:
        # Some servers answer at once with a delta; completions of a text have a text.
        message = choice.get("delta") or choice.get("text")
    if isinstance(message, str):
        message = {"role": "assistant", "content": message}
    said = message if isinstance(message, dict) else {}
    changed = {key: _formed(key, said[key]) for key in _FORMS if said.get(key) is not None}
    changed = {key: value for key, value in changed.items() if value is not said[key]}
    legacy = said.get("function_call")
    if isinstance(legacy, dict) and not said.get("tool_calls"):
        changed["tool_calls"] = [{"type": "function", "function": legacy}]
    if said.get("role") == "assistant" and not changed:
        return said
    formed: dict[str, JsonValue] = {"content": None, **said, **changed, "role": "assistant"}
    return {key: value for key, value in formed.items() if key not in changed or value is not None or key == "content"}


def usage_of(raw: JsonObject) -> JsonValue:
    """Return the usage object of an answer; Groq and Moonshot have it in other places, too."""
    usage = raw.get("usage")
    if isinstance(usage, Mapping):
        return usage
    groq = raw.get("x_groq")
    if isinstance(groq, Mapping) and isinstance(groq.get("usage"), Mapping):
        return groq["usage"]
    found = (choice.get("usage") for choice in choices_of(raw))
    return next((usage for usage in found if isinstance(usage, Mapping)), None)


def extra_of(raw: JsonObject) -> dict[str, JsonValue]:
    """Return what models around the model noted of an answer; it stands beside the choices, and is never sent."""
    return {key.removeprefix(_OURS): value for key, value in raw.items() if key.startswith(_OURS)}


def confidence_of(raw: JsonObject) -> float | None:
    """Return the share of votes by which an answer was chosen, in (0, 1]; None if nothing was voted on."""
    votes = extra_of(raw).get("votes")
    share = votes.get("confidence") if isinstance(votes, Mapping) else None
    return float(share) if isinstance(share, int | float) else None


def count_of(raw: Mapping[str, JsonValue], *keys: str) -> int:
    """Return the first count that one of the keys holds, >= 0; what is missing, negative or absurd counts as 0."""
    for key in keys:
        value = raw.get(key)
        value = int(value) if isinstance(value, float) and math.isfinite(value) else value
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST_TOKENS:
            return value
    return 0


def dollars_of(value: JsonValue) -> Decimal | None:
    """Return an amount, >= 0; None if it is none, or absurd."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        # The shortest text of a float has the digits that the service wrote.
        amount = Decimal(value if isinstance(value, str) else repr(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= _MOST_DOLLARS else None


def _formed(key: str, value: JsonValue) -> JsonValue:
    """Return what a key of a message holds, in its form; the same object if it has it, None if nothing can be read."""
    if isinstance(value, dict) and ("type" in value or "function" in value) and key != "audio":
        value = [value]
    if not isinstance(value, _FORMS[key]):
        return None
    if key == "content" and not isinstance(value, str):
        return _parts(value)
    if key in _OBJECTS and isinstance(value, list | tuple) and not all(isinstance(item, dict) for item in value):
        return [item for item in value if isinstance(item, dict)]
    return value


def _parts(content: JsonValue) -> JsonValue:
    """Return the parts of a content; the same object if each is one."""
    parts: Sequence[JsonValue] = content if isinstance(content, list | tuple) else []
    read = [_part(part) for part in parts]
    if all(new is old for new, old in zip(read, parts, strict=True)):
        return content
    return [part for part in read if part is not None]


def _part(part: JsonValue) -> JsonObject | None:
    """Return a part, the same object if it is one; None if it is nothing that could be sent."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, dict):
        return None
    if isinstance(part.get("type"), str):
        return part
    return {"type": "text", **part} if isinstance(part.get("text"), str) else None
