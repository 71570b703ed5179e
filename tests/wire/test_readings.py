"""Messages of other programs and of older forms are read as messages of the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from callwright.errors import ParameterError
from callwright.wire.chat import ChatRequest
from callwright.wire.history import checked_history, history_of
from callwright.wire.messages import AssistantMessage, Message, ToolCall, ToolMessage, UserMessage
from callwright.wire.profile import OPENROUTER

USER = {"role": "user", "content": "?"}


def body_of(messages: tuple[Message, ...]) -> Any:
    return json.loads(ChatRequest(messages).body(OPENROUTER, model=None, stream=False))


def test_messages_stay_the_objects_that_they_are() -> None:
    message = UserMessage("hi")

    assert history_of([message])[0] is message


def test_the_older_form_of_calls_is_read() -> None:
    older: list[Any] = [
        USER,
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"x": 1}'}},
        {"role": "function", "name": "f", "content": "2"},
    ]

    assert history_of(older)[1:] == (
        AssistantMessage(tool_calls=[ToolCall("call_f", "f", '{"x": 1}')]),
        ToolMessage("2", tool_call_id="call_f"),
    )
    checked_history(older)


LANGCHAIN_CALL = {"name": "f", "args": {"x": 1}, "id": "a", "type": "tool_call"}
LANGCHAIN: dict[str, list[Any]] = {
    "messages_to_dict": [
        {"type": "system", "data": {"content": "Be brief.", "type": "system", "name": None}},
        {"type": "human", "data": {"content": ["Look:", {"type": "text", "text": "?"}], "type": "human"}},
        {"type": "ai", "data": {"content": "", "type": "ai", "tool_calls": [LANGCHAIN_CALL], "invalid_tool_calls": []}},
        {"type": "tool", "data": {"content": "2", "tool_call_id": "a", "status": "success", "artifact": None}},
        {"type": "AIMessageChunk", "data": {"content": [{"type": "text", "text": "Two."}], "tool_calls": []}},
    ],
    "model_dump": [
        {"type": "system", "content": "Be brief.", "additional_kwargs": {}, "name": None, "id": None},
        {"type": "human", "content": ["Look:", {"type": "text", "text": "?"}], "example": False},
        {
            "type": "ai",
            "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}}],
            "tool_calls": [LANGCHAIN_CALL],
            "usage_metadata": {"input_tokens": 1},
        },
        {"type": "tool", "content": "2", "tool_call_id": "a"},
        {"type": "ai", "content": [{"type": "text", "text": "Two."}], "tool_calls": []},
    ],
    "dumpd": [
        {"lc": 1, "type": "constructor", "id": ["langchain", "schema", name], "kwargs": kwargs}
        for name, kwargs in {
            "SystemMessage": {"content": "Be brief.", "type": "system"},
            "HumanMessage": {"content": ["Look:", {"type": "text", "text": "?"}], "type": "human"},
            "AIMessageChunk": {
                "content": "",
                "additional_kwargs": {
                    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}]
                },
                "tool_calls": [LANGCHAIN_CALL],
            },
            "ToolMessage": {"content": "2", "tool_call_id": "a", "type": "tool"},
            "AIMessage": {"content": [{"type": "text", "text": "Two."}]},
        }.items()
    ],
}


@pytest.mark.parametrize("messages", LANGCHAIN.values(), ids=LANGCHAIN)
def test_an_export_of_langchain_is_read(messages: list[Any]) -> None:
    checked_history(messages)

    assert body_of(history_of(messages))["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look:"}, {"type": "text", "text": "?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}],
        },
        {"role": "tool", "tool_call_id": "a", "content": "2"},
        {"role": "assistant", "content": [{"type": "text", "text": "Two."}]},
    ]


def test_what_else_langchain_writes_is_read() -> None:
    image = {"type": "image", "source_type": "base64", "data": "eA==", "mime_type": "image/png"}
    messages: list[Any] = [
        {"type": "system", "content": "x", "additional_kwargs": {"__openai_role__": "developer"}},
        {"type": "chat", "role": "user", "content": "y"},
        {"type": "human", "content": [image, {"type": "image", "url": "https://x"}]},
        {
            "type": "ai",
            "content": "",
            "tool_calls": [],
            "invalid_tool_calls": [{"name": "f", "args": "{", "id": "b", "error": "no JSON"}],
        },
        {"type": "tool", "content": "That is no JSON.", "tool_call_id": "b", "status": "error"},
    ]

    checked_history(messages)
    read = history_of(messages)

    assert [message.role for message in read] == ["developer", "user", "user", "assistant", "tool"]
    assert [part["image_url"]["url"] for part in body_of(read)["messages"][2]["content"]] == [
        "data:image/png;base64,eA==",
        "https://x",
    ]


def test_an_object_of_an_sdk_is_read_by_what_it_dumps() -> None:
    class Answer(BaseModel):
        role: str = "assistant"
        content: str | None = "Yes."
        refusal: str | None = None
        tool_calls: list[Any] | None = None

    assert history_of([Answer()]) == (AssistantMessage("Yes."),)  # type: ignore[list-item]


@pytest.mark.parametrize("raw", ["hi", 3, None, [], {}, {"type": "ghost", "content": "x"}, {"lc": 1, "id": 5}], ids=str)
def test_what_is_no_message_is_refused(raw: Any) -> None:
    with pytest.raises(ParameterError, match=r"history\[0\]: (expected a message|message role)"):
        history_of([raw])
