"""The echo: what of an assistant message goes back to the server that wrote it.

Blocks of reasoning go back unchanged and in order, but for those that the service would refuse. Source:
https://openrouter.ai/docs/use-cases/reasoning-tokens (preserving reasoning); what is refused, OpenRouter's own
ai-sdk-provider at 4247ab2.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from callwright._json import JsonObject, JsonValue, decode
from callwright.wire.profile import Profile

__all__ = ["echoed", "family_of", "is_blank", "omitted"]

_SIGNED = frozenset[JsonValue]({"anthropic-claude-v1", "google-gemini-v1", None})
"""Formats whose text is taken only with its signature; none stands for Anthropic's."""
_FAMILIES: dict[JsonValue, str] = {
    "anthropic-claude-v1": "anthropic",
    "azure-openai-responses-v1": "openai",
    "bedrock-openai-responses-v1": "openai",
    "bedrock-xai-responses-v1": "x-ai",
    "google-gemini-v1": "google",
    "openai-responses-v1": "openai",
    "xai-responses-v1": "x-ai",
}
_KNOWN = frozenset(_FAMILIES.values())


def echoed(raw: JsonObject, profile: Profile, *, without: tuple[int, ...] | None = None) -> JsonObject:
    """Return what of an assistant message goes back to servers of `profile`.

    Args:
        raw: The message, whole.
        profile: Whose list of keys holds.
        without: Places of the `reasoning_details` that do not go back; None leaves out those that are refused whatever
            was said before.
    """
    sent: dict[str, JsonValue] = {
        key: value for key, value in raw.items() if key in profile.echo and (value is not None or key == "content")
    }
    # Some providers refuse blank text, beside calls above all (Bedrock).
    content = sent.get("content")
    sent["content"] = None if is_blank(content) else content
    calls = sent.get("tool_calls")
    if calls and isinstance(calls, list | tuple):
        sent["tool_calls"] = [_echoed_call(call) for call in calls if isinstance(call, dict)]
    else:
        sent.pop("tool_calls", None)
    details = sent.get("reasoning_details")
    if details and isinstance(details, list | tuple):
        refused = omitted(details, set(), family=None) if without is None else without
        left = [item for place, item in enumerate(details) if place not in refused]
        if left:
            sent["reasoning_details"] = left
        else:
            # The text alone would be taken for the reasoning of a model that signs none.
            del sent["reasoning_details"]
            sent.pop("reasoning", None)
    return sent


def is_blank(content: JsonValue) -> bool:
    """Whether a content says nothing: null, no parts, or a text of blanks."""
    return not (content.strip() if isinstance(content, str) else content)


def family_of(model: str | None) -> str | None:
    """Return whose model a slug names, if its reasoning has a form of its own; None if that is not known."""
    author = (model or "").removeprefix("~").partition("/")[0]
    return author if author in _KNOWN else None


def omitted(details: JsonValue, seen: set[Hashable], *, family: str | None) -> tuple[int, ...]:
    """Return the places of the blocks that do not go back.

    Those are text without the signature that its format demands; a block that an earlier message, or this one, carries
    already ("Duplicate item found with id"); and a block that a model of another family wrote.

    Args:
        details: The `reasoning_details` of one message.
        seen: What earlier messages carry; what this one carries is added.
        family: Of the model that is asked, see `family_of`; None keeps the blocks of all.
    """
    places: list[int] = []
    for place, item in enumerate(details if isinstance(details, list | tuple) else ()):
        if not isinstance(item, dict):
            continue
        key = _key(item)
        if _is_unsigned(item) or key in seen or _is_foreign(item, family):
            places.append(place)
        elif key is not None:
            seen.add(key)
    return tuple(places)


def _key(item: JsonObject) -> Hashable:
    """Return what makes a block the same as another; None if nothing does.

    A text counts together with its signature: models begin many turns with the same words, and each turn needs its own.
    """
    kind = item.get("type")
    parts: Sequence[JsonValue]
    if kind == "reasoning.summary":
        parts = (item.get("summary"),)
    elif kind == "reasoning.encrypted":
        parts = (item.get("id") or item.get("data"),)
    elif kind == "reasoning.text":
        parts = (item.get("text"), item.get("signature"))
    else:
        return None
    return (kind, *parts) if any(parts) and all(isinstance(part, str | None) for part in parts) else None


def _is_unsigned(item: JsonObject) -> bool:
    return item.get("type") == "reasoning.text" and not item.get("signature") and item.get("format") in _SIGNED


def _is_foreign(item: JsonObject, family: str | None) -> bool:
    wrote = _FAMILIES.get(item.get("format")) if isinstance(item.get("format"), str) else None
    return family is not None and wrote is not None and wrote != family


def _echoed_call(call: JsonObject) -> JsonObject:
    """Return a call as it goes back: whole but for `index`, its arguments always one JSON object.

    A server that cannot read the arguments in a history answers every later request with 500; the original stays in
    the record.  Source: llama.cpp server, seen in build b11549.
    """
    function = call.get("function")
    rest = {key: value for key, value in call.items() if key not in ("index", "id", "type", "function")}
    echo = {"id": call.get("id"), "type": call.get("type") or "function", "function": function, **rest}
    if isinstance(function, dict):
        arguments = function.get("arguments")
        echo["function"] = {**function, "arguments": arguments if _is_object(arguments) else "{}"}
    return echo


def _is_object(arguments: JsonValue) -> bool:
    if not isinstance(arguments, str):
        return False
    try:
        return isinstance(decode(arguments), dict)
    except ValueError:
        return False
