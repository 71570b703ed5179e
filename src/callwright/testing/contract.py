"""The contract of a chat request: the first thing that OpenRouter, or a provider behind it, would refuse.

The service is lenient in places where some provider is strict; here the strictest known rule holds, so that what passes
here passes anywhere. Source: OpenRouter's OpenAPI document of 2026-08-22 and its guide to tool calling; for the order
of tool messages the errors of OpenAI and Mistral.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, cast

from callwright._json import JsonValue, decode
from callwright.testing.reply import Object

__all__ = ["problem_of"]

_Problems: TypeAlias = Iterator[str]

_ROLES = ("system", "developer", "user", "assistant", "tool")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PARTS = {"text", "image_url", "input_audio", "input_video", "video_url", "file"}
_NEVER_NULL = ("tools", "tool_choice", "model", "models", "response_format", "user", "messages", "stream")
_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "min_p": (0, 1),
    "top_a": (0, 1),
    "top_k": (0, float("inf")),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "repetition_penalty": (0, 2),
    "top_logprobs": (0, 20),
    "max_tokens": (1, float("inf")),
    "max_completion_tokens": (1, float("inf")),
}
_STOPS = 4
_INTEGERS = {"top_k", "top_logprobs", "max_tokens", "max_completion_tokens", "seed"}
_PROVIDER_KEYS = {
    "allow_fallbacks",
    "data_collection",
    "enforce_distillable_text",
    "ignore",
    "max_price",
    "only",
    "order",
    "preferred_max_latency",
    "preferred_min_throughput",
    "quantizations",
    "require_parameters",
    "sort",
    "zdr",
}


def problem_of(request: Object) -> str | None:
    """Return the first reason to refuse `request`; None if there is none."""
    checks: tuple[Callable[[Object], _Problems], ...] = (_nulls, _messages, _tools, _tool_choice, _format, _parameters)
    return next((problem for check in checks for problem in check(request)), None)


def _nulls(request: Object) -> _Problems:
    for key in _NEVER_NULL:
        if key in request and request[key] is None:
            yield f"{key}: Expected a value, received null"


def _messages(request: Object) -> _Problems:
    messages = request.get("messages")
    if messages is None:
        if not isinstance(request.get("prompt"), str):
            yield 'Input required: specify "prompt" or "messages"'
        return
    if not isinstance(messages, list) or not messages:
        yield "messages: Array must contain at least 1 element(s)"
        return
    for place, message in enumerate(messages):
        yield from _message(message, f"messages.{place}")
    yield from _answers(cast("list[Object]", messages))
    if not request.get("tools") and any("tool_calls" in message for message in cast("list[Object]", messages)):
        yield "Requests which include `tool_calls` must define `tools`"


def _message(message: JsonValue, where: str) -> _Problems:
    if not isinstance(message, Mapping):
        yield f"{where}: Expected an object with a role"
        return
    role = message.get("role")
    if role not in _ROLES:
        yield f"{where}.role: Invalid enum value. Expected one of {', '.join(_ROLES)}, received {role!r}"
    elif role == "assistant":
        yield from _assistant(message, where)
    else:
        if role == "tool" and not isinstance(message.get("tool_call_id"), str):
            yield f"{where}.tool_call_id: Required"
        yield from _content(message.get("content"), f"{where}.content")


def _content(content: JsonValue, where: str) -> _Problems:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        yield f"{where}: Expected a string or an array of parts, received {content!r}"
        return
    for place, part in enumerate(content):
        if not isinstance(part, Mapping) or part.get("type") not in _PARTS:
            yield f"{where}.{place}: Invalid content part"


def _assistant(message: Object, where: str) -> _Problems:
    content, calls = message.get("content"), message.get("tool_calls")
    if content is not None:
        yield from _content(content, f"{where}.content")
    if "tool_calls" in message and (not isinstance(calls, list) or not calls):
        yield f"{where}.tool_calls: Array must contain at least 1 element(s)"
        return
    if calls is None and not content and not message.get("refusal"):
        yield f"{where}: an assistant message must have content or tool_calls"
    seen: set[str] = set()
    for place, call in enumerate(cast("Sequence[JsonValue]", calls or ())):
        yield from _call(call, f"{where}.tool_calls.{place}", seen)


def _call(call: JsonValue, where: str, seen: set[str]) -> _Problems:
    match call:
        case {"id": str(call_id), "type": "function", "function": {"name": str(name), "arguments": str(arguments)}}:
            if not call_id or call_id in seen:
                yield f"{where}.id: {call_id!r} is blank or not unique"
            if not _NAME.fullmatch(name):
                yield f"{where}.function.name: {name!r} does not match ^[a-zA-Z0-9_-]{{1,64}}$"
            if arguments.strip() and not _is_object(arguments):
                yield f"{where}.function.arguments: Failed to parse tool call arguments as a JSON object"
            seen.add(call_id)
        case _:
            yield f"{where}: Expected an object with id, type and function {{name, arguments}}"


def _is_object(text: str) -> bool:
    try:
        return isinstance(decode(text), dict)
    except ValueError:
        return False


def _answers(messages: Sequence[Object]) -> _Problems:
    """Yield what is wrong with the order of calls and tool messages."""
    open_calls: list[str] = []
    for place, message in enumerate(messages):
        if message["role"] == "tool":
            answered = cast("str", message["tool_call_id"])
            if answered not in open_calls:
                yield (
                    f"messages.{place}: tool_call_id {answered!r} answers no open call; messages with role 'tool' must "
                    "be a response to a preceding message with 'tool_calls', one for each call"
                )
                return
            open_calls.remove(answered)
        elif open_calls:
            break
        else:
            calls = cast("Sequence[Object]", message.get("tool_calls") or ())
            open_calls = [cast("str", call["id"]) for call in calls]
    if open_calls:
        yield (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(open_calls)}"
        )


def _tools(request: Object) -> _Problems:
    tools = request.get("tools", ())
    if not isinstance(tools, list | tuple):
        yield f"tools: Expected an array, received {tools!r}"
        return
    seen: set[str] = set()
    for place, tool in enumerate(tools):
        match tool:
            case {"type": "function", "function": dict() as function}:
                yield from _function(cast("Object", function), f"tools.{place}.function", seen)
            case {"type": str(kind)} if kind.startswith(("openrouter:", "web_search")):
                continue
            case _:
                yield f"tools.{place}: Expected a function tool or a server tool, received {tool!r}"


def _function(function: Object, where: str, seen: set[str]) -> _Problems:
    name = function.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"{where}.name: {name!r} does not match ^[a-zA-Z0-9_-]{{1,64}}$"
        return
    if name in seen:
        yield f"{where}.name: Tool names must be unique, {name!r} is there twice"
    seen.add(name)
    parameters = function.get("parameters", {"type": "object"})
    if not isinstance(parameters, Mapping) or parameters.get("type") != "object":
        yield f"{where}.parameters: Expected a JSON Schema of type object, received {parameters!r}"
    if not isinstance(function.get("description", ""), str):
        yield f"{where}.description: Expected a string, received {function['description']!r}"


def _tool_choice(request: Object) -> _Problems:
    if "tool_choice" not in request:
        if "parallel_tool_calls" in request and not request.get("tools"):
            yield "parallel_tool_calls: only allowed when tools are specified"
        return
    if not request.get("tools"):
        yield "tool_choice: only allowed when tools are specified"
        return
    match request["tool_choice"]:
        case "none" | "auto" | "required":
            return
        case {"type": "function", "function": {"name": str(name)}}:
            tools = cast("Sequence[Mapping[str, Object]]", request["tools"])
            if name not in [tool.get("function", {}).get("name") for tool in tools]:
                yield f"tool_choice: Tool {name!r} not found in tools"
        case {"type": str(kind)} if kind != "function":
            return
        case other:
            yield f"tool_choice: Expected none, auto, required or a function, received {other!r}"


def _format(request: Object) -> _Problems:
    match request.get("response_format", {"type": "text"}):
        case {"type": "text" | "json_object" | "python"} | {"type": "grammar", "grammar": str()}:
            return
        case {"type": "json_schema", "json_schema": {"name": str(name), "schema": dict()}} if _NAME.fullmatch(name):
            return
        case other:
            yield f"response_format: Invalid value {other!r}"


def _parameters(request: Object) -> _Problems:
    for key in (*_RANGES, "seed"):
        yield from _number(key, request.get(key))
    for key in ("stream", "parallel_tool_calls", "logprobs"):
        if not isinstance(request.get(key), bool | None):
            yield f"{key}: Expected boolean, received {request[key]!r}"
    stop = request.get("stop")
    if isinstance(stop, list) and len(stop) > _STOPS:
        yield f"stop: Array must contain at most {_STOPS} element(s)"
    match request.get("provider"):
        case dict() as preferences if unknown := sorted(set(cast("Object", preferences)) - _PROVIDER_KEYS):
            yield f"provider: Unrecognized key(s) in object: {', '.join(unknown)}"
        case _:
            pass
    match request.get("reasoning"):
        case {"effort": str(), "max_tokens": int()}:
            yield 'reasoning: Only one of "reasoning.effort" and "reasoning.max_tokens" can be specified'
        case _:
            pass


def _number(key: str, value: JsonValue) -> _Problems:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int if key in _INTEGERS else int | float):
        yield f"{key}: Expected {'integer' if key in _INTEGERS else 'number'}, received {value!r}"
        return
    low, high = _RANGES.get(key, (float("-inf"), float("inf")))
    if not low <= value <= high:
        yield f"{key}: Number must be between {low:g} and {high:g}, received {value!r}"
