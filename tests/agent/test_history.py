"""Conversations from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from callwright import Agent, Client, ParameterError
from callwright.run.records import decoded, encoded
from callwright.simulator.transport import SimulatorTransport
from callwright.testing.scripted import ScriptedModel

pytestmark = pytest.mark.anyio


def look() -> str:
    """Look."""
    return "seen"


CALL: Any = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
UNANSWERED: list[dict[str, Any]] = [
    {"role": "user", "content": "Look."},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "user", "content": "Well?"},
]


async def test_a_history_with_an_unanswered_call_is_refused_before_anything_is_sent() -> None:
    model = ScriptedModel("Fine.")

    with pytest.raises(ParameterError, match="c1"):
        await Agent(model).run("?", history=UNANSWERED)

    assert model.requests == []


async def test_it_is_repaired_on_request_and_said_so() -> None:
    model = ScriptedModel("Fine.")

    result = await Agent(model).run("?", history=UNANSWERED, repair_history=True)

    assert [message.role for message in model.requests[0].messages] == ["user", "assistant", "tool", "user", "user"]
    assert len(result.notes) == 1
    assert decoded(encoded(result.state.records[1])) == result.state.records[1]


async def test_a_whole_history_is_taken_as_it_is() -> None:
    first = await Agent(ScriptedModel("One.")).run("?")

    second = await Agent(ScriptedModel("Two.")).run("!", history=first.messages)

    assert second.messages[:2] == first.messages
    assert second.notes == ()


async def test_what_goes_together_is_looked_for_in_the_agents_and_the_runs_parameters() -> None:
    model = ScriptedModel("Fine.")

    await Agent(model, params={"logprobs": True}).run("?", top_logprobs=3)

    assert model.requests[0].params.raw == {"logprobs": True, "top_logprobs": 3}


async def test_asking_for_json_without_saying_so_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="JSON"):
        await Agent(ScriptedModel("{}")).run("Give me an object.", response_format={"type": "json_object"})


async def test_asking_for_json_in_words_is_not_warned_of() -> None:
    agent = Agent(ScriptedModel("{}"), instructions="Answer in JSON.")

    result = await agent.run("Give me an object.", response_format={"type": "json_object"})

    assert result.output == "{}"


async def test_a_plain_request_checks_its_messages_too() -> None:
    client = Client("sk-or-v1-test", transport=SimulatorTransport())

    with pytest.raises(ParameterError, match="c1"):
        await client.complete(UNANSWERED, model="openai/gpt-4o-mini")

    answer = await client.complete(UNANSWERED, model="openai/gpt-4o-mini", tools=[look], repair_history=True)
    assert answer.finish_reason is not None
