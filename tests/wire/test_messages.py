"""Messages: the wire's own dicts, and what of them goes back."""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import pytest

from callwright.errors import ParameterError
from callwright.wire.messages import (
    AssistantMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    message_of,
    prompt_messages,
)
from callwright.wire.profile import COMPATIBLE, OPENROUTER, Profile


def sent(raw: dict[str, Any], profile: Profile = OPENROUTER) -> Any:
    return json.loads(message_of(raw).wire(profile))


def call(arguments: Any, **keys: Any) -> dict[str, Any]:
    return {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}, **keys}


def test_written_messages_are_wire_dicts() -> None:
    assert SystemMessage("be brief").raw == {"role": "system", "content": "be brief"}
    assert UserMessage("hi", name="Ann").raw == {"role": "user", "content": "hi", "name": "Ann"}
    assert ToolMessage("42", tool_call_id="a").raw == {"role": "tool", "tool_call_id": "a", "content": "42"}


def test_parts_stay_parts_and_their_text_can_be_read() -> None:
    message = UserMessage(
        [{"type": "text", "text": "look: "}, {"type": "image_url", "image_url": {"url": "https://x"}}]
    )

    assert message.text == "look: "
    assert json.loads(message.wire(OPENROUTER))["content"][1]["image_url"] == {"url": "https://x"}


def test_an_assistant_message_goes_back_by_the_list_of_the_profile() -> None:
    raw = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "reasoning": "hm",
        "reasoning_details": [{"type": "reasoning.text", "text": "hm", "signature": "s"}],
        "tool_calls": [call('{"x": 1}', index=0)],
        "sparkle": True,
    }

    assert sent(raw) == {
        "role": "assistant",
        "content": None,
        "reasoning": "hm",
        "reasoning_details": raw["reasoning_details"],
        "tool_calls": [call('{"x": 1}')],
    }
    assert sent(raw, COMPATIBLE) == {"role": "assistant", "content": None, "tool_calls": [call('{"x": 1}')]}


@pytest.mark.parametrize("arguments", ['{"x":1}', '{ "x" : 1 }', "{}", ' {"a":"\\u00e4"} '])
def test_arguments_that_are_an_object_go_back_byte_for_byte(arguments: str) -> None:
    (back,) = sent({"role": "assistant", "tool_calls": [call(arguments)]})["tool_calls"]

    assert back["function"]["arguments"] == arguments


@pytest.mark.parametrize("arguments", ["{not json", "", "[1]", "{}{}", '{"a":1} x', None, "null", {"x": 1}], ids=str)
def test_arguments_that_are_no_object_go_back_as_an_empty_one(arguments: Any) -> None:
    """One broken string in a history makes some servers answer 500 for ever; the original stays in the message."""
    message = message_of({"role": "assistant", "tool_calls": [call(arguments)]})

    (back,) = json.loads(message.wire(OPENROUTER))["tool_calls"]

    assert back["function"]["arguments"] == "{}"
    assert message.raw["tool_calls"] == [call(arguments)]


def test_an_empty_list_of_calls_does_not_go_back() -> None:
    assert sent({"role": "assistant", "content": "a", "tool_calls": []}) == {"role": "assistant", "content": "a"}


def test_the_bytes_are_made_once_per_profile() -> None:
    message = UserMessage("hi")

    assert message.wire(OPENROUTER) is message.wire(OPENROUTER)


def test_two_threads_that_send_one_message_to_two_servers_get_each_its_own_bytes() -> None:
    raw: dict[str, Any] = {"role": "assistant", "content": "x", "reasoning_details": [{"type": "a"}]}
    whole, short = message_of(raw).wire(OPENROUTER), message_of(raw).wire(COMPATIBLE)
    message = message_of(raw)
    wrong: list[bytes] = []

    def send(profile: Profile, right: bytes) -> None:
        for _ in range(5_000):
            sent = message.wire(profile)
            if sent != right:
                wrong.append(sent)

    threads = [Thread(target=send, args=pair) for pair in ((OPENROUTER, whole), (COMPATIBLE, short)) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert whole != short
    assert wrong == []


def test_lone_surrogates_are_replaced_at_the_border() -> None:
    assert UserMessage("a\ud800b").raw["content"] == "a\ufffdb"
    assert message_of({"role": "user", "content": "a\ud800b"}).text == "a\ufffdb"


def test_a_message_does_not_change_with_the_dict_it_came_from() -> None:
    raw = {"role": "user", "content": [{"type": "text", "text": "before"}]}
    message = message_of(raw)

    raw["content"][0]["text"] = "after"  # type: ignore[index]

    assert message.text == "before"


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"role": "function", "content": "x"}, "expected one of system"),
        ({"content": "x"}, "got None"),
        ({"role": "user"}, "needs content"),
        ({"role": "tool", "content": "x"}, "needs tool_call_id"),
        ({"role": "tool", "tool_call_id": "a", "content": None}, "needs content"),
    ],
    ids=str,
)
def test_malformed_messages_are_refused(raw: dict[str, Any], problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        message_of(raw)


def test_prompts_are_texts_parts_or_messages() -> None:
    assert prompt_messages("hi") == (UserMessage("hi"),)
    assert prompt_messages([{"type": "text", "text": "hi"}]) == (UserMessage([{"type": "text", "text": "hi"}]),)
    assert prompt_messages([UserMessage("a"), {"role": "assistant", "content": "b"}]) == (
        UserMessage("a"),
        AssistantMessage("b"),
    )


@pytest.mark.parametrize("prompt", [[], [{"type": "text", "text": "a"}, UserMessage("b")]], ids=["empty", "mixed"])
def test_prompts_of_no_form_are_refused(prompt: Any) -> None:
    with pytest.raises(ParameterError, match="prompt: expected"):
        prompt_messages(prompt)


def test_equal_messages_are_those_with_the_same_wire_form() -> None:
    made = AssistantMessage(tool_calls=[ToolCall("a", "f", "{}")])
    came = message_of({"role": "assistant", "content": None, "refusal": None, "tool_calls": [call("{}", index=0)]})

    assert made == came
    assert hash(made) == hash(came)
    assert made != UserMessage("x")
    assert made.tool_calls == came.tool_calls == (ToolCall("a", "f", "{}"),)
