"""A request that OpenRouter, or a provider behind it, would refuse is refused with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.testing.openrouter_wire import CHAT, KEY, WEATHER, complaints

from callwright.testing.contract import problem_of
from callwright.testing.openrouter import OfflineOpenRouter

USER = {"role": "user", "content": "?"}


def call(call_id: Any = "a", name: str = "get_weather", arguments: str = "{}") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


def result(call_id: str = "a") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "sunny"}


def said(*messages: Any, **params: Any) -> dict[str, Any]:
    return {"messages": list(messages), "tools": [WEATHER], **params}


def tool(name: str = "f", **keys: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **keys}}


def schema(**keys: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": keys}


GOOD = {
    "a question": said(USER),
    "parts": said({"role": "user", "content": [{"type": "text", "text": "?"}]}),
    "a prompt": {"prompt": "?"},
    "an answered call": said(USER, calling(call()), result()),
    "two calls answered in another order": said(USER, calling(call("a"), call("b")), result("b"), result("a")),
    "the same id in two turns": said(USER, calling(call()), result(), calling(call()), result()),
    "blank arguments": said(USER, calling(call(arguments=" ")), result()),
    "a text after the results": said(USER, calling(call()), result(), {"role": "assistant", "content": "x"}, USER),
    "a system message": said({"role": "system", "content": "Be brief."}, USER),
    "a named choice": said(USER, tool_choice={"type": "function", "function": {"name": "get_weather"}}),
    "one at a time": said(USER, tool_choice="required", parallel_tool_calls=False),
    "a tool without parameters": {"messages": [USER], "tools": [tool()]},
    "a server tool": {"messages": [USER], "tools": [{"type": "openrouter:web_search"}]},
    "a schema": said(USER, response_format=schema(name="x", schema={"type": "object"})),
    "sampling at its bounds": said(USER, temperature=2, top_p=0.0, top_k=0, max_tokens=1, seed=-3, stop=["a"] * 4),
    "nulls that mean nothing": said(USER, temperature=None, seed=None, stop=None, provider=None),
    "preferences": said(USER, provider={"require_parameters": True, "max_price": {"prompt": "1"}}),
}

BAD = {
    "no messages": ({}, "Input required"),
    "empty messages": (said(), "at least 1 element"),
    "a message that is no object": (said("?"), "messages.0: Expected an object"),
    "the role function": (said({"role": "function", "content": "?"}), "messages.0.role: Invalid enum value"),
    "no role": (said({"content": "?"}), "messages.0.role"),
    "no content": (said({"role": "user"}), "messages.0.content"),
    "a number as content": (said({"role": "user", "content": 3}), "messages.0.content"),
    "an unknown part": (said({"role": "user", "content": [{"type": "smell"}]}), "messages.0.content.0"),
    "a result of null": (said(USER, calling(call()), {**result(), "content": None}), "messages.2.content"),
    "a result without id": (said({"role": "tool", "content": "x"}), "messages.0.tool_call_id: Required"),
    "an assistant that says nothing": (
        said(USER, {"role": "assistant", "content": ""}),
        "must have content or tool_calls",
    ),
    "an empty list of calls": (said(USER, calling()), "at least 1 element"),
    "a call without id": (said(USER, calling(call(None)), result()), "messages.1.tool_calls.0"),
    "a blank id": (said(USER, calling(call("")), result("")), "blank or not unique"),
    "an id twice in a turn": (said(USER, calling(call(), call()), result()), "blank or not unique"),
    "a called name with a dot": (said(USER, calling(call(name="a.b")), result()), "does not match"),
    "arguments that are no JSON": (said(USER, calling(call(arguments='{"a')), result()), "Failed to parse"),
    "arguments that are an array": (said(USER, calling(call(arguments="[]")), result()), "Failed to parse"),
    "an unanswered call at the end": (said(USER, calling(call())), "did not have response messages: a"),
    "an unanswered call of two": (said(USER, calling(call(), call("b")), result()), "response messages: b"),
    "a call answered too late": (said(USER, calling(call()), USER, result()), "did not have response messages"),
    "a call answered twice": (said(USER, calling(call()), result(), result()), "answers no open call"),
    "a result without its call": (said(USER, result()), "answers no open call"),
    "a result for another call": (said(USER, calling(call()), result("z")), "answers no open call"),
    "calls without tools": ({"messages": [USER, calling(call()), result()]}, "must define `tools`"),
    "tools that are no list": (said(USER, tools="x"), "tools: Expected an array"),
    "a tool of unknown type": (said(USER, tools=[{"type": "x"}]), "tools.0: Expected a function tool"),
    "a tool name with a blank": (said(USER, tools=[tool("a b")]), "tools.0.function.name"),
    "a tool name of 65 characters": (said(USER, tools=[tool("a" * 65)]), "tools.0.function.name"),
    "a tool name twice": (said(USER, tools=[tool(), tool()]), "must be unique"),
    "parameters that are no object": (said(USER, tools=[tool(parameters={"type": "array"})]), "type object"),
    "a description of null": (said(USER, tools=[tool(description=None)]), "description: Expected a string"),
    "a choice without tools": ({"messages": [USER], "tool_choice": "auto"}, "only allowed when tools"),
    "parallel calls without tools": ({"messages": [USER], "parallel_tool_calls": True}, "only allowed when tools"),
    "the choice any": (said(USER, tool_choice="any"), "tool_choice: Expected"),
    "the choice of an absent tool": (said(USER, tool_choice=tool("x")), "Tool 'x' not found"),
    "null as choice": (said(USER, tool_choice=None), "tool_choice: Expected a value, received null"),
    "null as tools": (said(USER, tools=None), "tools: Expected a value, received null"),
    "null as format": (said(USER, response_format=None), "response_format: Expected a value"),
    "a format without schema": (said(USER, response_format=schema(name="x")), "response_format: Invalid"),
    "a schema name with a blank": (said(USER, response_format=schema(name="a b", schema={})), "response_format"),
    "too hot": (said(USER, temperature=2.1), "temperature: Number must be between 0 and 2"),
    "no tokens": (said(USER, max_tokens=0), "max_tokens: Number must be between 1"),
    "half a token": (said(USER, max_tokens=1.5), "max_tokens: Expected integer"),
    "a number as text": (said(USER, top_p="1"), "top_p: Expected number"),
    "a truth as number": (said(USER, seed=True), "seed: Expected integer"),
    "a text as truth": (said(USER, stream="yes"), "stream: Expected boolean"),
    "five stops": (said(USER, stop=["a"] * 5), "stop: Array must contain at most 4"),
    "an unknown preference": (said(USER, provider={"colour": "red"}), "Unrecognized key(s) in object: colour"),
    "effort and tokens of reasoning": (said(USER, reasoning={"effort": "low", "max_tokens": 9}), "Only one of"),
}


@pytest.mark.parametrize("request_", GOOD.values(), ids=GOOD)
def test_a_good_request_is_taken(request_):
    assert problem_of(request_) is None


@pytest.mark.parametrize("name", [name for name in GOOD if name != "a prompt"])
def test_a_good_request_is_good_by_the_document_too(name):
    assert complaints(GOOD[name], "ChatRequest") == []


@pytest.mark.parametrize(("request_", "problem"), BAD.values(), ids=BAD)
def test_a_bad_request_is_refused_with_the_reason(request_, problem):
    reply = OfflineOpenRouter().answer("POST", CHAT, KEY, json.dumps(request_).encode())

    body = json.loads(reply.body)
    assert reply.status == 400
    assert problem in body["error"]["message"]
    assert complaints(body, "BadRequestResponse") == []
