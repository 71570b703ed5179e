"""Adapting: one request in the form that the servers of a profile take."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from callwright._json import JsonObject, JsonValue
from callwright.errors import ParameterError
from callwright.wire.chat import ChatRequest, Completion, Encoded, ToolChoice
from callwright.wire.fitting import CACHE_MARKS, is_media
from callwright.wire.messages import AssistantMessage, Message, Part, ToolMessage, UserMessage
from callwright.wire.profile import OPENROUTER_ONLY, Profile

__all__ = ["adapted", "check_forced", "forced_name", "ignored_params", "portable"]

_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}
_BETWEEN = AssistantMessage("I have the result.")
"""Stands where a server wants a word of the assistant between a result and the next message of the user."""


def adapted(request: ChatRequest, profile: Profile) -> ChatRequest:
    """Return the request as servers of `profile` take it; the same object if nothing has to change.

    Args:
        request: What the user and the run ask for.
        profile: Of the server that is asked.

    Raises:
        ParameterError: A parameter or a tool entry is set that the server does not know; names all of them.
    """
    forced = forced_name(request.tool_choice)
    problems = _unknown_entries(request.tools, profile)
    if profile.forcing != "named" and forced is None and isinstance(request.tool_choice, Mapping):
        problems.append(f"tool_choice: {profile.name} takes no object; got {dict(request.tool_choice)!r}")
    params = _params(request, profile, problems)
    if problems:
        raise ParameterError("; ".join(problems))
    tools, choice = request.tools, request.tool_choice
    if profile.forcing != "named" and forced is not None:
        tools, choice = _only(tools, forced), "required"
    elif profile.forcing == "ignored" and choice == "none":
        # A server that does not heed "none" calls what it is offered.
        tools, choice = Encoded(()), None
    tools = _entries(tools, profile)
    messages = _messages(request.messages, profile)
    now = (messages, tools, choice, params)
    was = (request.messages, request.tools, request.tool_choice, request.params)
    if all(new is old for new, old in zip(now, was, strict=True)):
        return request
    return dataclasses.replace(request, messages=messages, tools=tools, tool_choice=choice, params=params)


def portable(request: ChatRequest, profile: Profile) -> ChatRequest:
    """Return the request without the parameters that only OpenRouter knows, if `profile` refuses them.

    For a request that was made for one service and goes to another, as in a fallback: who serves a model at
    OpenRouter says nothing about a server that is asked in its place.
    """
    foreign = profile.refuses & OPENROUTER_ONLY & _raw(request.params).keys()
    if not foreign:
        return request
    kept = {key: value for key, value in _raw(request.params).items() if key not in foreign}
    return dataclasses.replace(request, params=Encoded(kept))


def check_forced(request: ChatRequest, completion: Completion) -> str | None:
    """Return what is wrong with the calls of an answer to a request that forced one; None if nothing is.

    Some servers and endpoints take a forced call and do not heed it, with no word about it.

    Args:
        request: As it was before `adapted`.
        completion: The answer.

    Source: llama.cpp server, seen in build b11549; ggml-org/llama.cpp#26535.
    """
    forced = forced_name(request.tool_choice)
    names = [call.name for call in completion.tool_calls]
    if forced is None and request.tool_choice != "required":
        return None
    if names and all(name == forced for name in names if forced is not None):
        return None
    came = ", ".join(map(repr, names)) or "no call"
    return f"expected a call of {'a tool' if forced is None else repr(forced)}; the model made {came}"


def ignored_params(request: ChatRequest, profile: Profile) -> tuple[str, ...]:
    """Return the parameters of the request that servers of `profile` take and do not heed, sorted."""
    return tuple(sorted(profile.ignores & _raw(request.params).keys())) if profile.ignores else ()


def forced_name(choice: ToolChoice | None) -> str | None:
    """Return the name of the function that a choice forces; None if it forces none."""
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None


# -- parameters


def _params(request: ChatRequest, profile: Profile, problems: list[str]) -> Encoded:
    """Return the parameters by the names of the server; add to `problems` those that it refuses."""
    raw = _raw(request.params)
    kept = _renamed(_without_implied(raw, profile), profile, problems)
    problems += [
        f"{key}: {profile.name} does not know it{_where_known(key)}; leave it out, or give a profile that takes it"
        for key in kept
        if key in profile.refuses
    ]
    if profile.forced_params and request.tools.raw and _is_forced(request.tool_choice):
        kept = {**profile.forced_params, **kept}
    return request.params if kept is raw or kept == raw else Encoded(kept)


def _without_implied(raw: JsonObject, profile: Profile) -> JsonObject:
    """Return the parameters without what nobody set: a request made for one service may go to another."""
    needless: set[str] = set()
    if "provider" in profile.refuses and raw.get("provider") == {"require_parameters": True}:
        needless.add("provider")
    if not profile.include_usage and raw.get("stream_options") == {"include_usage": True}:
        needless.add("stream_options")
    if "usage" in profile.refuses:
        needless.add("usage")
    return {key: value for key, value in raw.items() if key not in needless} if needless & raw.keys() else raw


def _renamed(raw: JsonObject, profile: Profile, problems: list[str]) -> JsonObject:
    if not profile.reasoning_object and "reasoning" in raw:
        raw = _with_effort(raw, profile, problems)
    if not profile.renames.keys() & raw.keys():
        return raw
    renamed: dict[str, JsonValue] = {}
    for key, value in raw.items():
        name = profile.renames.get(key, key)
        if name == key or name not in raw:
            renamed[name] = value
    return renamed


def _with_effort(raw: JsonObject, profile: Profile, problems: list[str]) -> JsonObject:
    """Return the parameters with the effort of `reasoning` as a parameter of its own."""
    reasoning = raw["reasoning"]
    wishes = dict(reasoning) if isinstance(reasoning, Mapping) else {}
    effort = wishes.pop("effort", None)
    if wishes:
        problems.append(f"reasoning: {profile.name} knows the effort alone; got {', '.join(wishes)} besides")
    rest = {key: value for key, value in raw.items() if key != "reasoning"}
    return rest if effort is None else {"reasoning_effort": effort, **rest}


def _where_known(key: str) -> str:
    return " (OpenRouter alone does)" if key in OPENROUTER_ONLY else ""


def _is_forced(choice: ToolChoice | None) -> bool:
    return choice == "required" or isinstance(choice, Mapping)


def _raw(encoded: Encoded) -> JsonObject:
    return encoded.raw if isinstance(encoded.raw, Mapping) else {}


# -- tools


def _listed(tools: Encoded) -> Sequence[JsonObject]:
    return () if isinstance(tools.raw, Mapping) else tools.raw


def _unknown_entries(tools: Encoded, profile: Profile) -> list[str]:
    known = profile.tool_types
    if known is None:
        return []
    types = [entry.get("type") for entry in _listed(tools)]
    return [
        f"tools: {profile.name} knows {', '.join(sorted(known))}; got {kind!r}" for kind in types if kind not in known
    ]


def _only(tools: Encoded, name: str) -> Encoded:
    """Return the one tool of that name; all of them if there is none."""
    entries = _listed(tools)
    chosen = [entry for entry in entries if _function(entry).get("name") == name]
    return Encoded(chosen) if chosen and len(entries) > 1 else tools


def _entries(tools: Encoded, profile: Profile) -> Encoded:
    if profile.cache_marks and profile.strict:
        return tools
    fitting = [_entry(entry, profile) for entry in _listed(tools)]
    return tools if all(new is old for new, old in zip(fitting, _listed(tools), strict=True)) else Encoded(fitting)


def _entry(entry: JsonObject, profile: Profile) -> JsonObject:
    """Return a tool as the server takes it: with parameters, and without keys that it refuses."""
    changed: dict[str, JsonValue] = {}
    if not profile.cache_marks and any(mark in entry for mark in CACHE_MARKS):
        entry = {key: value for key, value in entry.items() if key not in CACHE_MARKS}
    function = _function(entry)
    if not profile.strict and "strict" in function:
        changed = {key: value for key, value in function.items() if key != "strict"}
    if entry.get("type") == "function" and not function.get("parameters"):
        changed = {**(changed or function), "parameters": _NO_PARAMETERS}
    return {**entry, "function": changed} if changed else entry


def _function(entry: JsonObject) -> JsonObject:
    function = entry.get("function")
    return function if isinstance(function, Mapping) else {}


# -- messages


def _messages(messages: Sequence[Message], profile: Profile) -> Sequence[Message]:
    """Return the messages in an order that the server takes."""
    if profile.tool_media and profile.user_after_tool:
        return messages
    sequence = list(_sequence(messages, profile))
    return messages if len(sequence) == len(messages) else sequence


def _sequence(messages: Sequence[Message], profile: Profile) -> Iterator[Message]:
    media: list[JsonValue] = []
    last: Message | None = None
    for message in messages:
        if not isinstance(message, ToolMessage) and isinstance(last, ToolMessage):
            if media:
                yield from _shown(media, profile)
                media = []
                last = None
            if isinstance(message, UserMessage) and last is not None and not profile.user_after_tool:
                yield _BETWEEN
        yield message
        last = message
        if isinstance(message, ToolMessage) and not profile.tool_media and not isinstance(message.content, str):
            media += _media(message)
    if media:
        yield from _shown(media, profile)


def _shown(media: Sequence[JsonValue], profile: Profile) -> Iterator[Message]:
    if not profile.user_after_tool:
        yield _BETWEEN
    yield UserMessage(cast("Sequence[Part]", media))


def _media(message: ToolMessage) -> list[JsonValue]:
    content = message.content
    parts = [part for part in content if is_media(part)] if isinstance(content, list | tuple) else []
    told: JsonObject = {"type": "text", "text": f"From the result of the call {message.tool_call_id}:"}
    return [told, *parts] if parts else []
