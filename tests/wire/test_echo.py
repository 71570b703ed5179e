"""What of an assistant message goes back: one test for each rule of reasoning, and for what says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.testing.openrouter_wire import complaints

from callwright.wire.assembler import Assembler
from callwright.wire.chat import ChatRequest
from callwright.wire.echo import family_of
from callwright.wire.messages import AssistantMessage, UserMessage, message_of, wired
from callwright.wire.profile import COMPATIBLE, OPENROUTER

CLAUDE, GEMINI, OPENAI = "anthropic-claude-v1", "google-gemini-v1", "openai-responses-v1"


def block(text: str = "hm", signature: str | None = "s", form: str | None = CLAUDE, **keys: Any) -> dict[str, Any]:
    return {"type": "reasoning.text", "text": text, "signature": signature, "format": form, "index": 0, **keys}


def encrypted(data: str = "x", form: str = GEMINI, **keys: Any) -> dict[str, Any]:
    return {"type": "reasoning.encrypted", "data": data, "format": form, "index": 0, **keys}


def summary(text: str = "hm", form: str = OPENAI) -> dict[str, Any]:
    return {"type": "reasoning.summary", "summary": text, "format": form, "index": 0}


def said(*details: Any, **keys: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": "Yes.", "reasoning_details": list(details), **keys}


def calling(*ids: str, arguments: str = "{}") -> list[dict[str, Any]]:
    return [{"id": one, "type": "function", "function": {"name": "f", "arguments": arguments}} for one in ids]


def sent(*raws: dict[str, Any], model: str | None = None) -> list[dict[str, Any]]:
    """Return the messages as they are in the body of a request to OpenRouter."""
    request = ChatRequest([message_of(raw) for raw in raws])
    body = json.loads(request.body(OPENROUTER, model=model, stream=False))
    assert complaints(body, "ChatRequest") == []
    messages: list[dict[str, Any]] = body["messages"]
    return messages


def streamed(*deltas: dict[str, Any]) -> AssistantMessage:
    assembler = Assembler()
    for delta in deltas:
        assembler.push({"id": "gen-1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    assembler.push({"choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": "stop"}]})
    return assembler.finish().message


def test_1_pieces_of_text_that_follow_each_other_are_one_block_and_all_else_stands_alone() -> None:
    message = streamed(
        {"reasoning_details": [block("a", None)]},
        {"reasoning_details": [block("b", "s")]},
        {"reasoning_details": [encrypted("x")]},
        {"reasoning_details": [block("c", "t", GEMINI)]},
    )

    assert sent(dict(message.raw))[0]["reasoning_details"] == [
        block("ab", "s"),
        encrypted("x"),
        block("c", "t", GEMINI),
    ]


def test_2_a_late_signature_belongs_to_the_text_before_it() -> None:
    message = streamed(
        {"reasoning_details": [block("a", None)]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "", "signature": "late", "index": 0}]},
    )

    (details,) = sent(dict(message.raw))[0]["reasoning_details"]
    assert (details["text"], details["signature"]) == ("a", "late")


def test_3_beside_parallel_calls_the_blocks_are_there_once() -> None:
    raw = {"role": "assistant", "content": None, "tool_calls": calling("a", "b"), "reasoning_details": [block()]}

    (message,) = sent(raw)

    assert message["reasoning_details"] == [block()]
    assert message["tool_calls"] == calling("a", "b")


@pytest.mark.parametrize("form", [CLAUDE, GEMINI, None], ids=str)
def test_4_text_without_the_signature_that_its_format_demands_does_not_go_back(form: str | None) -> None:
    other = encrypted()

    assert sent(said(block(signature=None, form=form), other))[0]["reasoning_details"] == [other]
    assert sent(said(block(signature="", form=form), other))[0]["reasoning_details"] == [other]


def test_4_a_missing_format_stands_for_anthropics() -> None:
    assert "reasoning_details" not in sent(said({"type": "reasoning.text", "text": "hm"}))[0]


@pytest.mark.parametrize("form", ["unknown", OPENAI, "xai-responses-v1"])
def test_4_text_of_a_format_without_signatures_goes_back(form: str) -> None:
    assert sent(said(block(signature=None, form=form)))[0]["reasoning_details"] == [block(signature=None, form=form)]


@pytest.mark.parametrize(
    "detail",
    [
        summary(),
        encrypted(),
        encrypted(id="rs_1"),
        block(),
        block(text="", signature="s"),
        block(text="", signature="t"),
    ],
    ids=lambda detail: str(detail)[:60],
)
def test_5_a_block_goes_back_once_in_a_conversation(detail: dict[str, Any]) -> None:
    first, second = sent(said(detail), said(detail))

    assert first["reasoning_details"] == [detail]
    assert "reasoning_details" not in second
    assert sent(said(detail, detail))[0]["reasoning_details"] == [detail]


def test_5_blocks_of_one_id_are_the_same_whatever_they_hold() -> None:
    first, second = sent(said(encrypted("x", id="rs_1")), said(encrypted("y", id="rs_1")))

    assert "reasoning_details" in first
    assert "reasoning_details" not in second


def test_5_the_same_words_with_another_signature_are_another_block() -> None:
    first, second = sent(said(block(signature="s")), said(block(signature="t")))

    assert (first["reasoning_details"], second["reasoning_details"]) == ([block()], [block(signature="t")])


def test_5_a_block_of_no_known_kind_is_never_taken_for_another() -> None:
    tool = {"type": "reasoning.server_tool_call", "tool_name": "f", "arguments": "{}", "result": "x"}

    assert [message["reasoning_details"] for message in sent(said(tool), said(tool))] == [[tool], [tool]]


def test_6_an_empty_list_stays() -> None:
    assert sent(said(reasoning="hm"))[0] == {**said(), "reasoning": "hm"}


def test_7_the_text_goes_back_beside_blocks_or_if_there_is_nothing_else() -> None:
    alone = {"role": "assistant", "content": "Yes.", "reasoning": "hm"}

    assert sent(alone) == [alone]
    assert sent(said(block(), reasoning="hm"))[0]["reasoning"] == "hm"
    assert "reasoning" not in sent(said(block(signature=None), reasoning="hm"))[0]


def test_8_blocks_that_gemini_needs_beside_a_call_go_back_unchanged_and_in_order() -> None:
    details = [block("hm", "s", GEMINI, id="a"), encrypted("x", id="b"), encrypted("y", id="c", index=3)]

    (message,) = sent({"role": "assistant", "content": "", "tool_calls": calling("a"), "reasoning_details": details})

    assert message["reasoning_details"] == details


def test_9_arguments_go_back_letter_by_letter() -> None:
    arguments = '{ "x" : 1,"y":"\\u00e4"}'

    (message,) = sent({"role": "assistant", "tool_calls": calling("a", arguments=arguments)})

    assert message["tool_calls"] == calling("a", arguments=arguments)


@pytest.mark.parametrize(
    ("model", "left"),
    [
        ("anthropic/claude-sonnet-4.5", [CLAUDE, "unknown"]),
        ("~anthropic/claude-sonnet-latest", [CLAUDE, "unknown"]),
        ("google/gemini-3-pro:nitro", [GEMINI, "unknown"]),
        ("openai/gpt-5.2", [OPENAI, "unknown"]),
        ("openrouter/auto", [CLAUDE, GEMINI, OPENAI, "unknown"]),
        ("deepseek/deepseek-v4", [CLAUDE, GEMINI, OPENAI, "unknown"]),
        (None, [CLAUDE, GEMINI, OPENAI, "unknown"]),
    ],
    ids=str,
)
def test_10_blocks_of_another_family_stay_behind(model: str | None, left: list[str]) -> None:
    details = [block(), encrypted(), summary(), block(signature=None, form="unknown")]

    (message,) = sent(said(*details), model=model)

    assert [detail["format"] for detail in message["reasoning_details"]] == left


def test_10_where_no_block_is_left_the_text_stays_behind_too() -> None:
    (message,) = sent(said(block(), reasoning="hm"), model="openai/gpt-5.2")

    assert message == {"role": "assistant", "content": "Yes."}


def test_whose_model_it_is_stands_before_the_slash() -> None:
    assert family_of("x-ai/grok-4") == "x-ai"
    assert family_of("gpt-4o") is None


# -- what says nothing


@pytest.mark.parametrize("content", [None, "", " \n", []], ids=repr)
def test_blank_words_beside_a_call_go_back_as_none(content: Any) -> None:
    (message,) = sent({"role": "assistant", "content": content, "tool_calls": calling("a")})

    assert message["content"] is None


@pytest.mark.parametrize("content", [None, "", " \n", []], ids=repr)
def test_a_message_that_says_nothing_does_not_go_back(content: Any) -> None:
    silent = {"role": "assistant", "content": content, "reasoning": "hm", "reasoning_details": [block()]}

    assert [message["role"] for message in sent({"role": "user", "content": "?"}, silent)] == ["user"]


@pytest.mark.parametrize(
    "keys",
    [{"refusal": "No."}, {"images": [{"type": "image_url", "image_url": {"url": "data:x"}}]}, {"audio": {"id": "a"}}],
    ids=str,
)
def test_what_is_said_without_words_goes_back(keys: dict[str, Any]) -> None:
    assert sent({"role": "assistant", "content": None, **keys}) == [{"role": "assistant", "content": None, **keys}]


def test_an_assistant_has_a_name_and_may_speak_in_parts() -> None:
    message = AssistantMessage([{"type": "text", "text": "Yes."}], name="Ann")

    assert message.raw == {"role": "assistant", "name": "Ann", "content": [{"type": "text", "text": "Yes."}]}
    assert sent(dict(message.raw)) == [message.raw]


# -- bytes


def test_bytes_are_made_once_whatever_stays_behind() -> None:
    messages = [UserMessage("?"), message_of(said(block(), encrypted())), message_of(said(block(), summary()))]

    once = wired(messages, OPENROUTER, model="anthropic/claude-sonnet-4.5")
    again = wired(messages, OPENROUTER, model="anthropic/claude-sonnet-4.5")

    assert all(new is old for new, old in zip(again, once, strict=True))


def test_other_servers_get_no_blocks() -> None:
    (message,) = wired([message_of(said(block()))], COMPATIBLE)

    assert json.loads(message) == {"role": "assistant", "content": "Yes."}
