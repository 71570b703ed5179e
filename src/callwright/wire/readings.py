"""Reading: a message of another program, or of an older form of the wire, as a message of the wire.

Read are wire dicts, the older `function_call` and role `function`, objects of SDKs that dump as wire dicts, and the
three forms in which LangChain writes messages (`messages_to_dict`, `model_dump`, `dumpd`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from callwright._json import JsonObject, JsonValue, decode, encode
from callwright.errors import ParameterError
from callwright.wire.messages import Message, message_of
from callwright.wire.ranges import shown

__all__ = ["read_message", "wire_form"]

_ROLES = {"human": "user", "ai": "assistant", "bot": "assistant"}
"""Other words for roles."""
_KINDS = frozenset({"human", "ai", "system", "developer", "tool", "function", "chat"})
"""What LangChain calls its messages."""
_NOTHING: JsonObject = {}
_SPOKEN = frozenset({"text", "image_url", "refusal"})
"""Parts of a written answer; its blocks of calls and of reasoning stand elsewhere."""


def read_message(raw: object) -> Message:
    """Return the message that `raw` describes; a message comes back as it is.

    Raises:
        ParameterError: It is no message of any known form; see `message_of`.
    """
    return raw if isinstance(raw, Message) else message_of(wire_form(raw))


def wire_form(raw: object) -> JsonObject:
    """Return the wire dict that `raw` describes, unchecked.

    Raises:
        ParameterError: It is no object.
    """
    try:
        plain = decode(encode(raw))
    except ValueError as error:
        raise ParameterError(f"expected a message; got {shown(raw)} ({error})") from error
    if not isinstance(plain, dict):
        raise ParameterError(f"expected a message, or a dict with a role; got {shown(raw)}")
    if "role" not in plain and (kind := _kind(plain)) is not None:
        plain = _of_langchain(kind, _body(plain))
    role = plain.get("role")
    if isinstance(role, str) and role in _ROLES:
        plain = {**plain, "role": _ROLES[role]}
    if plain.get("role") == "function" or plain.get("function_call") is not None:
        plain = _of_function(plain)
    return plain


def _of_function(raw: JsonObject) -> JsonObject:
    """Return a message of the form before `tool_calls`, in which the name of a function is all that joins the two.

    Source: https://platform.openai.com/docs/api-reference/chat (deprecated `functions`).
    """
    call = raw.get("function_call")
    if isinstance(call, Mapping) and not raw.get("tool_calls"):
        rest = {key: value for key, value in raw.items() if key != "function_call"}
        moved: JsonObject = {"id": f"call_{call.get('name')}", "type": "function", "function": call}
        return {**rest, "tool_calls": [moved]}
    if raw.get("role") == "function":
        return {"role": "tool", "tool_call_id": f"call_{raw.get('name')}", "content": raw.get("content") or ""}
    return {key: value for key, value in raw.items() if key != "function_call"}


# -- LangChain


def _kind(raw: JsonObject) -> str | None:
    """Return what LangChain calls the message; None if it is none of its."""
    names = raw.get("id") if raw.get("lc") else None
    name = names[-1] if isinstance(names, list) and names else raw.get("type")
    kind = str(name).removesuffix("Chunk").removesuffix("Message").lower()
    return kind if kind in _KINDS else None


def _body(raw: JsonObject) -> JsonObject:
    for key in ("kwargs", "data"):
        inner = raw.get(key)
        if isinstance(inner, Mapping):
            return inner
    return raw


def _of_langchain(kind: str, body: JsonObject) -> JsonObject:
    given = body.get("additional_kwargs")
    extra: JsonObject = given if isinstance(given, Mapping) else _NOTHING
    role = body.get("role") if kind == "chat" else kind
    if extra.get("__openai_role__") == "developer":
        role = "developer"
    message: dict[str, JsonValue] = {"role": role, "content": _content(body.get("content"), is_answer=kind == "ai")}
    for key in ("name", "tool_call_id"):
        if body.get(key) is not None:
            message[key] = body[key]
    if kind == "ai":
        for key in ("refusal", "reasoning", "reasoning_content", "reasoning_details", "function_call"):
            if extra.get(key) is not None:
                message[key] = extra[key]
        calls = _calls(body, extra)
        if calls:
            message["tool_calls"] = calls
            message["content"] = message["content"] or None
    return message


def _content(content: JsonValue, *, is_answer: bool) -> JsonValue:
    if not isinstance(content, list):
        return content
    parts = [_part(part) for part in content]
    if not is_answer:
        return parts
    return [part for part in parts if isinstance(part, Mapping) and part.get("type") in _SPOKEN]


def _part(part: JsonValue) -> JsonValue:
    """Return a block of content as a part of the wire; what has no such form comes back as it is."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping) or part.get("type") != "image":
        return part
    data, url = part.get("base64") or part.get("data"), part.get("url")
    if isinstance(data, str):
        url = f"data:{part.get('mime_type') or 'image/png'};base64,{data}"
    return {"type": "image_url", "image_url": {"url": url}} if isinstance(url, str) else part


def _calls(body: JsonObject, extra: JsonObject) -> list[JsonValue]:
    wired = extra.get("tool_calls")
    if isinstance(wired, list) and wired:
        # As the model wrote them: arguments that are spelled anew miss the provider's cache.
        return wired
    return [_call(call) for key in ("tool_calls", "invalid_tool_calls") for call in _listed(body.get(key))]


def _listed(value: JsonValue) -> Iterable[JsonValue]:
    return cast("Sequence[JsonValue]", value) if isinstance(value, list) else ()


def _call(call: JsonValue) -> JsonValue:
    if not isinstance(call, Mapping) or "function" in call:
        return call
    arguments = call.get("args")
    text = arguments if isinstance(arguments, str) else encode(arguments or {}).decode()
    return {"id": call.get("id"), "type": "function", "function": {"name": call.get("name"), "arguments": text}}
