"""Requests and completions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from callwright.wire.chat import NO_USAGE, ChatRequest, Completion, Encoded, Usage
from callwright.wire.messages import UserMessage
from callwright.wire.profile import OPENROUTER

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def test_a_request_holds_what_was_set_and_nothing_else() -> None:
    request = ChatRequest([UserMessage("hi")])

    assert json.loads(request.body(OPENROUTER, model=None, stream=False)) == {
        "messages": [{"role": "user", "content": "hi"}]
    }


def test_a_full_request_is_one_object_in_one_order() -> None:
    request = ChatRequest([UserMessage("hi")], Encoded([TOOL]), "auto", Encoded({"seed": 1}))

    body = request.body(OPENROUTER, model="a/b", stream=True)

    assert list(json.loads(body)) == ["model", "messages", "tools", "tool_choice", "stream", "seed"]


def test_tool_choice_is_never_sent_without_tools() -> None:
    assert b"tool_choice" not in ChatRequest([UserMessage("hi")], tool_choice="none").body(
        OPENROUTER, model="m", stream=False
    )


def test_headers_of_a_request_are_not_shown() -> None:
    assert "secret" not in repr(ChatRequest([UserMessage("hi")], headers={"x-key": "secret"}))


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (None, NO_USAGE),
        ({}, NO_USAGE),
        ({"prompt_tokens": 2, "completion_tokens": 3}, Usage(2, 3, 5)),
        ({"prompt_tokens": -2, "completion_tokens": "3", "total_tokens": None}, NO_USAGE),
        ({"prompt_tokens": 2.0, "cost": 0.1}, Usage(2, 0, 2, cost=Decimal("0.1"))),
        ({"cost": float("nan")}, NO_USAGE),
        ({"cost": -1}, NO_USAGE),
        ({"cost": 1e-7}, Usage(cost=Decimal("1E-7"))),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 1},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            Usage(9, 4, 13, 5, 1, 2),
        ),
        ({"prompt_tokens": 1, "prompt_tokens_details": None, "completion_tokens_details": 3}, Usage(1, 0, 1)),
    ],
    ids=str,
)
def test_usage_is_read_leniently(raw: Any, usage: Usage) -> None:
    assert Usage.of_raw(raw) == usage


def test_usage_adds_and_an_unknown_cost_stays_unknown_only_if_all_are() -> None:
    assert Usage(1, 2, 3) + Usage(1, 1, 2, cost=Decimal("0.5")) == Usage(2, 3, 5, cost=Decimal("0.5"))
    assert (Usage(1, 2, 3) + Usage(1, 1, 2)).cost is None
    assert NO_USAGE + Usage(1) == Usage(1) == Usage(1) + NO_USAGE


@pytest.mark.parametrize(
    "raw",
    [{}, {"choices": None}, {"choices": []}, {"choices": [None]}, {"choices": [{"message": None}]}, {"choices": "x"}],
    ids=str,
)
def test_a_completion_can_be_read_whatever_is_missing(raw: dict[str, Any]) -> None:
    completion = Completion(raw)

    assert (completion.text, completion.tool_calls, completion.finish_reason, completion.id) == ("", (), None, None)


TEXT = {"type": "text", "text": "x"}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        pytest.param({"role": "user", "content": "x"}, {"role": "assistant", "content": "x"}, id="another role"),
        pytest.param({"role": None, "content": "x"}, {"role": "assistant", "content": "x"}, id="no role"),
        pytest.param({"content": 5}, {"role": "assistant", "content": None}, id="a number"),
        pytest.param({"content": {"a": 1}}, {"role": "assistant", "content": None}, id="an object"),
        pytest.param({"content": [1, TEXT]}, {"role": "assistant", "content": [TEXT]}, id="parts that are none"),
        pytest.param(
            {"content": "x", "reasoning": 5, "reasoning_details": "a", "refusal": [], "images": {}, "audio": 1, "k": 2},
            {"role": "assistant", "content": "x", "k": 2},
            id="other kinds",
        ),
        pytest.param({"content": "x", "tool_calls": {"a": 1}}, {"role": "assistant", "content": "x"}, id="no calls"),
    ],
)
def test_a_message_is_read_in_the_form_that_servers_take_back(message: dict[str, Any], read: dict[str, Any]) -> None:
    completion = Completion({"choices": [{"message": message}]})

    assert completion.message.raw == read


def test_a_completion_keeps_what_came_and_settles_its_calls() -> None:
    call = {"function": {"name": "f", "arguments": ""}}
    raw = {
        "id": "gen-1",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "tool_calls": [call]}}],
    }

    completion = Completion(raw)

    (settled,) = completion.tool_calls
    assert (settled.name, settled.arguments) == ("f", "{}")
    assert settled.id.startswith("call_")
    assert completion.raw is raw
    assert "id" not in call


@pytest.mark.parametrize(
    ("finish", "is_cut"), [("stop", False), ("tool_calls", False), ("length", True), ("error", True)]
)
def test_an_answer_is_cut_by_its_finish(finish: str, *, is_cut: bool) -> None:
    assert Completion({"choices": [{"finish_reason": finish}]}).is_cut is is_cut
