"""What an agent can be asked, and what was said before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callwright import Agent, MemoryStore, ParameterError, UserMessage
from callwright.testing.scripted import ScriptedModel
from callwright.wire.chat import ChatRequest
from callwright.wire.profile import OPENROUTER

pytestmark = pytest.mark.anyio


def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def body(request: ChatRequest) -> Any:
    return json.loads(request.body(OPENROUTER, model="m", stream=False))


@pytest.mark.parametrize(
    "prompt",
    [None, 5, b"text", {"role": "user"}, UserMessage("x"), [], [5], [[]], [{"type": "text", "a": object()}]],
    ids=["None", "int", "bytes", "dict", "message", "nothing", "ints", "lists", "objects"],
)
async def test_what_is_no_prompt_is_refused_before_anything_is_sent(prompt: Any) -> None:
    with pytest.raises(ParameterError):
        await Agent(ScriptedModel()).run(prompt)


async def test_an_empty_prompt_is_sent_as_it_is() -> None:
    model = ScriptedModel("ok")

    await Agent(model).run("")

    assert body(model.requests[0])["messages"] == [{"role": "user", "content": ""}]


async def test_a_history_of_wire_dicts_with_calls_goes_back_as_it_was() -> None:
    called = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    history = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "a", "content": "sunny"},
        {"role": "assistant", "content": "Sunny."},
    ]
    model = ScriptedModel("ok")

    result = await Agent(model, tools=[weather]).run("Thanks", history=history)

    assert body(model.requests[0])["messages"] == [*history, {"role": "user", "content": "Thanks"}]
    assert [message.text for message in result.new_messages] == ["Thanks", "ok"]
    assert [message.role for message in result.messages[:2]] == ["user", "assistant"]


async def test_a_run_that_goes_on_takes_no_history_beside_its_own() -> None:
    agent = Agent(ScriptedModel("a", "b"), store=MemoryStore())
    result = await agent.run("?", run_id="r")

    with pytest.raises(ParameterError, match="conversation already"):
        await agent.run("?", run_id="r", history=result.messages)
